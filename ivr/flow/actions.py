"""What a dialogue wants done: the actions of `machine.step`. Data only; the call session carries them out in order.

Every action that completes later carries an `op`, which its completion echoes (`inputs.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivr.flow.inputs import OpId

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]


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

    phrases: the closed set allowed (a grammar); empty = open speech. end_silence_s: silence that ends the
    utterance. longest_s: the utterance is cut there. The no-input timer is the machine's own (`StartTimer`).
    """

    op: OpId
    language: str
    phrases: tuple[str, ...] = ()
    end_silence_s: float = 0.8
    longest_s: float = 15.0


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

    While it is open and nothing plays, the caller hears music. skills: name -> least level (1-5).
    priority: higher is served first. timeout_s: None = the queue's own. reason: what the agent is told.
    """

    op: OpId
    queue: str
    language: str
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    timeout_s: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LeaveQueue:
    op: OpId


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
    Play | StopPlay | Listen | StopListen | StartTimer | CancelTimer | Enqueue | LeaveQueue | Note | Hangup
)
