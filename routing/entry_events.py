"""What happens to a queue entry, and when it may: the events and the table of `entries.py`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from routing.agent_events import NoAnswerKind
from routing.ids import AgentId, QueueName, SkillName

EntryState = Literal["waiting", "offered", "ringing", "joined", "ended"]
Outcome = Literal["served", "abandoned", "timeout", "full", "closed", "unstaffed", "left", "failed"]


@dataclass(frozen=True, slots=True)
class Offered:
    agent: AgentId


@dataclass(frozen=True, slots=True)
class OfferedToo:
    """To a further agent, beside whomever it is offered to already."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class Ringing:
    pass


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The agent, or the last of several, did not answer: back to waiting, in the same place; that agent comes last for
    a while."""

    kind: NoAnswerKind


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The offer was taken back, not by the caller and not through a miss: back to waiting, the agent is not marked."""

    why: str


@dataclass(frozen=True, slots=True)
class NotTakenByOne:
    """As `NotTaken`, by one of several: the others go on being rung."""

    agent: AgentId
    kind: NoAnswerKind


@dataclass(frozen=True, slots=True)
class WithdrawnFromOne:
    """As `Withdrawn`, from one of several."""

    agent: AgentId
    why: str


@dataclass(frozen=True, slots=True)
class Joined:
    """agent: the one of several who answered, None = the only one."""

    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class Requeued:
    """From a conversation back to waiting (the agent's leg was lost, a transfer to a queue), place kept.

    not_before: nobody is rung before, None = at once (a citizen who did not answer is called again later).
    queue: None = the same. skills: asked for from now on, None = as before.
    """

    why: str
    not_before: dt.datetime | None = None
    queue: QueueName | None = None
    skills: Mapping[SkillName, int] | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """While in line, by a rule, the dialogue or a supervisor: another queue, priority or demand; None = as before.

    The age stays; the steps of the rules begin anew in another queue. by: "rules", "flow" or a person's name.
    """

    by: str
    why: str
    queue: QueueName | None = None
    priority: int | None = None
    skills: Mapping[SkillName, int] | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """The caller need not stay on the line: whoever takes the entry calls back. not_before: None = at once."""

    callback: str
    not_before: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Unpromised:
    """The promise could not be kept durably: the caller waits on the line as before."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """A callback's time. not_before: None = at once."""

    not_before: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A later step's skills hold, since then (the step's due time may be before the event)."""

    step: int
    since: dt.datetime
    why: Literal["time", "nobody_logged_in"]


@dataclass(frozen=True, slots=True)
class Announced:
    """The caller was told this place (1 = next)."""

    place: int


@dataclass(frozen=True, slots=True)
class Ended:
    outcome: Outcome


EntryEvent = (
    Offered
    | OfferedToo
    | Ringing
    | NotTaken
    | NotTakenByOne
    | Withdrawn
    | WithdrawnFromOne
    | Joined
    | Requeued
    | Promised
    | Unpromised
    | Postponed
    | Moved
    | Relaxed
    | Announced
    | Ended
)

TRANSITIONS: Final[Mapping[EntryState, Mapping[type[EntryEvent], EntryState]]] = {
    "waiting": {
        Offered: "offered",
        Promised: "waiting",
        Unpromised: "waiting",
        Postponed: "waiting",
        Moved: "waiting",
        Relaxed: "waiting",
        Announced: "waiting",
        Ended: "ended",
    },
    "offered": {
        OfferedToo: "offered",
        NotTakenByOne: "offered",
        WithdrawnFromOne: "offered",
        Ringing: "ringing",
        Joined: "joined",
        NotTaken: "waiting",
        Withdrawn: "waiting",
        Announced: "offered",
        Ended: "ended",
    },
    "ringing": {
        OfferedToo: "ringing",
        NotTakenByOne: "ringing",
        WithdrawnFromOne: "ringing",
        Ringing: "ringing",
        Joined: "joined",
        NotTaken: "waiting",
        Withdrawn: "waiting",
        Announced: "ringing",
        Ended: "ended",
    },
    "joined": {Requeued: "waiting", Ended: "ended"},
    "ended": {},
}

_WHILE_WAITING: Final[frozenset[Outcome]] = frozenset(
    {"abandoned", "timeout", "full", "closed", "unstaffed", "left", "failed"}
)
OUTCOMES: Final[Mapping[EntryState, frozenset[Outcome]]] = {
    "waiting": _WHILE_WAITING,
    "offered": _WHILE_WAITING - {"full"},
    "ringing": _WHILE_WAITING - {"full"},
    "joined": frozenset({"served", "abandoned", "failed"}),
    "ended": frozenset(),
}

IN_LINE: Final[frozenset[EntryState]] = frozenset({"waiting", "offered", "ringing"})
"""Counted in the line: an offered entry still stands in its place, for the offer may fail."""
