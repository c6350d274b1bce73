"""What is older than its class allows goes, what is newer or not over stays, and every table is in the list."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from ivr.config import Settings, load_settings
from ivr.errors import StorageError
from ivr.projections.entries import change_of
from ivr.projections.rebuilding import Counts, rebuild
from ivr.retention.classes import NOT_BY_AGE, KeptClass, classes
from ivr.retention.keeper import erase_old
from ivr.retention.settings import RetentionSettings
from routing.board_events import EntryChanged
from storage.act_records import ActRecord
from storage.entry_changes import EntryChange
from storage.erasing import Erasing
from storage.missed_records import MissedCallRecord, WaitEstimateRecord
from storage.nuisances import NuisanceRecord
from storage.records import (
    AgentStateChange,
    DecisionRecord,
    EntryRecord,
    JournalEvent,
)
from storage.store import Store
from storage.tables import metadata
from storage.wrap_up_records import WrapUpRecord
from tests.storage import samples as s

NOW = s.T0
OLD, NEW = NOW - dt.timedelta(days=400), NOW - dt.timedelta(days=10)
LOGS = {
    "journal",
    "decisions",
    "entry_changes",
    "agent_states",
    "wrap_ups",
    "wait_estimates",
    "missed_calls",
    "notifications",
    "callbacks",
    "acts",
}


def settings(tmp_path: Path, **days: float) -> Settings:
    kept = {name: 100.0 for name in ("journal", "calls", "decisions", "agents", "missed", "messages", "acts")}
    return load_settings(
        None, state_dir=tmp_path, retention={f"{name}_days": value for name, value in (kept | days).items()}
    )


async def fill(store: Store) -> None:
    """Of each kind one that is old and one that is not."""
    entry = EntryRecord.of(s.entry())
    async with store.unit_of_work() as uow:
        for name, at in (("old", OLD), ("new", NEW)):
            ended = at + dt.timedelta(minutes=5)
            data = {"outcome": "completed", "topic": "漏水", "waited_s": 12.0}
            call = s.call(name, started_at=at, state="ended", ended_at=ended, data=data, revision=1)
            missed = MissedCallRecord(name, f"key-{name}", "138", "abandoned", {}, 1, at, at, at, name)
            await uow.write(
                [
                    call,
                    replace(
                        entry,
                        id=name,
                        call_id=name,
                        enqueued_at=at,
                        caller_key=f"key-{name}",
                        ended_at=ended,
                        outcome="served",
                    ),
                    JournalEvent(name, 1, at, "arrived"),
                    EntryChange(name, 0, at, name, "arrived", {"caller_key": f"key-{name}"}),
                    DecisionRecord(name, 1, at, "offer", name, "a1", 0, "", [], "", ""),
                    AgentStateChange(name, 1, at, "", "available", "log_in"),
                    WrapUpRecord(name, 1, name, name, "done", at, at, "agent"),
                    WaitEstimateRecord(name, name, "general", at, 1, 1, 1.0, 2.0, True, 1.5, True),
                    replace(missed, state="closed", closed_at=at, closed_how="hand"),
                    replace(missed, id=f"{name}-open"),
                    s.notification(name, created_at=at, state="sent"),
                    s.notification(f"{name}-open", created_at=at),
                    s.callback(name, created_at=at, state="done"),
                    s.callback(f"{name}-open", created_at=at),
                    ActRecord(name, at, "zhang", "entry", "move"),
                    replace(s.line(1, name), at=at),
                ]
            )
        await uow.calls.upsert(s.call("live", started_at=OLD))


async def counts(store: Store) -> dict[str, int]:
    found = {}
    async with store.reading() as uow:
        for table in metadata.sorted_tables:
            query = select(func.count()).select_from(table)
            found[table.name] = (await uow.connection.execute(query)).scalar() or 0
    return found


async def test_what_is_old_goes_and_the_figures_stay(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(store)
    before = await counts(store)
    kept = classes(settings(tmp_path), store, lambda: NOW)
    with caplog.at_level("INFO"):
        erased = await erase_old(store, kept, NOW)
    after = await counts(store)
    gone = {table: before[table] - after[table] for table in LOGS - {"acts"}}
    assert gone == dict.fromkeys(LOGS - {"acts"}, 1)
    assert erased["messages"] == {"notifications": 1, "callbacks": 1}
    assert erased["calls"] == {"calls": 1}
    assert erased["acts"] == {"acts": 1}
    assert "erased by age (retention.journal_days): 1 of journal" in caplog.text
    async with store.reading() as uow:
        old, new, live = [await uow.calls.get(id) for id in ("old", "new", "live")]
        assert old is not None
        assert (old.caller, old.data["outcome"], old.data["waited_s"]) == ("", "completed", 12.0)
        assert "topic" not in old.data
        assert old.data["erased"] == {"at": NOW.isoformat(), "rule": "older than 100 days"}
        assert new is not None and live is not None
        assert (new.caller, new.data["topic"], live.caller) == ("13812345678", "漏水", "13812345678")
        (entry,) = await uow.entries.of_call("old")
        assert (entry.caller_key, entry.reason, entry.outcome) == ("", "", "served")
        acts = await uow.acts.listed(kind="retention")
    assert {act.subject: act.data["erased"] for act in acts} == erased
    # A second time there is nothing to do, and nothing more is on record.
    assert await erase_old(store, kept, NOW) == {}
    # The record is not made again from a journal that somebody puts back.
    async with store.unit_of_work() as uow:
        await uow.journal.append(
            JournalEvent("old", 1, OLD, "arrived", {"caller": "13812345678"}, 1),
        )
    differences = [one async for one in rebuild(store, (None, None), write=True, counts=Counts())]
    assert "old" not in {one.id for one in differences if one.kind == "call"}


async def test_what_somebody_with_a_withheld_number_wanted_goes_too(store: Store, tmp_path: Path) -> None:
    """More of them than one batch, and all of one moment."""
    withheld = [
        s.call(f"c-{n:03}", started_at=OLD, state="ended", caller="", data={"topic": "漏水", "waited_s": 1.0})
        for n in range(600)
    ]
    entry = replace(EntryRecord.of(s.entry()), id="e", call_id="c-000", reason="漏水")
    async with store.unit_of_work() as uow:
        await uow.write([*withheld, entry])
    kept = classes(settings(tmp_path), store, lambda: NOW)
    assert await erase_old(store, kept, NOW) == {"calls": {"calls": 600}}
    async with store.reading() as uow:
        call, (place,) = await uow.calls.get("c-000"), await uow.entries.of_call("c-000")
    assert call is not None
    assert (sorted(call.data), place.reason) == (["erased", "waited_s"], "")
    assert await erase_old(store, kept, NOW) == {}


async def test_who_waits_for_a_promised_call_is_anonymous_when_that_is_over(
    store: Store, tmp_path: Path
) -> None:
    """While it waits its place is written again and again."""
    waiting = replace(
        EntryRecord.of(s.entry()),
        id="e",
        call_id="c",
        reason="漏水",
        caller_key="key",
        state="waiting",
        ended_at=None,
        outcome=None,
    )
    ended = replace(waiting, state="ended", ended_at=NOW, outcome="served", revision=waiting.revision + 1)

    def change(revision: int) -> EntryChange:
        return EntryChange("e", revision, NEW, "c", "arrived", {"caller_key": "key"})

    async with store.unit_of_work() as uow:
        await uow.write([s.call("c", started_at=OLD, state="ended"), waiting, change(0)])
        await uow.callbacks.upsert(s.callback("b1", call_id="c", revision=1))
    kept = classes(settings(tmp_path), store, lambda: NOW)
    await erase_old(store, kept, NOW)
    async with store.unit_of_work() as uow:
        await uow.write([ended, change(1), s.callback("b1", call_id="c", state="done", revision=2)])
    assert (await erase_old(store, kept, NOW))["calls"] == {"calls": 1}
    async with store.reading() as uow:
        (place,) = await uow.entries.of_call("c")
        assert (place.caller_key, place.reason, place.outcome) == ("", "", "served")
        assert await uow.entry_changes.of("e") == []


async def test_a_place_that_was_lost_with_its_controller_keeps_nobody_for_ever(
    store: Store, tmp_path: Path
) -> None:
    """Its end never reached the database."""
    lost = replace(EntryRecord.of(s.entry()), id="e", call_id="c", callback="", state="waiting")
    lost = replace(lost, reason="漏水", caller_key="key", ended_at=None, outcome=None)
    async with store.unit_of_work() as uow:
        await uow.write([s.call("c", started_at=OLD, state="ended"), lost])
    await erase_old(store, classes(settings(tmp_path), store, lambda: NOW), NOW)
    async with store.reading() as uow:
        call, (place,) = await uow.calls.get("c"), await uow.entries.of_call("c")
    assert call is not None
    assert (call.caller, place.caller_key, place.reason) == ("", "", "")


async def test_what_comes_back_from_an_archive_does_not_bring_the_person_back(
    store: Store, tmp_path: Path
) -> None:
    await fill(store)
    kept = classes(settings(tmp_path), store, lambda: NOW)
    await erase_old(store, kept, NOW)
    entry = replace(EntryRecord.of(s.entry()), id="old", call_id="old", caller_key="key-old", ended_at=OLD)
    arrived = EntryChanged(None, entry.entry(), None)
    async with store.unit_of_work() as uow:
        await uow.entry_changes.append(change_of(arrived, OLD))
    async for _ in rebuild(store, (None, None), write=True, counts=Counts()):
        pass
    async with store.reading() as uow:
        (place,) = await uow.entries.of_call("old")
        assert (place.caller_key, place.reason) == ("", "")
    assert (await erase_old(store, kept, NOW))["calls"] == {"entry_changes": 1}
    async with store.reading() as uow:
        assert await uow.entry_changes.of("old") == []


async def test_whom_an_agent_called_is_in_no_record_any_more(store: Store, tmp_path: Path) -> None:
    own = s.call("own", started_at=OLD, state="ended", caller="1001", dialled="*4913812345678")
    async with store.unit_of_work() as uow:
        await uow.calls.upsert(replace(own, data={"kind": "outbound", "agent": "a1"}))
        await uow.calls.upsert(s.call("in", started_at=OLD, state="ended"))
    await erase_old(store, classes(settings(tmp_path), store, lambda: NOW), NOW)
    async with store.reading() as uow:
        found = [await uow.calls.get(id) for id in ("own", "in")]
    # Which of the hotline's numbers was dialled is a figure.
    assert [(call.caller, call.dialled) for call in found if call is not None] == [("", ""), ("", "12345")]


async def test_numbers_that_are_off_the_nuisance_list_go_and_the_list_counts_on(
    store: Store, tmp_path: Path
) -> None:
    def listed(id: str, **changes: Any) -> NuisanceRecord:
        return NuisanceRecord(id, f"138{id}", "reject", "calls and is silent", OLD, "zhang", **changes)

    async with store.unit_of_work() as uow:
        for record in (
            listed("1", removed_at=OLD, removed_by="li"),
            listed("2", until=OLD),
            listed("3", removed_at=NEW, removed_by="li"),
            listed("4"),
        ):
            await uow.nuisances.put(record, new=True)
    kept = classes(settings(tmp_path), store, lambda: NOW)
    assert await erase_old(store, kept, NOW) == {"calls": {"nuisances": 2}}
    async with store.reading() as uow:
        rows = {one.id: one for one in await uow.nuisances.listed(removed=True)}
        assert {id: one.pattern for id, one in rows.items()} == {"1": "", "2": "", "3": "1383", "4": "1384"}
        assert (rows["2"].removed_at, rows["2"].removed_by, rows["1"].removed_by) == (OLD, "retention", "li")
        assert [one.id for one in await uow.nuisances.listed()] == ["4"]
        assert await uow.nuisances.last_serial() == 4
    assert await erase_old(store, kept, NOW) == {}


async def test_nothing_goes_where_it_is_kept_for_ever(store: Store, tmp_path: Path) -> None:
    await fill(store)
    before = await counts(store)
    for_ever = dict.fromkeys(("journal", "calls", "decisions", "agents", "missed", "messages", "acts"), 0.0)
    assert await erase_old(store, classes(settings(tmp_path, **for_ever), store, lambda: NOW), NOW) == {}
    assert await counts(store) == before


async def test_what_is_erased_goes_in_batches(store: Store) -> None:
    async with store.unit_of_work() as uow:
        await uow.journal.append(*(JournalEvent("c", seq, OLD, "node") for seq in range(1, 26)))
    rounds = []
    while not rounds or rounds[-1]:
        async with store.unit_of_work() as uow:
            rounds.append(await Erasing(uow.connection).old("journal", NOW, limit=10))
    assert rounds == [10, 10, 5, 0]


async def test_a_class_that_fails_does_not_keep_the_others(
    migrated_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(at: dt.datetime) -> dict[str, int]:
        raise StorageError("away")

    async def works(at: dt.datetime) -> dict[str, int]:
        return {"journal": 3}

    path = tmp_path / "kept.db"
    path.write_bytes(migrated_file.read_bytes())  # noqa: ASYNC240
    async with await Store.open(f"sqlite+aiosqlite:///{path}") as store:
        kept = [KeptClass(name, "", "", {"": 1.0}, (), do) for name, do in (("a", broken), ("b", works))]
        assert await erase_old(store, kept, NOW) == {"b": {"journal": 3}}
    assert "what is old of a could not be erased: away" in caplog.text


def test_every_table_has_its_place_in_the_list(migrated_file: Path, tmp_path: Path) -> None:
    covered = [
        table
        for one in classes(settings(tmp_path), None, lambda: NOW)  # type: ignore[arg-type]  # nothing is erased
        for table in one.tables
    ]
    assert sorted([*covered, *NOT_BY_AGE]) == sorted(metadata.tables)


def test_the_journal_is_not_kept_longer_than_the_numbers() -> None:
    RetentionSettings(journal_days=100, calls_days=0)
    RetentionSettings(journal_days=100, calls_days=100)
    for journal, calls in ((0, 100), (101, 100)):
        with pytest.raises(ValidationError, match="would keep the numbers"):
            RetentionSettings(journal_days=journal, calls_days=calls)
