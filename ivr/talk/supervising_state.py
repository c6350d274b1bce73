"""How a supervisor stands to a talk, and what has to be done for it to be so. Pure.

| mode | hears | is heard by |
|---|---|---|
| listen | the agent and whoever the agent hears | nobody |
| whisper | the same | the agent only |
| join | everybody | everybody |
| take_over | the citizen | the citizen: the agent has left and wraps up |

Who listens follows the call: when another agent has the citizen, that agent is listened to. While nobody has, nothing
is heard. It ends with the talk.

Everybody is listened to at their own channel, by what comes in from there. What goes out to a channel is read, and
changed, on a path which Asterisk keeps for as long as anything listens to that channel, and which leaves out frames
whose RTP number lies behind the last one's (docs/decisions/0205, 0211). So a whisper, too, comes in where it can: with
what the one other says whom the agent hears. The agent hears both; the other does not, nor does any file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from ivr.ids import CallId, ChannelId
from ivr.talk.people import Company

Mode = Literal["listen", "whisper", "join", "take_over"]


@dataclass(frozen=True, slots=True)
class Way:
    """By which a voice reaches an agent. into `in`: it comes with what that channel says; `out`: with what it hears."""

    channel: ChannelId
    into: Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Place:
    """hears: the channels whose voices the supervisor hears. whispers: how the agent hears the supervisor, None: not.
    within: with the citizen, as one of the talk; then nothing else."""

    hears: frozenset[ChannelId] = frozenset()
    whispers: Way | None = None
    within: bool = False


NOWHERE: Final = Place()


def place(mode: Mode, company: Company | None) -> Place:
    """company: of the agent who has the citizen, without the supervisor; None: nobody has, now."""
    if mode in ("join", "take_over"):
        return Place(within=True)
    if company is None:
        return NOWHERE
    return Place(company.others | {company.telephone}, way_to(company) if mode == "whisper" else None)


def way_to(company: Company) -> Way | None:
    """For the agent's ears only. None: the agent hears nobody, and a voice would be kept until there is somebody."""
    others = sorted(company.others)
    if not others:
        return None
    return Way(others[0], "in") if len(others) == 1 else Way(company.telephone, "out")


@dataclass(frozen=True, slots=True)
class EndWhisper:
    pass


@dataclass(frozen=True, slots=True)
class Unhear:
    channel: ChannelId


@dataclass(frozen=True, slots=True)
class StepOut:
    pass


@dataclass(frozen=True, slots=True)
class Hear:
    channel: ChannelId


@dataclass(frozen=True, slots=True)
class BeginWhisper:
    way: Way


@dataclass(frozen=True, slots=True)
class ComeIn:
    pass


Step = EndWhisper | Unhear | StepOut | Hear | BeginWhisper | ComeIn


def steps(before: Place, after: Place) -> tuple[Step, ...]:
    """First out of where the supervisor is, then into the new place: nobody hears more than the new mode allows. What
    is in both stays as it is."""
    out: list[Step] = []
    into: list[Step] = []
    if before.whispers != after.whispers:
        if before.whispers is not None:
            out.append(EndWhisper())
        if after.whispers is not None:
            into.append(BeginWhisper(after.whispers))
    out += [Unhear(one) for one in sorted(before.hears - after.hears)]
    into[:0] = [Hear(one) for one in sorted(after.hears - before.hears)]
    if before.within != after.within:
        (into if after.within else out).append(ComeIn() if after.within else StepOut())
    return (*out, *into)


def stepped(before: Place, step: Step) -> Place:
    """Where the supervisor is when that is done."""
    match step:
        case EndWhisper():
            return replace(before, whispers=None)
        case BeginWhisper(way):
            return replace(before, whispers=way)
        case Unhear(channel):
            return replace(before, hears=before.hears - {channel})
        case Hear(channel):
            return replace(before, hears=before.hears | {channel})
        case StepOut():
            return replace(before, within=False)
        case ComeIn():
            return replace(before, within=True)


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
