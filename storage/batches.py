"""A batch of facts into the database: tried until it is there, and narrowed where the database refuses.

What is away is tried again with back-off, for ever; writing twice is harmless, since every fact has its key. What the
database will never take (a value too long, a duplicate extension) is found by halving the batch, logged, kept aside and
left out, so that one bad fact does not hold up the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ivr.errors import StorageError
from storage import spool_codec
from storage.errors import StorageRefused
from storage.records import Fact
from storage.spool_files import keep_aside
from storage.store import Store, UnitOfWork

log = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 0.1
LONGEST_RETRY_S: Final = 1.0
SAID_AGAIN_S: Final = 30.0
"""So often it is logged that the database is still away."""
PART: Final = 1000
"""Facts that are made into rows at once: it takes the loop some milliseconds."""
MISSHAPEN: Final = (TypeError, ValueError, AttributeError, ArithmeticError)
"""What making rows of data that has the wrong shape raises. It lies in the spool: were it to end the writer, it would
end every start as well."""
WRITE_LIMIT_S: Final = 10.0
"""One batch; after that the database counts as away."""


@dataclass(slots=True)
class Figures:
    """Counts since the start, for metrics. retries: failed attempts to reach the database.

    recovered: of controllers that were killed. unreadable: in the spool. lost: had no room anywhere.
    """

    taken: int = 0
    written: int = 0
    refused: int = 0
    batches: int = 0
    retries: int = 0
    recovered: int = 0
    unreadable: int = 0
    lost: int = 0

    @property
    def waiting(self) -> int:
        """Facts not yet in the database."""
        return self.taken - self.written - self.refused - self.unreadable


@dataclass(frozen=True, slots=True)
class Batch:
    """rows: of those events of journals that are encoded already. others: the facts that have no row among them."""

    facts: Sequence[Fact]
    rows: Sequence[bytes]
    others: Sequence[Fact]

    @classmethod
    def of(cls, facts: Sequence[Fact | None], rows: Sequence[bytes | None]) -> Batch:
        """One row or None a fact. Facts that are None are left out."""
        others = [fact for fact, row in zip(facts, rows, strict=True) if row is None and fact is not None]
        there = [fact for fact in facts if fact is not None]
        return cls(there, [row for row in rows if row is not None], others)


class Batches:
    """aside: the spool's folder, None: there is none. figures: retries are counted there."""

    def __init__(
        self,
        store: Store,
        aside: Path | None,
        figures: Figures,
        *,
        limit_s: float = WRITE_LIMIT_S,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._aside = aside
        self._figures = figures
        self._limit_s = limit_s
        self._jitter = jitter
        self.away = False
        """The last attempt did not reach the database."""

    async def until_written(self, batch: Batch) -> int:
        """How many were written, the others are refused. Tries for as long as the database is away."""
        attempt, said_at = 0, 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                # After a failure nobody knows what of it was committed.
                written = await (self.write(batch.facts) if attempt else self._write_new(batch))
            except StorageError as error:
                attempt += 1
                self.away = True
                self._figures.retries += 1
                wait_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(attempt, 10)) * (
                    0.5 + self._jitter() / 2
                )
                if attempt == 1 or loop.time() - said_at >= SAID_AGAIN_S:
                    said_at = loop.time()
                    log.error(
                        "%d facts wait: %s (%s); tried again soon", self._figures.waiting, error, error.mend
                    )
                await asyncio.sleep(wait_s)
            else:
                if attempt:
                    log.info("the database is back after %d attempts", attempt)
                self.away = False
                return written

    async def write(self, facts: Sequence[Fact]) -> int:
        """How many were written. Raises StorageError when the database is away; a refusal is narrowed to its fact."""
        try:
            async with self._store.unit_of_work(self._limit_s) as uow:
                await _in_parts(uow, facts, new=False)
        except (StorageRefused, *MISSHAPEN) as error:
            if len(facts) == 1:
                self._refused(facts[0], error)
                return 0
            middle = len(facts) // 2
            return await self.write(facts[:middle]) + await self.write(facts[middle:])
        return len(facts)

    async def _write_new(self, batch: Batch) -> int:
        """None of them was written before, so far as is known. A refusal may also mean that one was."""
        try:
            async with self._store.unit_of_work(self._limit_s) as uow:
                copied = await uow.copy_events(batch.rows)
                await _in_parts(uow, batch.others if copied else batch.facts, new=True)
        except (StorageRefused, *MISSHAPEN):
            return await self.write(batch.facts)
        return len(batch.facts)

    def _refused(self, fact: Fact, error: Exception) -> None:
        # What misshapen data is called by Python may hold the data.
        why = str(error) if isinstance(error, StorageRefused) else type(error).__name__
        log.error("a fact is lost, the database refuses it: %r: %s", fact, why)
        if self._aside is not None:
            with contextlib.suppress(spool_codec.Unwritable):
                keep_aside(self._aside, "refused", spool_codec.as_json(fact) + b"\n")

    async def until_synced(self) -> None:
        """The database itself may keep what it took in memory for a while (SQLite does)."""
        try:
            await self._store.sync()
        except OSError as error:
            log.error("the database's file cannot be written to the disk: %s", error)


async def _in_parts(uow: UnitOfWork, facts: Sequence[Fact], *, new: bool) -> None:
    for begin in range(0, len(facts), PART):
        await uow.write(facts[begin : begin + PART], new=new)
