"""An explanation from what was really stored: a board's facts through storage, and back as sentences."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.explain.facts import Facts
from ivr.explain.reading import UnknownCall, facts_of
from ivr.explain.shown import as_json, as_text
from ivr.explain.story import story
from routing import board_events as ev
from routing.ids import AgentId
from storage.migrate import upgrade
from storage.records import (
    AgentRecord,
    AgentStateChange,
    CallRecord,
    DecisionRecord,
    EntryRecord,
    JournalEvent,
)
from storage.store import Store
from tests.desk.desk_world import ANN, BOB, RULES, SUE, T0, House

pytestmark = pytest.mark.asyncio
A, B = AgentId("ann"), AgentId("bob")


class Stored(House):
    """A house whose facts are kept as records, in order."""

    def apply(self, event: ev.BoardEvent) -> list[ev.Result]:
        results = super().apply(event)
        for result in results:
            match result:
                case ev.EntryChanged():
                    self.facts.append(EntryRecord.of(result.after))
                case ev.AgentChanged():
                    self.facts.append(AgentRecord.of(result.after))
                    self.facts.append(AgentStateChange.of(result, self.now()))
                case ev.Decided():
                    self.facts.append(DecisionRecord.of(result, self.now()))
                case _:
                    pass
        return results


def a_call() -> Stored:
    """Waits while Ann is paused and Bob talks; Ann misses, Bob answers; moved by a supervisor in between."""
    house = Stored()
    house.desk.log_in(ANN)
    house.desk.log_in(BOB)
    house.desk.pause(ANN, "meal")
    busy = house.call("e0")
    house.apply(ev.Answered(busy, B))
    house.at(10)
    house.facts.append(
        CallRecord("c-n1-e1", house.now(), caller="13812345678", dialled="12345", language="zh")
    )
    entry = house.call("e1")
    house.facts.append(
        JournalEvent("c-n1-e1", 1, house.now(), "place_told", {"place": 1, "low_s": 10, "high_s": 40})
    )
    house.at(15)
    house.desk.move(SUE, "e1", "an old friend of the house", priority=3)
    house.at(20)
    house.desk.unpause(ANN)
    house.apply(ev.Rang(entry, A))
    house.at(22)
    house.apply(ev.NotAnswered(entry, A, "busy"))
    house.at(24)
    house.desk.force(SUE, "ann", "paused", "her phone is broken")
    house.apply(ev.TalkEnded(busy, B))
    house.at(30)
    house.desk.wrap_up_done(BOB, "1")
    house.apply(ev.Rang(entry, B))
    house.at(33)
    house.apply(ev.Answered(entry, B))
    house.at(90)
    house.apply(ev.TalkEnded(entry, B))
    house.at(95)
    house.desk.wrap_up_done(BOB, "ticket")
    return house


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "hotline.db"
    asyncio.run(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture
def url(tmp_path: Path, migrated: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated, tmp_path / 'hotline.db')}"


async def keep(house: Stored, url: str) -> None:
    async with await Store.open(url) as store, store.unit_of_work() as uow:
        await uow.write(house.facts)


async def told(house: Stored, url: str, call: str = "c-n1-e1") -> Facts:
    await keep(house, url)
    async with await Store.open(url) as store:
        return await facts_of(store, call)


async def test_the_timeline_of_a_call(url: str) -> None:
    facts = await told(a_call(), url)
    lines = story(facts, "en")
    assert [(line.kind, line.after_s) for line in lines if line.kind != "wait"] == [
        ("arrived", 0.0),
        ("entered", 0.0),
        ("told", 0.0),
        ("moved", 5.0),
        ("offer", 10.0),
        ("reserved", 10.0),
        ("ringing", 10.0),
        ("missed", 12.0),
        ("offer", 20.0),
        ("reserved", 20.0),
        ("ringing", 20.0),
        ("answered", 23.0),
        ("talk_over", 80.0),
        ("ended", 80.0),
        ("wrapped_up", 85.0),
    ]
    text = {line.kind: line.text for line in lines}
    assert text["missed"] == "Ann (ann) did not take the call (busy)"
    assert text["moved"] == "sue moved the entry: priority 3 instead of 0 (an old friend of the house)"
    assert text["entered"] == "entered the queue general (priority 0, asking for nothing in particular)"
    assert text["arrived"] == "138******78 called 12345"
    assert text["wrapped_up"] == "Bob (bob) wrapped up for 5 s, code ticket"
    assert "waited 23.0 s" in text["ended"] and text["told"].endswith("a wait of 10 to 40 s")


async def test_who_was_free_and_who_was_busy_then(url: str) -> None:
    lines = story(await told(a_call(), url), "en")
    waiting = next(line for line in lines if line.kind == "wait")
    assert waiting.floor == "Ann paused: meal, Bob talking"
    first, second = [line for line in lines if line.kind == "offer"]
    assert first.floor == "Ann free, Bob talking"
    assert second.floor == "Ann paused: her phone is broken, Bob free"
    assert second.data["agent"] == "bob" and second.data["reasons"]


async def test_numbers_are_masked_in_both_languages_and_forms(url: str) -> None:
    facts = await told(a_call(), url)
    for language in ("zh", "en"):
        lines = story(facts, language)  # type: ignore[arg-type]
        plain = as_text(facts, lines, language, dt.UTC)  # type: ignore[arg-type]
        coded = as_json(facts, lines, language)  # type: ignore[arg-type]
        assert "13812345678" not in plain + coded
        assert json.loads(coded)["lines"][0]["kind"] == "arrived"
        assert f"{T0 + dt.timedelta(seconds=30):%H:%M:%S}     20.0 s" in plain
    assert "Bob (bob)接听" in as_text(facts, story(facts, "zh"), "zh", dt.UTC)


async def test_a_call_without_a_queue_and_one_that_is_not_there(url: str) -> None:
    house = a_call()
    house.facts.append(CallRecord("c-n1-plain", T0, caller="", dialled="12345"))
    facts = await told(house, url, "c-n1-plain")
    plain = as_text(facts, story(facts, "en"), "en", dt.UTC)
    assert "a withheld number called" in plain and "entered no queue" in plain
    async with await Store.open(url) as store:
        with pytest.raises(UnknownCall):
            await facts_of(store, "c-n1-nothing")


async def test_misses_in_a_row_that_pause_are_told(url: str) -> None:
    house = Stored()
    house.desk.log_in(ANN)
    house.facts.append(CallRecord("c-n1-e1", house.now(), caller="110", dialled="12345"))
    entry = house.call("e1")
    for number in range(3):
        house.apply(ev.Rang(entry, A))
        house.apply(ev.NotAnswered(entry, A, "timeout"))
        house.at(10 * (number + 1))
    house.apply(ev.EntryLeft(entry, "abandoned"))
    lines = story(await told(house, url), "zh")
    assert [line.text for line in lines if line.kind == "missed"][-1].endswith("因连续未接被置为小休")
    assert [line.text for line in lines if line.kind == "ended"][0].startswith("离开队列general:来电人挂断")


async def test_a_limit_a_force_and_an_own_call(url: str) -> None:
    house = Stored()
    house.desk.log_in(ANN)
    house.desk.log_in(BOB)
    house.desk.pause(BOB)
    house.facts.append(CallRecord("c-n1-e1", house.now(), caller="13812345678", dialled="12345"))
    house.call("e1")
    house.at(12)
    house.desk.force(SUE, "ann", "offline", "sent home")
    house.facts.append(
        CallRecord(
            "c-n1-own", T0, caller="1001", dialled="*4913812345678", data={"kind": "outbound", "agent": "bob"}
        )
    )
    house.facts.append(
        CallRecord(
            "c-n1-on",
            T0,
            caller="13812345678",
            data={"kind": "outbound", "handed_from": "c-n1-own", "agent": "ann"},
        )
    )
    lines = story(await told(house, url), "en")
    assert "limit" in [line.kind for line in lines]
    async with await Store.open(url) as store:
        own = story(await facts_of(store, "c-n1-own"), "en")
        on = story(await facts_of(store, "c-n1-on"), "en")
    assert [line.text for line in own] == ["Bob (bob) made this call"]
    assert [line.kind for line in on] == ["handed_on"]
    assert "c-n1-own" in on[0].text and "13812345678" not in on[0].text


def command(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["explain", *words])
    return done.exit_code, done.output


async def test_the_command(url: str) -> None:
    await keep(a_call(), url)
    code, text = await asyncio.to_thread(command, "c-n1-e1", "--utc", "--database-url", url)
    assert code == 0 and "Bob (bob) answered" in text
    code, text = await asyncio.to_thread(
        command, "c-n1-e1", "-l", "zh", "--format", "json", "--database-url", url
    )
    assert code == 0 and json.loads(text)["language"] == "zh"
    code, text = await asyncio.to_thread(command, "c-n1-none", "--database-url", url)
    assert code == 1 and "there is no call c-n1-none" in text


async def test_a_move_by_the_rules_is_told_with_where_the_caller_began(url: str) -> None:
    house = Stored(rules=RULES.replace("strict: {", "strict: {overflow: [{to: general, after_s: 30}], "))
    house.desk.log_in(BOB)
    house.desk.pause(BOB)
    house.facts.append(CallRecord("c-n1-e1", house.now(), caller="", dialled="12345"))
    house.call("e1", "strict")
    house.at(30)
    lines = story(await told(house, url), "en")
    kinds = [line.kind for line in lines]
    assert kinds.index("entered") < kinds.index("move")
    text = {line.kind: line.text for line in lines}
    assert text["entered"].startswith("entered the queue strict")
    assert "queue general, as old as before" in text["move"]


async def test_several_who_are_rung_are_told_each_with_why_and_how_it_ended(url: str) -> None:
    house = Stored(rules=RULES.replace("ring_s: 20,", "ring_s: 20, ring: all,"))
    house.desk.log_in(ANN)
    house.at(3)
    house.desk.log_in(BOB)
    house.at(10)
    house.facts.append(CallRecord("c-n1-e1", house.now(), caller="", dialled="12345"))
    entry = house.call("e1")
    for agent in (A, B):
        house.apply(ev.Rang(entry, agent))
    house.at(14)
    house.apply(ev.Answered(entry, B))
    facts = await told(house, url)
    for language, too, gone in (
        ("en", "is rung at the same time as 1 more", "was taken back (another agent answered first)"),
        ("zh", "另有1人在响", "另一话务员先接听"),
    ):
        lines = story(facts, language)  # type: ignore[arg-type]
        assert [(line.kind, line.after_s) for line in lines if line.kind not in ("arrived", "entered")] == [
            ("offer", 0.0),
            ("offer", 0.0),
            ("reserved", 0.0),
            ("reserved", 0.0),
            ("ringing", 0.0),
            ("ringing", 0.0),
            ("answered", 4.0),
            ("withdrawn", 4.0),
        ]
        assert too in [line.text for line in lines if line.kind == "offer"][1]
        assert gone in lines[-1].text
    # As `ivr audit` asks: a decision for each who was reserved.
    reserved = {(change.entry, change.agent_id) for change in facts.changes if change.after == "reserved"}
    assert reserved == {(one.entry_id, one.agent) for one in facts.decisions if one.kind == "offer"}
    assert len(reserved) == 2
