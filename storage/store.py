"""The database as the rest of the house sees it: a store, units of work, a repository a kind.

    store = await Store.open(url)
    async with store.unit_of_work() as uow:        # one transaction: all or nothing
        await uow.calls.upsert(record)
    async with store.reading() as uow:             # one consistent view; writes nothing
        call = await uow.calls.get(call_id)
    await store.close()

Everything raises StorageError and its children (`errors.py`), never a driver's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import cached_property
from typing import Final, Self, TypeVar

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.accounts import SipAccounts
from storage.acts import Acts
from storage.bulk import copy_events
from storage.callers import Callers
from storage.engine import BUSY_TIMEOUT_MS, create_engine, reach
from storage.errors import SchemaMismatch, explained, within
from storage.flows import FlowFiles, FlowReleases, FlowVersions
from storage.live_calls import LiveCalls
from storage.migrate import current_revision, head_revision
from storage.missed import Missed, WaitEstimates
from storage.nuisances import Nuisances
from storage.promised import Callbacks, Notifications, Recordings
from storage.records import Fact
from storage.repositories import (
    Agents,
    AgentStates,
    Calls,
    Decisions,
    Entries,
    EntryChanges,
    Journal,
)
from storage.transcript_search import FoundTranscripts
from storage.transcripts import Transcripts
from storage.waits import Waits
from storage.wrap_ups import WrapUps
from storage.writing import write

log = logging.getLogger(__name__)

FORGET_WAITS_S: Final = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Before each try to cut SQLite's log."""
Repository = TypeVar("Repository")


def _of(kind: Callable[[AsyncConnection], Repository]) -> cached_property[Repository]:
    """Made when it is asked for: most units of work need one or two."""
    return cached_property(lambda uow: kind(uow.connection))


