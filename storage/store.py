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
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Self

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.accounts import SipAccounts
from storage.acts import Acts
from storage.bulk import copy_events
from storage.callers import Callers
from storage.engine import create_engine, reach
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


class UnitOfWork:
    """The repositories, over one connection and transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.calls = Calls(connection)
        self.journal = Journal(connection)
        self.transcripts = Transcripts(connection)
        self.found_transcripts = FoundTranscripts(connection)
        self.entries = Entries(connection)
        self.entry_changes = EntryChanges(connection)
        self.decisions = Decisions(connection)
        self.agents = Agents(connection)
        self.agent_states = AgentStates(connection)
        self.callers = Callers(connection)
        self.callbacks = Callbacks(connection)
        self.recordings = Recordings(connection)
        self.notifications = Notifications(connection)
        self.missed = Missed(connection)
        self.wait_estimates = WaitEstimates(connection)
        self.waits = Waits(connection)
        self.acts = Acts(connection)
        self.sip_accounts = SipAccounts(connection)
        self.nuisances = Nuisances(connection)
        self.wrap_ups = WrapUps(connection)
        self.live_calls = LiveCalls(connection)
        self.flow_files = FlowFiles(connection)
        self.flow_versions = FlowVersions(connection)
        self.flow_releases = FlowReleases(connection)

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
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(within(self.url, limit_s))
            await stack.enter_async_context(asyncio.timeout(limit_s))
            connection = await stack.enter_async_context(self._connected())
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
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(within(self.url, limit_s))
            await stack.enter_async_context(asyncio.timeout(limit_s))
            connection = await stack.enter_async_context(self._connected())
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
