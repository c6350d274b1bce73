from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from routing import entries as en
from routing.agents import IllegalTransition
from routing.entries import OUTCOMES, TRANSITIONS, Entry, EntryState, Outcome, apply
from routing.ids import AgentId
from tests.routing.world import at, entry

EVENTS: dict[type[Any], en.EntryEvent] = {
    en.Offered: en.Offered(AgentId("ann")),
    en.Ringing: en.Ringing(),
    en.NotTaken: en.NotTaken("busy"),
    en.Withdrawn: en.Withdrawn("forced"),
    en.Joined: en.Joined(),
    en.Requeued: en.Requeued("transfer"),
    en.Relaxed: en.Relaxed(1, at(20), "time"),
    en.Announced: en.Announced(2),
    en.Promised: en.Promised("cb-1", at(60)),
    en.Unpromised: en.Unpromised(),
    en.Postponed: en.Postponed(at(90)),
}
STATES: tuple[EntryState, ...] = get_args(EntryState)


def in_state(state: EntryState) -> Entry:
    return replace(entry("e1"), state=state, agent=AgentId("ann") if state != "waiting" else None)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", EVENTS)
def test_the_table_decides_and_nothing_else(state: EntryState, kind: type[Any]) -> None:
    before = in_state(state)
    target = TRANSITIONS[state].get(kind)
    if target is None:
        with pytest.raises(IllegalTransition):
            apply(before, EVENTS[kind], at(30))
        return
    after = apply(before, EVENTS[kind], at(30))
    assert after.state == target
    # What decides the place never changes, whatever happens.
    assert (after.priority, after.enqueued_at, after.id) == (before.priority, before.enqueued_at, before.id)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_an_entry_ends_only_as_its_state_allows(state: EntryState, outcome: Outcome) -> None:
    if outcome in OUTCOMES[state]:
        ended = apply(in_state(state), en.Ended(outcome), at(30))
        assert (ended.state, ended.outcome, ended.ended_at) == ("ended", outcome, at(30))
    else:
        with pytest.raises(IllegalTransition):
            apply(in_state(state), en.Ended(outcome), at(30))


def test_only_a_joined_entry_is_served() -> None:
    assert [state for state in STATES if "served" in OUTCOMES[state]] == ["joined"]


def test_who_did_not_answer_is_remembered_and_the_attempts_counted() -> None:
    offered = apply(entry("e1"), en.Offered(AgentId("ann")), at(1))
    back = apply(offered, en.NotTaken("timeout"), at(21))
    assert (back.state, back.agent, back.tried, back.attempts) == (
        "waiting",
        None,
        {AgentId("ann"): at(21)},
        1,
    )
    withdrawn = apply(offered, en.Withdrawn("forced"), at(21))
    assert withdrawn.tried == {}


def test_waits_and_talks_are_measured() -> None:
    joined = apply(apply(entry("e1"), en.Offered(AgentId("ann")), at(30)), en.Joined(), at(40))
    assert (joined.waited_s(at(100)), joined.talked_s(at(100))) == (40, 60)
    served = apply(joined, en.Ended("served"), at(90))
    assert (served.waited_s(at(999)), served.talked_s(at(999))) == (40, 50)
    assert (entry("e2").waited_s(at(7)), entry("e2").talked_s(at(7))) == (7, 0)


def test_a_return_to_the_line_starts_the_longest_wait_anew() -> None:
    back = apply(in_state("joined"), en.Requeued("leg lost"), at(100))
    assert (back.limit_from, back.enqueued_at, back.joined_at) == (at(100), at(0), None)


def test_a_callback_keeps_the_place_and_the_time_that_was_promised() -> None:
    promised = apply(entry("e1"), en.Promised("cb-1", at(60)), at(10))
    assert (promised.callback, promised.not_before, promised.enqueued_at) == ("cb-1", at(60), at(0))
    assert apply(promised, en.Postponed(None), at(20)).not_before is None
    again = apply(promised, en.Unpromised(), at(20))
    assert (again.callback, again.not_before, again.enqueued_at) == ("", None, at(0))


def test_the_announced_place_never_grows() -> None:
    told = entry("e1")
    for place, expected in ((5, 5), (3, 3), (4, 3), (1, 1)):
        told = apply(told, en.Announced(place), at(1))
        assert told.announced == expected


def test_a_revision_counts_changes_only() -> None:
    told = apply(entry("e1"), en.Announced(2), at(1))
    assert (told.revision, apply(told, en.Announced(3), at(2)).revision) == (1, 1)
