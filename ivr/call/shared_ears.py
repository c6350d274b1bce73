"""Recognition shared by those who need it now and those who could do without: the dialogue goes first.

A recogniser serves so many streams and no more. Who answers a machine must be heard; the transcript of a talk is worth
having; a recording can wait. So when a dialogue is refused because too much is going on, what is worth less is given
up for it, the youngest first, and the dialogue asks once more. Both ends of a talk are given up together: half a talk
is of little use, and it makes room for two.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

from asr.passed_on import PassedOn
from asr.protocol import AsrUnavailable, Ears, Failed, Heard, Hearing, ListenRequest
from ivr.call.racing import unless

log = logging.getLogger(__name__)

GIVEN_UP_S: Final = 0.5
"""So long whoever is given up gets to hang up its media channel and give back its place."""


def rank(request: ListenRequest) -> int:
    """0: a dialogue listens. 1: a talk is written down. 2: nobody waits on the line for it."""
    if request.priority == "background":
        return 2
    return 1 if request.continuous else 0


class SharedEars:
    """Implements `Ears` over another one."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self._open: dict[SharedHearing, None] = {}
        """In the order of opening."""

    def languages(self) -> frozenset[str]:
        return self._ears.languages()

    async def open(self, request: ListenRequest) -> Hearing:
        try:
            return await self._opened(request)
        except AsrUnavailable as unavailable:
            given_up = self._least_worth(rank(request)) if unavailable.cause == "overloaded" else []
            if not given_up:
                raise
        log.info("too much is listened to: %d hearings of less worth are given up", len(given_up))
        for hearing in given_up:
            hearing.give_up()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVEN_UP_S):
                await asyncio.gather(*(hearing.closed.wait() for hearing in given_up))
        return await self._opened(request)

    async def _opened(self, request: ListenRequest) -> SharedHearing:
        hearing = SharedHearing(await self._ears.open(request), request, self._closed)
        self._open[hearing] = None
        return hearing

    def _closed(self, hearing: SharedHearing) -> None:
        self._open.pop(hearing, None)

    def _least_worth(self, than: int) -> list[SharedHearing]:
        """The youngest of the lowest rank below `than`, with what belongs to the same call."""
        there = [hearing for hearing in self._open if not hearing.given_up and rank(hearing.request) > than]
        if not there:
            return []
        lowest = max(rank(hearing.request) for hearing in there)
        youngest = [hearing for hearing in there if rank(hearing.request) == lowest][-1]
        return [
            hearing
            for hearing in there
            if rank(hearing.request) == lowest and hearing.request.label == youngest.request.label
        ]


class SharedHearing(PassedOn):
    """Implements `Hearing`. Given up, it ends with `Failed("overloaded")`."""

    def __init__(
        self, hearing: Hearing, request: ListenRequest, on_closed: Callable[[SharedHearing], None]
    ) -> None:
        super().__init__(hearing)
        self._on_closed = on_closed
        self.request = request
        self.given_up = False
        self.closed = asyncio.Event()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def give_up(self) -> None:
        self.given_up = True
        if not self._over.done():
            self._over.set_result(None)

    def __aiter__(self) -> AsyncIterator[Heard]:
        heard = aiter(self._hearing)
        return heard if rank(self.request) == 0 else self._until_given_up(heard)

    async def _until_given_up(self, source: AsyncIterator[Heard]) -> AsyncIterator[Heard]:
        async def next_one() -> Heard | None:
            return await anext(source, None)

        while (heard := await unless(self._over, next_one())) is not None:
            yield heard
        if self.given_up:
            yield Failed("overloaded", "given up for a caller who answers the dialogue")

    async def aclose(self) -> None:
        await self._hearing.aclose()
        self._on_closed(self)
        self.closed.set()
