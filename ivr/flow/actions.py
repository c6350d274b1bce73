"""What a dialogue wants done: the actions of `machine.step`. Data only; the call session carries them out in order.

Every action that completes later carries an `op`, which its completion echoes (`inputs.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivr.flow.inputs import JsonValue as JsonValue
from ivr.flow.inputs import OpId

DeskDo = Literal["log_in", "log_out", "pause", "unpause", "wrap_up", "extend", "look", "call"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt of the catalogue by id, with the values its text names (`{count}`)."""

    id: str
    values: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Play:
    """Play prompts one after the other. Completes with `PromptEnded`."""

    op: OpId
    prompts: tuple[Prompt, ...]
    language: str


@dataclass(frozen=True, slots=True)
class StopPlay:
    """Stop that `Play` at once. Its `PromptEnded(stopped)` still comes; the machine need not wait for it."""

    op: OpId


@dataclass(frozen=True, slots=True)
class Listen:
    """Recognise the caller's speech. Completes with `SpeechHeard` or `SpeechFailed`.

    phrases: the closed set allowed (a grammar); empty = open speech. expects: what open speech is likely to be, for an
    engine that can use it ("digits", "date", "phone" ...: the name of a format of values/formats.py). end_silence_s:
    silence that ends the utterance. longest_s: the utterance is cut there. hot_words: names of this hotline that may
    occur. identify: the languages to choose between for `SpeechHeard.languages`; empty = the language is known.
    prompt_plays: a prompt plays as it begins, whose echo is no answer. The no-input timer is the machine's own
    (`StartTimer`).
    """

    op: OpId
    language: str
    phrases: tuple[str, ...] = ()
    end_silence_s: float = 0.8
    longest_s: float = 15.0
    expects: str = ""
    hot_words: tuple[str, ...] = ()
    identify: tuple[str, ...] = ()
    prompt_plays: bool = False


@dataclass(frozen=True, slots=True)
class StopListen:
    op: OpId


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Completes with `TimerFired` after `after_s` seconds unless cancelled."""

    op: OpId
    after_s: float


@dataclass(frozen=True, slots=True)
class CancelTimer:
    op: OpId


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Wait for an agent of this queue. Completes with `QueueEnded`; `QueueProgress` and `AgentJoined` meanwhile.

    While it is open and nothing plays, the caller hears music; music: which, "" = the usual. whisper: what the agent
    hears before the caller is there. skills: name -> least level (1-5).
    priority: higher is served first. timeout_s: None = the queue's own. reason: what the agent is told.
    """

    op: OpId
    queue: str
    language: str
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    timeout_s: float | None = None
    reason: str = ""
    music: str = ""
    whisper: tuple[Prompt, ...] = ()


@dataclass(frozen=True, slots=True)
class BackInTalk:
    """The flow that an agent sent the caller to is through: the two talk on. op: of the `Enqueue`."""

    op: OpId


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    op: OpId


@dataclass(frozen=True, slots=True)
class Callback:
    """Promise to call back. Completes with `CallbackPlaced`.

    held: the op of an open `Enqueue` whose place the callback takes over (that `Enqueue` is over then, without a
    `QueueEnded`); "" = a new place at the end. number: digits, as the caller confirmed them. not_before: ISO time or
    "". plan: how it is to be carried out (`ivr.callback.plan`), {} = as the settings say.
    """

    op: OpId
    queue: str
    number: str
    language: str
    held: str = ""
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    reason: str = ""
    not_before: str = ""
    plan: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """Record the caller. Completes with `RecordingEnded`. finish_keys: any of them ends it ("" = none)."""

    op: OpId
    language: str
    purpose: str = "message"
    longest_s: float = 120.0
    silence_s: float = 4.0
    finish_keys: str = "#"
    beep: bool = True


