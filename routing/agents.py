"""An agent: one state machine, pure.

Theory of operation. An agent is in exactly one state; `TRANSITIONS` says which event leads from which state to which,
and nothing else decides. An event that the table does not name for a state raises `IllegalTransition` and changes
nothing. Three cells depend on more than the state and are marked with a constant instead of a state:

    FREE      where an agent goes who is done with a call or an offer: `available`, unless leaving was remembered
              (see LATER) and then `offline` or `paused`.
    LATER     the state stays; that the agent wants to log out or pause is remembered, and done at the next FREE.
    NO_ANSWER FREE, or `paused` with reason "no_answer" after `pause_after` misses in a row (an answer resets them).
    FORCED    what the supervisor said.
    RETURNED  `available` if the pause was only because the phone was gone, else unchanged.

Reservation comes before ringing, so that no agent gets two calls; `idle_since` is untouched by an offer whose caller
left, so that the agent does not lose the turn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, assert_never

from routing.agent_events import (
    AgentAct,
    AgentEvent,
    Answer,
    Consult,
    EndTalk,
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
    Unpause,
    Withdraw,
    WrapUpDone,
)
from routing.ids import AgentId, EntryId, QueueName, SkillName

__all__ = [
    "Agent",
    "AgentAct",
    "AgentEvent",
    "AgentState",
    "Answer",
    "Consult",
    "EndTalk",
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
    "TRANSITIONS",
    "Unpause",
    "Withdraw",
    "WrapUpDone",
    "apply",
]

AgentState = Literal[
    "offline", "available", "reserved", "ringing", "talking", "hold", "consulting", "wrap_up", "paused"
]

OFFERED: Final[frozenset[AgentState]] = frozenset({"reserved", "ringing"})
IN_CALL: Final[frozenset[AgentState]] = frozenset({"talking", "hold", "consulting"})

Target = AgentState | Literal["FREE", "LATER", "NO_ANSWER", "FORCED", "RETURNED"]

TRANSITIONS: Final[Mapping[AgentState, Mapping[type[AgentEvent], Target]]] = {
    "offline": {
        LogIn: "available",
        Force: "FORCED",
        PhoneUnregistered: "offline",
        PhoneRegistered: "offline",
    },
    "available": {
        LogOut: "offline",
        Pause: "paused",
        Reserve: "reserved",
        Force: "FORCED",
        PhoneUnregistered: "paused",
        PhoneRegistered: "available",
    },
    "reserved": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Ring: "ringing",
        Answer: "talking",
        NoAnswer: "NO_ANSWER",
        Withdraw: "FREE",
        Force: "FORCED",
        PhoneUnregistered: "paused",
        PhoneRegistered: "reserved",
    },
    "ringing": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Ring: "ringing",
        Answer: "talking",
        NoAnswer: "NO_ANSWER",
        Withdraw: "FREE",
        Force: "FORCED",
        PhoneUnregistered: "paused",
        PhoneRegistered: "ringing",
    },
    "talking": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Hold: "hold",
        Consult: "consulting",
        EndTalk: "wrap_up",
        Force: "FORCED",
        PhoneUnregistered: "LATER",
        PhoneRegistered: "LATER",
    },
    "hold": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Resume: "talking",
        Consult: "consulting",
        EndTalk: "wrap_up",
        Force: "FORCED",
        PhoneUnregistered: "LATER",
        PhoneRegistered: "LATER",
    },
    "consulting": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        Resume: "talking",
        EndTalk: "wrap_up",
        Force: "FORCED",
        PhoneUnregistered: "LATER",
        PhoneRegistered: "LATER",
    },
    "wrap_up": {
        LogIn: "LATER",
        LogOut: "LATER",
        Pause: "LATER",
        Unpause: "LATER",
        WrapUpDone: "FREE",
        Force: "FORCED",
        PhoneUnregistered: "LATER",
        PhoneRegistered: "LATER",
    },
    "paused": {
        LogOut: "offline",
        Pause: "paused",
        Unpause: "available",
        Force: "FORCED",
        PhoneUnregistered: "paused",
        PhoneRegistered: "RETURNED",
    },
}

PHONE_GONE: Final = "phone_unregistered"
MISSED: Final = "no_answer"


class IllegalTransition(Exception):
    """The table has no such arrow. `what` is an agent or an entry; it is unchanged."""

    def __init__(self, what: str, state: str, event: object) -> None:
        super().__init__(f"{what} is {state}: {type(event).__name__} cannot happen now")
        self.what = what
        self.state = state
        self.event = event


@dataclass(frozen=True, slots=True)
class Leaving:
    """Remembered until the agent is free. Logging out wins over pausing."""

    to: Literal["offline", "paused"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """skills: name -> level 1-5; a skill that is not named is not there at all (not level 0).

    since: start of the present state. until: when it ends by itself (wrap-up), else None.
    idle_since: start of the present idleness, or of the last one. no_answers: misses in a row.
    entry: the entry reserved for, rung for, talked to or wrapped up.
    revision: how many events changed this agent; orders its history and guards stored rows against older ones.
    """

    id: AgentId
    name: str
    extension: str
    skills: Mapping[SkillName, int]
    queues: frozenset[QueueName]
    since: dt.datetime
    idle_since: dt.datetime
    state: AgentState = "offline"
    until: dt.datetime | None = None
    pause_reason: str = ""
    no_answers: int = 0
    entry: EntryId | None = None
    leaving: Leaving | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    rank: int = 0
    """For the strategy `agent_priority`: a lower one is asked first."""
    calls: int = 0
    """Talks since the log-in."""
    busy_s: float = 0.0
    """Talk, hold and wrap-up since the log-in."""
    last_given_at: dt.datetime | None = None
    """When a call was offered to this agent last, for the strategy `round_robin`."""
    logged_in_at: dt.datetime | None = None

    @property
    def logged_in(self) -> bool:
        return self.state != "offline"

    def has(self, requirement: Mapping[SkillName, int]) -> bool:
        """Every required skill is there at the required level at least."""
        own = self.skills
        return all(own.get(skill, 0) >= level for skill, level in requirement.items())


def apply(agent: Agent, event: AgentEvent, now: dt.datetime) -> Agent:
    """The agent after the event. Raises IllegalTransition (agent unchanged) when the table has no such arrow."""
    after = _after(agent, event, now)
    return agent if after == agent else replace(after, revision=agent.revision + 1)


def _after(agent: Agent, event: AgentEvent, now: dt.datetime) -> Agent:
    target = TRANSITIONS[agent.state].get(type(event))
    if target is None:
        raise IllegalTransition(f"agent {agent.id}", agent.state, event)
    if target == "LATER":
        return replace(agent, leaving=_remember(agent.leaving, event))
    if target == "NO_ANSWER":
        return _missed(agent, event, now)
    if target == "FREE":
        return _free(agent, now, turn_kept=isinstance(event, Withdraw))
    if target == "RETURNED":
        return _enter(agent, "available", now) if agent.pause_reason == PHONE_GONE else agent
    if target == "FORCED":
        return _forced(agent, event, now)
    if target == agent.state and not isinstance(event, Pause):
        return agent
    match event:
        case Reserve(entry=entry):
            return replace(_enter(agent, target, now), entry=entry)
        case Answer():
            return replace(_enter(agent, target, now), no_answers=0)
        case EndTalk(wrap_up_s=wrap_up_s):
            until = None if wrap_up_s is None else now + dt.timedelta(seconds=wrap_up_s)
            return replace(_enter(agent, target, now), until=until)
        case Pause(reason=reason):
            return replace(_enter(agent, target, now), pause_reason=reason)
        case PhoneUnregistered():
            return replace(_enter(agent, target, now), pause_reason=agent.pause_reason or PHONE_GONE)
        case _:
            return _enter(agent, target, now)


def _enter(agent: Agent, state: AgentState, now: dt.datetime) -> Agent:
    """Into a state with what belongs only to the old one forgotten."""
    keeps_entry = state in OFFERED or state in IN_CALL or state == "wrap_up"
    if state in ("available", "offline", "paused"):
        agent = replace(agent, leaving=None)
    if state in ("available", "offline"):
        agent = replace(agent, no_answers=agent.no_answers if agent.state in OFFERED else 0)
    return replace(
        agent,
        state=state,
        since=now,
        until=None,
        pause_reason="",
        entry=agent.entry if keeps_entry else None,
        idle_since=now if state == "available" else agent.idle_since,
    )


def _free(agent: Agent, now: dt.datetime, *, turn_kept: bool) -> Agent:
    if agent.leaving is None:
        free = _enter(agent, "available", now)
        return replace(free, idle_since=agent.idle_since) if turn_kept else free
    return replace(_enter(agent, agent.leaving.to, now), pause_reason=agent.leaving.reason)


def _missed(agent: Agent, event: AgentEvent, now: dt.datetime) -> Agent:
    assert isinstance(event, NoAnswer)
    misses = agent.no_answers + 1
    if agent.leaving is None and event.pause_after is not None and misses >= event.pause_after:
        return replace(_enter(agent, "paused", now), pause_reason=MISSED, no_answers=misses)
    return replace(_free(agent, now, turn_kept=False), no_answers=misses)


def _forced(agent: Agent, event: AgentEvent, now: dt.datetime) -> Agent:
    assert isinstance(event, Force)
    forced = replace(_enter(agent, event.to, now), no_answers=0)
    return replace(forced, pause_reason=event.why) if event.to == "paused" else forced


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
            | Force()
        ):
            return leaving
        case _:
            assert_never(event)
