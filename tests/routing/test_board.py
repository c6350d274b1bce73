"""The board told as stories: what callers and agents do, and who is rung for whom."""

from __future__ import annotations

import pytest

from routing import agents as ag
from routing import board_events as ev
from routing.decisions import Wait
from routing.entries import Step
from routing.ids import AgentId, EntryId, QueueName
from routing.rules import QueueRules
from tests.routing.world import Floor, agent, at, entry, of_kind, offers, rules, skills


def test_a_caller_is_offered_to_the_agent_who_is_idle_longest() -> None:
    floor = Floor(rules(), agent("ann", since=5), agent("bob", since=2), agent("cid", since=9))
    assert floor.arrive("e1", 10) == [("e1", "bob")]
    assert floor.arrive("e2") == [("e2", "ann")]


def test_only_an_agent_with_the_skills_at_their_levels_is_asked() -> None:
    floor = Floor(rules(), agent("ann", english=2), agent("bob", since=5, english=4))
    assert floor.arrive("e1", 10, english=3) == [("e1", "bob")]
    assert floor.arrive("e2", 11, english=3) == []


def test_an_agent_who_frees_gets_the_highest_priority_and_then_the_oldest() -> None:
    floor = Floor(rules(wrap_up_s=0.0), agent("ann"))
    floor.arrive("e1", 0)
    floor.arrive("old", 1)
    floor.arrive("young", 2)
    floor.arrive("urgent", 3, priority=5)
    floor.answer("e1", "ann", 4)
    assert offers(floor.talk_ended("e1", "ann", 60)) == [("urgent", "ann")]
    floor.answer("urgent", "ann", 61)
    assert offers(floor.talk_ended("urgent", "ann", 70)) == [("old", "ann")]


def test_no_answer_goes_to_the_next_agent_and_keeps_the_place() -> None:
    floor = Floor(rules(ring_s=20.0), agent("ann"), agent("bob", since=1))
    floor.arrive("e1", 5)
    results = floor.tell(ev.NotAnswered(EntryId("e1"), AgentId("ann"), "rejected"), 8)
    assert offers(results) == [("e1", "bob")]
    assert floor.board.agents[AgentId("ann")].no_answers == 1
    floor.arrive("e2", 9)
    place = floor.board.place(EntryId("e1"))
    assert place is not None
    assert (place.place, place.waiting) == (1, 2)


def test_ring_time_is_the_boards_own_timer() -> None:
    floor = Floor(rules(ring_s=20.0), agent("ann"), agent("bob", since=1))
    floor.arrive("e1", 5)
    deadline = floor.board.next_deadline()
    assert deadline is not None
    assert (deadline.timestamp() - 25) % 60 == 0
    results = floor.tell(ev.Tick(), 25)
    assert results[0] == ev.StopRinging(EntryId("e1"), AgentId("ann"), "timeout")
    assert offers(results) == [("e1", "bob")]
    late = floor.answer("e1", "ann", 25.1)
    assert [type(each) for each in late] == [ev.Ignored]
    assert floor.state("bob") == "reserved"


def test_who_has_answered_leaves_no_deadline_of_the_ringing_and_a_caller_who_comes_back_has_the_own_again() -> (
    None
):
    floor = Floor(rules(ring_s=20.0, max_wait_s=60.0, retry_s=5.0), agent("ann"))
    floor.arrive("e1", 0)
    floor.answer("e1", "ann", 3)
    assert floor.board.next_deadline() is None
    floor.tell(ev.SentBack(EntryId("e1"), AgentId("ann"), "lost", None, None, None), 10)
    floor.act("ann", ag.LogOut(), 11)
    floor.tell(ev.Tick(), 20)
    assert floor.state("ann") == "offline"
    assert floor.board.next_deadline() == at(70)
    (ended,) = of_kind(floor.tell(ev.Tick(), 70), ev.EndWait)
    assert ended.entry.outcome == "timeout"


def test_one_agent_alone_is_asked_again_only_after_a_while_and_pauses_after_three_misses() -> None:
    floor = Floor(rules(ring_s=20.0, retry_s=5.0, no_answer_pause_after=3), agent("ann"))
    assert floor.arrive("e1", 0) == [("e1", "ann")]
    assert offers(floor.tell(ev.Tick(), 20)) == []
    assert floor.rings(ev.Tick(), 25) == [("e1", "ann")]
    floor.tell(ev.Tick(), 45)
    assert floor.rings(ev.Tick(), 50) == [("e1", "ann")]
    floor.tell(ev.Tick(), 70)
    assert floor.state("ann") == "paused"
    assert floor.board.agents[AgentId("ann")].pause_reason == "no_answer"
    assert floor.rings(ev.Tick(), 100) == []
    assert offers(floor.act("ann", ag.Unpause(), 101)) == [("e1", "ann")]


