"""A database that was away when the controller started, until it is there.

store = LateStore.away(url, stand_in)
store.reading(last_known=True)      # answered by the stand-in, at once
store.reading(), .unit_of_work()    # StorageAway, as when a database is away later
await store.writing.check()         # the database itself, for whoever brings what has waited into it
await store.arrived()               # from now on it is a store like any other
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncEngine

from storage.engine import create_engine
from storage.errors import StorageAway, where_is
from storage.store import Store, UnitOfWork


class LateStore(Store):
    """stand_in: what is known without it (`last_known.py`)."""

    def __init__(self, engine: AsyncEngine, stand_in: Store) -> None:
        super().__init__(engine)
        self.writing = Store(engine)
        """The same database, whether or not anybody else is let in."""
        self.there = asyncio.Event()
        self._stand_in: Store | None = stand_in
        self._turn = asyncio.Lock()
        """Nobody reads of a stand-in that is closed."""

    @classmethod
    def away(cls, url: str, stand_in: Store, *, pool_size: int = 5) -> LateStore:
        return cls(create_engine(url, pool_size=pool_size), stand_in)

    async def know(self, stand_in: Store) -> None:
        """More is known by now."""
        async with self._turn:
            before, self._stand_in = self._stand_in, stand_in
            if before is not None:
                await before.close()

    async def arrived(self) -> None:
        """The database is there, and has what waited for it since before this start."""
        self.there.set()
        async with self._turn:
            before, self._stand_in = self._stand_in, None
            if before is not None:
                await before.close()

    async def close(self) -> None:
        if self._stand_in is not None:
            await self._stand_in.close()
        await super().close()

    @contextlib.asynccontextmanager
    async def unit_of_work(self, limit_s: float | None = None) -> AsyncIterator[UnitOfWork]:
        if not self.there.is_set():
            raise self._away()
        async with super().unit_of_work(limit_s) as uow:
            yield uow

    @contextlib.asynccontextmanager
    async def reading(
        self, limit_s: float | None = None, *, one_view: bool = False, last_known: bool = False
    ) -> AsyncIterator[UnitOfWork]:
        if last_known and not self.there.is_set():
            async with self._turn:
                if self._stand_in is not None:
                    async with self._stand_in.reading(limit_s) as uow:
                        yield uow
                    return
        if not self.there.is_set():
            raise self._away()
        async with super().reading(limit_s, one_view=one_view) as uow:
            yield uow

    def _away(self) -> StorageAway:
        return StorageAway(f"{where_is(self.url)} has not been there since the start", mend="start it")
