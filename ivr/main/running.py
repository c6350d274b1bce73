"""A hotline from its start to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from ivr.clock import Clock
from ivr.config import Settings
from ivr.errors import HotlineError, first_of
from ivr.hotline import Hotline
from ivr.main.ground import lay_ground
from ivr.main.joining import join
from ivr.main.starting import taking_calls


class RunningHotline:
    """`start()` returns when calls are taken, `stop()` when everything that was started has ended.

    One task holds everything, so that a part that dies ends the whole, and tests may start and stop it from
    different tasks.
    """

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None] = lambda _: None,
        clock: Clock | None = None,
        *,
        takeover: bool = False,
    ) -> None:
        """clock: instead of the system's; its `monotonic` must be the event loop's. takeover: of the calls of the
        controller that runs, if one does."""
        self._settings = settings
        self._takeover = takeover
        self._say = say
        self._clock = clock
        self._stop = asyncio.Event()
        self._started: asyncio.Future[Hotline] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> Hotline:
        """Raises HotlineError: says which part does not start and how to mend it."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="hotline")
        waits: list[asyncio.Future[Any]] = [self._task, self._started]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            self._started.cancel()
            await self._task
            raise HotlineError("the hotline ended while it started")
        return self._started.result()

    async def stop(self) -> None:
        self._stop.set()
        await self.wait()

    async def abort(self) -> None:
        """End a start that is still under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def wait(self) -> None:
        """Until the hotline has ended; raises what ended it."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        async with hotline(self._settings, self._say, self._clock, self._takeover) as running:
            self._started.set_result(running)
            ends = [asyncio.create_task(one.wait()) for one in (self._stop, running.handing_over.let_go)]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in ends:
                    one.cancel()


@asynccontextmanager
async def hotline(
    settings: Settings,
    say: Callable[[str], None] = lambda _: None,
    clock: Clock | None = None,
    takeover: bool = False,
) -> AsyncIterator[Hotline]:
    """Everything up, in the order in which the parts need each other; everything down in the reverse order.

    say: told of each step, for a person who waits. takeover: see `RunningHotline`. Enter and leave in the same task.
    """
    async with AsyncExitStack() as stack:
        ground = await lay_ground(stack, settings, say, clock, takeover=takeover)
        joined = await join(stack, ground)
        try:
            async with taking_calls(stack, ground, joined):
                yield joined.hotline
        except* HotlineError as errors:
            raise first_of(errors) from None
