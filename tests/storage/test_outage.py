"""A real Postgres that throws everybody out, lets nobody in, freezes, or is killed, and comes back."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import StorageAway
from storage.migrate import upgrade
from storage.spool import Spool
from storage.store import Store
from storage.writer import FactWriter
from tests.storage import samples as s
from tests.support import faults_postgres
from tests.support.faults_processes import tree
from tests.support.postgres import PrivatePostgres

THROW_OUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


class Watched(logging.Handler):
    """Tells when the writer first said that the database is away."""

    def __init__(self) -> None:
        super().__init__()
        self.away = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "facts wait" in record.getMessage():
            self.away.set()


@pytest.fixture
def seen() -> Iterator[Watched]:
    handler = Watched()
    logging.getLogger("storage.batches").addHandler(handler)
    yield handler
    logging.getLogger("storage.batches").removeHandler(handler)


@pytest.mark.real
async def test_nothing_is_lost_while_postgres_is_away(postgres: PrivatePostgres, seen: Watched) -> None:
    name = await postgres.create()
    await upgrade(postgres.url(name))
    async with await Store.open(postgres.url(name)) as store:
        async with FactWriter(store, every_s=0.005, batch=20) as writer:
            for seq in range(1, 101):
                writer.put(s.event(seq))
            await writer.drain()
            await postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            await postgres.execute(THROW_OUT)
            for seq in range(101, 301):
                writer.put(s.event(seq))
            async with asyncio.timeout(30):
                await seen.away.wait()
            with pytest.raises(StorageAway) as caught:
                await store.ping()
            assert caught.value.mend == "start it or set IVR_DATABASE_URL"
            await postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
            await writer.drain(30)
        async with store.reading() as uow:
            assert [each.seq for each in await uow.journal.of("c-n1-1")] == list(range(1, 301))
        assert writer.figures.retries >= 1
    await postgres.drop(name)


@pytest.mark.real
async def test_a_frozen_postgres_is_away_and_gets_everything_when_it_goes_on(
    postgres: PrivatePostgres, tmp_path: Path, seen: Watched
) -> None:
    name = await postgres.create()
    await upgrade(postgres.url(name))
    async with await Store.open(postgres.url(name)) as store:
        spool = Spool(tmp_path / "spool")
        async with FactWriter(store, spool=spool, every_s=0.005, write_limit_s=0.2) as writer:
            writer.put(s.event(1))
            await writer.drain()
            for pid in tree(postgres.process.pid):
                os.kill(pid, signal.SIGSTOP)
            try:
                writer.put(s.event(2))
                with pytest.raises(StorageAway, match="did not answer within"):
                    async with store.reading(0.2):
                        raise AssertionError("it answered")
                assert await writer.durable(s.event(3), limit_s=0.05) == "spool"
                async with asyncio.timeout(30):
                    await seen.away.wait()
            finally:
                for pid in tree(postgres.process.pid):
                    os.kill(pid, signal.SIGCONT)
            await writer.drain(30)
        async with store.reading() as uow:
            assert [each.seq for each in await uow.journal.of("c-n1-1")] == [1, 2, 3]
    await postgres.drop(name)


@pytest.mark.real
async def test_a_killed_postgres_has_what_it_answered_for_and_gets_the_rest(
    postgres: PrivatePostgres, tmp_path: Path, seen: Watched
) -> None:
    name = await postgres.create()
    await upgrade(postgres.url(name))
    async with await Store.open(postgres.url(name)) as store:
        async with FactWriter(store, spool=Spool(tmp_path / "spool"), every_s=0.001, batch=20) as writer:
            for seq in range(1, 101):
                writer.put(s.event(seq))
            await writer.drain()
            faults_postgres.kill(postgres)
            for seq in range(101, 201):
                writer.put(s.event(seq))
            async with asyncio.timeout(30):
                await seen.away.wait()
            # Here, not in a thread: the server dies with the thread that started it.
            faults_postgres.revive(postgres)
            await writer.drain(30)
        async with store.reading() as uow:
            assert [each.seq for each in await uow.journal.of("c-n1-1")] == list(range(1, 201))
    await postgres.drop(name)


@pytest.mark.real
async def test_a_connection_that_died_unused_is_replaced_unnoticed(postgres: PrivatePostgres) -> None:
    name = await postgres.create()
    await upgrade(postgres.url(name))
    async with await Store.open(postgres.url(name)) as store:
        await store.ping()
        await postgres.execute(THROW_OUT)
        await store.ping()
    await postgres.drop(name)


@pytest.mark.real
async def test_a_database_that_dies_between_two_questions_raises_nothing_of_the_drivers(
    postgres: PrivatePostgres,
) -> None:
    """Giving the dead connection back fails. What was read was read, and what is raised inside is what is raised."""
    name = await postgres.create()
    await upgrade(postgres.url(name))
    async with await Store.open(postgres.url(name)) as store:
        async with store.reading() as uow:
            assert await uow.calls.get("c-none") is None
            await postgres.execute(THROW_OUT)
        async with store.unit_of_work() as uow:
            await uow.write([s.event(1)])
        with pytest.raises(KeyError):
            async with store.reading() as uow:
                await uow.calls.get("c-none")
                await postgres.execute(THROW_OUT)
                raise KeyError
        with pytest.raises(StorageAway):
            async with store.unit_of_work() as uow:
                await postgres.execute(THROW_OUT)
                await uow.write([s.event(2)])
