"""Several telephones ring at once, and the first to answer gets the call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ivr.call.leg import Leg
from ivr.call.rung import Rung


@asynccontextmanager
async def first_to_answer(legs: Sequence[Leg]) -> AsyncIterator[tuple[Leg | None, Rung]]:
    """Rings them all. Gives the one that answered first, the others having hung up by then; None, and how the last of
    them ended, when nobody answered. Leaving ends that one too.
    """
    outcomes: asyncio.Queue[tuple[Leg, Rung]] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        tasks = {leg: group.create_task(_ring(leg, outcomes), name=f"ringing {leg.channel}") for leg in legs}
        try:
            yield await _first(tasks, outcomes)
        finally:
            for task in tasks.values():
                task.cancel()


async def _first(
    tasks: dict[Leg, asyncio.Task[None]], outcomes: asyncio.Queue[tuple[Leg, Rung]]
) -> tuple[Leg | None, Rung]:
    rung = Rung("failed")
    for _ in tasks:
        leg, rung = await outcomes.get()
        if rung.outcome == "answered":
            others = [task for each, task in tasks.items() if each is not leg]
            for task in others:
                task.cancel()
            if others:
                await asyncio.wait(others)
            return leg, rung
    return None, rung


async def _ring(leg: Leg, outcomes: asyncio.Queue[tuple[Leg, Rung]]) -> None:
    """Holds the leg, once it has answered, until it is cancelled."""
    async with leg:
        rung = await leg.ring()
        outcomes.put_nowait((leg, rung))
        if rung.outcome == "answered":
            await asyncio.get_running_loop().create_future()
