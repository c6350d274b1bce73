"""What the rules of queues mean, told as stories: strategies, ageing, urgency, overflow, hours, shares, places."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from routing import agents as ag
from routing import board_events as ev
from routing.agents import Agent
from routing.decisions import Move, Overtaken, Wait
from routing.entries import Entry
from routing.ids import AgentId, EntryId, QueueName
from routing.rules import Ageing, Overflow, QueueRules
from routing.sentences import sentence
from tests.routing.world import Floor, agent, at, entry, of_kind, offers, rules

NIGHT = QueueName("night")
GENERAL = QueueName("general")


def known(floor: Floor, id: str) -> Entry:
    found = floor.board.entry(EntryId(id))
    assert found is not None
    return found


def moves(results: list[ev.Result]) -> list[Move]:
    return [each.decision for each in of_kind(results, ev.Decided) if isinstance(each.decision, Move)]


def serve(floor: Floor, id: str, who: str, when: float) -> list[tuple[str, str]]:
    floor.answer(id, who, when)
    return offers(floor.talk_ended(id, who, when))


# --- who of the agents


def crew(**one: Any) -> list[Agent]:
    """ann is idle the longest; bob is who is meant."""
    return [agent("ann", since=-90, english=2), replace(agent("bob", since=-5, english=2), **one)]


@pytest.mark.parametrize(
    ("strategy", "one", "code"),
    [
        ("longest_idle", {"idle_since": at(-900)}, "longest_idle"),
        ("agent_priority", {"rank": -1}, "agent_priority"),
        ("best_skill", {"skills": {"english": 4}}, "best_skill"),
    ],
)
def test_a_strategy_asks_its_own_first(strategy: Any, one: dict[str, Any], code: str) -> None:
    floor = Floor(rules(strategy=strategy), *crew(**one))
    results = floor.tell(ev.EntryArrived(entry("e1", english=1)))
    (ring,) = of_kind(results, ev.RingAgent)
    assert (ring.agent.id, ring.decision.reasons[0].code) == ("bob", code)


def test_round_robin_goes_round_though_others_are_idle_longer() -> None:
    floor = Floor(rules(strategy="round_robin", wrap_up_s=0.0), *crew(), agent("cid", since=-1))
    asked = []
    for number in range(6):
        ((id, who),) = floor.arrive(f"e{number}", 10 * number)
        asked.append(who)
        serve(floor, id, who, 10 * number + 5)
    assert asked == ["ann", "bob", "cid"] * 2


def test_the_least_occupied_is_asked_by_share_of_time_not_by_work_done() -> None:
    early = replace(agent("early", since=-10), busy_s=1000.0, logged_in_at=at(-10_000))
    late = replace(agent("late", since=-90), busy_s=100.0, logged_in_at=at(-200))
    assert Floor(rules(strategy="least_occupied"), early, late).arrive("e1") == [("e1", "early")]


def test_shares_are_kept_over_many_calls_and_a_vendor_at_home_gathers_no_debt() -> None:
    vendors = [
        replace(agent(f"{v}{n}", since=n), labels={"vendor": v}) for v in ("north", "south") for n in range(5)
    ]
    floor = Floor(rules(shares={"vendor": {"north": 3.0, "south": 1.0}}, wrap_up_s=0.0), *vendors)
    given: Counter[str] = Counter()
    for number in range(80):
        ((id, who),) = floor.arrive(f"e{number}", number)
        given[who[:5]] += 1
        serve(floor, id, who, number + 0.5)
    assert given == {"north": 60, "south": 20}
    for number in range(5):
        floor.act(f"north{number}", ag.LogOut(), 100)
    for number in range(40):
        ((id, who),) = floor.arrive(f"n{number}", 101 + number)
        serve(floor, id, who, 101.5 + number)
    floor.act("north0", ag.LogIn(), 200)
    back = []
    for number in range(4):
        ((id, who),) = floor.arrive(f"m{number}", 201 + number)
        back.append(who[:5])
        serve(floor, id, who, 201.5 + number)
    assert Counter(back) == {"north": 3, "south": 1}


def test_an_offer_that_fails_is_not_counted_as_a_share() -> None:
    two = [replace(agent(v), labels={"vendor": v}) for v in ("north", "south")]
    floor = Floor(rules(shares={"vendor": {"north": 1.0, "south": 1.0}}), *two)
    assert floor.arrive("e1", 1) == [("e1", "north")]
    floor.tell(ev.EntryLeft(EntryId("e1"), "abandoned"), 2)
    assert floor.arrive("e2", 3) == [("e2", "north")]


# --- who of the callers


def test_waiting_makes_up_for_priority_and_only_so_far() -> None:
    floor = Floor(rules(ageing=Ageing(1, 10.0, 3), max_wait_s=None), agent("ann", state="paused"))
    floor.arrive("old", 0)
    floor.arrive("young", 15, priority=2)
    assert floor.board.place(EntryId("young")).place == 1  # type: ignore[union-attr]
    floor.tell(ev.Tick(), 45)
    assert floor.board.place(EntryId("young")).place == 1  # type: ignore[union-attr]
    floor.arrive("late", 45, priority=2)
    assert floor.board.place(EntryId("old")).place == 2  # type: ignore[union-attr]
    results = floor.act("ann", ag.Unpause(), 50)
    assert offers(results) == [("young", "ann")]
    assert "aged" in {reason.code for reason in of_kind(results, ev.RingAgent)[0].decision.reasons}


def test_an_urgent_queue_goes_before_any_priority() -> None:
    crisis = QueueRules(QueueName("crisis"), urgent=True)
    floor = Floor(rules(crisis), agent("ann", queues=("general", "crisis"), state="paused"))
    floor.arrive("first", 0, priority=900)
    floor.arrive("help", 5, queue="crisis")
    assert offers(floor.act("ann", ag.Unpause(), 6)) == [("help", "ann")]


# --- moved by the rules


def with_night(*overflow: Overflow, **own: Any) -> Any:
    return rules(QueueRules(NIGHT, max_wait_s=None), overflow=overflow, **own)


def test_who_waited_long_enough_is_moved_with_the_same_age_and_taken_there() -> None:
    floor = Floor(with_night(Overflow(NIGHT, after_s=60.0)), agent("nat", queues=("night",)))
    floor.arrive("e1", 0)
    results = floor.tell(ev.Tick(), 60)
    assert offers(results) == [("e1", "nat")]
    (move,) = moves(results)
    assert sentence(move, "en") == (
        "Waited 60 s, and is moved after 60 s; goes on waiting in queue night, as old as before."
    )
    assert sentence(move, "zh") == "已等60秒,到60秒应转队列;转到队列night,等待时间照算。"
    assert (known(floor, "e1").queue, known(floor, "e1").enqueued_at) == (NIGHT, at(0))


def test_nobody_is_moved_to_where_nobody_is_and_all_are_when_somebody_comes() -> None:
    floor = Floor(
        with_night(Overflow(NIGHT, unstaffed=True)), agent("nat", queues=("night",), state="offline")
    )
    floor.arrive("e1", 0)
    assert known(floor, "e1").queue == GENERAL
    assert offers(floor.act("nat", ag.LogIn(), 5)) == [("e1", "nat")]
    assert (known(floor, "e1").queue, known(floor, "e1").agent) == (NIGHT, "nat")


def test_a_line_that_is_too_long_sends_new_callers_on_and_leaves_the_others() -> None:
    floor = Floor(with_night(Overflow(NIGHT, longer_than=1)), agent("nat", queues=("night",), state="paused"))
    for number in range(3):
        floor.arrive(f"e{number}", number)
    assert [known(floor, f"e{number}").queue for number in range(3)] == [GENERAL, GENERAL, NIGHT]


def test_two_queues_that_lead_to_each_other_do_not_toss_a_caller() -> None:
    back = QueueRules(NIGHT, overflow=(Overflow(GENERAL, after_s=10.0),))
    both = agent("ann", queues=("general", "night"), state="paused")
    floor = Floor(rules(back, overflow=(Overflow(NIGHT, after_s=10.0),)), both)
    floor.arrive("e1", 0)
    assert len(moves(floor.tell(ev.Tick(), 10))) == 1
    assert [moves(floor.tell(ev.Tick(), when)) for when in (11, 100, 1000)] == [[], [], []]


# --- hours


def test_a_closed_queue_takes_nobody_new_and_serves_those_who_wait() -> None:
    floor = Floor(rules(), agent("ann", state="paused"))
    floor.arrive("e1", 0)
    floor.tell(ev.HoursChanged(frozenset({GENERAL})), 10)
    (refused,) = of_kind(floor.tell(ev.EntryArrived(entry("e2", when=11)), 11), ev.EndWait)
    assert refused.entry.outcome == "closed"
    assert offers(floor.act("ann", ag.Unpause(), 12)) == [("e1", "ann")]
    floor.tell(ev.HoursChanged(frozenset()), 13)
    floor.arrive("e3", 14)
    assert known(floor, "e3").state == "waiting"


def test_at_the_closing_those_who_wait_are_let_go_or_moved_where_the_rules_say_so() -> None:
    floor = Floor(rules(serve_after_closing=False))
    floor.arrive("e1", 0)
    (ended,) = of_kind(floor.tell(ev.HoursChanged(frozenset({GENERAL})), 10), ev.EndWait)
    assert ended.entry.outcome == "closed"
    floor = Floor(with_night(Overflow(NIGHT, closed=True), serve_after_closing=False))
    floor.arrive("e1", 0)
    floor.tell(ev.HoursChanged(frozenset({GENERAL})), 10)
    floor.arrive("e2", 11)
    assert [known(floor, id).queue for id in ("e1", "e2")] == [NIGHT, NIGHT]


# --- the preferred agent


def preferring(who: str, when: float) -> ev.EntryArrived:
    return ev.EntryArrived(replace(entry("e1", when=when), preferred=AgentId(who)))


def test_a_preferred_agent_is_waited_for_and_then_anybody_is_asked() -> None:
    floor = Floor(rules(preferred_s=30.0), agent("ann"), agent("bob", state="talking"))
    results = floor.tell(preferring("bob", 0), 0)
    assert offers(results) == []
    assert isinstance(results[-1].decision, Wait)  # type: ignore[union-attr]
    assert results[-1].decision.reasons[0].code == "kept_for"  # type: ignore[union-attr]
    assert floor.rings(ev.Tick(), 29.9) == []
    assert floor.rings(ev.Tick(), 30) == [("e1", "ann")]


@pytest.mark.parametrize("act", [ag.Force("offline", "sue", "home"), ag.Pause("meal"), ag.LogOut()])
def test_the_waiting_for_a_preferred_agent_ends_at_once_when_that_agent_goes(act: ag.AgentAct) -> None:
    floor = Floor(rules(preferred_s=30.0), agent("ann"), agent("bob", state="talking"))
    floor.tell(preferring("bob", 0), 0)
    assert offers(floor.act("bob", act, 3)) == [("e1", "ann")]


def test_a_preferred_agent_who_frees_gets_the_caller_who_was_kept() -> None:
    floor = Floor(rules(preferred_s=30.0, wrap_up_s=0.0), agent("bob"), agent("ann", state="paused"))
    assert floor.arrive("e0", 0) == [("e0", "bob")]
    floor.tell(preferring("bob", 1), 1)
    assert offers(floor.act("ann", ag.Unpause(), 2)) == []
    assert serve(floor, "e0", "bob", 5) == [("e1", "bob")]


# --- moved by people, and the place that was told


def test_a_place_that_got_worse_has_its_reasons_once_and_is_not_told_worse() -> None:
    floor = Floor(rules())
    floor.arrive("e1", 0)
    floor.tell(ev.PlaceTold(EntryId("e1"), 1))
    floor.arrive("urgent", 1, priority=9)
    floor.arrive("e2", 2)
    floor.tell(ev.EntryMoved(EntryId("e2"), "sue", "a child", priority=5), 3)
    telling = floor.board.telling(EntryId("e1"))
    assert telling is not None
    assert (telling.say, telling.place, telling.waiting) == (1, 3, 3)
    results = floor.tell(ev.PlaceTold(EntryId("e1"), telling.place), 4)
    (why,) = [each.decision for each in of_kind(results, ev.Decided)]
    assert isinstance(why, Overtaken)
    assert sentence(why, "en") == (
        "Was told place 1 and stands in place 3; callers were moved to places before: 1 (by sue); "
        "callers of higher priority came in before: 1."
    )
    assert "前面来了1个优先级更高的来电" in sentence(why, "zh")
    assert of_kind(floor.tell(ev.PlaceTold(EntryId("e1"), 3), 5), ev.Decided) == []
    assert known(floor, "e1").announced == 1


def test_a_caller_with_the_old_place_back_is_a_reason_too() -> None:
    floor = Floor(rules())
    floor.arrive("e1", 10)
    floor.tell(ev.PlaceTold(EntryId("e1"), 1))
    floor.tell(ev.EntryArrived(replace(entry("again", when=0), since=at(20))), 20)
    telling = floor.board.telling(EntryId("e1"))
    assert telling is not None
    assert [reason.code for reason in telling.why] == ["place_worse", "overtaken_returned"]


def test_a_move_to_a_queue_that_is_not_there_is_ignored() -> None:
    floor = Floor(rules())
    floor.arrive("e1", 0)
    event = ev.EntryMoved(EntryId("e1"), "sue", "mistyped", queue=QueueName("nowhere"))
    assert [type(each) for each in floor.tell(event, 1)] == [ev.Ignored]
    assert known(floor, "e1").queue == GENERAL


# --- many at once


def test_thousands_who_lose_their_last_expert_are_looked_at_in_parts_and_none_is_forgotten() -> None:
    floor = Floor(rules(when_unstaffed="end"), agent("ann", state="paused"))
    for number in range(130):
        floor.arrive(f"e{number:03d}", number / 100)
    ended = of_kind(floor.act("ann", ag.LogOut(), 5), ev.EndWait)
    assert 0 < len(ended) < 130
    while (due := floor.board.next_deadline()) is not None and due <= at(5):
        ended += of_kind(floor.tell(ev.Tick(), 5), ev.EndWait)
    assert [each.entry.id for each in ended] == [f"e{number:03d}" for number in range(130)]


def test_what_was_due_before_a_refused_wish_comes_with_the_next_event() -> None:
    floor = Floor(rules(retry_s=5.0, ring_s=20.0), agent("ann"), agent("bob", state="offline"))
    floor.arrive("e1", 0)
    with pytest.raises(ag.IllegalTransition):
        floor.act("bob", ag.Unpause(), 20)
    assert of_kind(floor.tell(ev.Tick(), 20), ev.StopRinging)[0].why == "timeout"


def test_new_rules_leave_agents_and_places_as_they_are() -> None:
    floor = Floor(rules(), agent("ann", state="talking"), agent("bob", state="paused"))
    for number in range(4):
        floor.arrive(f"e{number}", number)
    before = [floor.board.place(EntryId(f"e{number}")) for number in range(4)]
    states = {id: each.state for id, each in floor.board.agents.items()}
    floor.tell(ev.RulesChanged(rules(priority=7, max_wait_s=900.0, strategy="best_skill")), 9)
    assert [floor.board.place(EntryId(f"e{number}")) for number in range(4)] == before
    assert {id: each.state for id, each in floor.board.agents.items()} == states