def test_an_agent_who_rejected_one_caller_is_given_the_next_one_meanwhile() -> None:
    floor = Floor(rules(), agent("ann"))
    floor.arrive("e1", 0)
    floor.arrive("e2", 1)
    results = floor.tell(ev.NotAnswered(EntryId("e1"), AgentId("ann"), "rejected"), 2)
    assert offers(results) == [("e2", "ann")]


def test_an_agent_whose_caller_hung_up_keeps_the_turn() -> None:
    floor = Floor(rules(), agent("ann", since=0), agent("bob", since=1))
    floor.arrive("e1", 10)
    results = floor.tell(ev.EntryLeft(EntryId("e1"), "abandoned"), 12)
    assert ev.StopRinging(EntryId("e1"), AgentId("ann"), "caller_left") in results
    assert floor.board.entry(EntryId("e1")) is None
    assert floor.arrive("e2", 13) == [("e2", "ann")]


def test_a_caller_who_hangs_up_while_talking_leaves_the_agent_in_wrap_up_until_its_time_is_over() -> None:
    floor = Floor(rules(wrap_up_s=10.0), agent("ann"))
    floor.arrive("e1", 0)
    floor.answer("e1", "ann", 3)
    results = floor.tell(ev.EntryLeft(EntryId("e1"), "abandoned"), 30)
    ended = of_kind(results, ev.EntryChanged)[0].after
    assert (ended.outcome, ended.waited_s(ended.since), ended.talked_s(ended.since)) == ("served", 3, 27)
    assert floor.state("ann") == "wrap_up"
    floor.arrive("e2", 35)
    assert floor.rings(ev.Tick(), 40) == [("e2", "ann")]


def test_manual_wrap_up_ends_when_the_agent_says_so() -> None:
    floor = Floor(rules(wrap_up_s=None, max_wait_s=None), agent("ann"))
    floor.arrive("e1", 0)
    floor.answer("e1", "ann", 3)
    floor.talk_ended("e1", "ann", 30)
    floor.arrive("e2", 31)
    assert floor.rings(ev.Tick(), 4000) == []
    assert offers(floor.act("ann", ag.WrapUpDone("advice"), 4001)) == [("e2", "ann")]


def test_pause_asked_for_during_a_call_comes_after_wrap_up() -> None:
    floor = Floor(rules(wrap_up_s=10.0), agent("ann"))
    floor.arrive("e1", 0)
    floor.answer("e1", "ann", 3)
    floor.act("ann", ag.Pause("meal"), 5)
    assert floor.state("ann") == "talking"
    floor.arrive("e2", 6)
    floor.talk_ended("e1", "ann", 10)
    assert floor.rings(ev.Tick(), 20) == []
    assert (floor.state("ann"), floor.board.agents[AgentId("ann")].pause_reason) == ("paused", "meal")


def test_the_wait_ends_by_the_rules() -> None:
    floor = Floor(rules(max_wait_s=60.0))
    floor.arrive("e1", 0)
    results = floor.tell(ev.Tick(), 60)
    (ended,) = of_kind(results, ev.EndWait)
    assert ended.entry.outcome == "timeout"
    assert floor.board.length(QueueName("general")) == 0


def test_a_full_queue_takes_nobody_more() -> None:
    floor = Floor(rules(max_length=1))
    floor.arrive("e1", 0)
    results = floor.tell(ev.EntryArrived(entry("e2")), 1)
    (ended,) = of_kind(results, ev.EndWait)
    assert ended.entry.outcome == "full"
    assert floor.board.entry(EntryId("e2")) is None


def test_an_unknown_queue_ends_the_wait_as_failed() -> None:
    floor = Floor(rules())
    (ended,) = of_kind(floor.tell(ev.EntryArrived(entry("e1", queue="nowhere"))), ev.EndWait)
    assert ended.entry.outcome == "failed"


def test_an_unstaffed_queue_that_ends_waits_lets_callers_go_when_the_last_agent_logs_out() -> None:
    floor = Floor(rules(when_unstaffed="end"), agent("ann", state="paused"))
    floor.arrive("e1", 0)
    floor.arrive("e2", 0, english=5)
    results = floor.act("ann", ag.LogOut(), 5)
    assert [each.entry.outcome for each in of_kind(results, ev.EndWait)] == ["unstaffed", "unstaffed"]
    refused = of_kind(floor.tell(ev.EntryArrived(entry("e3"))), ev.EndWait)
    assert [each.entry.outcome for each in refused] == ["unstaffed"]


EXPERT_FIRST = (Step(require=skills(english=4), for_s=20.0), Step(prefer=skills(english=2)))


