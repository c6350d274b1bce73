"""What a person reads when the database is not as it should be."""

from __future__ import annotations

import socket
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from ivr.errors import StorageError
from storage.errors import SchemaMismatch, StorageAway, StorageRefused, parse_url
from storage.migrate import downgrade, upgrade
from storage.store import Store
from tests.storage import samples as s
from tests.support.postgres import PrivatePostgres


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_no_postgres_says_where_and_how_to_mend() -> None:
    port = _unused_port()
    with pytest.raises(StorageAway, match=f"no Postgres at 127.0.0.1:{port}/hotline") as caught:
        await Store.open(f"postgresql+asyncpg://me:secret@127.0.0.1:{port}/hotline")
    assert caught.value.mend == "start it or set IVR_DATABASE_URL"
    assert "secret" not in str(caught.value)


@pytest.mark.real
async def test_a_missing_database_says_how_to_make_it(postgres: PrivatePostgres) -> None:
    with pytest.raises(StorageError, match="nowhere") as caught:
        await Store.open(postgres.url("nowhere"))
    assert caught.value.mend == "create it: createdb nowhere"


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageAway, match="SQLite file") as caught:
        await Store.open(f"sqlite+aiosqlite:///{tmp_path / 'missing' / 'x.db'}")
    assert "folder" in caught.value.mend


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://root@localhost/x"])
def test_addresses_that_we_cannot_use(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        parse_url(url)
    assert "postgresql+asyncpg://" in caught.value.mend


def test_short_addresses_get_their_driver() -> None:
    assert parse_url("postgresql://a@b/c") == make_url("postgresql+asyncpg://a@b/c")
    assert parse_url("sqlite:///x.db") == make_url("sqlite+aiosqlite:///x.db")


async def test_a_missing_table_asks_for_the_migration(url: str) -> None:
    await upgrade(url)
    async with await Store.open(url) as store:
        await downgrade(url)
        with pytest.raises(SchemaMismatch) as caught:
            async with store.reading() as uow:
                await uow.calls.recent()
    assert caught.value.mend == "run `ivr migrate`"


async def test_a_refusal_tells_no_personal_data(store: Store) -> None:
    too_long = s.call(
        "x" * 200 if store.dialect == "postgresql" else "c", started_at=s.T0.replace(tzinfo=None)
    )
    with pytest.raises(StorageError) as caught:
        async with store.unit_of_work() as uow:
            await uow.calls.upsert(too_long)
    assert "13812345678" not in str(caught.value)


@pytest.mark.parametrize("number", [1, 40])
async def test_values_that_the_driver_shows_are_not_shown(store: Store, number: int) -> None:
    """asyncpg tells all values of the column in its first line."""
    lines = [replace(s.line(k + 1), text="王小明", party="13812345678") for k in range(number)]
    lines[0] = replace(lines[0], seq=2**70)
    with pytest.raises(StorageRefused) as caught:
        async with store.unit_of_work() as uow:
            await uow.write(lines)
    assert str(2**70) not in str(caught.value)
    assert "too large" in str(caught.value) or str(caught.value).endswith("argument $2: ...")
    logged = "".join(traceback.format_exception(caught.value))
    assert "王小明" not in logged and str(2**70) not in logged, "nor where the whole of it is logged"
