"""The board in a storm: what must hold holds after every event; and the checks see it when it does not."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pytest

from bench.storm import Storm
from routing import agents as ag
from routing import board_events as ev
from routing.ids import AgentId, EntryId
from routing.invariants import faults
from tests.routing.world import Floor, agent, at, entry, rules


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_breaks_in_a_storm(seed: int) -> None:
    storm = Storm(seed, agents=60, calm=20.0, minutes=4.0)
    storm.run()
    assert storm.faults == []
    seen = storm.counts
    for what in (
        "ended: served",
        "ended: abandoned",
        "ignored",
        "refused",
        "CallbackPromised",
        "SentBack",
        "NotAnswered",
    ):
        assert seen[what] > 3, what
    assert seen["worse places explained"] > 3
    assert seen["rung beside others"] > 10
    assert seen["events"] > 1000


def codes(floor: Floor) -> set[str]:
    return {fault.code for fault in faults(floor.board, at(floor.now))}


def test_an_agent_reserved_for_nobody_is_seen() -> None:
    floor = Floor(rules(), agent("ann"))
    assert codes(floor) == set()
    lost = replace(floor.board.agents[AgentId("ann")], state="reserved", entry=EntryId("gone"))
    floor.board._floor.put(lost)
    assert codes(floor) == {"reserved_for_nobody"}


def test_a_caller_offered_to_nobody_and_one_forgotten_beside_a_free_agent_are_seen() -> None:
    floor = Floor(rules(), agent("ann"))
    floor.arrive("e1")
    free = replace(floor.board.agents[AgentId("ann")], state="available", entry=None)
    floor.board._floor.put(free)
    assert codes(floor) == {"offered_to_nobody"}
    waiting = Floor(rules(), agent("bob", state="offline"))
    waiting.arrive("e1")
    waiting.board._floor.put(replace(waiting.board.agents[AgentId("bob")], state="available"))
    assert codes(waiting) == {"free_beside_a_caller_who_fits"}


def test_a_talk_whose_agent_was_forced_out_is_no_fault_until_it_is_reported() -> None:
    floor = Floor(rules(), agent("ann"))
    floor.arrive("e1")
    floor.answer("e1", "ann")
    floor.act("ann", ag.Force("offline", "sue", "fire"), 5)
    assert codes(floor) == {"joined_to_nobody"}
    assert list(faults(floor.board, at(5), ending={EntryId("e1")})) == []


def test_who_is_moved_to_the_very_end_is_told_why() -> None:
    """Whoever stands last came before nobody: the own move is the reason all the same."""
    floor = Floor(rules())
    floor.arrive("e1", 0, priority=10)
    floor.arrive("e2", 1)
    floor.tell(ev.PlaceTold(EntryId("e1"), 1), 2)
    floor.tell(ev.EntryMoved(EntryId("e1"), "sue", "not so urgent", None, -5), 3)
    told = floor.board.telling(EntryId("e1"))
    assert told is not None
    assert (told.say, told.place) == (1, 2)
    assert [reason.code for reason in told.why] == ["place_worse", "moved_self"]


def test_an_agent_rung_beside_another_while_somebody_waits_is_seen() -> None:
    floor = Floor(rules(ring=2), agent("ann"), agent("bob"))
    floor.arrive("e1")
    assert codes(floor) == set()
    waits = entry("e2", when=1)
    with patch.object(floor.board, "_given_one_of_several", return_value=False):
        floor.tell(ev.EntryArrived(waits), 1)
    assert codes(floor) == {"rung_beside_others_while_a_caller_waits"}


def test_an_idle_agent_beside_a_caller_rung_by_too_few_is_seen() -> None:
    floor = Floor(rules(ring=2), agent("ann"), agent("bob", state="offline"))
    floor.arrive("e1")
    floor.board._floor.put(replace(floor.board.agents[AgentId("bob")], state="available"))
    assert codes(floor) == {"free_beside_a_caller_rung_by_too_few"}
