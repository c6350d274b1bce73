"""The talks that go on now, found by agent and by call, and those that are parked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ivr.talk.parking import Slots

if TYPE_CHECKING:
    from ivr.talk.talking import Talking


class Talks:
    def __init__(self) -> None:
        self._now: list[Talking] = []
        self.slots: Slots[Talking] = Slots()

    def __iter__(self) -> Iterator[Talking]:
        return iter(list(self._now))

    def add(self, talking: Talking) -> None:
        self._now.append(talking)

    def remove(self, talking: Talking) -> None:
        self._now.remove(talking)
        self.slots.free(talking)

    def of_agent(self, agent: str) -> Talking | None:
        """The one that the agent has; else one that the agent is in."""
        within = [one for one in self._now if agent in one.state.agents]
        owned = [one for one in within if one.state.owner is not None and one.state.owner.name == agent]
        found = owned or within
        return found[-1] if found else None

    def of_call(self, call: str) -> Talking | None:
        return next((one for one in reversed(self._now) if one.call == call), None)
