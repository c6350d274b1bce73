"""Callbacks stand in line like any caller; a call for one person goes to that person, now or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing import agents as ag
from routing import board_events as ev
from routing.ids import AgentId, EntryId
from tests.routing.world import Floor, agent, at, entry, of_kind, offers, rules

NEVER = at(10_000)


def promised(floor: Floor, id: str, not_before: float | None) -> list[tuple[str, str]]:
    when = None if not_before is None else at(not_before)
    return offers(floor.tell(ev.CallbackPromised(EntryId(id), f"cb-{id}", when)))


def place_of(floor: Floor, id: str) -> int:
    found = floor.board.place(EntryId(id))
    assert found is not None
    return found.place


def test_the_place_is_kept_and_its_turn_comes() -> None:
    floor = Floor(rules(), agent("ann", state="offline"))
    for number, name in enumerate(("e1", "e2", "e3")):
        floor.arrive(name, number)
    assert promised(floor, "e2", None) == []
    assert [place_of(floor, name) for name in ("e1", "e2", "e3")] == [1, 2, 3]
    assert offers(floor.act("ann", ag.LogIn(), 20)) == [("e1", "ann")]
    floor.answer("e1", "ann", 21)
    floor.talk_ended("e1", "ann", 30)
    assert offers(floor.act("ann", ag.WrapUpDone(), 31)) == [("e2", "ann")]


def test_nobody_is_rung_before_its_time_and_the_next_caller_is_served_meanwhile() -> None:
    floor = Floor(rules(), agent("ann", state="offline"))
    floor.arrive("e1", 0)
    floor.arrive("e2", 1)
    promised(floor, "e1", 100)
    assert offers(floor.act("ann", ag.LogIn(), 20)) == [("e2", "ann")]
    floor.answer("e2", "ann", 21)
    floor.talk_ended("e2", "ann", 30)
    assert offers(floor.act("ann", ag.WrapUpDone(), 31)) == []
    deadline = floor.board.next_deadline()
    assert deadline is not None
    assert deadline <= at(100)
    assert floor.rings(ev.Tick(), 100) == [("e1", "ann")]


def test_who_is_rung_for_a_caller_that_wants_a_callback_is_free_again_at_once() -> None:
    floor = Floor(rules(), agent("ann"))
    assert floor.arrive("e1", 0) == [("e1", "ann")]
    floor.arrive("e2", 1)
    results = floor.tell(ev.CallbackPromised(EntryId("e1"), "cb", NEVER), 2)
    (stop,) = of_kind(results, ev.StopRinging)
    assert (stop.entry, stop.agent, stop.why) == ("e1", "ann", "callback")
    assert offers(results) == [("e2", "ann")]
    (stale,) = of_kind(floor.tell(ev.NotAnswered(EntryId("e1"), AgentId("ann"), "busy"), 3), ev.Ignored)
    assert stale.why


def test_a_promise_that_could_not_be_kept_leaves_the_caller_in_the_old_place() -> None:
    floor = Floor(rules(), agent("ann", state="offline"))
    floor.arrive("e1", 0)
    floor.arrive("e2", 1)
    promised(floor, "e1", None)
    floor.tell(ev.CallbackRefused(EntryId("e1")), 5)
    back = floor.board.entry(EntryId("e1"))
    assert back is not None
    assert (back.callback, back.not_before, place_of(floor, "e1")) == ("", None, 1)


def test_a_callback_has_no_longest_wait_and_waits_for_staff() -> None:
    floor = Floor(rules(max_wait_s=60, when_unstaffed="end"), agent("ann"))
    floor.answer(*floor.arrive("e0", 0)[0])
    floor.arrive("e1", 1)
    promised(floor, "e1", None)
    floor.talk_ended("e0", "ann", 20)
    ended = of_kind(floor.act("ann", ag.Force("offline", "sue", "home"), 21), ev.EndWait)
    assert ended == []
    assert of_kind(floor.tell(ev.Tick(), 500), ev.EndWait) == []
    assert offers(floor.act("ann", ag.LogIn(), 501)) == [("e1", "ann")]


def test_a_full_line_still_takes_a_callback() -> None:
    floor = Floor(rules(max_length=1), agent("ann", state="offline"))
    floor.arrive("e1", 0)
    refused = of_kind(floor.tell(ev.EntryArrived(entry("e2", when=1)), 1), ev.EndWait)
    assert [one.entry.outcome for one in refused] == ["full"]
    taken = replace(entry("e3", when=1), callback="cb-3")
    assert of_kind(floor.tell(ev.EntryArrived(taken), 1), ev.EndWait) == []
    assert place_of(floor, "e3") == 2


def test_a_citizen_who_does_not_answer_is_called_again_later() -> None:
    floor = Floor(rules(wrap_up_s=0), agent("ann"))
    floor.answer(*floor.arrive("e1", 0)[0])
    floor.board.apply(ev.SentBack(EntryId("e1"), AgentId("ann"), "no answer", at(300)), at(30))
    assert floor.state("ann") == "available"
    assert place_of(floor, "e1") == 1
    assert floor.rings(ev.Tick(), 299) == []
    assert floor.rings(ev.Tick(), 300) == [("e1", "ann")]


def test_the_time_of_a_callback_can_be_brought_forward() -> None:
    floor = Floor(rules(), agent("ann"))
    taken = replace(entry("e1"), callback="cb-1", not_before=NEVER)
    assert floor.rings(ev.EntryArrived(taken), 0) == []
    assert floor.rings(ev.CallbackTimed(EntryId("e1"), None), 5) == [("e1", "ann")]


@pytest.mark.parametrize("event", [ev.CallbackRefused(EntryId("e1")), ev.CallbackTimed(EntryId("e1"), None)])
def test_what_is_no_callback_cannot_be_timed(event: ev.BoardEvent) -> None:
    floor = Floor(rules(), agent("ann", state="offline"))
    floor.arrive("e1", 0)
    assert of_kind(floor.tell(event, 1), ev.Ignored)


# --- a call for one person


def for_one(floor: Floor, who: str, when: float = 0) -> list[ev.Result]:
    wanted = replace(entry("t1", queue="", when=when), only=AgentId(who), ring_s=8.0)
    return floor.tell(ev.EntryArrived(wanted), when)


def test_a_free_agent_is_rung_as_long_as_was_asked_and_nobody_else() -> None:
    floor = Floor(rules(), agent("ann"), agent("bob", since=-100))
    (ring,) = of_kind(for_one(floor, "ann"), ev.RingAgent)
    assert (ring.agent.id, ring.ring_s) == ("ann", 8.0)
    assert floor.state("ann") == "reserved"
    ended = floor.tell(ev.Tick(), 8)
    assert [one.why for one in of_kind(ended, ev.StopRinging)] == ["timeout"]
    assert [one.entry.outcome for one in of_kind(ended, ev.EndWait)] == ["timeout"]
    assert floor.board.entries() == []


def test_the_agents_state_is_true_while_they_talk() -> None:
    floor = Floor(rules(), agent("ann"))
    for_one(floor, "ann")
    floor.answer("t1", "ann", 3)
    assert floor.state("ann") == "talking"
    floor.talk_ended("t1", "ann", 60)
    assert floor.state("ann") == "wrap_up"


@pytest.mark.parametrize("state", ["offline", "paused"])
def test_an_agent_who_is_not_free_is_not_waited_for(state: str) -> None:
    floor = Floor(rules(), agent("ann", state=state))
    assert [one.entry.outcome for one in of_kind(for_one(floor, "ann"), ev.EndWait)] == ["unstaffed"]


def test_an_agent_who_refuses_is_not_asked_again() -> None:
    floor = Floor(rules(), agent("ann"))
    for_one(floor, "ann")
    ended = floor.tell(ev.NotAnswered(EntryId("t1"), AgentId("ann"), "busy"), 2)
    assert [one.entry.outcome for one in of_kind(ended, ev.EndWait)] == ["timeout"]
    assert floor.state("ann") == "available"
