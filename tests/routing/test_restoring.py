"""Whatever was stored when a controller died, the next one begins with a board on which everything is true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from routing import board_events as ev
from routing.agents import IN_CALL, OFFERED, Agent, Leaving
from routing.board import Board
from routing.entries import Entry
from routing.ids import AgentId, EntryId, QueueName
from routing.invariants import faults
from routing.restoring import Restored, restore
from routing.rules import QueueRules
from tests.routing.world import agent, at, entry, offers, rules

ANN, BOB, EVE = AgentId("ann"), AgentId("bob"), AgentId("eve")
RULES = rules(QueueRules(QueueName("crisis"), priority=100, wrap_up_s=0.0), wrap_up_s=10.0, max_wait_s=600.0)
NOW = 100.0


def talk(id: str, who: str, **more: Any) -> tuple[Entry, Agent]:
    begun = replace(
        entry(id), state="joined", agent=AgentId(who), joined_at=at(50), since=at(50), revision=3, **more
    )
    return begun, replace(agent(who, state="talking", since=50), entry=begun.id)


def back(agents: list[Agent], entries: list[Entry], *calls: str, promised: tuple[str, ...] = ()) -> Restored:
    return restore(agents, entries, calls, RULES, at(NOW), [EntryId(one) for one in promised])


def test_what_people_chose_stays_and_so_does_a_talk_that_both_sides_know_of() -> None:
    begun, ann = talk("e1", "ann")
    bob = replace(agent("bob", state="paused"), pause_reason="meal")
    eve = replace(agent("eve", state="wrap_up", since=95), until=at(105), entry=EntryId("e0"))
    told = replace(entry("e2", when=10), announced=2, revision=4)
    found = back([ann, bob, eve], [begun, told], "call-e1", "call-e2")
    assert found == Restored((ann, bob, eve), (begun, told))


def test_who_was_rung_is_free_without_a_miss_and_keeps_the_turn_and_the_caller_the_place() -> None:
    rung = replace(
        entry("e1", when=10), state="ringing", agent=ANN, since=at(90), attempts=1, announced=1, revision=3
    )
    ann = replace(agent("ann", state="ringing", since=90), entry=rung.id, idle_since=at(5), no_answers=1)
    bob = replace(agent("bob", state="reserved", since=99), entry=EntryId("never stored"))
    eve = replace(agent("eve", state="ringing"), leaving=Leaving("paused", "meal"), entry=EntryId("other"))
    found = back([ann, bob, eve], [rung, entry("e2", when=20)], "call-e1", "call-e2")
    assert [one.state for one in found.agents] == ["available", "available", "paused"]
    assert (found.agents[0].idle_since, found.agents[0].no_answers) == (at(5), 1)
    (first, _) = found.entries
    assert (first.state, first.agent, first.announced, first.enqueued_at) == ("waiting", None, 1, at(10))
    assert first.tried == {}
    assert {one.code for one in found.repairs} == {"offer_over"} and len(found.repairs) == 4
    board = Board(RULES, found.agents, found.entries)
    assert offers(board.apply(ev.Tick(), at(NOW))) == [("e1", "ann"), ("e2", "bob")]


def test_a_call_that_is_over_takes_nobody_along() -> None:
    begun, ann = talk("e1", "ann")
    crisis, bob = talk("e2", "bob", queue=QueueName("crisis"))
    found = back([ann, bob], [begun, crisis, entry("e3")])
    assert [(one.state, one.until) for one in found.agents] == [("wrap_up", at(110)), ("available", None)]
    assert found.entries == ()
    ended = {fact.after.id: fact.after.outcome for fact in found.facts if isinstance(fact, ev.EntryChanged)}
    assert ended == {"e1": "served", "e2": "served", "e3": "failed"}


def test_a_telephone_in_a_call_of_its_own_is_believed_and_a_call_of_ours_only_while_it_goes_on() -> None:
    own = [
        replace(agent(name, state="talking"), own_call=call)
        for name, call in (("ann", "PJSIP/a1001"), ("bob", "c-n1-1"), ("eve", "c-n1-2"))
    ]
    found = back(own, [], "c-n1-1")
    assert [one.state for one in found.agents] == ["talking", "talking", "available"]


def test_a_promise_is_put_into_line_by_who_keeps_it_and_a_person_who_was_wanted_is_rung_no_more() -> None:
    promise = replace(entry("p1"), state="ringing", agent=ANN, callback="cb-1")
    one = replace(entry("e1", queue=""), state="offered", agent=BOB, only=BOB)
    found = back([agent("ann")], [promise, one], "call-e1", promised=("p1",))
    assert found.entries == ()
    assert [each.code for each in found.repairs] == ["offer_over", "wanted_one_person"]


STATES = ["offline", "available", "reserved", "ringing", "talking", "hold", "consulting", "wrap_up", "paused"]
ENTRIES = [EntryId(f"e{number}") for number in range(5)]
CALLS = [f"call-{id}" for id in ENTRIES]

stored_agents = st.tuples(
    *(
        st.builds(
            lambda state, held, own, leaving, until, who=who: replace(
                agent(who, state=state, queues=("general", "crisis")),
                entry=held,
                own_call=own if state in IN_CALL else "",
                leaving=leaving if state in OFFERED or state in IN_CALL or state == "wrap_up" else None,
                until=None if until is None or state != "wrap_up" else at(until),
                pause_reason="meal" if state == "paused" else "",
            ),
            st.sampled_from(STATES),
            st.sampled_from([None, *ENTRIES]),
            st.sampled_from(["", "", "PJSIP/a1001", "c-own"]),
            st.sampled_from([None, Leaving("offline"), Leaving("paused", "meal")]),
            st.sampled_from([None, 50.0, 105.0]),
        )
        for who in ("ann", "bob", "eve")
    )
)
stored_entries = st.tuples(
    *(
        st.builds(
            lambda state, who, queue, when, told, only, callback, id=id: replace(
                entry(id, when=when, queue=queue),
                state=state,
                agent=who,
                announced=told,
                only=only,
                callback=callback,
                ended_at=at(60) if state == "ended" else None,
                outcome="served" if state == "ended" else None,
            ),
            st.sampled_from(["waiting", "waiting", "offered", "ringing", "joined", "ended"]),
            st.sampled_from([None, ANN, BOB, EVE, AgentId("gone")]),
            st.sampled_from(["general", "crisis", "closed for ever"]),
            st.integers(-600, 90),
            st.sampled_from([None, 1, 2, 5]),
            st.sampled_from([None, None, None, BOB]),
            st.sampled_from(["", "", "cb-1"]),
        )
        for id in ENTRIES
    )
)


@given(stored_agents, stored_entries, st.sets(st.sampled_from([*CALLS, "c-own"])), st.data())
@settings(max_examples=200, deadline=None)
def test_any_stored_state_becomes_a_board_on_which_everything_is_true(
    agents: tuple[Agent, ...], entries: tuple[Entry, ...], calls: set[str], data: st.DataObject
) -> None:
    promised = [one.id for one in entries if one.callback and one.state != "ended"]
    found = restore(agents, entries, calls, RULES, at(NOW), promised)
    board = Board(RULES, found.agents, found.entries)
    board.apply(ev.Tick(), at(NOW))
    assert [str(each) for each in faults(board, at(NOW))] == []
    before = {one.id: one for one in entries}
    for one in found.entries:
        old = before[one.id]
        assert (one.enqueued_at, one.announced, one.priority) == (
            old.enqueued_at,
            old.announced,
            old.priority,
        )
        assert one.call_id in calls or one.id in promised
    kept = {one.id for one in found.entries}
    for old in entries:
        # Nobody who may still be on the line is dropped.
        waits = old.state != "ended" and old.only is None and old.call_id in calls and old.id not in promised
        assert not waits or old.id in kept
    for who, after in zip(agents, found.agents, strict=True):
        assert (after == who) is (after.revision == who.revision)
        assert after.no_answers == who.no_answers
        if who.state in ("offline", "available", "paused", "wrap_up"):
            assert after == who
    for fact in found.facts:
        assert fact.before is not None
        assert fact.after.revision == fact.before.revision + 1
    again = restore(found.agents, found.entries, calls, RULES, at(NOW), promised)
    assert (again.agents, again.facts, again.repairs) == (found.agents, (), ())
