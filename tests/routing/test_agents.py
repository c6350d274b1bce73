"""The agent's table, cell by cell, and what the cells that are no plain states do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from routing import agents as ag
from routing.agent_limits import ALLOWED, AgentLimits, Limit, PauseReason, due, next_at
from routing.agents import TRANSITIONS, Agent, AgentState, IllegalTransition, apply
from routing.ids import EntryId
from tests.routing.world import agent, at

EVENTS: dict[type[Any], ag.AgentEvent] = {
    ag.LogIn: ag.LogIn(),
    ag.LogOut: ag.LogOut(),
    ag.Pause: ag.Pause("meal"),
    ag.Unpause: ag.Unpause(),
    ag.Reserve: ag.Reserve(EntryId("e1")),
    ag.Ring: ag.Ring(),
    ag.Answer: ag.Answer(),
    ag.NoAnswer: ag.NoAnswer("timeout", 3),
    ag.Withdraw: ag.Withdraw(),
    ag.Hold: ag.Hold(),
    ag.Resume: ag.Resume(),
    ag.Consult: ag.Consult(),
    ag.EndTalk: ag.EndTalk(10),
    ag.WrapUpDone: ag.WrapUpDone(),
    ag.ExtendWrapUp: ag.ExtendWrapUp(30),
    ag.CallOut: ag.CallOut("c-1"),
    ag.CallOutEnded: ag.CallOutEnded(10),
    ag.TimeUp: ag.TimeUp(60, "remind"),
    ag.Force: ag.Force("paused", "sue", "training"),
    ag.PhoneUnregistered: ag.PhoneUnregistered(),
    ag.PhoneRegistered: ag.PhoneRegistered(),
}
STATES: tuple[AgentState, ...] = get_args(AgentState)


def in_state(state: AgentState, **changes: Any) -> Agent:
    busy = state in ag.OFFERED or state in ag.IN_CALL or state == "wrap_up"
    started = replace(agent("ann", state=state), entry=EntryId("e1") if busy else None)
    return replace(started, **changes)


def test_every_state_has_a_row_and_every_event_a_sample() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert set(EVENTS) == set(get_args(ag.AgentEvent))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", EVENTS)
def test_the_table_decides_and_nothing_else(state: AgentState, kind: type[Any]) -> None:
    own_call = "c-1" if kind is ag.CallOutEnded else ""
    before = in_state(state, own_call=own_call)
    target = TRANSITIONS[state].get(kind)
    if target is None:
        with pytest.raises(IllegalTransition) as refused:
            apply(before, EVENTS[kind], at(60))
        assert (refused.value.state, refused.value.event) == (state, EVENTS[kind])
        assert before == in_state(state, own_call=own_call)
        return
    after = apply(before, EVENTS[kind], at(60))
    expected = {
        "FREE": "available",
        "NO_ANSWER": "available",
        "FORCED": "paused",
        "LATER": state,
        "RETURNED": state,
        "TIME_UP": state,
        "CALLED_OUT": "talking",
        "OWN_CALL_OVER": "wrap_up",
    }
    assert after.state == expected.get(target, target)
    if after.state != state:
        assert after.since == at(60)
        assert after.revision == before.revision + 1
        no_entry = after.state in ("offline", "available", "paused") or target == "CALLED_OUT"
        assert (after.entry is None) == no_entry


def test_a_log_out_while_talking_comes_after_wrap_up() -> None:
    talking = in_state("talking")
    leaving = apply(talking, ag.LogOut(), at(1))
    assert (leaving.state, leaving.leaving) == ("talking", ag.Leaving("offline"))
    wrapping = apply(leaving, ag.EndTalk(10), at(2))
    assert wrapping.until == at(12)
    gone = apply(wrapping, ag.WrapUpDone(), at(12))
    assert (gone.state, gone.leaving, gone.entry, gone.until) == ("offline", None, None, None)


def test_a_pause_while_ringing_comes_when_the_offer_falls() -> None:
    ringing = apply(in_state("ringing"), ag.Pause("meal"), at(1))
    for event in (ag.NoAnswer("timeout", 3), ag.Withdraw()):
        paused = apply(ringing, event, at(2))
        assert (paused.state, paused.pause_reason) == ("paused", "meal")


def test_logging_out_wins_over_pausing_and_both_can_be_taken_back() -> None:
    both = apply(apply(in_state("talking"), ag.LogOut(), at(1)), ag.Pause("meal"), at(2))
    assert both.leaving == ag.Leaving("offline")
    assert apply(both, ag.Unpause(), at(3)).leaving == ag.Leaving("offline")
    assert apply(both, ag.LogIn(), at(3)).leaving is None
    paused = apply(in_state("talking"), ag.Pause("meal"), at(1))
    assert apply(paused, ag.Unpause(), at(2)).leaving is None


def test_misses_in_a_row_pause_and_an_answer_resets_them() -> None:
    missed = in_state("available")
    for number in (1, 2):
        missed = apply(
            apply(missed, ag.Reserve(EntryId("e1")), at(number)), ag.NoAnswer("timeout", 3), at(number)
        )
        assert (missed.state, missed.no_answers) == ("available", number)
    ringing = apply(missed, ag.Reserve(EntryId("e1")), at(3))
    paused = apply(ringing, ag.NoAnswer("busy", 3), at(4))
    assert (paused.state, paused.pause_reason, paused.no_answers) == ("paused", "no_answer", 3)
    assert apply(paused, ag.Unpause(), at(5)).no_answers == 0
    assert apply(ringing, ag.Answer(), at(4)).no_answers == 0
    assert apply(ringing, ag.NoAnswer("busy", None), at(4)).state == "available"


def test_a_telephone_that_refuses_before_it_rings_is_known_until_a_call_is_taken_or_the_agent_is_back() -> (
    None
):
    def refused(agent: Agent, number: int) -> Agent:
        reserved = apply(agent, ag.Reserve(EntryId("e1")), at(number))
        return apply(reserved, ag.NoAnswer("do_not_disturb", 2), at(number))

    once = refused(in_state("available"), 1)
    assert (once.state, once.do_not_disturb) == ("available", True)
    paused = refused(once, 2)
    assert (paused.state, paused.pause_reason) == ("paused", "dnd")
    ringing = apply(apply(once, ag.Reserve(EntryId("e1")), at(3)), ag.Ring(), at(3))
    assert not apply(ringing, ag.Answer(), at(4)).do_not_disturb
    assert not apply(ringing, ag.NoAnswer("timeout", 9), at(4)).do_not_disturb, "it rings again"
    for back in (ag.Unpause(), ag.Force("available", "sue", "why")):
        assert not apply(paused, back, at(5)).do_not_disturb
    assert not apply(apply(paused, ag.LogOut(), at(5)), ag.LogIn(), at(6)).do_not_disturb


def test_the_turn_is_kept_when_the_caller_left_and_lost_when_the_agent_missed() -> None:
    waiting = replace(in_state("available"), idle_since=at(-300))
    reserved = apply(waiting, ag.Reserve(EntryId("e1")), at(0))
    assert apply(reserved, ag.Withdraw(), at(5)).idle_since == at(-300)
    assert apply(reserved, ag.NoAnswer("timeout"), at(5)).idle_since == at(5)


def test_hold_and_consultation_lead_back_to_the_caller() -> None:
    talking = in_state("talking")
    held = apply(talking, ag.Hold(), at(1))
    consulting = apply(held, ag.Consult(), at(2))
    assert apply(consulting, ag.Resume(), at(3)).state == "talking"
    assert apply(held, ag.EndTalk(), at(3)).until is None


def test_a_phone_that_went_away_comes_back_to_the_same_work() -> None:
    gone = apply(in_state("available"), ag.PhoneUnregistered(), at(1))
    assert (gone.state, gone.pause_reason) == ("paused", ag.PHONE_GONE)
    assert apply(gone, ag.PhoneRegistered(), at(2)).state == "available"
    at_meal = replace(in_state("paused"), pause_reason="meal")
    assert apply(apply(at_meal, ag.PhoneUnregistered(), at(1)), ag.PhoneRegistered(), at(2)) == at_meal
    lost = apply(in_state("talking"), ag.PhoneUnregistered(), at(1))
    assert lost.leaving == ag.Leaving("paused", ag.PHONE_GONE)
    assert apply(lost, ag.PhoneRegistered(), at(2)).leaving is None
    asked = apply(in_state("talking"), ag.Pause("meal"), at(1))
    assert (
        apply(apply(asked, ag.PhoneUnregistered(), at(2)), ag.PhoneRegistered(), at(3)).leaving
        == asked.leaving
    )


def test_a_force_forgets_what_was_remembered() -> None:
    leaving = apply(in_state("talking"), ag.LogOut(), at(1))
    forced = apply(leaving, ag.Force("available", "sue", "was stuck"), at(2))
    assert (forced.state, forced.leaving, forced.entry, forced.idle_since) == ("available", None, None, at(2))
    paused = apply(leaving, ag.Force("paused", "sue", "training"), at(2))
    assert (paused.pause_reason, paused.leaving) == ("training", None)


def test_a_new_reason_for_a_pause_starts_a_new_one() -> None:
    meal = apply(in_state("available"), ag.Pause("meal"), at(1))
    training = apply(meal, ag.Pause("training"), at(5))
    assert (training.pause_reason, training.since) == ("training", at(5))


def test_a_skill_that_is_not_there_is_not_level_nought() -> None:
    assert agent("ann", english=1).has(agent("x", english=1).skills)
    assert not agent("ann").has(agent("x", english=1).skills)
    assert agent("ann").has({})


def test_the_figures_of_a_shift_begin_with_the_log_in() -> None:
    worn = replace(in_state("offline"), calls=9, busy_s=999.0, last_given_at=at(-9), no_answers=2)
    fresh = apply(worn, ag.LogIn(), at(0))
    assert (fresh.calls, fresh.busy_s, fresh.last_given_at, fresh.logged_in_at, fresh.no_answers) == (
        *(0, 0.0, None),
        at(0),
        0,
    )
    given = apply(fresh, ag.Reserve(EntryId("e1")), at(10))
    assert given.last_given_at == at(10)
    talking = apply(given, ag.Answer(), at(15))
    held = apply(talking, ag.Hold(), at(25))
    wrapping = apply(apply(held, ag.Resume(), at(30)), ag.EndTalk(20), at(45))
    done = apply(wrapping, ag.WrapUpDone(), at(60))
    assert (done.calls, done.busy_s) == (1, 45.0), "15 to 60: talk, hold and wrap-up"
    assert apply(done, ag.LogOut(), at(61)).busy_s == 45.0, "still to be read after the shift"
    forced = apply(worn, ag.Force("available", "sue", "needed"), at(5))
    assert (forced.calls, forced.logged_in_at) == (0, at(5))
    assert apply(done, ag.Force("paused", "sue", "why"), at(61)).calls == 1


@pytest.mark.parametrize(
    ("forgotten_by", "after_answer", "after_unpause", "after_log_in"),
    [(("answer", "unpause", "log_in"), 0, 0, 0), ((), 2, 2, 2), (("log_in",), 2, 2, 0)],
)
def test_what_makes_misses_be_forgotten_is_the_hotlines_rule(
    forgotten_by: Any, after_answer: int, after_unpause: int, after_log_in: int
) -> None:
    rules = AgentLimits(misses_forgotten_by=frozenset(forgotten_by))
    ringing = replace(in_state("ringing"), no_answers=2)
    assert apply(ringing, ag.Answer(), at(1), rules).no_answers == after_answer
    paused = replace(in_state("paused"), no_answers=2)
    assert apply(paused, ag.Unpause(), at(1), rules).no_answers == after_unpause
    gone = replace(in_state("offline"), no_answers=2)
    assert apply(gone, ag.LogIn(), at(1), rules).no_answers == after_log_in


def test_misses_are_forgotten_after_so_long() -> None:
    rules = AgentLimits(misses_forgotten_after_s=600)
    once = apply(in_state("ringing"), ag.NoAnswer("timeout", 2), at(0), rules)
    again = apply(once, ag.Reserve(EntryId("e1")), at(599), rules)
    assert apply(again, ag.NoAnswer("timeout", 2), at(599), rules).state == "paused"
    later = apply(
        apply(once, ag.Reserve(EntryId("e1")), at(600), rules), ag.NoAnswer("busy", 2), at(600), rules
    )
    assert (later.state, later.no_answers) == ("available", 1)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("then", ["remind", "available", "paused", "offline"])
def test_what_a_limit_may_lead_to(state: AgentState, then: Any) -> None:
    before = in_state(state)
    if then not in ALLOWED[state]:
        with pytest.raises(IllegalTransition):
            apply(before, ag.TimeUp(60, then), at(60))
        return
    after = apply(before, ag.TimeUp(60, then), at(60))
    assert after.state == (state if then == "remind" else then)
    assert after.reminders == (1 if then == "remind" else 0)
    if then == "paused":
        assert after.pause_reason == ag.TIMED_OUT


def test_limits_are_reached_one_after_the_other_and_begin_anew_with_a_state() -> None:
    limits = AgentLimits({"wrap_up": (Limit(30, "remind"), Limit(60, "paused"))})
    wrapping = replace(in_state("wrap_up"), since=at(0))
    assert due(wrapping, limits, at(29)) is None
    assert next_at(wrapping, limits) == at(30)
    first = due(wrapping, limits, at(30))
    assert first == ag.TimeUp(30, "remind")
    reminded = apply(wrapping, first, at(30), limits)
    assert (due(reminded, limits, at(59)), next_at(reminded, limits)) == (None, at(60))
    assert due(reminded, limits, at(60)) == ag.TimeUp(60, "paused")
    assert apply(reminded, ag.WrapUpDone(), at(40), limits).reminders == 0
    assert next_at(replace(wrapping, until=at(10)), limits) == at(10), "the wrap-up's own end is sooner"
    leaving = apply(wrapping, ag.LogOut(), at(5), limits)
    assert apply(leaving, ag.TimeUp(60, "paused"), at(60), limits).state == "offline", "as was asked for"


def test_a_reason_of_a_pause_may_have_limits_of_its_own() -> None:
    limits = AgentLimits(
        {"paused": (Limit(100, "remind"),)},
        {"meal": PauseReason(limits=(Limit(20, "available"),)), "x": PauseReason()},
    )
    at_meal = apply(in_state("available"), ag.Pause("meal"), at(0))
    assert next_at(at_meal, limits) == at(20)
    other = apply(in_state("available"), ag.Pause("x"), at(0))
    assert next_at(other, limits) == at(100)
    assert apply(at_meal, ag.TimeUp(20, "available"), at(20), limits).state == "available"


def test_a_wrap_up_grows_only_as_far_as_the_rules_allow() -> None:
    limits = AgentLimits(longest_wrap_up_s=100)
    wrapping = replace(in_state("wrap_up"), since=at(0), until=at(30))
    longer = apply(wrapping, ag.ExtendWrapUp(60), at(10), limits)
    assert longer.until == at(90)
    longest = apply(longer, ag.ExtendWrapUp(60), at(20), limits)
    assert longest.until == at(100)
    assert apply(longest, ag.ExtendWrapUp(60), at(30), limits) == longest
    by_hand = replace(wrapping, until=None)
    assert apply(by_hand, ag.ExtendWrapUp(60), at(10), limits) == by_hand


def test_an_own_call_begins_from_where_the_agent_is_and_ends_there() -> None:
    for state, back in (("available", "available"), ("wrap_up", "available"), ("paused", "paused")):
        calling = apply(
            in_state(state, pause_reason="meal" if state == "paused" else ""), ag.CallOut("c-1"), at(1)
        )
        assert (calling.state, calling.own_call, calling.entry) == ("talking", "c-1", None)
        over = apply(calling, ag.CallOutEnded(0), at(5))
        assert (over.state, over.own_call) == (back, "")
        wrapping = apply(calling, ag.CallOutEnded(10), at(5))
        assert (wrapping.state, wrapping.until, wrapping.own_call) == ("wrap_up", at(15), "c-1")
    assert over.pause_reason == "meal"
    with pytest.raises(IllegalTransition):
        apply(in_state("talking"), ag.CallOutEnded(), at(1))
