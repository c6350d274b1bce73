"""What a call session needs of the rest of the house, as protocols: the composition root gives the concrete parts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from asr.protocol import Final, Word
from ivr.callers_known import LostPlace
from ivr.flow.actions import Callback, Enqueue, JsonValue, Lookup, Notify, Prompt, Request, Transfer
from ivr.flow.inputs import CallbackPlaced, LookupEnded, RequestEnded
from ivr.flow.model import FlowLibrary
from ivr.ids import CallId, ChannelId
from routing.entries import Entry
from routing.ids import AgentId, EntryId

Speaker = Literal["caller", "agent", "party", "recording"]
"""party: whoever else was brought into the call. recording: several people in one sound."""
SpeechSource = Literal["dialogue", "conversation", "voicemail", "recording"]

TalksWrittenDown = Literal["off", "agents", "all"]
"""agents: talks with the hotline's own agents. all: those with outside parties too."""


class PromptAudio(Protocol):
    """Prompts as media that Asterisk can play. Dictionary look-ups only; nothing waits but `prepare`."""

    def media(self, prompts: Sequence[Prompt], language: str) -> list[str]:
        """ARI media URIs. Raises PromptMissing."""
        ...

    def seconds(self, prompts: Sequence[Prompt], language: str) -> float: ...

    def ready(self, prompts: Sequence[Prompt], language: str) -> bool:
        """Whether nothing would be gained by `prepare`."""
        ...

    async def prepare(self, prompts: Sequence[Prompt], language: str) -> None:
        """Have free texts spoken before `media` is asked for them; waits a few seconds at most, raises nothing."""
        ...


class Records(Protocol):
    """Where a call's facts go. Never waits and never raises: writing happens elsewhere, in batches."""

    def arrived(self, call: CallId, facts: CallerFacts, at: dt.datetime) -> None: ...
    def journal(
        self, call: CallId, seq: int, kind: str, data: Mapping[str, JsonValue], at: dt.datetime
    ) -> None: ...
    def transcript(self, call: CallId, seq: int, line: Said, at: dt.datetime) -> None:
        """at: when it was understood. seq: 1, 2, 3 ... of everything said on the line, whoever spoke, in any order; of
        a recording (`line.party`), counted anew. Writing the same (call, party, seq) again changes nothing."""
        ...

    def recorded(self, call: CallId, recording: Recorded) -> None: ...
    def ended(self, call: CallId, summary: CallSummary, at: dt.datetime) -> None: ...
    def live(self, call: CallId, live: LiveCall) -> None:
        """How the call stands, for whoever may have to go on with it. A later one replaces an earlier one."""
        ...


@dataclass(frozen=True, slots=True)
class LiveCall:
    """data: JSON (`ivr.call.saved`), {} when the call is over. It holds what the caller pressed and said."""

    channel: ChannelId
    revision: int
    at: dt.datetime
    over: bool = False
    data: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class CallerFacts:
    """What is known of a call when it arrives. caller: the number, "" when withheld. answered: by the dialplan.

    history: the caller's earlier calls, as `CallFacts.history`; {} when nothing is known. agent: whose telephone this
    is, "" = a citizen's. handed_from: of a citizen whom the hotline had called: the call, or the promise to call back,
    that this call comes out of.
    """

    caller: str
    called: str
    entry_flow: str
    flow_version: str
    language: str
    trunk: str = ""
    answered: bool = False
    history: Mapping[str, JsonValue] = field(default_factory=dict, repr=False)
    agent: str = ""
    handed_from: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One utterance as a recogniser understood it. text: the only part that is personal.

    party: the agent's id, or that of the recording it was found in; "" of a caller on the line. began_at, ended_at: the
    speech itself, None where only the time of hearing is known. words: their times are seconds from `began_at`.
    """

    speaker: Speaker
    text: str = field(repr=False)
    language: str
    engine: str
    confidence: float | None = None
    party: str = ""
    source: SpeechSource = "dialogue"
    began_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    engine_version: str = ""
    words: tuple[Word, ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls,
        heard: Final,
        stream_began_at: dt.datetime,
        *,
        speaker: Speaker = "caller",
        source: SpeechSource = "dialogue",
        party: str = "",
    ) -> Said:
        """stream_began_at: when the first audio of the stream that it was heard in was spoken."""
        return cls(
            speaker,
            heard.text,
            heard.language,
            heard.engine,
            heard.confidence,
            party,
            source,
            stream_began_at + dt.timedelta(seconds=heard.began_s),
            stream_began_at + dt.timedelta(seconds=max(heard.began_s, heard.ended_s)),
            heard.version,
            tuple(
                replace(word, start_s=word.start_s - heard.began_s, end_s=word.end_s - heard.began_s)
                for word in heard.words
            ),
        )


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the caller said onto the machine, as it stands. path: within the folder of recordings.

    A later write replaces an earlier one: `revision` grows. seconds: its length, 0.0 while it is being made.
    """

    id: str
    purpose: str
    path: str
    began_at: dt.datetime
    language: str
    state: Literal["recording", "kept", "failed", "deleted"] = "recording"
    seconds: float = 0.0
    ended_by: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class CallSummary:
    """The call as a whole, at its end. Times in seconds."""

    facts: CallerFacts
    arrived_at: dt.datetime
    language: str
    outcome: Literal["completed", "abandoned", "failed"]
    ended_by: Literal["caller", "system"]
    cause: int
    queue: str = ""
    agent: str = ""
    waited_s: float | None = None
    talked_s: float | None = None
    survey: int | None = None
    notes: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """An agent is reserved for this caller: ring that phone."""

    entry: EntryId
    agent: AgentId
    endpoint: str
    """ARI endpoint to create a channel to, e.g. `PJSIP/1001`."""
    display: str
    """What the agent's telephone shows as the caller's name, e.g. `Service desk zh`."""
    caller: str
    """The caller's number, "" when withheld."""
    ring_s: float
    language: str = ""
    """The agent's own (the label `language`), "" where none is given."""
    others: tuple[str, ...] = ()
    """Further telephones of the agent, as `endpoint`: all ring."""


