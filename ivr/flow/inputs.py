"""What may happen to a dialogue: the inputs of `machine.step`.

Every input that answers an action carries that action's operation id (`op`); a late one, whose op the
state no longer waits for, changes nothing. All inputs are JSON-able (`codec.py`) and are journalled, so
that a stored call can be replayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NewType

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

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
class LanguageGuess:
    """share: 0..1, how likely it is that this language was spoken."""

    language: str
    share: float


@dataclass(frozen=True, slots=True)
class SpeechPartial:
    """Text so far; never final. For early crisis and emergency words."""

    op: OpId
    text: str


@dataclass(frozen=True, slots=True)
class SpeechHeard:
    """One utterance, final; the `Listen` is over. Empty text: sound that was no speech (a no-match, never a no-input).

    confidence: 0..1 or None where the engine gives none. phrase: the phrase of the grammar it was matched to
    by the recogniser, or "" (open speech, or the machine does the matching). languages: the likely ones, best first,
    where the `Listen` asked for them.
    """

    op: OpId
    text: str
    confidence: float | None = None
    language: str = ""
    engine: str = ""
    phrase: str = ""
    alternatives: tuple[Alternative, ...] = ()
    languages: tuple[LanguageGuess, ...] = ()

    def texts(self) -> tuple[str, ...]:
        """Everything that may have been said, the best first: what it was matched to, what it was written as, the
        others."""
        return (*self.best(), *(other.text for other in self.alternatives))

    def best(self) -> tuple[str, ...]:
        """As `texts`, without the others."""
        return (self.phrase, self.text) if self.phrase else (self.text,)

    def readings(self) -> tuple[Alternative, ...]:
        """As `texts`, with the confidence of each; the matched phrase first where there is one."""
        best = Alternative(self.phrase or self.text, self.confidence)
        plain = (Alternative(self.text, self.confidence),) if self.phrase and self.text else ()
        return (best, *plain, *self.alternatives)


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
class WaitsAgain:
    """An agent had the caller and sent the caller to this queue; or nobody took a transfer. The place has its age."""

    op: OpId
    queue: str


@dataclass(frozen=True, slots=True)
class SentToFlow:
    """The agent sends the caller into that flow. come_back: the agent waits for the flow's end (`BackInTalk`); else the
    talk is over, and the dialogue goes on after the queue when the flow is through."""

    op: OpId
    flow: str
    come_back: bool = False
    agent: str = ""
    waited_s: float = 0.0
    talked_s: float = 0.0


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
class CallbackPlaced:
    """place: in the line, 0 = not known. refused: by a rule (closed, too many ...). failed: an error of ours."""

    op: OpId
    outcome: Literal["placed", "refused", "failed"]
    callback: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """empty: nothing was said. recording: its id, by which it can be played and found. ended_by: what ended it."""

    op: OpId
    outcome: Literal["recorded", "empty", "failed"]
    recording: str = ""
    seconds: float = 0.0
    ended_by: Literal["silence", "key", "limit", "hangup", "stopped", ""] = ""


@dataclass(frozen=True, slots=True)
class PartyJoined:
    """The other party of `Transfer` and the caller talk now."""

    op: OpId


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """completed: they talked and the other party left; the caller is still there. refused: by the party or the network.

    unknown: there is no such agent. forbidden: the installation does not allow this target. unavailable: the agent is
    not free, or the telephone not there. cause: Q.850.
    """

    op: OpId
    outcome: Literal[
        "completed", "busy", "no_answer", "refused", "unavailable", "unknown", "forbidden", "failed"
    ]
    talked_s: float = 0.0
    cause: int = 0


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """ok: a status that was expected; body: the JSON of the answer, or its text. status 0 = none came.

    status: another one. timeout. forbidden: not on the allow-list. too_large. invalid: no JSON though it says so.
    down: the circuit breaker is open, nothing was sent. failed: no connection.
    """

    op: OpId
    outcome: Literal["ok", "status", "timeout", "forbidden", "too_large", "invalid", "down", "failed"]
    status: int = 0
    body: JsonValue = None
    took_s: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LookupEnded:
    """found: value is what the source gave (a row of a table: column -> value). none: nothing fits."""

    op: OpId
    outcome: Literal["found", "none", "timeout", "failed"]
    value: JsonValue = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DeskAnswered:
    """done: as asked for; else why not: a code of `ivr/desk/errors.py`, an outcome of `TransferEnded`, or `no_agent`:
    this is no agent's telephone. value: how the agent is now (docs of the node `agent`), null where that is not known.
    """

    op: OpId
    outcome: str
    value: JsonValue = None


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
    | WaitsAgain
    | SentToFlow
    | QueueEnded
    | CallbackPlaced
    | RecordingEnded
    | PartyJoined
    | TransferEnded
    | RequestEnded
    | LookupEnded
    | DeskAnswered
    | HungUp
)
