"""An agent: one state machine, pure. The table is in `agent_table.py`, and nothing else decides.

An event that the table does not name for a state raises `IllegalTransition` and changes nothing. What depends on the
hotline's own rules - when misses are forgotten, how long a wrap-up may grow - comes as `AgentLimits`.

Reservation comes before ringing, so that no agent gets two calls; `idle_since` and `last_given_at` are after an offer
that came to nothing without the agent's doing (the caller left, another answered) as they were before, so that the
agent does not lose the turn.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, assert_never

from routing.agent_events import (
    AgentAct,
    AgentEvent,
    Answer,
    CallOut,
    CallOutEnded,
    Consult,
    EndTalk,
    ExtendWrapUp,
    Force,
    Hold,
    LogIn,
    LogOut,
    NoAnswer,
    NoAnswerKind,
    OfferEvent,
    Pause,
    PhoneRegistered,
    PhoneUnregistered,
    Reserve,
    Resume,
    Ring,
    TimeUp,
    Unpause,
    Withdraw,
    WrapUpDone,
)
from routing.agent_limits import ALLOWED, USUAL, AgentLimits
from routing.agent_shape import (
    DO_NOT_DISTURB,
    MISSED,
    PHONE_GONE,
    TIMED_OUT,
    Agent,
    IllegalTransition,
    Leaving,
)
from routing.agent_table import IN_CALL, OFFERED, TRANSITIONS, AgentState

__all__ = [
    "Agent",
    "AgentAct",
    "AgentEvent",
    "AgentState",
    "Answer",
    "CallOut",
    "CallOutEnded",
    "Consult",
    "EndTalk",
    "ExtendWrapUp",
    "Force",
    "Hold",
    "IN_CALL",
    "IllegalTransition",
    "Leaving",
    "LogIn",
    "LogOut",
    "MISSED",
    "NoAnswer",
    "NoAnswerKind",
    "OFFERED",
    "OfferEvent",
    "PHONE_GONE",
    "Pause",
    "PhoneRegistered",
    "PhoneUnregistered",
    "Reserve",
    "Resume",
    "Ring",
    "TIMED_OUT",
    "TRANSITIONS",
    "TimeUp",
    "Unpause",
    "Withdraw",
    "WrapUpDone",
    "apply",
]


def apply(agent: Agent, event: AgentEvent, now: dt.datetime, limits: AgentLimits = USUAL) -> Agent:
    """The agent after the event. Raises IllegalTransition (agent unchanged) when the table has no such arrow."""
    after = _after(agent, event, now, limits)
    if after.state != agent.state:
        return after  # and `_enter` has counted it
    same = replace(after, revision=agent.revision) == agent
    return agent if same else replace(after, revision=agent.revision + 1)


def _after(agent: Agent, event: AgentEvent, now: dt.datetime, limits: AgentLimits) -> Agent:
    target = TRANSITIONS[agent.state].get(type(event))
    if target is None:
        raise IllegalTransition(f"agent {agent.id}", agent.state, event)
    match target:
        case "LATER":
            return replace(agent, leaving=_remember(agent.leaving, event))
        case "NO_ANSWER":
            return _missed(agent, event, now, limits)
        case "FREE":
            return _free(agent, now, turn_kept=isinstance(event, Withdraw))
        case "RETURNED":
            back = agent.pause_reason == PHONE_GONE
            return _unpaused(_enter(agent, "available", now), limits) if back else agent
        case "FORCED":
            return _forced(agent, event, now)
        case "TIME_UP":
            return _timed_out(agent, event, now, limits)
        case "CALLED_OUT":
            return _called_out(agent, event, now)
        case "OWN_CALL_OVER":
            return _own_call_over(agent, event, now)
        case _:
            return _plainly(agent, target, event, now, limits)


def _plainly(
    agent: Agent, target: AgentState, event: AgentEvent, now: dt.datetime, limits: AgentLimits
) -> Agent:
    """Into the state that the table names."""
    match event:
        case ExtendWrapUp(by_s=by_s):
            return _extended(agent, by_s, now, limits)
        case Pause(reason=reason):
            return _enter(agent, target, now, pause_reason=reason)
        case _ if target == agent.state:
            return agent
        case LogIn():
            return _logged_in(_enter(agent, target, now), now, limits)
        case Unpause():
            return _unpaused(_enter(agent, target, now), limits)
        case Reserve(entry=entry):
            return _enter(
                agent, target, now, entry=entry, last_given_at=now, given_before=agent.last_given_at
            )
        case Answer():
            misses = 0 if "answer" in limits.misses_forgotten_by else agent.no_answers
            calls = agent.calls + 1
            return _enter(agent, target, now, calls=calls, do_not_disturb=False, no_answers=misses)
        case EndTalk(wrap_up_s=wrap_up_s):
            return _enter(agent, target, now, until=_later(wrap_up_s, now))
        case PhoneUnregistered():
            return _enter(agent, target, now, pause_reason=PHONE_GONE)
        case _:
            return _enter(agent, target, now)


def _later(seconds: float | None, now: dt.datetime) -> dt.datetime | None:
    return None if seconds is None else now + dt.timedelta(seconds=seconds)


def _enter(agent: Agent, state: AgentState, now: dt.datetime, **besides: Any) -> Agent:
    """Into a state with what belongs only to the old one forgotten. besides: fields that are others then."""
    busy = state in OFFERED or state in IN_CALL or state == "wrap_up"
    was_busy = agent.state in IN_CALL or agent.state == "wrap_up"
    changes: dict[str, Any] = {
        "state": state,
        "since": now,
        "until": None,
        "pause_reason": "",
        "reminders": 0,
        "leaving": agent.leaving if busy else None,
        "entry": agent.entry if busy else None,
        "own_call": agent.own_call if busy else "",
        "given_before": agent.given_before if state in OFFERED else None,
        "idle_since": now if state == "available" else agent.idle_since,
        "busy_s": agent.busy_s + (now - agent.since).total_seconds() if was_busy else agent.busy_s,
        "revision": agent.revision + 1,
    }
    return replace(agent, **(changes | besides))


def _logged_in(agent: Agent, now: dt.datetime, limits: AgentLimits) -> Agent:
    """The figures of a shift begin anew."""
    misses = 0 if "log_in" in limits.misses_forgotten_by else agent.no_answers
    fresh = replace(agent, logged_in_at=now, calls=0, busy_s=0.0, last_given_at=None, no_answers=misses)
    return replace(fresh, do_not_disturb=False)


def _unpaused(agent: Agent, limits: AgentLimits) -> Agent:
    agent = replace(agent, do_not_disturb=False)
    return replace(agent, no_answers=0) if "unpause" in limits.misses_forgotten_by else agent


def _free(agent: Agent, now: dt.datetime, *, turn_kept: bool) -> Agent:
    if agent.leaving is None:
        if not turn_kept:
            return _enter(agent, "available", now)
        before = agent.given_before
        return _enter(agent, "available", now, idle_since=agent.idle_since, last_given_at=before)
    return _enter(agent, agent.leaving.to, now, pause_reason=agent.leaving.reason)


def _missed(agent: Agent, event: AgentEvent, now: dt.datetime, limits: AgentLimits) -> Agent:
    assert isinstance(event, NoAnswer)
    misses = agent.no_answers + 1
    forgotten_at = (
        None if agent.missed_at is None else _later(limits.misses_forgotten_after_s, agent.missed_at)
    )
    if forgotten_at is not None and now >= forgotten_at:
        misses = 1
    refused = event.kind == "do_not_disturb"
    agent = replace(agent, no_answers=misses, missed_at=now, do_not_disturb=refused)
    if agent.leaving is None and event.pause_after is not None and misses >= event.pause_after:
        reason = DO_NOT_DISTURB if refused else MISSED
        return _enter(agent, "paused", now, pause_reason=reason)
    return _free(agent, now, turn_kept=False)


def _forced(agent: Agent, event: AgentEvent, now: dt.datetime) -> Agent:
    assert isinstance(event, Force)
    forced = _enter(agent, event.to, now)
    if event.to != "offline" and agent.state == "offline":
        forced = _logged_in(forced, now, USUAL)
    forced = replace(forced, no_answers=0, do_not_disturb=False)
    return replace(forced, pause_reason=event.why) if event.to == "paused" else forced


def _timed_out(agent: Agent, event: AgentEvent, now: dt.datetime, limits: AgentLimits) -> Agent:
    assert isinstance(event, TimeUp)
    if event.then not in ALLOWED[agent.state]:
        raise IllegalTransition(f"agent {agent.id}", agent.state, event)
    match event.then:
        case "remind":
            return replace(agent, reminders=agent.reminders + 1)
        case "available" if agent.state == "paused":
            return _unpaused(_enter(agent, "available", now), limits)
        case "available":
            return _free(agent, now, turn_kept=agent.state in OFFERED)
        case "paused" if agent.leaving is not None:
            return _free(agent, now, turn_kept=False)
        case "paused":
            return _enter(agent, "paused", now, pause_reason=TIMED_OUT)
        case "offline":
            return _enter(agent, "offline", now)
        case _:
            assert_never(event.then)


def _called_out(agent: Agent, event: AgentEvent, now: dt.datetime) -> Agent:
    assert isinstance(event, CallOut)
    leaving = Leaving("paused", agent.pause_reason) if agent.state == "paused" else agent.leaving
    return _enter(agent, "talking", now, own_call=event.call, leaving=leaving, entry=None)


def _own_call_over(agent: Agent, event: AgentEvent, now: dt.datetime) -> Agent:
    assert isinstance(event, CallOutEnded)
    if not agent.own_call:
        raise IllegalTransition(f"agent {agent.id}", agent.state, event)
    if event.wrap_up_s == 0:
        return _free(agent, now, turn_kept=False)
    return _enter(agent, "wrap_up", now, until=_later(event.wrap_up_s, now))


def _extended(agent: Agent, by_s: float, now: dt.datetime, limits: AgentLimits) -> Agent:
    if agent.until is None:
        return agent
    longest = agent.since + dt.timedelta(seconds=limits.longest_wrap_up_s)
    return replace(agent, until=max(agent.until, min(agent.until + dt.timedelta(seconds=by_s), longest)))


def _remember(leaving: Leaving | None, event: AgentEvent) -> Leaving | None:
    match event:
        case LogOut():
            return Leaving("offline")
        case Pause(reason=reason):
            return leaving if leaving is not None and leaving.to == "offline" else Leaving("paused", reason)
        case PhoneUnregistered():
            return leaving if leaving is not None else Leaving("paused", PHONE_GONE)
        case PhoneRegistered():
            gone = leaving is not None and leaving.reason == PHONE_GONE
            return None if gone else leaving
        case Unpause():
            return leaving if leaving is not None and leaving.to == "offline" else None
        case LogIn():
            return None
        case (
            Reserve()
            | Ring()
            | Answer()
            | NoAnswer()
            | Withdraw()
            | Hold()
            | Resume()
            | Consult()
            | EndTalk()
            | WrapUpDone()
            | ExtendWrapUp()
            | CallOut()
            | CallOutEnded()
            | TimeUp()
            | Force()
        ):
            return leaving
        case _:
            assert_never(event)
