"""What is known of an agent, as a frozen value. How it changes: `agents.py`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from routing.agent_table import AgentState
from routing.ids import AgentId, EntryId, QueueName, SkillName

PHONE_GONE: Final = "phone_unregistered"
MISSED: Final = "no_answer"
TIMED_OUT: Final = "time_limit"
DO_NOT_DISTURB: Final = "dnd"
"""Reasons of pauses that nobody asked for."""


class IllegalTransition(Exception):
    """The table has no such arrow. `what` is an agent or an entry; it is unchanged."""

    def __init__(self, what: str, state: str, event: object) -> None:
        super().__init__(f"{what} is {state}: {type(event).__name__} cannot happen now")
        self.what = what
        self.state = state
        self.event = event


@dataclass(frozen=True, slots=True)
class Leaving:
    """Remembered until the agent is free. Logging out wins over pausing."""

    to: Literal["offline", "paused"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """skills: name -> level 1-5; a skill that is not named is not there at all (not level 0).

    since: start of the present state. until: when it ends by itself (wrap-up), else None.
    idle_since: start of the present idleness, or of the last one. no_answers: misses in a row.
    entry: the entry reserved for, rung for, talked to or wrapped up.
    revision: how many events changed this agent; orders its history and guards stored rows against older ones.
    """

    id: AgentId
    name: str
    extension: str
    skills: Mapping[SkillName, int]
    queues: frozenset[QueueName]
    since: dt.datetime
    idle_since: dt.datetime
    state: AgentState = "offline"
    until: dt.datetime | None = None
    pause_reason: str = ""
    no_answers: int = 0
    entry: EntryId | None = None
    leaving: Leaving | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    rank: int = 0
    """For the strategy `agent_priority`: a lower one is asked first."""
    queue_order: Mapping[QueueName, int] = field(default_factory=dict)
    """Whose callers the agent takes first: lower first, 0 where nothing is said. Urgent queues go before all."""
    calls: int = 0
    """Talks since the log-in."""
    busy_s: float = 0.0
    """Talk, hold and wrap-up since the log-in."""
    last_given_at: dt.datetime | None = None
    """When a call was offered to this agent last, for the strategy `round_robin`."""
    given_before: dt.datetime | None = None
    """`last_given_at` as it was before the present offer, while there is one."""
    logged_in_at: dt.datetime | None = None
    reminders: int = 0
    """Limits of the present state that have passed."""
    missed_at: dt.datetime | None = None
    """The last offer that was not answered."""
    do_not_disturb: bool = False
    """The telephone refused the last offer before it rang."""
    own_call: str = ""
    """The call that the agent made, while it lasts and is wrapped up."""

    @property
    def logged_in(self) -> bool:
        return self.state != "offline"

    def has(self, requirement: Mapping[SkillName, int]) -> bool:
        """Every required skill is there at the required level at least."""
        own = self.skills
        return all(own.get(skill, 0) >= level for skill, level in requirement.items())
