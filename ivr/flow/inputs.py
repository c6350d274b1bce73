"""What may happen to a dialogue: the inputs of `machine.step`.

Every input that answers an action carries that action's operation id (`op`); a late one, whose op the
state no longer waits for, changes nothing. All inputs are JSON-able (`codec.py`) and are journalled, so
that a stored call can be replayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NewType

OpId = NewType("OpId", str)
"""Names one action of one call, unique within the call (the machine numbers them)."""


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """A `Play` is over. `stopped`: by our `StopPlay`. `failed`: it could not be played (missing file, refused)."""

    op: OpId
    outcome: Literal["finished", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Digit:
    """A key of the caller: one of 0-9 * # A-D."""

    digit: str


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak while `Listen` op is open (barge-in)."""

    op: OpId


@dataclass(frozen=True, slots=True)
class Alternative:
    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class SpeechPartial:
    """Text so far; never final. For early crisis and emergency words."""

    op: OpId
    text: str


@dataclass(frozen=True, slots=True)
class SpeechHeard:
    """One utterance, final; the `Listen` is over. Empty text: sound that was no speech (a no-match, never a no-input).

    confidence: 0..1 or None where the engine gives none. phrase: the phrase of the grammar it was matched to
    by the recogniser, or "" (open speech, or the machine does the matching).
    """

    op: OpId
    text: str
    confidence: float | None = None
    language: str = ""
    engine: str = ""
    phrase: str = ""
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeechFailed:
    """The recogniser cannot serve this `Listen`: the flow sees `error.asr`; keys go on working."""

    op: OpId
    cause: Literal["unavailable", "language", "overloaded", "lost"]


@dataclass(frozen=True, slots=True)
class TimerFired:
    op: OpId


@dataclass(frozen=True, slots=True)
class QueueProgress:
    """The place of the caller (1 = next), sent when it is first known and whenever it changes."""

    op: OpId
    place: int
    waiting: int
    wait_low_s: float | None = None
    wait_high_s: float | None = None


@dataclass(frozen=True, slots=True)
class AgentJoined:
    """The caller talks to an agent now. Prompts, listening and timers of the node are over."""

    op: OpId
    agent: str


@dataclass(frozen=True, slots=True)
class QueueEnded:
    """The `Enqueue` is over and the caller is still there.

    served: talked to an agent, who hung up or released. timeout | full | closed | unstaffed: as the queue's
    rules say. left: by our own `LeaveQueue`. failed: an error of ours.
    """

    op: OpId
    outcome: Literal["served", "timeout", "full", "closed", "unstaffed", "left", "failed"]
    agent: str = ""
    waited_s: float = 0.0
    talked_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over. by: who ended it. cause: Q.850 code (16 = normal)."""

    by: Literal["caller", "system"]
    cause: int = 16


Input = (
    PromptEnded
    | Digit
    | SpeechStarted
    | SpeechPartial
    | SpeechHeard
    | SpeechFailed
    | TimerFired
    | QueueProgress
    | AgentJoined
    | QueueEnded
    | HungUp
)
