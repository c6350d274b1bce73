"""What real sessions had stored, deleted and made again from the logs: the same. What differs is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, update

from ivr.projections.calls import call_of
from ivr.projections.entries import change_of, entry_of
from ivr.projections.kpi_stored import service_figures
from ivr.projections.rebuilding import Counts, Difference, rebuild
from ivr.talk.targets import ToAgent
from routing.board_events import EntryChanged
from storage import tables
from storage.entry_changes import EntryChange, entry_changes
from storage.records import CallRecord, EntryRecord, Fact, JournalEvent
from storage.store import Store
from tests.call.scenes import play
from tests.support.call_house import House
from tests.talk.test_talks_played import phone_of, service, talking

EVER = (None, None)


@pytest.fixture(scope="module")
def scenes() -> list[list[Fact]]:
    """Somebody who is served after a hold, somebody who gives up in line, somebody who is sent to a colleague."""
    kept: list[list[Fact]] = []

    def keep(here: House) -> None:
        kept.append(list(here.facts))

    async def served(here: House) -> None:
        caller = await talking(here)
        await service(here).hold("a1")
        await here.until(5)
        await service(here).resume("a1")
        await here.until(20)
        here.ari.world.hang_up(phone_of(here, "a1").id)
        await here.until(30)
        if caller in here.ari.world.channels:
            here.ari.world.press(caller, "1")
            await here.until(15)
            here.ari.world.hang_up(caller)
        await here.until(5)
        keep(here)

    async def abandoned(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk", channel_id="caller")
        await here.until(3)
        here.ari.world.press(caller, "2")
        await here.until(12)
        here.ari.world.hang_up(caller)
        await here.until(2)
        keep(here)

    async def sent_on(here: House) -> None:
        caller = await talking(here)
        here.log_in("a2")
        await service(here).consult("a1", ToAgent("a2"))
        await here.until(4)
        await service(here).complete("a1")
        await here.until(9)
        here.ari.world.hang_up(caller)
        await here.until(5)
        keep(here)

    for scene in (served, abandoned, sent_on):
        play(scene)
    return kept


@pytest.fixture(scope="module")
def facts(scenes: list[list[Fact]]) -> list[Fact]:
    return [fact for scene in scenes for fact in scene]


def rows_of(facts: list[Fact]) -> tuple[dict[str, CallRecord], dict[str, EntryRecord]]:
    calls = {fact.id: fact for fact in facts if isinstance(fact, CallRecord)}
    entries = {fact.id: fact for fact in facts if isinstance(fact, EntryRecord)}
    return calls, entries


async def stored(store: Store) -> tuple[dict[str, CallRecord], dict[str, EntryRecord]]:
    async with store.reading() as uow:
        calls = {call.id: call for call in await uow.calls.recent(100)}
        entries = {entry.id: entry for id in calls for entry in await uow.entries.of_call(id)}
    return calls, entries


async def rebuilt(store: Store, *, write: bool = True) -> tuple[list[Difference], Counts]:
    counts = Counts()
    return [one async for one in rebuild(store, EVER, write=write, counts=counts)], counts


async def execute(store: Store, *statements: Any) -> None:
    async with store.unit_of_work() as uow:
        for statement in statements:
            await uow.connection.execute(statement)


async def test_deleted_projections_come_out_the_same(store: Store, facts: list[Fact]) -> None:
    async with store.unit_of_work() as uow:
        await uow.write(facts)
    before = await stored(store)
    calls = before[0].values()
    assert sorted(call.data["outcome"] for call in calls) == ["abandoned", "completed", "completed"]
    assert any(call.data.get("held_s", 0) >= 5 for call in calls)
    assert any(call.data.get("transfers") for call in calls)
    assert await rebuilt(store) == ([], Counts(calls=3, entries=len(before[1])))

    await execute(store, delete(tables.calls), delete(tables.queue_entries))
    differences, counts = await rebuilt(store)
    assert counts.different == len(differences) == 3 + len(before[1])
    assert all(one.missing for one in differences)
    assert await stored(store) == before


@pytest.mark.parametrize("scene, offered, answered, abandoned", [(0, 1, 1, 0), (1, 1, 0, 1), (2, 1, 1, 0)])
async def test_the_figures_of_the_service_are_those_of_the_calls(
    store: Store, scenes: list[list[Fact]], scene: int, offered: int, answered: int, abandoned: int
) -> None:
    """A scene alone: the agents of each have the same names and times. The last one's colleague has an entry too, in
    which no caller waited."""
    async with store.unit_of_work() as uow:
        await uow.write(scenes[scene])
    calls, entries = await stored(store)
    (call,) = calls.values()
    since = min(entry.enqueued_at for entry in entries.values())
    assert call.ended_at is not None
    until = call.ended_at + dt.timedelta(seconds=1)
    total = (await service_figures(store, since, until, by="queue", zone=dt.UTC))[-1]
    assert (total.offered, total.answered, total.abandoned) == (offered, answered, abandoned)
    assert total.waited_s == pytest.approx(call.data["waited_s"] or 0.0, abs=0.1)
    assert total.talk_s + total.hold_s >= (call.data["talked_s"] or 0.0) - 0.1
    assert total.hold_s == pytest.approx(call.data.get("held_s", 0.0), abs=0.1)


async def test_a_row_that_is_not_what_the_log_says_is_told_and_mended(
    store: Store, facts: list[Fact]
) -> None:
    async with store.unit_of_work() as uow:
        await uow.write(facts)
    before = await stored(store)
    (abandoned,) = [call for call in before[0].values() if call.data["outcome"] == "abandoned"]
    (entry,) = [one for one in before[1].values() if one.call_id == abandoned.id]
    wrong = {**abandoned.data, "outcome": "completed"}
    await execute(
        store,
        update(tables.calls)
        .where(tables.calls.c.id == abandoned.id)
        .values(data=wrong, caller="13912345678"),
        update(tables.queue_entries).where(tables.queue_entries.c.id == entry.id).values(outcome="served"),
    )
    told, _ = await rebuilt(store, write=False)
    assert [one.id for one in told] == [abandoned.id, entry.id]
    assert told[0].fields["data.outcome"] == ("completed", "abandoned")
    assert "13912345678" not in str(told[0])
    assert told[1].fields == {"outcome": ("served", "abandoned")}
    assert (await stored(store))[0][abandoned.id].data["outcome"] == "completed", "nothing was to be written"

    await rebuilt(store)
    assert await stored(store) == before


async def test_a_row_whose_log_is_not_whole_is_left(store: Store, facts: list[Fact]) -> None:
    async with store.unit_of_work() as uow:
        await uow.write(facts)
    before = await stored(store)
    await execute(
        store,
        delete(tables.journal).where(tables.journal.c.seq == 2),
        delete(entry_changes).where(entry_changes.c.revision > 0, entry_changes.c.event == "ended"),
    )
    told, counts = await rebuilt(store)
    assert (told, counts.left) == ([], 3 + len(before[1]))
    assert await stored(store) == before


def test_a_journal_of_the_version_before_leaves_open_what_it_did_not_say(facts: list[Fact]) -> None:
    calls, _ = rows_of(facts)
    known = {"arrived": ("entry", "version"), "ended": ("outcome", "by", "cause")}
    for id, call in calls.items():
        now = [fact for fact in facts if isinstance(fact, JournalEvent) and fact.call_id == id]
        then = [
            replace(event, version=1, data={name: event.data[name] for name in known[event.kind]})
            if event.version == 2 and "node" not in event.data
            else replace(event, version=1)
            for event in now
        ]
        assert [event.version for event in now if event.kind == "arrived"] == [2]
        folded = call_of(then)
        assert folded is not None
        assert {"caller", "language", "queue", "agents", "topic", "ended_at"} <= folded.unknown
        assert folded.beside(call) == call
        alone = folded.beside(None)
        assert (alone.caller, alone.data["outcome"]) == ("", call.data["outcome"])
        assert alone.data["waited_s"] == call.data["waited_s"]


def test_a_history_with_a_line_missing_says_nothing(facts: list[Fact]) -> None:
    """Killed between the row and its line: what is left of the log would tell something else."""
    log = [fact for fact in facts if isinstance(fact, EntryChange)]
    whole = [change for change in log if change.entry_id == log[0].entry_id]
    assert len(whole) >= 4
    row = entry_of(whole)
    assert row is not None
    for missing in range(len(whole) - 1):
        assert entry_of(whole[:missing] + whole[missing + 1 :]) is None
    # A start that puts the entry back on the board tells all of it.
    full = change_of(EntryChanged(None, replace(row.entry(), revision=9), None), whole[-1].at)
    assert entry_of([whole[0], whole[2], full]) == replace(row, revision=9)


def test_a_live_call_is_a_live_row() -> None:
    at = dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC)
    data = {
        "entry": "main",
        "version": "v",
        "caller": "138",
        "called": "12345",
        "language": "zh",
        "endpoint": "trunk",
        "agent": "",
    }
    folded = call_of([JournalEvent("c-n7-1", 1, at, "arrived", data, 2)])
    assert folded is not None
    assert folded.record == CallRecord(
        "c-n7-1",
        at,
        "n7",
        caller="138",
        dialled="12345",
        language="zh",
        flow="main",
        flow_version="v",
        answered_at=at,
        data={"endpoint": "trunk"},
    )