class UnitOfWork:
    """The repositories, over one connection and transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    calls = _of(Calls)
    journal = _of(Journal)
    transcripts = _of(Transcripts)
    found_transcripts = _of(FoundTranscripts)
    entries = _of(Entries)
    entry_changes = _of(EntryChanges)
    decisions = _of(Decisions)
    agents = _of(Agents)
    agent_states = _of(AgentStates)
    callers = _of(Callers)
    callbacks = _of(Callbacks)
    recordings = _of(Recordings)
    notifications = _of(Notifications)
    missed = _of(Missed)
    wait_estimates = _of(WaitEstimates)
    waits = _of(Waits)
    acts = _of(Acts)
    sip_accounts = _of(SipAccounts)
    nuisances = _of(Nuisances)
    wrap_ups = _of(WrapUps)
    live_calls = _of(LiveCalls)
    flow_files = _of(FlowFiles)
    flow_versions = _of(FlowVersions)
    flow_releases = _of(FlowReleases)

    async def write(self, facts: Iterable[Fact], *, new: bool = False) -> None:
        """Facts of any kinds, in bulk. new: none of them was written before (`storage.writing.write`)."""
        with explained(self.connection.engine.url):
            await write(self.connection, facts, new=new)

    async def copy_events(self, rows: Sequence[bytes]) -> bool:
        """Events of journals as rows (`spool_rows.py`). False: too few, or none for this database; nothing is done."""
        with explained(self.connection.engine.url):
            return await copy_events(self.connection, rows)


class Store:
    """Made by `open`. Holds a small pool of connections; used by any number of tasks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @property
    def url(self) -> URL:
        return self._engine.url

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def copies(self) -> bool:
        """Rows are of use to it as they are (`UnitOfWork.copy_events`)."""
        return self.dialect == "postgresql"

    @classmethod
    async def open(cls, url: str, *, pool_size: int = 5) -> Store:
        """Connect, and see that the tables are those of this version.

        Raises StorageAway (not reachable), SchemaMismatch (run `ivr migrate`), StorageError (wrong address or login).
        """
        store = cls(create_engine(url, pool_size=pool_size))
        try:
            await store.check()
        except BaseException:
            await store.close()
            raise
        return store

    async def check(self) -> None:
        """Raises as `open` does."""
        await reach(self._engine)
        with explained(self.url):
            async with self._engine.connect() as connection:
                found = await connection.run_sync(current_revision)
        if found != head_revision():
            state = "is empty" if found is None else f"has tables of revision {found}"
            message = f"the database {state}; this version needs {head_revision()}"
            raise SchemaMismatch(message, mend="run `ivr migrate`")

    async def close(self) -> None:
        """Idempotent."""
        await self._engine.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @contextlib.asynccontextmanager
    async def unit_of_work(self, limit_s: float | None = None) -> AsyncIterator[UnitOfWork]:
        """One transaction, committed at the end, rolled back on any error inside.

        limit_s: for all of it; after that StorageAway is raised, and whether it was committed is not known.
        """
        with within(self.url, limit_s):
            async with asyncio.timeout(limit_s), self._connected() as connection:
                with explained(self.url):
                    await connection.begin()
                yield UnitOfWork(connection)
                with explained(self.url):
                    await connection.commit()

    @contextlib.asynccontextmanager
    async def reading(
        self, limit_s: float | None = None, *, one_view: bool = False, last_known: bool = False
    ) -> AsyncIterator[UnitOfWork]:
        """For reading; on SQLite it waits for no writer and holds none up. limit_s: as above.

        one_view: what others commit meanwhile is not seen, on Postgres too. last_known: of a database that has not been
        there since the start (`late_store.py`), what was known of it last will do.
        """
        with within(self.url, limit_s):
            async with asyncio.timeout(limit_s), self._connected() as connection:
                with explained(self.url):
                    await connection.execution_options(reading=True)
                    if one_view and self.dialect == "postgresql":
                        await connection.execution_options(isolation_level="REPEATABLE READ")
                    await connection.begin()
                yield UnitOfWork(connection)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        """A connection of the pool, given back at the end; what was not committed is rolled back.

        Giving it back may fail, since the database died meanwhile. That says nothing new: what was asked or committed
        has succeeded or failed already, and a driver's own error must not take the place of what is being raised.
        """
        with explained(self.url):
            connection = await self._engine.connect()
        try:
            yield connection
        finally:
            try:
                # As `async with` of the library does it: who is cancelled twice must not leave it half closed.
                await asyncio.shield(asyncio.ensure_future(connection.close()))
            except Exception as error:
                log.debug("a connection was not given back: %s", type(error).__name__)

    async def sync(self) -> None:
        """Returns when what was committed outlives a power cut. Raises OSError.

        Postgres sees to that with each commit. SQLite does it with the next checkpoint: its log is written through.
        """
        path = self.url.database
        if self.dialect == "sqlite" and path:
            await asyncio.to_thread(_write_through, f"{path}-wal")

    async def forget_erased(self) -> bool:
        """After an erasure: SQLite's log holds what it was told to write until it is written anew. Postgres vacuums.

        False: somebody reads all the time, and keeps it for longer: it goes when the log is begun again. Raises
        StorageError.
        """
        if self.dialect != "sqlite":
            return True
        async with self._connected() as connection:
            with explained(self.url):
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                # Past SQLAlchemy, which would begin a transaction first. SQLite would wait for readers while it holds
                # up all who write: the waiting is done here, between the tries.
                await driver.execute("PRAGMA busy_timeout = 0")
                try:
                    for wait_s in FORGET_WAITS_S:
                        await asyncio.sleep(wait_s)
                        async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as answer:
                            busy, _, _ = await answer.fetchone()
                        if not busy:
                            return True
                finally:
                    await driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        return False

    async def ping(self) -> None:
        """Raises StorageAway when the database does not answer."""
        async with self.reading() as uow:
            with explained(self.url):
                await uow.connection.exec_driver_sql("SELECT 1")


def _write_through(path: str) -> None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.fsync(file)
    finally:
        os.close(file)
