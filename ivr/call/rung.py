"""How the ringing of a telephone ended: what Asterisk's causes and states mean. Data only."""

from __future__ import annotations

from dataclasses import dataclass
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
    """How the ringing ended. cause: Q.850, 0 = none was given."""

    outcome: RungOutcome
    cause: int = 0

    @property
    def of_agent(self) -> RingOutcome:
        """In the words of the dispatcher, when it was not answered."""
        return _AGENT_OUTCOME[self.outcome]


ANSWERED: Final = Rung("answered")


def not_taken(cause: int, otherwise: RungOutcome) -> Rung:
    """otherwise: what is known besides, for causes that say nothing (none, normal clearing)."""
    if cause in (0, 16):
        return Rung(otherwise, cause)
    return Rung(_OUTCOME_OF_CAUSE.get(cause, "failed"), cause)
