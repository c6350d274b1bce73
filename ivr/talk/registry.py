"""The talks that go on now, found by agent and by call, and those that are parked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from ivr.talk.parking import Slots

if TYPE_CHECKING:
    from ivr.talk.talking import Talking


class Companion(Protocol):
    """Told of every talk when people in it move."""

    async def moving(self, call: str) -> None:
        """They are about to, and wait for this: `Talking.company_of` tells of afterwards. Raises nothing."""
        ...

    def moved(self, call: str) -> None:
        """The talk has made a step, or is over. On the loop; must not wait."""
        ...


class Talks:
    def __init__(self) -> None:
        self._now: list[Talking] = []
        self._companions: list[Companion] = []
        self.slots: Slots[Talking] = Slots()
        self._awaited: dict[str, asyncio.Future[Talking]] = {}

    def __iter__(self) -> Iterator[Talking]:
        return iter(list(self._now))

    def add(self, talking: Talking) -> None:
        self._now.append(talking)
        awaited = self._awaited.pop(talking.call, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(talking)

    def awaited(self, call: str) -> asyncio.Future[Talking]:
        """Done when a talk of that call goes on; cancelled when the call is over without one."""
        coming = asyncio.get_running_loop().create_future()
        self._awaited[call] = coming
        coming.add_done_callback(lambda _: self._awaited.pop(call, None))
        return coming

    def none_comes(self, call: str) -> None:
        """That call is over."""
        awaited = self._awaited.get(call)
        if awaited is not None:
            awaited.cancel()

    def remove(self, talking: Talking) -> None:
        self._now.remove(talking)
        self.slots.free(talking)
        # Its people may have parted before, while it was still among the talks.
        self.moved(talking.call)

    def accompany(self, companion: Companion) -> None:
        self._companions.append(companion)

    async def moving(self, call: str) -> None:
        await asyncio.gather(*(one.moving(call) for one in self._companions))

    def moved(self, call: str) -> None:
        for one in self._companions:
            one.moved(call)

    def of_agent(self, agent: str) -> Talking | None:
        """The one that the agent has; else one that the agent is in."""
        within = [one for one in self._now if agent in one.state.agents]
        owned = [one for one in within if one.state.owner is not None and one.state.owner.name == agent]
        found = owned or within
        return found[-1] if found else None

    def of_call(self, call: str) -> Talking | None:
        return next((one for one in reversed(self._now) if one.call == call), None)
