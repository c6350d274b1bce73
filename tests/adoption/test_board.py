"""The board after a restart of the controller: who waits keeps the place, also while no session is there yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Literal

import pytest

from ivr.adoption.board import restored
from ivr.call.ports import Offer
from ivr.dispatch import Dispatcher
from routing.agent_events import WrapUpDone
from routing.agents import Agent
from routing.board import Board
from routing.board_events import AgentActed, EntryChanged, Fact
from routing.entries import Entry, enter
from routing.ids import AgentId, EntryId, QueueName
from routing.invariants import faults
from routing.restoring import Restored
from routing.rules_load import load_rules
from storage.live_records import LiveCallRecord
from storage.records import AgentRecord, EntryRecord
from storage.store import Store

RULES = load_rules("queues: {general: {wrap_up_s: 10, max_wait_s: 60}}\n")
NOW = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)
ANN, BOB = AgentId("ann"), AgentId("bob")


class StillClock:
    def now(self) -> dt.datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


CLOCK = StillClock()


def ago(seconds: float) -> dt.datetime:
    return NOW - dt.timedelta(seconds=seconds)


def agent(id: AgentId, extension: str, state: str = "available", **more: object) -> Agent:
    known = Agent(id, id.title(), extension, {}, frozenset({QueueName("general")}), ago(30), ago(30))
    return replace(known, state=state, **more)  # type: ignore[arg-type]


def waiting(id: str, waited_s: float, **more: object) -> Entry:
    entry = enter(EntryId(id), QueueName("general"), f"c-n1-{id}", ago(waited_s))
    return replace(entry, **more)  # type: ignore[arg-type]


class Kept:
    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def routing(self, fact: Fact, at: dt.datetime) -> None:
        self.facts.append(fact)


class Seat:
    rings_several = True

    def __init__(self) -> None:
        self.told: list[object] = []

    def offered(self, offer: Offer) -> None:
        self.told.append((offer.entry, offer.agent, offer.caller))

    def withdrawn(self, offer: Offer) -> None:
        self.told.append("withdrawn")

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        self.told.append(place)

    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None:
        self.told.append(outcome)


def begun(found: Restored) -> tuple[Dispatcher, Kept]:
    kept = Kept()
    dispatcher = Dispatcher(Board(RULES, found.agents, found.entries), CLOCK, kept)
    dispatcher.begin(found)
    return dispatcher, kept


async def test_what_is_stored_begins_again_and_calls_that_nobody_goes_on_with_are_over(store: Store) -> None:
    talk = waiting("talk", 40, state="joined", agent=BOB, joined_at=ago(9), revision=3)
    gone = waiting("gone", 50)
    rung = waiting("rung", 20, state="ringing", agent=ANN, announced=1, revision=2)
    async with store.unit_of_work() as uow:
        await uow.agents.upsert(
            AgentRecord.of(agent(ANN, "1001", "ringing", entry=rung.id, revision=5)),
            AgentRecord.of(agent(BOB, "1002", "talking", entry=talk.id, revision=5)),
        )
        await uow.entries.upsert(*map(EntryRecord.of, (talk, gone, rung)))
        for one in (talk, rung):
            await uow.live_calls.upsert(LiveCallRecord(one.call_id, "n1", "channel", NOW))
        await uow.live_calls.upsert(LiveCallRecord(gone.call_id, "n2", "channel", NOW))
    eve = agent(AgentId("eve"), "1003", "offline")
    found = await restored(store, [eve], RULES, CLOCK, "n1")
    assert {one.id: one.state for one in found.agents} == {
        "eve": "offline",
        "ann": "available",
        "bob": "talking",
    }
    assert {one.id: (one.state, one.announced) for one in found.entries} == {
        "talk": ("joined", None),
        "rung": ("waiting", 1),
    }
    dispatcher, kept = begun(found)
    over = [one.after for one in kept.facts if isinstance(one, EntryChanged) and one.after.state == "ended"]
    assert [(one.id, one.outcome) for one in over] == [("gone", "failed")]
    assert list(faults(dispatcher.board, NOW)) == []
    async with store.reading() as uow:
        assert await uow.agents.get("eve") is not None


async def test_a_call_has_the_place_of_the_promise_that_it_came_out_of(store: Store) -> None:
    """Its entry names the call in which the promise was made, which is long over."""
    place = waiting("place", 40, state="joined", agent=BOB, joined_at=ago(9), revision=3)
    other = waiting("other", 40)
    async with store.unit_of_work() as uow:
        await uow.agents.upsert(AgentRecord.of(agent(BOB, "1002", "talking", entry=place.id, revision=5)))
        await uow.entries.upsert(*map(EntryRecord.of, (place, other)))
        data = {"parts": {"waiting": {"place": {"entry": place.id}, "talk": {"parties": {"p1": {}}}}}}
        await uow.live_calls.upsert(LiveCallRecord("c-n1-its-own", "n1", "channel", NOW, data=data))
    found = await restored(store, [], RULES, CLOCK, "n1")
    assert [(one.id, one.state) for one in found.agents] == [(BOB, "talking")]
    assert [(one.id, one.state) for one in found.entries] == [("place", "joined")]


async def test_an_agent_is_kept_for_a_caller_whose_session_is_not_there_yet() -> None:
    entries = (waiting("e1", 20, announced=1), waiting("e2", 10, announced=2))
    dispatcher, _ = begun(Restored((agent(ANN, "1001"),), entries))
    dispatcher.start()
    # Whoever comes now comes after them.
    new = Seat()
    dispatcher.put(waiting("e3", 0), "13900000003", new)
    assert new.told == [3]
    first, second = Seat(), Seat()
    resumed = dispatcher.resume(EntryId("e1"), "13900000001", first)
    assert resumed is not None and resumed.state == "offered"
    assert first.told == [("e1", "ann", "13900000001")]
    resumed = dispatcher.resume(EntryId("e2"), "13900000002", second)
    assert resumed is not None and resumed.enqueued_at == ago(10)
    assert second.told == [2]
    assert dispatcher.adopted() == []
    assert dispatcher.answered(EntryId("e1"), ANN)
    dispatcher.finished(EntryId("e1"), ANN)
    dispatcher.apply(AgentActed(ANN, WrapUpDone()))
    assert second.told[-1] == ("e2", "ann", "13900000002")
    dispatcher.close()


async def test_an_entry_that_no_session_comes_for_is_over_and_harms_nobody() -> None:
    talk = waiting("talk", 40, state="joined", agent=BOB, joined_at=ago(9))
    found = Restored(
        (agent(ANN, "1001"), agent(BOB, "1002", "talking", entry=talk.id)), (waiting("e1", 20), talk)
    )
    dispatcher, _ = begun(found)
    dispatcher.start()
    assert dispatcher.board.agents[ANN].state == "reserved"
    assert {one.id for one in dispatcher.adopted()} == {"e1", "talk"}
    agents = dispatcher.board.agents
    assert (agents[ANN].state, agents[ANN].no_answers, agents[BOB].state) == ("available", 0, "wrap_up")
    assert dispatcher.board.entries() == []
    dispatcher.close()


@pytest.mark.parametrize("waited_s", [59.0, 61.0])
async def test_a_wait_that_became_too_long_meanwhile_is_told_to_the_session(waited_s: float) -> None:
    dispatcher, _ = begun(Restored((agent(ANN, "1001", "paused"),), (waiting("e1", waited_s),)))
    dispatcher.start()
    seat = Seat()
    resumed = dispatcher.resume(EntryId("e1"), "", seat)
    assert resumed is not None
    assert resumed.outcome == (None if waited_s < 60 else "timeout")
    assert dispatcher.resume(EntryId("never"), "", seat) is None
    dispatcher.close()
