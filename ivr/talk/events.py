"""What may happen to a talk (`state.py`): acts of its agent, and what telephones do. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ivr.talk.targets import Target

# --- acts


@dataclass(frozen=True, slots=True)
class Hold:
    pass


@dataclass(frozen=True, slots=True)
class Resume:
    pass


@dataclass(frozen=True, slots=True)
class Mute:
    on: bool


@dataclass(frozen=True, slots=True)
class Blind:
    to: Target


@dataclass(frozen=True, slots=True)
class Consult:
    to: Target


@dataclass(frozen=True, slots=True)
class Add:
    """Ring somebody into the talk while it goes on."""

    to: Target


@dataclass(frozen=True, slots=True)
class Complete:
    """Hand the citizen to the consulted one, who may still be rung."""


@dataclass(frozen=True, slots=True)
class GoBack:
    """To the citizen, without whoever is consulted or rung."""


@dataclass(frozen=True, slots=True)
class Swap:
    """The other of the two, citizen and consulted one."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Citizen, agent and the consulted one together."""


@dataclass(frozen=True, slots=True)
class Leave:
    pass


@dataclass(frozen=True, slots=True)
class Drop:
    """Let the third party go."""


@dataclass(frozen=True, slots=True)
class Park:
    pass


@dataclass(frozen=True, slots=True)
class ToFlow:
    flow: str
    come_back: bool = False


Command = (
    Hold
    | Resume
    | Mute
    | Blind
    | Consult
    | Add
    | Complete
    | GoBack
    | Swap
    | Merge
    | Leave
    | Drop
    | Park
    | ToFlow
)

# --- what happens

NotReached = Literal["busy", "no_answer", "refused", "unavailable", "unknown", "forbidden", "failed"]


@dataclass(frozen=True, slots=True)
class OwnerGone:
    """The agent's telephone has gone: hung up, lost, or let go by the board."""


@dataclass(frozen=True, slots=True)
class OtherGone:
    """Whoever is consulted has hung up."""


@dataclass(frozen=True, slots=True)
class ThirdGone:
    person: str


@dataclass(frozen=True, slots=True)
class CitizenGone:
    pass


@dataclass(frozen=True, slots=True)
class Answered:
    """Whoever is rung has answered. name: who it is, where a queue was rung."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class NotAnswered:
    outcome: NotReached


@dataclass(frozen=True, slots=True)
class PickUp:
    """Somebody takes the parked call."""

    agent: str


@dataclass(frozen=True, slots=True)
class ParkedTooLong:
    pass


@dataclass(frozen=True, slots=True)
class CameIn:
    """Somebody whose telephone is up already is with the citizen from now on: a supervisor. name: an agent's id; of
    somebody else (kind `number`) as shown."""

    name: str
    kind: Literal["agent", "number"] = "agent"


@dataclass(frozen=True, slots=True)
class FlowEnded:
    """The flow that the citizen was sent to is through."""


@dataclass(frozen=True, slots=True)
class LongEnough:
    """The longest time that a talk may last is over."""


Happening = (
    OwnerGone
    | OtherGone
    | ThirdGone
    | CitizenGone
    | Answered
    | NotAnswered
    | PickUp
    | ParkedTooLong
    | CameIn
    | FlowEnded
    | LongEnough
)
Event = Command | Happening
