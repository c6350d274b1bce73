"""What is special about the embedded database."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from storage.migrate import upgrade
from storage.store import Store
from tests.storage import samples as s


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    path = tmp_path / "hotline.db"
    await upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 1), ("busy_timeout", 5000)],
)
async def test_every_connection_has_our_settings(path: Path, pragma: str, value: object) -> None:
    async with await Store.open(f"sqlite+aiosqlite:///{path}") as store, store.reading() as uow:
        assert (await uow.connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar() == value


async def test_two_stores_on_one_file_take_turns(path: Path) -> None:
    url = f"sqlite+aiosqlite:///{path}"
    async with await Store.open(url) as one, await Store.open(url) as two:
        for number, store in enumerate((one, two, one, two), start=1):
            async with store.unit_of_work() as uow:
                assert await uow.journal.last_seq("c-n1-1") == number - 1
                await uow.journal.append(s.event(number))
        async with one.unit_of_work() as writing:
            await writing.journal.append(s.event(5))
            # A reader is not held up by a writer, and does not see what is not yet committed.
            async with two.reading() as uow:
                assert await uow.journal.last_seq("c-n1-1") == 4


async def test_a_new_file_is_for_its_owner_alone(path: Path) -> None:
    before = os.umask(0o000)
    try:
        await upgrade(f"sqlite+aiosqlite:///{path.with_name('other.db')}")
        async with await Store.open(f"sqlite+aiosqlite:///{path.with_name('other.db')}") as store:
            async with store.unit_of_work() as uow:
                await uow.journal.append(s.event(1))
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.glob("other.db*")}
    finally:
        os.umask(before)
    assert modes == {name: 0o600 for name in ("other.db", "other.db-wal", "other.db-shm")}


async def test_the_log_is_cut_when_who_reads_has_ended_and_nobody_who_writes_waits_for_that(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.store.FORGET_WAITS_S", (0.01,) * 10_000)
    log = path.with_name(f"{path.name}-wal")
    url = f"sqlite+aiosqlite:///{path}"
    async with await Store.open(url) as store, await Store.open(url) as other:
        async with store.unit_of_work() as uow:
            await uow.journal.append(s.event(1))
        async with other.reading() as reader:
            await reader.journal.last_seq("c-n1-1")
            forgets = asyncio.create_task(store.forget_erased())
            async with other.unit_of_work() as uow:
                await uow.journal.append(s.event(2))
            assert not forgets.done()
            assert log.stat().st_size > 0
        assert await forgets
        assert log.stat().st_size == 0
