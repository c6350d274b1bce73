"""How the ringing of a telephone ended: what Asterisk's causes and states mean. Data only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from ivr.call.ports import RingOutcome

RungOutcome = Literal["answered", "busy", "no_answer", "refused", "unavailable", "failed"]

# Q.850 causes of a telephone that did not take the call.
_OUTCOME_OF_CAUSE: Final[dict[int, RungOutcome]] = {
    1: "unavailable",  # unallocated number
    2: "unavailable",
    3: "unavailable",  # no route
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "unavailable",  # subscriber absent
    21: "refused",
    22: "unavailable",  # number changed
    27: "unavailable",  # out of order
    28: "unavailable",  # invalid number
    127: "no_answer",
}
OUTCOME_OF_DIAL: Final[dict[str, RungOutcome]] = {
    "BUSY": "busy",
    "NOANSWER": "no_answer",
    "CANCEL": "no_answer",
    "CHANUNAVAIL": "unavailable",
    "CONGESTION": "failed",
}
_AGENT_OUTCOME: Final[dict[RungOutcome, RingOutcome]] = {
    "answered": "failed",
    "busy": "busy",
    "refused": "busy",
    "no_answer": "no_answer",
    "unavailable": "unreachable",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True)
class Rung:
    """How the ringing ended. cause: Q.850, 0 = none was given. at_once: the telephone said no before it rang."""

    outcome: RungOutcome
    cause: int = 0
    at_once: bool = False

    @property
    def of_agent(self) -> RingOutcome:
        """In the words of the dispatcher, when it was not answered."""
        return "do_not_disturb" if self.at_once else _AGENT_OUTCOME[self.outcome]


ANSWERED: Final = Rung("answered")

AT_ONCE_S: Final = 2.0
"""A telephone that rings for nobody says so within this time."""
_SAID_NO: Final = frozenset({17, 19, 21})
"""Of SIP's 486 and 600, 480, 603."""


def said_at_once(rung: Rung, *, rang: bool, after_s: float) -> Rung:
    """rang: it said that it rings. after_s: since it was asked."""
    at_once = not rang and rung.cause in _SAID_NO and after_s <= AT_ONCE_S
    return replace(rung, at_once=True) if at_once else rung


def not_taken(cause: int, otherwise: RungOutcome) -> Rung:
    """otherwise: what is known besides, for causes that say nothing (none, normal clearing)."""
    if cause in (0, 16):
        return Rung(otherwise, cause)
    return Rung(_OUTCOME_OF_CAUSE.get(cause, "failed"), cause)