@dataclass(frozen=True, slots=True)
class QueueNow:
    """How a queue is doing. waiting: in line. agents: logged in, of this queue, not paused. free: of those, who could
    take a call at once. wait_s: what a caller who came now would wait, None where that cannot be told."""

    waiting: int
    agents: int
    free: int
    wait_s: tuple[float, float] | None = None


RingOutcome = Literal["busy", "no_answer", "unreachable", "do_not_disturb", "caller_left", "failed"]


class Seat(Protocol):
    """A caller in a queue as the dispatcher sees it. Called on the loop; must not wait.

    rings_several: whether it takes a further offer while one is open; each is answered, refused or withdrawn by itself.
    """

    @property
    def rings_several(self) -> bool: ...

    def offered(self, offer: Offer) -> None: ...
    def withdrawn(self, offer: Offer) -> None: ...
    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None: ...
    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None: ...


class Queues(Protocol):
    """The dispatcher as a call session sees it. Nothing waits."""

    def enqueue(
        self, entry: EntryId, call: CallId, wanted: Enqueue, caller: str, seat: Seat
    ) -> LostPlace | None:
        """The place that the caller lost in an earlier call and has again, if there is one."""
        ...

    def told(self, entry: EntryId, place: int, wait_s: tuple[float, float] | None) -> None:
        """The caller is being told this place (1 = next) and this wait (s)."""
        ...

    def leave(
        self, entry: EntryId, why: Literal["abandoned", "left", "failed"], *, heard: bool = True
    ) -> None:
        """heard: of a caller whom an agent has; False: the agent answered, and the two were not together yet."""
        ...

    def ringing(self, entry: EntryId, agent: AgentId) -> None: ...
    def answered(self, entry: EntryId, agent: AgentId) -> bool:
        """False: the offer was over already; the telephone must be let go."""
        ...

    def not_answered(self, entry: EntryId, agent: AgentId, outcome: RingOutcome) -> None: ...
    def sent_back(
        self,
        entry: EntryId,
        agent: AgentId,
        why: str,
        *,
        queue: str = "",
        skills: Mapping[str, int] | None = None,
    ) -> None:
        """From the agent back to waiting, in the old place. queue, skills: into that queue, asking for these."""
        ...

    def again(
        self,
        entry: EntryId,
        call: CallId,
        wanted: Enqueue,
        caller: str,
        seat: Seat,
        since: dt.datetime,
        missed_by: str,
    ) -> None:
        """As `enqueue`, with the age that the caller's place had. missed_by: an agent who did not take the caller."""
        ...

    def resume(self, entry: EntryId, caller: str, seat: Seat) -> Entry | None:
        """The entry of a caller whom an earlier controller had in line, who has that seat now: `waiting`, or `offered`
        (and the seat was told), in its old place; `joined`; `ended`. None: there is none."""
        ...

    def tell_anew(self, entry: EntryId) -> None:
        """Tell the seat its place, also when that has not changed."""
        ...

    def since(self, entry: EntryId) -> dt.datetime | None:
        """What the age of a place is counted from."""
        ...

    def knows_agent(self, name: str) -> bool:
        """Whether there is an agent of that id or extension."""
        ...

    def has(self, agent: AgentId, entry: EntryId) -> bool:
        """Whether that agent has the caller of that entry."""
        ...

    def tell(self, agent: AgentId, act: Literal["hold", "resume", "consult"]) -> None:
        """What the agent does with the call that it has."""
        ...

    def finished(self, entry: EntryId, agent: AgentId, *, wrap_up_as: str = "") -> None:
        """The talk is over, whoever ended it: the agent goes to wrap-up. wrap_up_as: that queue's, where the entry is
        of none (a call that was handed on)."""
        ...

    def now(self, queue: str, language: str) -> QueueNow | None:
        """Of the agents who speak that language, all where it is "". None: there is no such queue."""
        ...

    def call_agent(
        self, entry: EntryId, call: CallId, wanted: Transfer, caller: str, seat: Seat
    ) -> Literal["offered", "unknown", "unavailable"]:
        """Reserve the agent of that id or extension. offered: `seat.offered` was called; go on as with any offer."""
        ...


class Callbacks(Protocol):
    """Promises to call back, which outlive their call."""

    async def promise(
        self, call: CallId, wanted: Callback, caller: str, held: EntryId | None, seat: Seat
    ) -> CallbackPlaced:
        """Returns when the promise is durable, or not made. Raises only CancelledError.

        held: the place that it takes over; at once nobody is rung for it any more, and when the promise is not made it
        is the caller's again, as before, with that seat.
        """
        ...

    def released(self, call: CallId) -> None:
        """The call is over: whom it promised something may be called from now on."""
        ...


class Outside(Protocol):
    """Programs, sources and people beyond the hotline. library: of the call's version; it says what may be asked.

    The two that wait end within the time the dialogue allows, and raise only CancelledError: cancel them for
    `CancelRequest`, `CancelLookup` and when the call is over; what they held is free then.
    """

    async def request(self, call: CallId, wanted: Request, library: FlowLibrary) -> RequestEnded: ...
    async def lookup(self, call: CallId, wanted: Lookup, caller: str, library: FlowLibrary) -> LookupEnded:
        """caller: the number as presented, "" when withheld."""
        ...

    def notify(self, call: CallId, wanted: Notify, caller: str, at: dt.datetime) -> None:
        """Kept durably and delivered later; never waits and never raises."""
        ...
