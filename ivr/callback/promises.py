"""Where promises are kept: what is promised to a citizen is in the database before the citizen hears so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from routing.entries import Entry
from storage.errors import StorageAway
from storage.promises import CallbackRecord
from storage.records import Fact, JournalEvent
from storage.store import Store

KEEP_S: Final = 3.0
"""A citizen waits so long for the database, and no longer."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A promise of an earlier run. entry_revision: of its stored queue entry; a newer row replaces that one.

    entry: as stored, None = not there. last_seq: of the promise's journal.
    """

    record: CallbackRecord
    entry_revision: int
    entry: Entry | None = None
    last_seq: int = 0


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
        """Those that are still to be carried out, by place. Raises StorageError."""
        ...


class StoredPromises:
    """In the hotline's database. put: the writer's."""

    def __init__(self, store: Store, put: Callable[[Fact], None]) -> None:
        self._store = store
        self._put = put

    async def keep(self, record: CallbackRecord) -> None:
        try:
            async with asyncio.timeout(KEEP_S), self._store.unit_of_work() as uow:
                await uow.callbacks.upsert(record)
        except TimeoutError:
            raise StorageAway(
                f"a promise was not written within {KEEP_S:g} s", mend="see whether the database works"
            ) from None

    def note(self, record: CallbackRecord) -> None:
        self._put(record)

    def journal(self, event: JournalEvent) -> None:
        self._put(event)

    async def waiting(self) -> list[Kept]:
        async with self._store.reading() as uow:
            found: list[Kept] = []
            for record in await uow.callbacks.waiting():
                stored = await uow.entries.get(record.entry_id)
                found.append(
                    Kept(
                        record,
                        0 if stored is None else stored.revision,
                        None if stored is None else stored.entry(),
                        await uow.journal.last_seq(record.id),
                    )
                )
        return found
