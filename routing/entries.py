"""A queue entry: one caller's wait in one queue, as a durable object of its own, pure.

Theory of operation. The entry outlives channel, process and redial; what decides its place (`priority`,
`enqueued_at`, `id`) never changes while it lives but by a wish (`Moved`), so an offer that fails brings it back to
where it stood, and a caller who hangs up on the promise to be called back (`Promised`) keeps it.
`TRANSITIONS` is the whole of its life; `OUTCOMES` says how it may end from where. An illegal event raises
`IllegalTransition` and changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, assert_never

from routing.agents import IllegalTransition
from routing.entry_events import (
    IN_LINE,
    OUTCOMES,
    TRANSITIONS,
    Announced,
    Ended,
    EntryEvent,
    EntryState,
    Joined,
    Moved,
    NotTaken,
    NotTakenByOne,
    Offered,
    OfferedToo,
    Outcome,
    Postponed,
    Promised,
    Relaxed,
    Requeued,
    Ringing,
    Unpromised,
    Withdrawn,
    WithdrawnFromOne,
)
from routing.ids import AgentId, EntryId, QueueName, SkillName

__all__ = [
    "Announced",
    "BY_THE_RULES",
    "Ended",
    "Entry",
    "EntryEvent",
    "EntryState",
    "IN_LINE",
    "IllegalTransition",
    "Joined",
    "Moved",
    "NotTaken",
    "NotTakenByOne",
    "OUTCOMES",
    "Offered",
    "OfferedToo",
    "Outcome",
    "Postponed",
    "Promised",
    "Relaxed",
    "Requeued",
    "Ringing",
    "Step",
    "TRANSITIONS",
    "Unpromised",
    "Withdrawn",
    "WithdrawnFromOne",
    "apply",
    "enter",
]

NOBODY: Final[Mapping[AgentId, dt.datetime]] = {}
"""One for all: a mapping of its own for each of 100,000 is too much to keep. Never changed."""
BY_THE_RULES: Final = "rules"
"""`Moved.by`, where no person and no dialogue wished it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an agent must have (`require`) and had better have (`prefer`), for so long; None = to the end."""

    require: Mapping[SkillName, int] = field(default_factory=dict)
    prefer: Mapping[SkillName, int] = field(default_factory=dict)
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """skills: what the flow asked for, required in every step. steps: () = the queue's own.

    priority: higher first, on top of the queue's. timeout_s: longest wait, None = the queue's own.
    step, step_since: the step in force and since when; it never goes back.
    limit_from: where the longest wait is counted from (entering, or the return from a conversation).
    tried: agents who did not answer -> when. announced: the place last told, never a greater one.
    reason: what the agent is told. agent: whom it is offered or joined to, and after the end who served it.
    others: further agents to whom it is offered at the same time, in the order in which they were. Not stored: an entry
    that was offered when the controller died waits again, whoever was rung for it. one_by_one: never to several.
    only: it is for this agent alone, now or not at all (a transfer to a person). ring_s: None = the queue's own.
    callback: the promise that holds this place, "" = the caller is on the line. not_before: nobody is rung before.
    revision: how many events changed this entry; guards a stored row against an older one.
    preferred: asked first, for as long as the queue's `preferred_s` (the agent of the last call).
    caller_key: whose entry it is, to know the caller who calls again; "" = not known. Never shown.
    been: the queues out of which the rules moved it; they do not move it there again. Not stored: where the rules lead
    round in a circle, a start of the controller lets it go round once more.
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
    tried: Mapping[AgentId, dt.datetime] = field(default_factory=lambda: NOBODY)
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
    been: tuple[QueueName, ...] = ()
    others: tuple[AgentId, ...] = ()
    one_by_one: bool = False

    @property
    def rung(self) -> tuple[AgentId, ...]:
        """All to whom it is offered now; () when it is not."""
        if self.agent is None or self.state not in ("offered", "ringing"):
            return ()
        return (self.agent, *self.others)

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
    one_by_one: bool = False,
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
        one_by_one=one_by_one,
    )


def _into(
    entry: Entry,
    queue: QueueName | None,
    skills: Mapping[SkillName, int] | None,
    now: dt.datetime,
    been: tuple[QueueName, ...] = (),
) -> Entry:
    """In another queue the announced place and the steps of the old one mean nothing."""
    if skills is not None:
        entry = replace(entry, skills=dict(skills))
    if queue is None or queue == entry.queue:
        return entry
    return replace(entry, queue=queue, step=0, step_since=now, announced=None, tried=NOBODY, been=been)


def _without(entry: Entry, agent: AgentId, event: EntryEvent) -> Entry:
    """Still offered to the others. Raises IllegalTransition where there would be none."""
    left = tuple(one for one in entry.rung if one != agent)
    if not left:
        raise IllegalTransition(f"entry {entry.id}", entry.state, event)
    return replace(entry, agent=left[0], others=left[1:])


def apply(entry: Entry, event: EntryEvent, now: dt.datetime) -> Entry:
    """The entry after the event. Raises IllegalTransition (entry unchanged) when the tables do not allow it."""
    after = _after(entry, event, now)
    if after.state != entry.state:
        return after  # and `_enter` has counted it
    same = replace(after, revision=entry.revision) == entry
    return entry if same else replace(after, revision=entry.revision + 1)


def _enter(entry: Entry, state: EntryState, now: dt.datetime, **besides: Any) -> Entry:
    """Into a state, if it is in another one. besides: fields that are others then."""
    since = entry.since if state == entry.state else now
    return replace(entry, state=state, since=since, revision=entry.revision + 1, **besides)


def _after(entry: Entry, event: EntryEvent, now: dt.datetime) -> Entry:
    state = TRANSITIONS[entry.state].get(type(event))
    if state is None or (isinstance(event, Ended) and event.outcome not in OUTCOMES[entry.state]):
        raise IllegalTransition(f"entry {entry.id}", entry.state, event)
    match event:
        case Offered(agent=agent):
            return _enter(entry, state, now, agent=agent, attempts=entry.attempts + 1)
        case OfferedToo(agent=agent):
            return replace(entry, others=(*entry.others, agent), attempts=entry.attempts + 1)
        case Ringing():
            return _enter(entry, state, now)
        case NotTaken():
            tried = entry.tried if entry.agent is None else {**entry.tried, entry.agent: now}
            return _enter(entry, state, now, agent=None, others=(), tried=tried)
        case Withdrawn():
            return _enter(entry, state, now, agent=None, others=())
        case NotTakenByOne(agent=agent):
            return replace(_without(entry, agent, event), tried={**entry.tried, agent: now})
        case WithdrawnFromOne(agent=agent):
            return _without(entry, agent, event)
        case Joined(agent=agent):
            return _enter(entry, state, now, agent=agent or entry.agent, others=(), joined_at=now)
        case Requeued(not_before=not_before, queue=queue, skills=skills):
            back = _enter(
                entry, state, now, agent=None, joined_at=None, limit_from=now, not_before=not_before
            )
            return _into(back, queue, skills, now)
        case Moved(by=by, queue=queue, priority=priority, skills=skills):
            moved = entry if priority is None else replace(entry, priority=priority)
            return _into(moved, queue, skills, now, (*entry.been, entry.queue) if by == BY_THE_RULES else ())
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
            # Who had hung up before the agent was there was not joined, as it turns out.
            joined_at = None if outcome == "abandoned" else entry.joined_at
            return _enter(entry, state, now, ended_at=now, outcome=outcome, joined_at=joined_at)
        case _:
            assert_never(event)
