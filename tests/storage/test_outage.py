"""A real Postgres that throws everybody out, lets nobody in for a while, and comes back."""

from __future__ import annotations

import asyncio
import logging

import pytest

from storage.errors import StorageAway
from storage.migrate import upgrade
from storage.store import Store
from storage.writer import FactWriter
from tests.storage import samples as s
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


@pytest.mark.real
async def test_nothing_is_lost_while_postgres_is_away(postgres: PrivatePostgres) -> None:
    name = await postgres.create()
    await upgrade(postgres.url(name))
    handler = Watched()
    logging.getLogger("storage.writer").addHandler(handler)
    try:
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
                    await handler.away.wait()
                with pytest.raises(StorageAway) as caught:
                    await store.ping()
                assert caught.value.mend == "start it or set IVR_DATABASE_URL"
                await postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
                await writer.drain(30)
            async with store.reading() as uow:
                assert [each.seq for each in await uow.journal.of("c-n1-1")] == list(range(1, 301))
            assert writer.figures.retries >= 1
    finally:
        logging.getLogger("storage.writer").removeHandler(handler)
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
