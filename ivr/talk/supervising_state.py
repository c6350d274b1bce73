"""How a supervisor stands to a talk, and what has to be done for it to be so. Pure.

| mode | hears | is heard by |
|---|---|---|
| listen | the agent and whoever the agent hears | nobody |
| whisper | the same | the agent only |
| join | everybody | everybody |
| take_over | the citizen | the citizen: the agent has left and wraps up |

Who listens follows the call: when another agent has the citizen, that agent is listened to. While nobody has, nothing
is heard. It ends with the talk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ivr.ids import CallId, ChannelId

Mode = Literal["listen", "whisper", "join", "take_over"]


@dataclass(frozen=True, slots=True)
class Aside:
    """A snoop on that telephone. whisper: the agent hears the supervisor."""

    telephone: ChannelId
    whisper: bool


@dataclass(frozen=True, slots=True)
class Within:
    """With the citizen, as one of the talk."""


Place = Aside | Within | None


def place(mode: Mode, telephone: ChannelId | None) -> Place:
    """telephone: of the agent who has the citizen; None: nobody has, now."""
    if mode in ("join", "take_over"):
        return Within()
    return None if telephone is None else Aside(telephone, mode == "whisper")


@dataclass(frozen=True, slots=True)
class EndSnoop:
    pass


@dataclass(frozen=True, slots=True)
class StepOut:
    pass


@dataclass(frozen=True, slots=True)
class BeginSnoop:
    telephone: ChannelId
    whisper: bool


@dataclass(frozen=True, slots=True)
class ComeIn:
    pass


Step = EndSnoop | StepOut | BeginSnoop | ComeIn


def steps(before: Place, after: Place) -> tuple[Step, ...]:
    """First out of where the supervisor is, then into the new place: nobody hears more than the new mode allows."""
    if before == after:
        return ()
    out: tuple[Step, ...] = ()
    match before:
        case Aside():
            out = (EndSnoop(),)
        case Within():
            out = (StepOut(),)
        case None:
            pass
    match after:
        case Aside(telephone, whisper):
            return (*out, BeginSnoop(telephone, whisper))
        case Within():
            return (*out, ComeIn())
        case None:
            return out


def may_change(before: Mode | None, after: Mode) -> bool:
    """Who has taken a call over is its agent now, and hands it on as one (transfer, hang up)."""
    return before != "take_over" or after == "take_over"


# --- what an act comes back with

Code = Literal["no_talk", "own_call", "unknown_phone", "no_answer", "not_now", "not_supervising", "gone"]

WORDS: Final[Mapping[Code, tuple[str, str]]] = {
    "no_talk": ("现在没有这个通话", "There is no such talk now"),
    "own_call": ("不能监听自己的通话", "You cannot supervise your own call"),
    "unknown_phone": ("没有这个班长的电话", "There is no telephone of that supervisor"),
    "no_answer": ("班长的电话没有接听", "The supervisor's telephone was not answered"),
    "not_now": ("通话的当前状态下不能这样做", "This cannot be done in the present state of the call"),
    "not_supervising": ("您现在没有监听任何通话", "You are supervising no call now"),
    "gone": ("通话已经结束", "The call is over"),
}
"""Code -> (Chinese, English)."""


@dataclass(frozen=True, slots=True)
class Supervised:
    """So it is now."""

    call: CallId
    mode: Mode


@dataclass(frozen=True, slots=True)
class NotSupervised:
    """Nothing changed."""

    code: Code

    def words(self, language: str) -> str:
        """In Chinese for `zh`, else in English."""
        chinese, english = WORDS[self.code]
        return chinese if language == "zh" else english


Outcome = Supervised | NotSupervised
