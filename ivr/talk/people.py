"""Who is in a talk, where each of them is, and what may have to be done for it. Pure data and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ivr.ids import ChannelId
from ivr.talk.results import Stage
from ivr.talk.targets import Target, ToQueue

LINE: Final = "line"
FLOW: Final = "flow"
SERVED: Final = "served"


@dataclass(frozen=True, slots=True)
class Person:
    """id: unique in the talk. name: an agent's id; of a number, as shown."""

    id: str
    kind: Literal["agent", "number"]
    name: str


Room = Literal["main", "aside", "music", "ringing", "elsewhere", ""]
"""main: with the citizen. aside: with the consulted one. music, ringing: alone, and hears that. elsewhere: with the
dialogue. "": its telephone rings."""
CITIZEN: Final = "citizen"


@dataclass(frozen=True, slots=True)
class Talk:
    """parker: who parked it. muted: the owner is not heard. outcome: how it ended: `served`, `line` or `flow`."""

    stage: Stage
    owner: Person | None = None
    other: Person | None = None
    joined: tuple[Person, ...] = ()
    muted: bool = False
    parker: str = ""
    people: int = 1
    """How many persons there have been, for their ids."""
    outcome: str = ""

    @property
    def agents(self) -> tuple[str, ...]:
        """Ids of all agents in it, the owner first; one that is rung too."""
        everybody = (self.owner, self.other, *self.joined)
        return tuple(one.name for one in everybody if one is not None and one.kind == "agent" and one.name)

    @property
    def persons(self) -> Mapping[str, Person]:
        return {one.id: one for one in (self.owner, self.other, *self.joined) if one is not None}


@dataclass(frozen=True, slots=True)
class Company:
    """telephone: the channel by which an agent is in the talk now. others: those of everybody whom the agent hears."""

    telephone: ChannelId
    others: frozenset[ChannelId] = frozenset()


# --- actions


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring them for this person; answer with `Answered` or `NotAnswered`."""

    person: Person
    target: Target


@dataclass(frozen=True, slots=True)
class Move:
    """who: a person's id or `CITIZEN`. before: "" = they come in."""

    who: str
    before: Room
    after: Room


@dataclass(frozen=True, slots=True)
class Unhear:
    """The person is not heard any more (muted), or is again."""

    person: str
    muted: bool


@dataclass(frozen=True, slots=True)
class LetGo:
    """End that telephone, or the ringing of it; the board is told that the person's call is over."""

    person: Person


@dataclass(frozen=True, slots=True)
class Tell:
    """The board is told what the owner does."""

    person: Person
    act: Literal["hold", "resume", "consult"]


@dataclass(frozen=True, slots=True)
class SendBack:
    """To a queue, by the owner, with the age of before."""

    person: Person
    to: ToQueue


@dataclass(frozen=True, slots=True)
class IntoLine:
    """Nobody took the call: the old place again. missed_by: the agent who was rung in vain, asked last from now on."""

    why: str
    missed_by: str = ""


@dataclass(frozen=True, slots=True)
class RunFlow:
    flow: str
    come_back: bool


@dataclass(frozen=True, slots=True)
class Note:
    """Into the call's journal, and where it is a transfer, its record."""

    kind: str
    data: Mapping[str, str | bool] = field(default_factory=dict)


Action = Ring | Move | Unhear | LetGo | Tell | SendBack | IntoLine | RunFlow | Note


# --- what follows from a stage


def rooms(talk: Talk) -> Mapping[str, Room]:
    """Where everybody is. Whoever is rung is not in it yet."""
    citizen: Room
    owner: Room = "main"
    other: Room = ""
    match talk.stage:
        case "ended":
            return {}
        case "held" | "parked":
            citizen = "music"
        case "calling":
            citizen, owner = "music", "ringing"
        case "consulting":
            citizen, owner, other = "music", "aside", "aside"
        case "swapped":
            citizen, other = "main", "music"
        case "transferring":
            # With others in the talk the citizen is not alone, and need not be entertained.
            citizen = "main" if talk.joined else "ringing"
        case "away":
            citizen, owner = "elsewhere", "music"
        case _:
            citizen = "main"
    where: dict[str, Room] = {CITIZEN: citizen}
    if talk.owner is not None:
        where[talk.owner.id] = owner
    if talk.other is not None and other:
        where[talk.other.id] = other
    for one in talk.joined:
        where[one.id] = "main"
    return where


def company(talk: Talk, who: str) -> frozenset[str]:
    """With whom that person is, and hears them: ids, and `CITIZEN`. Nobody for who is alone, or not in it yet."""
    where = rooms(talk)
    room = where.get(who)
    if room not in ("main", "aside"):
        return frozenset()
    return frozenset(one for one, there in where.items() if there == room and one != who)


def agent_state(talk: Talk) -> Literal["talking", "hold", "consulting", ""]:
    """What the board is to believe of the owner."""
    if talk.owner is None or talk.stage == "ended":
        return ""
    if talk.stage in ("held", "away"):
        return "hold"
    return "consulting" if talk.stage in ("calling", "consulting") else "talking"
