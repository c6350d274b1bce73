"""How long an agent may be in a state, and what happens then: the hotline's rules, as frozen values. Pure.

Each state has limits in order of time; the board looks at the next one (`next_at`) and tells the agent's table `TimeUp`
when it is reached. `Agent.reminders` counts those that have passed since the state began.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from routing.agent_events import Then, TimeUp
from routing.agent_table import AgentState

if TYPE_CHECKING:
    from routing.agent_shape import Agent

Forgetting = Literal["answer", "unpause", "log_in"]

ALLOWED: Final[Mapping[AgentState, frozenset[Then]]] = {
    "offline": frozenset(),
    "available": frozenset({"remind", "paused", "offline"}),
    "reserved": frozenset({"remind", "available", "paused"}),
    "ringing": frozenset({"remind", "available", "paused"}),
    "talking": frozenset({"remind"}),
    "hold": frozenset({"remind"}),
    "consulting": frozenset({"remind"}),
    "wrap_up": frozenset({"remind", "available", "paused"}),
    "paused": frozenset({"remind", "available", "offline"}),
}
"""What a limit of a state may lead to. Nobody is cut off in the middle of a talk."""


@dataclass(frozen=True, slots=True)
class Limit:
    """After so many seconds in the state."""

    after_s: float
    then: Then


@dataclass(frozen=True, slots=True)
class PauseReason:
    """title: by language. key: digits that an agent dials for it, "" = none.

    limits: instead of those of the state `paused`; () = as that.
    """

    title: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    limits: tuple[Limit, ...] = ()


LIMITS: Final[Mapping[AgentState, tuple[Limit, ...]]] = {
    "reserved": (Limit(30.0, "available"),),
    "ringing": (Limit(180.0, "available"),),
    "hold": (Limit(300.0, "remind"),),
    "wrap_up": (Limit(900.0, "remind"),),
}
"""Where the hotline says nothing. Ringing is ended by the queue's `ring_s` long before: this is for what went wrong."""


@dataclass(frozen=True, slots=True)
class AgentLimits:
    """states: a state that is not named has none. pauses: the reasons that may be given, () = any.

    misses_forgotten_by: what sets the count of missed calls to 0, and misses_forgotten_after_s: so long without one.
    longest_wrap_up_s: an agent's own extensions lead no further.
    """

    states: Mapping[AgentState, tuple[Limit, ...]] = field(default_factory=lambda: LIMITS)
    pauses: Mapping[str, PauseReason] = field(default_factory=dict)
    misses_forgotten_by: frozenset[Forgetting] = frozenset({"answer", "unpause", "log_in"})
    misses_forgotten_after_s: float | None = None
    longest_wrap_up_s: float = 1800.0

    def reason(self, said: str) -> str | None:
        """The pause reason of that name or key; None when there is none. Where none are listed, any name is one."""
        for name, reason in self.pauses.items():
            if said and said in (name, reason.key):
                return name
        return None if self.pauses else said or None

    def of(self, state: AgentState, pause_reason: str = "") -> tuple[Limit, ...]:
        """Of this state, shortest first."""
        if state == "paused":
            reason = self.pauses.get(pause_reason)
            if reason is not None and reason.limits:
                return reason.limits
        return self.states.get(state, ())


USUAL: Final = AgentLimits()


def next_limit(agent: Agent, limits: AgentLimits) -> tuple[dt.datetime, Limit] | None:
    """The limit that is reached next, and when; None when there is no more."""
    left = limits.of(agent.state, agent.pause_reason)[agent.reminders :]
    return (agent.since + dt.timedelta(seconds=left[0].after_s), left[0]) if left else None


def next_at(agent: Agent, limits: AgentLimits) -> dt.datetime | None:
    """When time alone changes the agent: the end of a wrap-up, or a limit."""
    limit = next_limit(agent, limits)
    times = [agent.until, None if limit is None else limit[0]]
    return min((time for time in times if time is not None), default=None)


def due(agent: Agent, limits: AgentLimits, now: dt.datetime) -> TimeUp | None:
    """The limit that has been reached, as the event for the table. A wrap-up that ends by itself goes before."""
    limit = next_limit(agent, limits)
    if limit is None or now < limit[0]:
        return None
    return TimeUp(limit[1].after_s, limit[1].then)
