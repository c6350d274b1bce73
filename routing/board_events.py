"""What the board is told, and what it wants done or recorded in return. Data only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from routing.agents import Agent, AgentAct, AgentEvent, NoAnswerKind
from routing.decisions import Decision, Offer, Overflow, Reject
from routing.entries import Entry, EntryEvent, Outcome
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.rules import Rules

# --- events: what happened


@dataclass(frozen=True, slots=True)
class EntryArrived:
    """A caller begins to wait. An entry that the board knows already is ignored (a repeated command)."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class EntryLeft:
    """The caller is gone from the queue: `abandoned` (hung up), `left` (by the flow's wish) or `failed`.

    heard: of a caller who is joined, whether agent and caller were together: then the caller was served.
    """

    entry: EntryId
    outcome: Outcome
    heard: bool = True


@dataclass(frozen=True, slots=True)
class Rang:
    """The agent's phone rings for this entry."""

    entry: EntryId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class Answered:
    """The agent took the call: the two are joined."""

    entry: EntryId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """The agent's leg ended before an answer. The ring time itself is the board's own timer."""

    entry: EntryId
    agent: AgentId
    kind: NoAnswerKind


@dataclass(frozen=True, slots=True)
class OfferFailed:
    """The offer could not be carried out through no fault of the agent (an error of ours)."""

    entry: EntryId
    agent: AgentId
    why: str


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """The conversation is over, whoever ended it. served False: there was none (a callback not answered)."""

    entry: EntryId
    agent: AgentId
    served: bool = True
    wrap_up_as: QueueName | None = None
    """The queue whose wrap-up holds where the entry is of none (a transfer to this agent)."""


@dataclass(frozen=True, slots=True)
class SentBack:
    """The caller talked to the agent and goes back to the same line, in the old place."""

    entry: EntryId
    agent: AgentId
    why: str
    not_before: dt.datetime | None = None
    """A callback whose citizen did not answer: called again then, not at once."""
    queue: QueueName | None = None
    """A transfer to another queue, where the age counts as here."""
    skills: Mapping[SkillName, int] | None = None


@dataclass(frozen=True, slots=True)
class EntryMoved:
    """A supervisor or the dialogue moves a waiting entry, or changes its priority (None = as before)."""

    entry: EntryId
    by: str
    why: str
    queue: QueueName | None = None
    priority: int | None = None
    skills: Mapping[SkillName, int] | None = None


@dataclass(frozen=True, slots=True)
class HoursChanged:
    """These queues, and only these, are closed from now on (the shell knows the calendars)."""

    closed: frozenset[QueueName]


@dataclass(frozen=True, slots=True)
class CallbackPromised:
    """The caller need not stay: the entry keeps its place and is served by calling back, not before that time."""

    entry: EntryId
    callback: str
    not_before: dt.datetime | None


@dataclass(frozen=True, slots=True)
class CallbackRefused:
    """The promise could not be kept durably: the caller goes on waiting on the line."""

    entry: EntryId


@dataclass(frozen=True, slots=True)
class CallbackTimed:
    """The time of a callback that waits: from then on an agent may be rung. None: from now on."""

    entry: EntryId
    not_before: dt.datetime | None


@dataclass(frozen=True, slots=True)
class PlaceTold:
    entry: EntryId
    place: int


@dataclass(frozen=True, slots=True)
class AgentActed:
    """The agent, the phone or a supervisor did something that is not about an offer: LogIn, Pause, Force ...

    engaged: the call that the agent's telephone is in while this is done (a code that was dialled), "" = none. Who
    becomes free by it is in a call of the own (`CallOut`) from the same moment: nobody is rung who cannot answer.
    """

    agent: AgentId
    event: AgentAct
    engaged: str = ""


@dataclass(frozen=True, slots=True)
class AgentKnown:
    """A new agent; or name, extension, skills, queues or labels of an old one changed (its state stays)."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """In force at once, for those already waiting too."""

    rules: Rules


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went on: send it at `Board.next_deadline()`, and once after a start."""


BoardEvent = (
    EntryArrived
    | EntryLeft
    | Rang
    | Answered
    | NotAnswered
    | OfferFailed
    | TalkEnded
    | SentBack
    | EntryMoved
    | HoursChanged
    | CallbackPromised
    | CallbackRefused
    | CallbackTimed
    | PlaceTold
    | AgentActed
    | AgentKnown
    | RulesChanged
    | Tick
)

# --- commands: what is to be done


@dataclass(frozen=True, slots=True)
class RingAgent:
    """Ring the agent for this entry. Answer with Rang, Answered, NotAnswered or OfferFailed.

    ring_s: the board sends StopRinging after so long without an answer.
    """

    entry: Entry
    agent: Agent
    ring_s: float
    decision: Offer


@dataclass(frozen=True, slots=True)
class StopRinging:
    """End the agent's leg of this offer; what it still reports is stale. why: timeout, caller_left, forced ..."""

    entry: EntryId
    agent: AgentId
    why: str


@dataclass(frozen=True, slots=True)
class EndWait:
    """The caller's wait is over by the rules (`entry.outcome`): tell the flow."""

    entry: Entry
    decision: Overflow | Reject


@dataclass(frozen=True, slots=True)
class EndConversation:
    """A supervisor's force took the agent out of this call: end the agent's leg, then report TalkEnded."""

    entry: EntryId
    agent: AgentId
    why: str


# --- facts: what changed, for journal, storage and screens


@dataclass(frozen=True, slots=True)
class EntryChanged:
    before: Entry | None
    after: Entry
    event: EntryEvent | None


@dataclass(frozen=True, slots=True)
class AgentChanged:
    before: Agent | None
    after: Agent
    event: AgentEvent | None


@dataclass(frozen=True, slots=True)
class Decided:
    """revision: the entry's at the time of the decision."""

    call_id: str
    revision: int
    decision: Decision
    titles: Mapping[SkillName, Mapping[str, str]]
    """Titles of the skills, for `sentences.sentence`."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """The event was stale (it names an offer or a call that is over): nothing changed."""

    event: BoardEvent
    why: str


Command = RingAgent | StopRinging | EndWait | EndConversation
Fact = EntryChanged | AgentChanged | Decided | Ignored
Result = Command | Fact
