"""What controllers that are gone left in the spool, into the database: at the start, after it, or when one has just
ended whose work is taken over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from ivr.errors import StorageError
from storage.batches import Batches, Figures
from storage.promises import CallbackRecord
from storage.records import CallRecord, Fact
from storage.spool import Spool
from storage.spool_recovery import recover

log = logging.getLogger(__name__)

AGAIN_S: Final = 1.0


class Earlier:
    """batch: so many are written at once. stored: told of each batch that is in the database; must not wait nor raise.
    figures: what was recovered is counted there."""

    def __init__(
        self,
        spool: Spool | None,
        batches: Batches,
        figures: Figures,
        batch: int,
        stored: Callable[[Sequence[Fact]], None],
    ) -> None:
        self._spool = spool
        self._batches = batches
        self._figures = figures
        self._batch = batch
        self._stored_told = stored
        self.recovered = asyncio.Event()
        """All that was there at the start is in the database."""
        self.left: list[Fact] = []
        """Of what was written, the calls and the promises: nobody else may have looked at them."""

    async def recover(self) -> int:
        """How many facts. Raises StorageAway (they stay in the spool), StorageError when the spool cannot be read."""
        if self._spool is None:
            return 0
        try:
            found = await recover(self._spool.folder, self._write, self._batch)
        except OSError as error:
            mend = f"look at {self._spool.folder}"
            raise StorageError(f"the spool cannot be read: {error}", mend=mend) from error
        self._figures.recovered += found.facts
        return found.facts

    async def recover_late(self) -> None:
        """Calls go on: it is tried for as long as it takes."""
        while True:
            try:
                await self.recover()
            except StorageError as error:
                log.error("what earlier controllers left waits: %s (%s); again soon", error, error.mend)
                await asyncio.sleep(AGAIN_S)
            else:
                self._batches.away = False
                self.recovered.set()
                return

    async def _write(self, batch: Sequence[Fact]) -> None:
        await self._batches.write(batch)
        self._stored_told(batch)
        self.left += [fact for fact in batch if isinstance(fact, CallRecord | CallbackRecord)]
