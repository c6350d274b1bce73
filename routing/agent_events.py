"""What happens to an agent: the events of the state machine in `agents.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from routing.ids import EntryId

NoAnswerKind = Literal["timeout", "busy", "rejected", "unreachable", "do_not_disturb"]
"""do_not_disturb: the telephone said no before it rang."""
Then = Literal["remind", "available", "paused", "offline"]
"""What a limit leads to. remind: only said; the state stays."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """From offline; while an earlier log-out or pause is remembered, takes that back."""


@dataclass(frozen=True, slots=True)
class LogOut:
    pass


@dataclass(frozen=True, slots=True)
class Pause:
    """reason: a code of the hotline's own (`training`, `meal` ...)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unpause:
    pass


@dataclass(frozen=True, slots=True)
class Reserve:
    entry: EntryId


@dataclass(frozen=True, slots=True)
class Ring:
    """The agent's phone rings."""


@dataclass(frozen=True, slots=True)
class Answer:
    pass


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The offer was not taken. pause_after: misses in a row that pause the agent; None = never."""

    kind: NoAnswerKind
    pause_after: int | None = None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The offer is gone through no fault of the agent: the caller left, or an error of ours."""

    why: str = "caller_left"


@dataclass(frozen=True, slots=True)
class Hold:
    pass


@dataclass(frozen=True, slots=True)
class Resume:
    """Back to the caller from hold or from a consultation."""


@dataclass(frozen=True, slots=True)
class Consult:
    pass


@dataclass(frozen=True, slots=True)
class EndTalk:
    """The conversation is over, whoever ended it. wrap_up_s: None = until the agent says so."""

    wrap_up_s: float | None = None


@dataclass(frozen=True, slots=True)
class WrapUpDone:
    """code: one of the queue's, what the call was; "" = none was given."""

    code: str = ""


@dataclass(frozen=True, slots=True)
class ExtendWrapUp:
    """The agent needs so much longer; within `AgentLimits.longest_wrap_up_s`."""

    by_s: float


@dataclass(frozen=True, slots=True)
class CallOut:
    """The agent calls somebody: `call` is that call's id."""

    call: str


@dataclass(frozen=True, slots=True)
class CallOutEnded:
    """wrap_up_s: as of `EndTalk`; 0 = none."""

    wrap_up_s: float | None = 0.0


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The agent was in this state for `after_s`, which is a limit of the hotline's."""

    after_s: float
    then: Then


@dataclass(frozen=True, slots=True)
class Force:
    """A supervisor sets the state, from any state. The call that the agent had is the shell's to end."""

    to: Literal["offline", "available", "paused"]
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class PhoneUnregistered:
    pass


@dataclass(frozen=True, slots=True)
class PhoneRegistered:
    pass


AgentAct = (
    LogIn
    | LogOut
    | Pause
    | Unpause
    | Hold
    | Resume
    | Consult
    | WrapUpDone
    | ExtendWrapUp
    | CallOut
    | CallOutEnded
    | Force
    | PhoneUnregistered
    | PhoneRegistered
    | TimeUp
)
"""Done by the agent, the phone, a supervisor or the clock; none is about an offer."""
OfferEvent = Reserve | Ring | Answer | NoAnswer | Withdraw | EndTalk
"""About an offer or a call: always together with the entry's own event."""
AgentEvent = AgentAct | OfferEvent
