"""The figures of the service by their definitions, worked out by hand."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.projections.kpi import Figures, Stay, figures, stays_of
from routing.entries import enter
from routing.ids import EntryId, QueueName
from storage.entry_changes import EntryChange
from storage.records import AgentRecord, AgentStateChange, EntryRecord
from storage.store import Store
from tests.storage import samples

T0 = dt.datetime(2026, 5, 4, 9, 50, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


def entry(number: int, began: float = 0, **changes: Any) -> EntryRecord:
    made = enter(EntryId(f"e{number}"), QueueName(changes.pop("queue", "general")), f"c{number}", at(began))
    return replace(EntryRecord.of(made), **({"state": "ended"} | changes))


def served(number: int, began: float, joined: float, ended: float, **changes: Any) -> EntryRecord:
    return entry(
        number, began, joined_at=at(joined), ended_at=at(ended), outcome="served", agent="a1", **changes
    )


def lost(number: int, began: float, ended: float, outcome: str, **changes: Any) -> EntryRecord:
    return entry(number, began, ended_at=at(ended), outcome=outcome, **changes)


def stay(state: str, since: float, until: float, entry: str | None = None, agent: str = "a1") -> Stay:
    return Stay(agent, state, entry, at(since), at(until))


def of(key: str, found: list[Figures]) -> Figures:
    return next(line for line in found if line.key == key)


def counted(*entries: EntryRecord, joins: dict[str, dt.datetime] | None = None) -> Figures:
    return of("total", figures(entries, joins or {}, [], by="queue", zone=dt.UTC))


def test_each_call_counts_once_and_as_what_became_of_it() -> None:
    found = counted(
        served(1, 0, 10, 100),
        served(2, 0, 30, 100),
        lost(3, 0, 4, "abandoned"),
        lost(4, 0, 60, "abandoned"),
        lost(5, 0, 300, "timeout"),
        entry(6, 0, state="waiting"),
        served(7, 0, 900, 950, callback="b7"),
        lost(8, 0, 4000, "failed", callback="b8"),
    )
    assert (found.offered, found.answered, found.within) == (8, 2, 1)
    assert (found.abandoned, found.abandoned_short) == (2, 1)
    assert (found.called_back, found.not_served, found.waiting) == (1, 2, 1)
    assert found.offered == (
        found.answered + found.abandoned + found.called_back + found.not_served + found.waiting
    )
    assert (found.connection_rate, found.service_level, found.abandon_rate) == (0.25, 0.125, 0.25)
    assert found.asa_s == 20.0


def test_the_wait_is_that_until_the_first_agent() -> None:
    """The row of an entry that went back into line knows its last join only."""
    assert counted(served(1, 0, 80, 100), joins={"e1": at(12)}).asa_s == 12.0


def test_who_hangs_up_before_the_agent_who_answered_is_there_gave_up() -> None:
    alone = lost(1, 0, 32, "abandoned")
    found = counted(alone, joins={"e1": at(30)})
    assert (found.answered, found.abandoned) == (0, 1)
    again_in_line = replace(alone, limit_from=at(31))
    assert counted(again_in_line, joins={"e1": at(30)}).answered == 1


def test_a_call_that_is_twice_in_one_queue_is_offered_once() -> None:
    again = replace(served(2, 40, 50, 90), call_id="c1")
    found = counted(lost(1, 0, 20, "left"), again)
    assert (found.offered, found.answered, found.asa_s) == (1, 1, 50.0)


def test_a_transfer_to_a_person_enters_no_queue() -> None:
    assert counted(served(1, 0, 5, 60, only="a2")).offered == 0


def test_handling_is_that_of_the_queue_and_the_agent() -> None:
    entries = [served(1, 0, 10, 70), served(2, 0, 10, 50, queue="complaint")]
    stays = [
        stay("available", -100, 0),
        stay("ringing", 0, 10, "e1"),
        stay("talking", 10, 60, "e1"),
        stay("hold", 60, 70, "e1"),
        stay("wrap_up", 70, 100, "e1"),
        stay("paused", 100, 200),
        stay("talking", 10, 50, "e2", "a2"),
        stay("talking", 100, 160, None, "a2"),
    ]
    by_queue = figures(entries, {}, stays, by="queue", zone=dt.UTC)
    assert [line.key for line in by_queue] == ["complaint", "general", "total"]
    assert (of("general", by_queue).aht_s, of("complaint", by_queue).aht_s) == (90.0, 40.0)
    assert of("total", by_queue).aht_s == 65.0
    by_agent = figures(entries, {}, stays, by="agent", zone=dt.UTC)
    first, second = of("a1", by_agent), of("a2", by_agent)
    assert (first.aht_s, first.occupancy, first.utilisation) == (90.0, 0.5, 1 / 3)
    # A call of the agent's own is work, and no handling of a caller's.
    assert (second.aht_s, second.at_work_s, second.occupancy) == (40.0, 100.0, 1.0)


def test_a_colleague_who_takes_over_handles_the_call_of_the_queue() -> None:
    entries = [served(1, 0, 10, 70), replace(served(2, 40, 45, 70, only="a2", queue=""), call_id="c1")]
    stays = [stay("talking", 10, 45, "e1"), stay("talking", 45, 70, "e2", "a2")]
    (general, total) = figures(entries, {}, stays, by="queue", zone=dt.UTC)
    assert (general.offered, general.talk_s, len(general.handled)) == (1, 60.0, 2)
    assert total.aht_s == 30.0


def test_hours_are_those_of_the_zone_and_a_stay_is_divided() -> None:
    stays = [stay("available", 0, 3600), stay("talking", 3600, 7200, "e1")]
    zone = dt.timezone(dt.timedelta(hours=8))
    found = figures([served(1, 0, 3600, 7200)], {}, stays, by="hour", zone=zone)
    assert [line.key for line in found] == [
        "2026-05-04T17:00",
        "2026-05-04T18:00",
        "2026-05-04T19:00",
        "total",
    ]
    first, second, third, total = found
    assert (first.available_s, second.available_s) == (600.0, 3000.0)
    assert (second.at_work_s, third.at_work_s) == (600.0, 3000.0)
    assert (first.offered, second.offered, total.aht_s) == (1, 0, 3600.0)


def test_stays_begin_with_the_state_before_and_are_cut_to_the_time() -> None:
    def change(revision: int, seconds: float, after: str) -> AgentStateChange:
        return AgentStateChange("a1", revision, at(seconds), "", after, "event")

    before = [change(1, -500, "available")]
    changes = [change(2, 100, "talking"), change(3, 160, "offline"), change(4, 400, "available")]
    assert stays_of(before, changes, at(0), at(500)) == [
        stay("available", 0, 100),
        stay("talking", 100, 160),
        stay("available", 400, 500),
    ]


def test_how_long_a_telephone_was_on_do_not_disturb() -> None:
    """From the first call that it refused, over the pause that followed, until the agent was there again."""

    def change(revision: int, seconds: float, after: str, **data: Any) -> AgentStateChange:
        return AgentStateChange("a1", revision, at(seconds), "", after, "event", data=data)

    changes = [
        change(1, 0, "available"),
        change(2, 40, "available", kind="do_not_disturb", do_not_disturb=True),
        change(3, 60, "paused", do_not_disturb=True),
        change(4, 100, "available"),
    ]
    found = figures([], {}, stays_of([], changes, at(0), at(200)), by="agent", zone=dt.UTC)
    assert (of("a1", found).do_not_disturb_s, of("a1", found).logged_in_s) == (60.0, 200.0)
    assert of("total", found).do_not_disturb_s == 60.0


@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> str:
    path = tmp_path / "kpi.db"
    path.write_bytes(migrated_file.read_bytes())
    return f"sqlite+aiosqlite:///{path}"


async def filled(url: str) -> None:
    row = served(1, 0, 40, 100)
    async with await Store.open(url) as store, store.unit_of_work() as uow:
        await uow.entries.upsert(row, lost(2, 0, 60, "abandoned"))
        await uow.entry_changes.append(EntryChange("e1", 2, at(10), "c1", "joined"))
        await uow.agents.upsert(AgentRecord.of(samples.agent("a1")))
        await uow.agent_states.append(
            AgentStateChange("a1", 1, at(-60), "offline", "available", "log_in"),
            AgentStateChange("a1", 2, at(10), "ringing", "talking", "answered", entry="e1"),
            AgentStateChange("a1", 3, at(100), "talking", "wrap_up", "over", entry="e1"),
            AgentStateChange("a1", 4, at(110), "wrap_up", "available", "wrap_up_done", entry="e1"),
        )


@pytest.mark.parametrize("shape", ["text", "json", "csv"])
def test_the_command_tells_them(database: str, shape: str) -> None:
    asyncio.run(filled(database))
    told = CliRunner().invoke(
        app,
        [
            "kpi",
            "--since",
            "2026-05-04T17:50+08:00",
            "--until",
            "2026-05-05",
            "--by",
            "queue",
            "--format",
            shape,
        ]
        + ["--database-url", database],
        env={"COLUMNS": "40"},
    )
    assert told.exit_code == 0, told.output
    if shape == "json":
        general = json.loads(told.output)["lines"][0]
    elif shape == "csv":
        general = next(csv.DictReader(io.StringIO(told.output)))
    else:
        assert "general" in told.output and "connection_rate" in told.output and "…" not in told.output
        return
    assert {name: str(general[name]) for name in ("key", "offered", "answered", "asa_s", "aht_s")} == {
        "key": "general",
        "offered": "2",
        "answered": "1",
        "asa_s": "10.0",
        "aht_s": "100.0",
    }
