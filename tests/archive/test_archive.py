"""Months go out of the database into files and come back the same; what is newer, or came late, is not lost."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.archive.archiving import LOGS, archive, bring_back
from ivr.archive.forgetting import in_archives
from ivr.archive.months import Month, months, refuse_unsettled
from ivr.errors import BackupError
from ivr.projections.rebuilding import Counts, rebuild
from storage.entry_changes import EntryChange
from storage.records import AgentStateChange, DecisionRecord, JournalEvent
from storage.store import Store
from tests.storage import samples

NOW = dt.datetime(2026, 9, 20, tzinfo=dt.UTC)
JUNE, JULY, AUGUST = (dt.datetime(2026, month, 15, 12, tzinfo=dt.UTC) for month in (6, 7, 8))
ARRIVED = {"caller": "138", "called": "12345", "language": "zh", "endpoint": "", "agent": ""}


async def fill(store: Store, events: int = 20) -> None:
    """events: of each call, after the first."""
    async with store.unit_of_work() as uow:
        for name, at in (("june", JUNE), ("july", JULY), ("august", AUGUST)):
            await uow.write(
                [
                    samples.call(name, started_at=at),
                    JournalEvent(name, 1, at, "arrived", ARRIVED, 2),
                    *(
                        JournalEvent(name, seq, at, "input", {"text": "漏水", "n": [1, None]})
                        for seq in range(2, events + 2)
                    ),
                    DecisionRecord(name, 1, at, "offer", name, "a1", 0, "", [{"a": 1}], "句", "s"),
                    EntryChange(name, 0, at, name, "arrived", {"queue": "general"}),
                    AgentStateChange(name, 1, at, "", "available", "log_in"),
                ]
            )


async def logs(store: Store) -> dict[str, Any]:
    found = {}
    async with store.reading() as uow:
        for name, table in LOGS.items():
            rows = (await uow.connection.execute(select(table))).mappings().all()
            found[name] = {tuple(row[one.name] for one in table.primary_key): dict(row) for row in rows}
    return found


def of_month(rows: dict[str, Any], month: int) -> dict[str, Any]:
    return {
        name: {key: row for key, row in some.items() if row["at"].month == month}
        for name, some in rows.items()
    }


async def test_months_go_and_come_back_the_same(store: Store, tmp_path: Path) -> None:
    await fill(store, 1201)  # more than a page
    before = await logs(store)
    done = [one async for one in archive(store, tmp_path, Month(2026, 8), NOW)]
    assert [(str(one.month), one.file.name) for one in done] == [
        ("2026-06", "2026-06.archive"),
        ("2026-07", "2026-07.archive"),
    ]
    assert done[0].rows == {"journal": 1202, "decisions": 1, "entry_changes": 1, "agent_states": 1}
    assert await logs(store) == of_month(before, 8)
    # A call whose journal is away is left as it is.
    counts = Counts()
    assert [
        one.id async for one in rebuild(store, (None, JULY), write=True, counts=counts) if one.kind == "call"
    ] == []
    assert [one async for one in archive(store, tmp_path, Month(2026, 8), NOW)] == []

    assert await bring_back(store, done[1].file) == done[1].rows
    assert await bring_back(store, done[0].file) == done[0].rows
    assert await logs(store) == before
    assert set((await bring_back(store, done[0].file)).values()) == {0}
    assert await logs(store) == before


async def test_a_row_that_comes_late_goes_into_a_file_of_its_own(store: Store, tmp_path: Path) -> None:
    await fill(store)
    before = await logs(store)
    first = [one async for one in archive(store, tmp_path, Month(2026, 7), NOW)]
    async with store.unit_of_work() as uow:
        await uow.journal.append(JournalEvent("june-late", 1, JUNE, "arrived", ARRIVED, 2))
    (late,) = [one async for one in archive(store, tmp_path, Month(2026, 7), NOW)]
    assert (late.file.name, late.rows["journal"]) == ("2026-06-2.archive", 1)
    for one in (*first, late):
        await bring_back(store, one.file)
    after = await logs(store)
    assert {name: len(rows) - len(before[name]) for name, rows in after.items()} == {
        "journal": 1,
        "decisions": 0,
        "entry_changes": 0,
        "agent_states": 0,
    }


async def test_a_call_is_taken_out_of_archives(store: Store, tmp_path: Path) -> None:
    await fill(store)
    before = await logs(store)
    done = [one async for one in archive(store, tmp_path, Month(2026, 8), NOW)]
    june = {"journal": 21, "decisions": 1, "entry_changes": 1}
    assert in_archives(tmp_path, ["june", "nobody"], write=False) == june
    july = done[1].file.read_bytes()
    assert in_archives(tmp_path, ["june", "nobody"], write=True) == june
    assert in_archives(tmp_path, ["june"], write=True) == {}
    assert done[1].file.read_bytes() == july, "a file without rows of the call is left"
    assert not done[0].file.with_name(".2026-06.archive.part").exists()
    for one in done:
        await bring_back(store, one.file)
    after = await logs(store)
    assert {name: len(before[name]) - len(rows) for name, rows in after.items()} == june | {"agent_states": 0}
    with pytest.raises(BackupError, match="there is no folder"):
        in_archives(tmp_path / "elsewhere", ["june"], write=False)


async def test_a_damaged_archive_is_not_read(store: Store, tmp_path: Path) -> None:
    await fill(store)
    (done,) = [one async for one in archive(store, tmp_path, Month(2026, 7), NOW)]

    def damage() -> None:
        whole = bytearray(done.file.read_bytes())
        whole[612] ^= 1  # within the rows of the first member
        done.file.write_bytes(whole)

    await asyncio.to_thread(damage)
    before = await logs(store)
    with pytest.raises(BackupError, match="damaged"):
        await bring_back(store, done.file)
    assert await logs(store) == before


def test_months() -> None:
    assert Month.read("2026-12").next == Month(2027, 1)
    assert Month.of(dt.datetime(2026, 8, 1, 7, tzinfo=dt.timezone(dt.timedelta(hours=8)))) == Month(2026, 7)
    assert [str(one) for one in months(dt.datetime(2025, 11, 30, tzinfo=dt.UTC), Month(2026, 2))] == [
        "2025-11",
        "2025-12",
        "2026-01",
    ]
    for wrong in ("2026-13", "08-2026", "2026"):
        with pytest.raises(BackupError, match="no month"):
            Month.read(wrong)


def test_a_month_that_is_hardly_over_is_not_archived() -> None:
    refuse_unsettled(Month(2026, 9), dt.datetime(2026, 9, 8, tzinfo=dt.UTC))
    for before, now in (((2026, 9), (2026, 9, 7)), ((2026, 10), (2026, 9, 20))):
        with pytest.raises(BackupError, match="not over for a week"):
            refuse_unsettled(Month(*before), dt.datetime(*now, tzinfo=dt.UTC))


def test_the_command(migrated_file: Path, tmp_path: Path) -> None:
    path, folder = tmp_path / "hotline.db", tmp_path / "archive"
    path.write_bytes(migrated_file.read_bytes())
    url = f"sqlite+aiosqlite:///{path}"

    async def filled() -> None:
        async with await Store.open(url) as store:
            await fill(store)

    asyncio.run(filled())

    def run(*words: str) -> Any:
        told = CliRunner().invoke(
            app, ["archive", str(folder), *words, "--database-url", url, "--format", "json"]
        )
        assert told.exit_code == 0, told.output
        return json.loads(told.output)

    assert [one["month"] for one in run("--before", "2026-08", "--dry-run")] == ["2026-06", "2026-07"]
    assert not folder.exists()
    assert [one["rows"]["journal"] for one in run("--before", "2026-08")] == [21, 21]
    assert run("--before", "2026-08") == []
    assert [one["rows"]["journal"] for one in run("--back", "2026-07")] == [21]