def test_a_step_holds_for_its_time_and_then_relaxes_to_the_preferred() -> None:
    floor = Floor(
        rules(steps=EXPERT_FIRST),
        agent("expert", state="talking", english=5),
        agent("plain", since=0),
        agent("some", since=5, english=2),
    )
    assert floor.arrive("e1", 10) == []
    assert floor.rings(ev.Tick(), 29.9) == []
    assert floor.rings(ev.Tick(), 30) == [("e1", "some")]


def test_a_step_ends_at_once_when_nobody_who_fits_is_logged_in() -> None:
    floor = Floor(rules(steps=EXPERT_FIRST), agent("expert", state="paused", english=5), agent("plain"))
    assert floor.arrive("e1", 0) == []
    assert offers(floor.act("expert", ag.LogOut(), 5)) == [("e1", "plain")]


def test_a_step_relaxes_also_while_a_fitting_agent_does_not_answer() -> None:
    floor = Floor(rules(steps=EXPERT_FIRST, ring_s=15.0), agent("expert", english=5), agent("plain"))
    assert floor.arrive("e1", 0) == [("e1", "expert")]
    assert floor.rings(ev.Tick(), 15) == []
    assert floor.rings(ev.Tick(), 20) == [("e1", "plain")]


def test_a_relaxed_step_never_comes_back() -> None:
    floor = Floor(rules(steps=EXPERT_FIRST), agent("plain", state="talking"))
    floor.arrive("e1", 0)
    entry = floor.board.entry(EntryId("e1"))
    assert entry is not None
    assert entry.step == 1
    floor.tell(ev.AgentKnown(agent("expert", state="talking", english=5)), 1)
    entry = floor.board.entry(EntryId("e1"))
    assert entry is not None
    assert entry.step == 1


def test_a_phone_that_goes_away_while_ringing_frees_the_caller_at_once() -> None:
    floor = Floor(rules(), agent("ann"), agent("bob", since=1))
    floor.arrive("e1", 5)
    results = floor.act("ann", ag.PhoneUnregistered(), 6)
    assert ev.StopRinging(EntryId("e1"), AgentId("ann"), "unreachable") in results
    assert offers(results) == [("e1", "bob")]
    assert floor.state("ann") == "paused"
    floor.act("ann", ag.PhoneRegistered(), 7)
    assert floor.state("ann") == "available"


def test_a_supervisor_forces_an_agent_out_of_an_offer_and_out_of_a_call() -> None:
    floor = Floor(rules(), agent("ann"), agent("bob", since=1))
    floor.arrive("e1", 5)
    results = floor.act("ann", ag.Force("paused", "sue", "training"), 6)
    assert ev.StopRinging(EntryId("e1"), AgentId("ann"), "forced") in results
    assert offers(results) == [("e1", "bob")]
    floor.answer("e1", "bob", 7)
    results = floor.act("bob", ag.Force("offline", "sue", "fire drill"), 8)
    assert ev.EndConversation(EntryId("e1"), AgentId("bob"), "forced") in results
    floor.talk_ended("e1", "bob", 9)
    assert floor.state("bob") == "offline"
    assert floor.board.entries() == []


def test_a_caller_sent_back_from_a_talk_keeps_the_old_place() -> None:
    floor = Floor(rules(), agent("ann"))
    floor.arrive("e1", 0)
    floor.answer("e1", "ann", 2)
    floor.arrive("e2", 3)
    floor.tell(ev.SentBack(EntryId("e1"), AgentId("ann"), "agent leg lost"), 100)
    place = floor.board.place(EntryId("e1"))
    assert place is not None
    assert place.place == 1
    assert floor.state("ann") == "wrap_up"


def test_new_skills_and_new_rules_hold_for_those_already_waiting() -> None:
    floor = Floor(rules(), agent("ann"))
    assert floor.arrive("e1", 0, english=3) == []
    assert floor.rings(ev.AgentKnown(agent("ann", english=3)), 1) == [("e1", "ann")]
    floor = Floor(
        rules(steps=(Step(require=skills(english=3)),)),
        agent("ann"),
        agent("bob", state="talking", english=3),
    )
    assert floor.arrive("e1", 0) == []
    assert floor.rings(ev.RulesChanged(rules()), 1) == [("e1", "ann")]


def test_queue_priority_serves_the_crisis_line_first() -> None:
    crisis = QueueRules(QueueName("crisis"), priority=100)
    floor = Floor(rules(crisis, wrap_up_s=0.0), agent("ann", queues=("general", "crisis")))
    floor.arrive("e1", 0)
    floor.arrive("e2", 1)
    floor.arrive("help", 5, queue="crisis")
    floor.answer("e1", "ann", 6)
    assert offers(floor.talk_ended("e1", "ann", 7)) == [("help", "ann")]


