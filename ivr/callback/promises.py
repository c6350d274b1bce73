"""Where promises are kept: what is promised to a citizen is kept for good before the citizen hears so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ivr.callback.up import Up
from routing.entries import Entry
from storage.errors import StorageAway
from storage.promises import CallbackRecord
from storage.records import Fact, JournalEvent
from storage.store import Store, UnitOfWork

log = logging.getLogger(__name__)

KEEP_S: Final = 3.0
"""A citizen waits so long for disk and database, and no longer."""
OF_ATTEMPTS: Final = (
    *("attempt", "waits", "joined", "handed_on", "waiting", "done", "cancelled", "failed", "not_taken"),
)
"""What is journalled of an attempt, and of its end."""
AGAIN_S: Final = 2.0
"""Between two looks for the promises of earlier runs."""
SAID_AGAIN: Final = 30
"""Of so many looks in vain one is logged."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A promise of an earlier run. entry_revision: of its stored queue entry; a newer row replaces that one.

    entry: as stored, None = not there. last_seq: of the promise's journal. up: telephones that an attempt of that run
    may still have on the line, None = it had none. onward: the call in which the talk went on.
    """

    record: CallbackRecord
    entry_revision: int
    entry: Entry | None = None
    last_seq: int = 0
    up: Up | None = None
    onward: str = ""


class Promises(Protocol):
    async def keep(self, record: CallbackRecord) -> None:
        """Returns when it is durable. Raises StorageError."""
        ...

    def note(self, record: CallbackRecord) -> None:
        """It changed: written soon. Never waits, never raises."""
        ...

    def journal(self, event: JournalEvent) -> None:
        """What happened to it, under its own id: written soon. Never waits, never raises."""
        ...

    async def waiting(self) -> list[Kept]:
        """Those that are still to be carried out, by place; waits while the database is away. Raises StorageError."""
        ...


class StoredPromises:
    """In the hotline's database. put, durable: the writer's."""

    def __init__(
        self, store: Store, put: Callable[[Fact], None], durable: Callable[[Fact], Awaitable[object]]
    ) -> None:
        self._store = store
        self._put = put
        self._durable = durable

    async def keep(self, record: CallbackRecord) -> None:
        try:
            async with asyncio.timeout(KEEP_S):
                await self._durable(record)
        except TimeoutError:
            raise StorageAway(
                f"a promise was not written within {KEEP_S:g} s", mend="see whether disk and database work"
            ) from None

    def note(self, record: CallbackRecord) -> None:
        self._put(record)

    def journal(self, event: JournalEvent) -> None:
        self._put(event)

    async def waiting(self) -> list[Kept]:
        tried = 0
        while True:
            try:
                return await self._waiting()
            except StorageAway as error:
                if not tried % SAID_AGAIN:
                    log.error("promises of earlier runs wait for the database: %s (%s)", error, error.mend)
                tried += 1
                await asyncio.sleep(AGAIN_S)

    async def _waiting(self) -> list[Kept]:
        async with self._store.reading() as uow:
            found: list[Kept] = []
            for record in await uow.callbacks.waiting():
                stored = await uow.entries.get(record.entry_id)
                events = await uow.journal.of_kinds([record.id], OF_ATTEMPTS)
                last = events[-1] if events else None
                found.append(
                    Kept(
                        record,
                        0 if stored is None else stored.revision,
                        None if stored is None else stored.entry(),
                        await uow.journal.last_seq(record.id),
                        await self._up(uow, last),
                        str(last.data["call"]) if last is not None and last.kind == "handed_on" else "",
                    )
                )
        return found

    @staticmethod
    async def _up(uow: UnitOfWork, last: JournalEvent | None) -> Up | None:
        """What the last attempt had on the line when it was last heard of."""
        up = Up.of(last.data) if last is not None and last.kind in ("joined", "waits") else None
        if up is None:
            return None
        _, said = await uow.live_calls.last_lines({up.call})
        return replace(up, said=said.get(up.call, 0))
