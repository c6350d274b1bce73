"""Ringing an agent: all of the agent's telephones at once, and the first one answered has the call.

`legs_of(offer, make)` are the telephones of an offer, `ring(stack, legs, lines)` rings them. Of several the others stop
when one answers; who rejects the call on one has rejected it, while one that is busy or away leaves the others ringing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

from ivr.call.leg import Destination, Leg
from ivr.call.ports import Offer
from ivr.call.rung import Rung, RungOutcome

LET_GO_S: Final = 1.0
"""So long a telephone is waited for that still rings for a call which is over for its agent."""
MOST_TELLING: Final[Sequence[RungOutcome]] = ("refused", "busy", "no_answer", "failed", "unavailable")
"""What the agent did, where the telephones ended differently: the first of these."""


class Lines:
    """Telephones that ring now. An agent is let go on the board at once and may be rung for the next caller in the same
    moment: a telephone with one line would be busy with the ringing of before, and its agent have missed a call.
    """

    def __init__(self) -> None:
        self._ringing: dict[str, asyncio.Future[None]] = {}

    def take(self, endpoint: str) -> tuple[asyncio.Future[None] | None, Callable[[], None]]:
        """It begins to ring. Gives what is done when the ringing of before has ended (None: there is none), and what to
        call when this one has ended or was answered; a second call does nothing."""
        before = self._ringing.get(endpoint)
        own = self._ringing[endpoint] = asyncio.get_running_loop().create_future()

        def free() -> None:
            if not own.done():
                own.set_result(None)
            if self._ringing.get(endpoint) is own:
                del self._ringing[endpoint]

        return before, free

    def __len__(self) -> int:
        return len(self._ringing)


def legs_of(offer: Offer, make: Callable[[Destination], Leg]) -> list[Leg]:
    return [
        make(Destination(endpoint, offer.ring_s, offer.display, offer.caller))
        for endpoint in (offer.endpoint, *offer.others)
    ]


async def ring(stack: AsyncExitStack, legs: Sequence[Leg], lines: Lines) -> tuple[Leg, Rung]:
    """Until one is answered or none will be. The one answered, else any of them, and how it ended.

    stack: closing it ends what rang. Of several only the one answered is left by the return.
    """
    if len(legs) == 1:
        return legs[0], await _ring(stack, legs[0], lines)
    stacks = [AsyncExitStack() for _ in legs]
    tasks = [
        asyncio.create_task(_ring(own, leg, lines), name=f"ringing {leg.channel}")
        for own, leg in zip(stacks, legs, strict=True)
    ]
    chosen = 0
    won = False
    try:
        chosen, rung = await _first(tasks)
        won = rung.outcome == "answered"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        if won:
            # First of all: whatever goes wrong with the others, this one is held by somebody.
            await stack.enter_async_context(stacks[chosen])
        ending = [own.aclose() for number, own in enumerate(stacks) if not (won and number == chosen)]
        await asyncio.gather(*ending)
    return legs[chosen], rung


async def _first(tasks: Sequence[asyncio.Task[Rung]]) -> tuple[int, Rung]:
    """Which was answered or rejected first, else whichever says most about the agent."""
    left = set(tasks)
    while left:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        ended = [(number, task.result()) for number, task in enumerate(tasks) if task in done]
        for outcome in ("answered", "refused"):
            for number, rung in ended:
                if rung.outcome == outcome:
                    return number, rung
    results = [(number, task.result()) for number, task in enumerate(tasks)]
    number, rung = min(results, key=lambda one: MOST_TELLING.index(one[1].outcome))
    return number, replace(rung, at_once=all(one.at_once for _, one in results))


async def _ring(stack: AsyncExitStack, leg: Leg, lines: Lines) -> Rung:
    """stack: the telephone is held by it, answered or not."""
    before, free = lines.take(leg.endpoint)
    stack.callback(free)
    await stack.enter_async_context(leg)
    if before is not None:
        await asyncio.wait([before], timeout=LET_GO_S)
    rung = await leg.ring()
    if rung.outcome == "answered":
        free()
    return rung
