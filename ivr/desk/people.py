"""Who does something, and who may do what to whom. Roles as data; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["agent", "supervisor", "operator", "administrator", "auditor", "system"]
Act = Literal[
    "log_in",
    "log_out",
    "pause",
    "unpause",
    "wrap_up",
    "extend",
    "call_out",
    "set_skills",
    "set_queues",
    "force",
    "move",
    "look",
    "read_history",
]
Reach = Literal["self", "all"]

_OWN: Final[Mapping[Role, Reach]] = {
    "agent": "self",
    "supervisor": "all",
    "administrator": "all",
    "system": "all",
}
_OTHERS: Final[Mapping[Role, Reach]] = {"supervisor": "all", "administrator": "all", "system": "all"}
_READING: Final[Mapping[Role, Reach]] = {**_OWN, "operator": "all", "auditor": "all"}

MAY: Final[Mapping[Act, Mapping[Role, Reach]]] = {
    "log_in": _OWN,
    "log_out": _OWN,
    "pause": _OWN,
    "unpause": _OWN,
    "wrap_up": _OWN,
    "extend": _OWN,
    "call_out": {"agent": "self", "system": "all"},
    "set_skills": _OTHERS,
    "set_queues": _OTHERS,
    "force": _OTHERS,
    "move": _OTHERS,
    "look": {**_READING, "agent": "all"},
    "read_history": _READING,
}
"""Act -> role -> to whom: to oneself, or to all. A role that is not named may not."""
WANTS_WHY: Final[frozenset[Act]] = frozenset({"set_skills", "set_queues", "force", "move"})
"""Acts that nobody does without saying why."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who does it. id: as it is written into the journal; agent: the agent that this person is, "" = none.

    engaged: the call by which it is done, on the agent's own telephone; "" = by other means.
    """

    id: str
    role: Role
    agent: str = ""
    engaged: str = ""

    @classmethod
    def of_agent(cls, agent: str, engaged: str = "") -> Author:
        return cls(agent, "agent", agent, engaged)


SYSTEM: Final = Author("system", "system")


def may(author: Author, act: Act, subject: str) -> bool:
    """subject: the agent it is done to; "" = to no agent."""
    reach = MAY[act].get(author.role)
    return reach == "all" or (reach == "self" and subject != "" and subject == author.agent)
