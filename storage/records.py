"""What is stored, as frozen values: one dataclass a table, with the table's column names.

What outlives its call is in `promises.py`, the dialogues are in `flow_records.py`. `Fact` is what the `FactWriter`
takes. Values in `data`, `skills`, `words` ... are plain JSON. Times are aware UTC. A record's `repr` shows no personal
data: it may go into a log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Any, Final, Literal, cast

from routing.agents import Agent, AgentEvent, AgentState, Leaving
from routing.board_events import AgentChanged, Decided
from routing.decisions import Decision, Move, Offer, Overflow, Overtaken, Reason, Reject, Value, Wait
from routing.entries import Entry, EntryState, Outcome, Step
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.sentences import sentence
from storage.act_records import ActRecord
from storage.entry_changes import EntryChange
from storage.live_records import LiveCallRecord
from storage.masking import mask
from storage.missed_records import MissedCallRecord, WaitEstimateRecord
from storage.promises import CallbackRecord, NotificationRecord, RecordingRecord
from storage.wrap_up_records import WrapUpRecord

Json = Mapping[str, Any]
DecisionKind = Literal["offer", "wait", "move", "overflow", "reject", "overtaken"]

_KINDS: Final[Mapping[type[Decision], DecisionKind]] = {
    Offer: "offer",
    Wait: "wait",
    Move: "move",
    Overflow: "overflow",
    Reject: "reject",
    Overtaken: "overtaken",
}


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One citizen's call. caller: as Asterisk gave it, "" when withheld. cause: Q.850 code.

    flow, flow_version: the dialogue it is pinned to. A later write replaces the row unless its revision is lower.
    """

    id: str
    started_at: dt.datetime
    node: str = "n1"
    state: Literal["live", "ended"] = "live"
    caller: str = ""
    dialled: str = ""
    language: str = ""
    flow: str = ""
    flow_version: str = ""
    answered_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    ended_by: str = ""
    cause: int | None = None
    data: Json = field(default_factory=dict)
    revision: int = 0

    def __repr__(self) -> str:
        return f"CallRecord(id={self.id!r}, state={self.state!r}, caller={mask(self.caller)!r})"


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One thing that happened in a call. seq: 1, 2, 3 ... within the call, given by its session.

    version: of the shape of `data` for this kind. Writing the same (call_id, seq) again changes nothing.
    """

    call_id: str
    seq: int
    at: dt.datetime
    kind: str
    data: Json = field(default_factory=dict, repr=False)
    version: int = 1


Speaker = Literal["caller", "agent", "party", "recording"]
SpeechSource = Literal["dialogue", "conversation", "voicemail", "recording"]


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One utterance. Its key is (call_id, party, seq).

    party: the agent's id, or that of the recording it was found in; "" of a caller on the line. seq: of everything said
    on the line, whoever spoke; of a recording, counted anew. at: when it was understood. began_at, ended_at: the speech
    itself, None where that is not known. words: {text, start_s, end_s, confidence} each, seconds from `began_at`.
    speaker: party = whoever else was brought in; recording = several people in one sound. text: as the engine gave it,
    for ever. corrected: what an agent made of it, None as long as nobody did. revision: how many times that was
    (`Transcripts.correct`, nobody else).
    """

    call_id: str
    seq: int
    at: dt.datetime
    speaker: Speaker
    text: str = field(repr=False)
    language: str = ""
    confidence: float | None = None
    engine: str = ""
    words: Sequence[Json] = field(default=(), repr=False)
    party: str = ""
    source: SpeechSource = "dialogue"
    began_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    engine_version: str = ""
    corrected: str | None = field(default=None, repr=False)
    revision: int = 0

    @property
    def begins(self) -> dt.datetime:
        return self.began_at or self.at

    @property
    def shown(self) -> str:
        """The text as it is now held to be right."""
        return self.text if self.corrected is None else self.corrected


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """A queue entry as it stands: `EntryRecord.of(entry)`, and `entry()` back. Fields as in routing.entries.Entry."""

    id: str
    call_id: str
    queue: str
    state: str
    enqueued_at: dt.datetime
    since: dt.datetime
    step_since: dt.datetime
    limit_from: dt.datetime
    skills: Mapping[str, int]
    steps: Sequence[Json]
    priority: int
    language: str
    reason: str = field(repr=False)
    timeout_s: float | None
    step: int
    agent: str | None
    attempts: int
    tried: Mapping[str, str]
    announced: int | None
    joined_at: dt.datetime | None
    ended_at: dt.datetime | None
    outcome: str | None
    revision: int
    only: str | None = None
    ring_s: float | None = None
    callback: str = ""
    not_before: dt.datetime | None = None
    preferred: str | None = None
    caller_key: str = field(default="", repr=False)

    @classmethod
    def of(cls, entry: Entry) -> EntryRecord:
        return cls(
            id=entry.id,
            call_id=entry.call_id,
            queue=entry.queue,
            state=entry.state,
            enqueued_at=entry.enqueued_at,
            since=entry.since,
            step_since=entry.step_since,
            limit_from=entry.limit_from,
            skills={skill: level for skill, level in entry.skills.items()},
            steps=[asdict(step) for step in entry.steps],
            priority=entry.priority,
            language=entry.language,
            reason=entry.reason,
            timeout_s=entry.timeout_s,
            step=entry.step,
            agent=entry.agent,
            attempts=entry.attempts,
            tried={agent: at.isoformat() for agent, at in entry.tried.items()},
            announced=entry.announced,
            joined_at=entry.joined_at,
            ended_at=entry.ended_at,
            outcome=entry.outcome,
            revision=entry.revision,
            only=entry.only,
            ring_s=entry.ring_s,
            callback=entry.callback,
            not_before=entry.not_before,
            preferred=entry.preferred,
            caller_key=entry.caller_key,
        )

    def entry(self) -> Entry:
        return Entry(
            id=EntryId(self.id),
            queue=QueueName(self.queue),
            call_id=self.call_id,
            enqueued_at=self.enqueued_at,
            since=self.since,
            step_since=self.step_since,
            limit_from=self.limit_from,
            skills=_skills(self.skills),
            steps=tuple(
                Step(_skills(step["require"]), _skills(step["prefer"]), step["for_s"]) for step in self.steps
            ),
            priority=self.priority,
            language=self.language,
            reason=self.reason,
            timeout_s=self.timeout_s,
            state=cast(EntryState, self.state),
            step=self.step,
            agent=None if self.agent is None else AgentId(self.agent),
            attempts=self.attempts,
            tried={AgentId(agent): dt.datetime.fromisoformat(at) for agent, at in self.tried.items()},
            announced=self.announced,
            joined_at=self.joined_at,
            ended_at=self.ended_at,
            outcome=cast(Outcome | None, self.outcome),
            revision=self.revision,
            only=None if self.only is None else AgentId(self.only),
            ring_s=self.ring_s,
            callback=self.callback,
            not_before=self.not_before,
            preferred=None if self.preferred is None else AgentId(self.preferred),
            caller_key=self.caller_key,
        )


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One decision about an entry: who was or was not offered, and why, as data and in words.

    revision: the entry's at that time. agent: whom it was offered to. outcome: of an overflow or a rejection, else "".
    """

    entry_id: str
    revision: int
    at: dt.datetime
    kind: DecisionKind
    call_id: str
    agent: str | None
    step: int
    outcome: str
    reasons: Sequence[Json]
    sentence_zh: str
    sentence_en: str

    @classmethod
    def of(cls, decided: Decided, at: dt.datetime) -> DecisionRecord:
        decision = decided.decision
        return cls(
            entry_id=decision.entry,
            revision=decided.revision,
            at=at,
            kind=_KINDS[type(decision)],
            call_id=decided.call_id,
            agent=decision.agent if isinstance(decision, Offer) else None,
            step=decision.step if isinstance(decision, Offer | Wait) else 0,
            outcome=decision.outcome if isinstance(decision, Overflow | Reject) else "",
            reasons=[_reason(reason) for reason in decision.reasons],
            sentence_zh=sentence(decision, "zh", decided.titles),
            sentence_en=sentence(decision, "en", decided.titles),
        )


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """An agent as it stands: `AgentRecord.of(agent)`, and `agent()` back. Fields as in routing.agents.Agent."""

    id: str
    name: str
    extension: str
    skills: Mapping[str, int]
    queues: Sequence[str]
    labels: Mapping[str, str]
    state: str
    since: dt.datetime
    idle_since: dt.datetime
    until: dt.datetime | None
    pause_reason: str
    no_answers: int
    entry: str | None
    leaving: Json | None
    revision: int
    rank: int = 0
    calls: int = 0
    busy_s: float = 0.0
    last_given_at: dt.datetime | None = None
    logged_in_at: dt.datetime | None = None
    reminders: int = 0
    missed_at: dt.datetime | None = None
    own_call: str = ""
    do_not_disturb: bool = False

    @classmethod
    def of(cls, agent: Agent) -> AgentRecord:
        return cls(
            id=agent.id,
            name=agent.name,
            extension=agent.extension,
            skills={skill: level for skill, level in agent.skills.items()},
            queues=sorted(agent.queues),
            labels=dict(agent.labels),
            state=agent.state,
            since=agent.since,
            idle_since=agent.idle_since,
            until=agent.until,
            pause_reason=agent.pause_reason,
            no_answers=agent.no_answers,
            entry=agent.entry,
            leaving=None if agent.leaving is None else asdict(agent.leaving),
            revision=agent.revision,
            rank=agent.rank,
            calls=agent.calls,
            busy_s=agent.busy_s,
            last_given_at=agent.last_given_at,
            logged_in_at=agent.logged_in_at,
            reminders=agent.reminders,
            missed_at=agent.missed_at,
            own_call=agent.own_call,
            do_not_disturb=agent.do_not_disturb,
        )

    def agent(self) -> Agent:
        return Agent(
            id=AgentId(self.id),
            name=self.name,
            extension=self.extension,
            skills=_skills(self.skills),
            queues=frozenset(map(QueueName, self.queues)),
            since=self.since,
            idle_since=self.idle_since,
            state=cast(AgentState, self.state),
            until=self.until,
            pause_reason=self.pause_reason,
            no_answers=self.no_answers,
            entry=None if self.entry is None else EntryId(self.entry),
            leaving=None if self.leaving is None else Leaving(**self.leaving),
            labels=dict(self.labels),
            revision=self.revision,
            rank=self.rank,
            calls=self.calls,
            busy_s=self.busy_s,
            last_given_at=self.last_given_at,
            logged_in_at=self.logged_in_at,
            reminders=self.reminders,
            missed_at=self.missed_at,
            own_call=self.own_call,
            do_not_disturb=self.do_not_disturb,
        )


@dataclass(frozen=True, slots=True)
class AgentStateChange:
    """One line of an agent's history. event: the event's name, data: its fields (`by` and `why` of a force ...), and
    `do_not_disturb` while the telephone refuses calls before it rings.

    entry: the one that the agent had before or has after: what the change is about.
    """

    agent_id: str
    revision: int
    at: dt.datetime
    before: str
    after: str
    event: str
    reason: str = ""
    entry: str | None = None
    data: Json = field(default_factory=dict)

    @classmethod
    def of(cls, changed: AgentChanged, at: dt.datetime) -> AgentStateChange:
        after = changed.after
        return cls(
            agent_id=after.id,
            revision=after.revision,
            at=at,
            before="" if changed.before is None else changed.before.state,
            after=after.state,
            event="known" if changed.event is None else _name(type(changed.event).__name__),
            reason=after.pause_reason,
            entry=after.entry or (None if changed.before is None else changed.before.entry),
            data=({} if changed.event is None else _plain_fields(changed.event))
            | ({"do_not_disturb": True} if after.do_not_disturb else {}),
        )


Fact = (
    CallRecord
    | JournalEvent
    | EntryRecord
    | DecisionRecord
    | AgentRecord
    | AgentStateChange
    | TranscriptLine
    | CallbackRecord
    | RecordingRecord
    | NotificationRecord
    | MissedCallRecord
    | WaitEstimateRecord
    | ActRecord
    | WrapUpRecord
    | LiveCallRecord
    | EntryChange
)


def _skills(plain: Mapping[str, int]) -> dict[SkillName, int]:
    return {SkillName(name): level for name, level in plain.items()}


def _reason(reason: Reason) -> dict[str, Any]:
    return {"code": reason.code, "data": {key: _plainly(value) for key, value in reason.data.items()}}


def _plainly(value: Value) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _plain_fields(event: AgentEvent) -> dict[str, Any]:
    """Which hold texts and numbers only: `asdict` would look into each."""
    names = _field_names(type(event))  # type: ignore[arg-type]  # mypy takes no type for hashable
    return {name: getattr(event, name) for name in names}


@cache
def _field_names(event: type[AgentEvent]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(event))


@cache
def _name(event: str) -> str:
    """`WrapUpDone` -> `wrap_up_done`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in event).lstrip("_")