@dataclass(frozen=True, slots=True)
class StopRecord:
    """End that `Record` and keep what there is. Its `RecordingEnded` need not be waited for."""

    op: OpId


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bring another party in. Completes with `TransferEnded`; `PartyJoined` when the other has answered.

    to: "number" (one of the hotline's `numbers`, already resolved) or "agent" (an agent's id or extension).
    others: further numbers, rung at the same time; whoever answers first is the party. mode: blind: the caller hears
    ringing and is joined. announced: the other party first hears `announce` and may refuse by hanging up; accept: the
    key by which it has to agree, "" = none. conference: as blind, but the agent of the call, if there is one, stays.
    keys: pressed for the other party once it has answered. leave: the key by which the caller ends the talk, "" = none.
    """

    op: OpId
    to: Literal["number", "agent"]
    target: str
    language: str
    mode: Literal["blind", "announced", "conference"] = "blind"
    ring_s: float = 30.0
    longest_s: float | None = None
    announce: tuple[Prompt, ...] = ()
    reason: str = ""
    others: tuple[str, ...] = ()
    accept: str = ""
    keys: str = ""
    leave: str = ""


@dataclass(frozen=True, slots=True)
class CancelTransfer:
    op: OpId


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, with retries, behind allow-list and circuit breaker. Completes with `RequestEnded`.

    headers: a value is a text, or `{"secret": NAME, "prefix": "Bearer "}`: known to the shell only. body: JSON, None =
    none. expect: the statuses that are a success; () = 200-299. retries: after the first try, for timeouts, connections
    and 502-504.
    """

    op: OpId
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    headers: Mapping[str, JsonValue] = field(default_factory=dict)
    body: JsonValue = None
    timeout_s: float = 5.0
    retries: int = 0
    max_bytes: int = 65536
    expect: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelRequest:
    op: OpId


@dataclass(frozen=True, slots=True)
class Lookup:
    """Ask a source of the hotline's `sources`. Completes with `LookupEnded`. by: column or argument -> value."""

    op: OpId
    source: str
    by: Mapping[str, JsonValue] = field(default_factory=dict)
    timeout_s: float = 3.0


@dataclass(frozen=True, slots=True)
class CancelLookup:
    op: OpId


@dataclass(frozen=True, slots=True)
class DeskAct:
    """The agent whose telephone this is does something. Completes with `DeskAnswered`.

    reason: of a pause. code: of a wrap-up. seconds: to extend it by. number: the outside number that `call` rings for
    `ring_s`, as far as the installation allows; `PartyJoined` when it answers.
    """

    op: OpId
    do: DeskDo
    language: str
    reason: str = ""
    code: str = ""
    pin: str = field(default="", repr=False)
    seconds: float = 60.0
    number: str = field(default="", repr=False)
    ring_s: float = 30.0


@dataclass(frozen=True, slots=True)
class CancelDeskAct:
    """Ends a call that is under way; what was done otherwise stays done."""

    op: OpId


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell somebody; kept durably and delivered later, so nothing waits for it.

    channel: sms, email, webhook, supervisor, or one that the installation knows. to: a number, an address, a name; ""
    = the channel's own. text: in the language of who reads it. data: JSON for machines.
    """

    channel: str
    to: str
    text: str
    language: str
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """A fact for the journal: node entered, option matched, no_input counted, survey rated, language chosen ..."""

    kind: str
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call. `HungUp(by="system")` follows."""

    cause: Literal["normal", "busy", "congestion"] = "normal"


Action = (
    Play
    | StopPlay
    | Listen
    | StopListen
    | StartTimer
    | CancelTimer
    | Enqueue
    | LeaveQueue
    | BackInTalk
    | Callback
    | Record
    | StopRecord
    | Transfer
    | CancelTransfer
    | Request
    | CancelRequest
    | Lookup
    | CancelLookup
    | DeskAct
    | CancelDeskAct
    | Notify
    | Note
    | Hangup
)

RECORDING_PROMPT = "~recording"
"""The prompt that plays a recording of this call: `Prompt(RECORDING_PROMPT, {"id": recording})`."""
PAUSE_PROMPT = "~pause"
"""The prompt that is a silence: `Prompt(PAUSE_PROMPT, {"seconds": 0.5})`."""
LONGEST_PAUSE_S = 3.0
