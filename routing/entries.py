"""A queue entry: one caller's wait in one queue, as a durable object of its own, pure.

Theory of operation. The entry outlives channel, process and redial; what decides its place (`priority`,
`enqueued_at`, `id`) never changes while it lives, so an offer that fails brings it back to where it stood, and a
caller who hangs up on the promise to be called back (`Promised`) keeps it.
`TRANSITIONS` is the whole of its life; `OUTCOMES` says how it may end from where. An illegal event raises
`IllegalTransition` and changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, assert_never

from routing.agents import IllegalTransition, NoAnswerKind
from routing.ids import AgentId, EntryId, QueueName, SkillName

EntryState = Literal["waiting", "offered", "ringing", "joined", "ended"]
Outcome = Literal["served", "abandoned", "timeout", "full", "closed", "unstaffed", "left", "failed"]


@dataclass(frozen=True, slots=True)
class Step:
    """What an agent must have (`require`) and had better have (`prefer`), for so long; None = to the end."""

    require: Mapping[SkillName, int] = field(default_factory=dict)
    prefer: Mapping[SkillName, int] = field(default_factory=dict)
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    agent: AgentId


@dataclass(frozen=True, slots=True)
class Ringing:
    pass


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The agent did not answer: back to waiting, in the same place; that agent comes last for a while."""

    kind: NoAnswerKind


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The offer was taken back, not by the caller and not through a miss: back to waiting, the agent is not marked."""

    why: str


@dataclass(frozen=True, slots=True)
class Joined:
    pass


@dataclass(frozen=True, slots=True)
class Requeued:
    """From a conversation back to waiting (the agent's leg was lost, a transfer to a queue), place kept.

    not_before: nobody is rung before, None = at once (a citizen who did not answer is called again later).
    queue: None = the same. skills: asked for from now on, None = as before.
    """

    why: str
    not_before: dt.datetime | None = None
    queue: QueueName | None = None
    skills: Mapping[SkillName, int] | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """While in line, by a rule, the dialogue or a supervisor: another queue, priority or demand; None = as before.

    The age stays; the steps of the rules begin anew in another queue. by: "rules", "flow" or a person's name.
    """

    by: str
    why: str
    queue: QueueName | None = None
    priority: int | None = None
    skills: Mapping[SkillName, int] | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """The caller need not stay on the line: whoever takes the entry calls back. not_before: None = at once."""

    callback: str
    not_before: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Unpromised:
    """The promise could not be kept durably: the caller waits on the line as before."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """A callback's time. not_before: None = at once."""

    not_before: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A later step's skills hold, since then (the step's due time may be before the event)."""

    step: int
    since: dt.datetime
    why: Literal["time", "nobody_logged_in"]


@dataclass(frozen=True, slots=True)
class Announced:
    """The caller was told this place (1 = next)."""

    place: int


@dataclass(frozen=True, slots=True)
class Ended:
    outcome: Outcome


EntryEvent = (
    Offered
    | Ringing
    | NotTaken
    | Withdrawn
    | Joined
    | Requeued
    | Promised
    | Unpromised
    | Postponed
    | Moved
    | Relaxed
    | Announced
    | Ended
)

TRANSITIONS: Final[Mapping[EntryState, Mapping[type[EntryEvent], EntryState]]] = {
    "waiting": {
        Offered: "offered",
        Promised: "waiting",
        Unpromised: "waiting",
        Postponed: "waiting",
        Moved: "waiting",
        Relaxed: "waiting",
        Announced: "waiting",
        Ended: "ended",
    },
    "offered": {
        Ringing: "ringing",
        Joined: "joined",
        NotTaken: "waiting",
        Withdrawn: "waiting",
        Announced: "offered",
        Ended: "ended",
    },
    "ringing": {
        Ringing: "ringing",
        Joined: "joined",
        NotTaken: "waiting",
        Withdrawn: "waiting",
        Announced: "ringing",
        Ended: "ended",
    },
    "joined": {Requeued: "waiting", Ended: "ended"},
    "ended": {},
}

_WHILE_WAITING: Final[frozenset[Outcome]] = frozenset(
    {"abandoned", "timeout", "full", "closed", "unstaffed", "left", "failed"}
)
OUTCOMES: Final[Mapping[EntryState, frozenset[Outcome]]] = {
    "waiting": _WHILE_WAITING,
    "offered": _WHILE_WAITING - {"full"},
    "ringing": _WHILE_WAITING - {"full"},
    "joined": frozenset({"served", "failed"}),
    "ended": frozenset(),
}

IN_LINE: Final[frozenset[EntryState]] = frozenset({"waiting", "offered", "ringing"})
"""Counted in the line: an offered entry still stands in its place, for the offer may fail."""


@dataclass(frozen=True, slots=True)
class Entry:
    """skills: what the flow asked for, required in every step. steps: () = the queue's own.

    priority: higher first, on top of the queue's. timeout_s: longest wait, None = the queue's own.
    step, step_since: the step in force and since when; it never goes back.
    limit_from: where the longest wait is counted from (entering, or the return from a conversation).
    tried: agents who did not answer -> when. announced: the place last told, never a greater one.
    reason: what the agent is told. agent: whom it is offered or joined to, and after the end who served it.
    only: it is for this agent alone, now or not at all (a transfer to a person). ring_s: None = the queue's own.
    callback: the promise that holds this place, "" = the caller is on the line. not_before: nobody is rung before.
    revision: how many events changed this entry; guards a stored row against an older one.
    preferred: asked first, for as long as the queue's `preferred_s` (the agent of the last call).
    caller_key: whose entry it is, to know the caller who calls again; "" = not known. Never shown.
    """

    id: EntryId
    queue: QueueName
    call_id: str
    enqueued_at: dt.datetime
    since: dt.datetime
    step_since: dt.datetime
    limit_from: dt.datetime
    skills: Mapping[SkillName, int] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    priority: int = 0
    language: str = ""
    reason: str = ""
    timeout_s: float | None = None
    state: EntryState = "waiting"
    step: int = 0
    agent: AgentId | None = None
    attempts: int = 0
    tried: Mapping[AgentId, dt.datetime] = field(default_factory=dict)
    announced: int | None = None
    joined_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    outcome: Outcome | None = None
    revision: int = 0
    only: AgentId | None = None
    ring_s: float | None = None
    callback: str = ""
    not_before: dt.datetime | None = None
    preferred: AgentId | None = None
    caller_key: str = ""

    def waited_s(self, now: dt.datetime) -> float:
        """Seconds from entering to the join, the end or now, whichever is first."""
        return ((self.joined_at or self.ended_at or now) - self.enqueued_at).total_seconds()

    def talked_s(self, now: dt.datetime) -> float:
        """Seconds from the join to the end or now; 0.0 before the join."""
        return 0.0 if self.joined_at is None else ((self.ended_at or now) - self.joined_at).total_seconds()


def enter(
    id: EntryId,  # the field's name, as in Entry
    queue: QueueName,
    call_id: str,
    now: dt.datetime,
    *,
    skills: Mapping[SkillName, int] | None = None,
    steps: tuple[Step, ...] = (),
    priority: int = 0,
    language: str = "",
    reason: str = "",
    timeout_s: float | None = None,
    only: AgentId | None = None,
    ring_s: float | None = None,
    callback: str = "",
    not_before: dt.datetime | None = None,
    preferred: AgentId | None = None,
    caller_key: str = "",
    enqueued_at: dt.datetime | None = None,
) -> Entry:
    """A new entry, waiting since now; enqueued_at: or, in line, since then (a place that is given back)."""
    return Entry(
        id=id,
        queue=queue,
        call_id=call_id,
        enqueued_at=enqueued_at or now,
        since=now,
        step_since=now,
        limit_from=now,
        skills=dict(skills or {}),
        steps=steps,
        priority=priority,
        language=language,
        reason=reason,
        timeout_s=timeout_s,
        only=only,
        ring_s=ring_s,
        callback=callback,
        not_before=not_before,
        preferred=preferred,
        caller_key=caller_key,
    )


def _into(
    entry: Entry, queue: QueueName | None, skills: Mapping[SkillName, int] | None, now: dt.datetime
) -> Entry:
    """In another queue the announced place and the steps of the old one mean nothing."""
    if skills is not None:
        entry = replace(entry, skills=dict(skills))
    if queue is None or queue == entry.queue:
        return entry
    return replace(entry, queue=queue, step=0, step_since=now, announced=None, tried={})


def apply(entry: Entry, event: EntryEvent, now: dt.datetime) -> Entry:
    """The entry after the event. Raises IllegalTransition (entry unchanged) when the tables do not allow it."""
    after = _after(entry, event, now)
    return entry if after == entry else replace(after, revision=entry.revision + 1)


def _after(entry: Entry, event: EntryEvent, now: dt.datetime) -> Entry:
    state = TRANSITIONS[entry.state].get(type(event))
    if state is None or (isinstance(event, Ended) and event.outcome not in OUTCOMES[entry.state]):
        raise IllegalTransition(f"entry {entry.id}", entry.state, event)
    since = entry.since if state == entry.state else now
    match event:
        case Offered(agent=agent):
            return replace(entry, state=state, since=since, agent=agent, attempts=entry.attempts + 1)
        case Ringing():
            return replace(entry, state=state, since=since)
        case NotTaken():
            tried = dict(entry.tried)
            if entry.agent is not None:
                tried[entry.agent] = now
            return replace(entry, state=state, since=since, agent=None, tried=tried)
        case Withdrawn():
            return replace(entry, state=state, since=since, agent=None)
        case Joined():
            return replace(entry, state=state, since=since, joined_at=now)
        case Requeued(not_before=not_before, queue=queue, skills=skills):
            back = replace(entry, state=state, since=since, agent=None, joined_at=None, limit_from=now)
            return _into(replace(back, not_before=not_before), queue, skills, now)
        case Moved(queue=queue, priority=priority, skills=skills):
            moved = entry if priority is None else replace(entry, priority=priority)
            return _into(moved, queue, skills, now)
        case Promised(callback=callback, not_before=not_before):
            return replace(entry, callback=callback, not_before=not_before)
        case Unpromised():
            return replace(entry, callback="", not_before=None)
        case Postponed(not_before=not_before):
            return replace(entry, not_before=not_before)
        case Relaxed(step=step, since=begun):
            return replace(entry, step=step, step_since=begun) if step > entry.step else entry
        case Announced(place=place):
            told = place if entry.announced is None else min(place, entry.announced)
            return replace(entry, announced=told)
        case Ended(outcome=outcome):
            return replace(entry, state=state, since=since, ended_at=now, outcome=outcome)
        case _:
            assert_never(event)