def test_the_place_that_is_told_never_grows() -> None:
    floor = Floor(rules())
    floor.arrive("e1", 0)
    floor.tell(ev.PlaceTold(EntryId("e1"), 1))
    floor.arrive("urgent", 1, priority=9)
    place = floor.board.place(EntryId("e1"))
    assert place is not None
    assert place.place == 2
    floor.tell(ev.PlaceTold(EntryId("e1"), place.place))
    entry = floor.board.entry(EntryId("e1"))
    assert entry is not None
    assert entry.announced == 1


def test_every_decision_comes_as_a_fact_with_reasons() -> None:
    floor = Floor(rules(), agent("ann", state="talking", english=3), agent("bob", state="offline", english=3))
    (decided,) = of_kind(floor.tell(ev.EntryArrived(entry("e1", english=3))), ev.Decided)
    assert decided.call_id == "call-e1"
    assert isinstance(decided.decision, Wait)
    assert decided.decision.reasons[-1].data == {
        "needs": {"english": 3},
        "fitting": {"offline": 1, "talking": 1},
    }


def test_what_the_table_forbids_is_refused_to_the_person_who_asked() -> None:
    floor = Floor(rules(), agent("ann", state="offline"))
    with pytest.raises(ag.IllegalTransition):
        floor.act("ann", ag.Unpause())
    assert floor.state("ann") == "offline"


def test_stale_events_change_nothing() -> None:
    floor = Floor(rules(), agent("ann"))
    floor.arrive("e1", 0)
    floor.tell(ev.EntryLeft(EntryId("e1"), "abandoned"), 1)
    stale: tuple[ev.BoardEvent, ...] = (
        ev.Rang(EntryId("e1"), AgentId("ann")),
        ev.Answered(EntryId("e1"), AgentId("ann")),
        ev.NotAnswered(EntryId("e1"), AgentId("ann"), "busy"),
        ev.OfferFailed(EntryId("e1"), AgentId("ann"), "error"),
        ev.TalkEnded(EntryId("e1"), AgentId("ann")),
        ev.SentBack(EntryId("e1"), AgentId("ann"), "lost"),
        ev.EntryLeft(EntryId("e1"), "abandoned"),
        ev.PlaceTold(EntryId("e1"), 1),
    )
    for event in stale:
        assert [type(each) for each in floor.tell(event, 2)] == [ev.Ignored]
    assert floor.state("ann") == "available"


def test_a_board_built_from_stored_state_goes_on_where_it_was() -> None:
    floor = Floor(rules(max_wait_s=60.0), agent("ann", state="talking"))
    floor.arrive("e1", 0)
    floor.arrive("e2", 1)
    again = Floor(rules(max_wait_s=60.0), agent("ann"))
    again.board = type(again.board)(rules(max_wait_s=60.0), [agent("ann")], floor.board.entries())
    assert again.rings(ev.Tick(), 10) == [("e1", "ann")]
    again.answer("e1", "ann", 12)
    assert [each.entry.outcome for each in of_kind(again.tell(ev.Tick(), 61), ev.EndWait)] == ["timeout"]


def test_a_step_ends_at_once_also_when_the_only_expert_loses_the_skill() -> None:
    floor = Floor(rules(steps=EXPERT_FIRST), agent("expert", state="talking", english=5), agent("plain"))
    assert floor.arrive("e1", 0) == []
    assert floor.rings(ev.AgentKnown(agent("expert", english=3)), 1) == [("e1", "plain")]


def test_looking_again_and_finding_the_same_is_no_new_decision() -> None:
    floor = Floor(rules(), agent("ann", state="talking"))
    assert len(of_kind(floor.tell(ev.EntryArrived(entry("e1"))), ev.Decided)) == 1
    assert of_kind(floor.tell(ev.RulesChanged(rules(music="slow")), 1), ev.Decided) == []
    floor.act("ann", ag.Hold(), 2)
    assert len(of_kind(floor.tell(ev.RulesChanged(rules(music="quick")), 3), ev.Decided)) == 1


def test_an_agent_who_is_free_again_within_the_pause_after_a_miss_is_asked_when_it_is_over() -> None:
    """The telephone was gone for a second: nobody else would bring the waiting caller up again."""
    floor = Floor(rules(), agent("ann"))
    assert floor.arrive("e1", 0) == [("e1", "ann")]
    floor.act("ann", ag.PhoneUnregistered(), 1)
    assert offers(floor.act("ann", ag.PhoneRegistered(), 2)) == []
    deadline = floor.board.next_deadline()
    assert deadline is not None and deadline.timestamp() % 60 == 6
    assert offers(floor.tell(ev.Tick(), 6)) == [("e1", "ann")]
