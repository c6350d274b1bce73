"""What a dialogue is told of a caller's earlier calls, while the call arrives: soon, or not at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import asdict

from ivr.clock import Clock
from ivr.errors import StorageError
from ivr.flow.actions import JsonValue
from storage.store import Store

log = logging.getLogger(__name__)

LIMIT_S = 0.15
ASK_S = 3.0
"""Nobody looks at an answer any more that comes later; a connection of the pool is free again."""
DAYS = 90


class CallerHistories:
    """`of` never raises and never takes longer than `limit_s`: the caller must not hear that the database is slow."""

    def __init__(self, store: Store, clock: Clock, *, limit_s: float = LIMIT_S, days: int = DAYS) -> None:
        self._store = store
        self._clock = clock
        self._limit_s = limit_s
        self._days = days
        self._asking: set[asyncio.Task[Mapping[str, JsonValue]]] = set()
        self._slow = False

    async def of(self, number: str) -> Mapping[str, JsonValue]:
        """The fields of `call.history` (`ivr.flow.state.HISTORY`); {} when nothing is known, or not soon enough."""
        if not number:
            return {}
        # Not cancelled when it is late: that would cost a connection of the pool.
        asking = asyncio.get_running_loop().create_task(self._ask(number), name="caller's history")
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)
        await asyncio.wait([asking], timeout=self._limit_s)
        if asking.done():
            self._slow = False
            return asking.result()
        if not self._slow:
            self._slow = True
            log.warning(
                "a caller's earlier calls were not found within %g s: the dialogue does without",
                self._limit_s,
            )
        return {}

    async def close(self) -> None:
        """Wait for what is still being asked."""
        if self._asking:
            await asyncio.wait(set(self._asking))

    async def _ask(self, number: str) -> Mapping[str, JsonValue]:
        try:
            async with self._store.reading(ASK_S) as uow:
                found = await uow.callers.history(number, self._clock.now(), self._days)
        except StorageError as error:
            log.warning("a caller's earlier calls cannot be read: %s", error)
            return {}
        return {} if found is None else asdict(found)
