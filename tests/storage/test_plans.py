"""On Postgres, what a hotline asks while it works is answered through indexes, however long it has run."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bench.big_database import fill
from bench.hot_queries import QUERIES, explained
from storage.store import Store
from storage.tables import journal
from tests.storage.conftest import PrivatePostgres

EVENTS = 100_000


@pytest.mark.real
async def test_hot_queries_read_no_big_table_from_end_to_end(
    postgres: PrivatePostgres, migrated_database: str
) -> None:
    name = postgres.new_name()
    await postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_database}"')
    async with await Store.open(postgres.url(name)) as store:
        async with store.unit_of_work() as uow:
            calls = await fill(uow.connection, EVENTS)
        found = {}
        for about, query in QUERIES.items():
            plans = await explained(store, query, calls)
            assert plans, f"{about}: nothing was asked"
            found.update({f"{about}: {plan.text}": sorted(plan.scans) for plan in plans if plan.scans})
        assert found == {}

        # And a scan is seen where there is one.
        (scanned,) = await explained(
            store, lambda uow, _: uow.connection.execute(select(journal).where(journal.c.kind == "x")), calls
        )
        assert scanned.scans == {"journal"}
    await postgres.drop(name)
