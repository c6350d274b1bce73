"""An event loop whose clock jumps: when nothing is ready, time moves to the next timer at once.

So a test of a 30-minute queue takes milliseconds, and no test sleeps. Only for code without sockets or threads:
a wait on something outside the loop would never end, so the loop raises instead of hanging.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 0 s and only moves by jumps to the next timer."""

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_JumpingSelector(self._advance))

    def time(self) -> float:
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError(
                "virtual time: nothing is ready and no timer is set; the code under test hangs"
            )
        if timeout > 0:
            self._advance(timeout)
        return []


class VirtualClock:
    """`ivr.clock.Clock` on the running virtual-time loop."""

    def __init__(self, start: dt.datetime = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)) -> None:
        self._start = start

    def now(self) -> dt.datetime:
        return self._start + dt.timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def run_virtual(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `main()` on a virtual-time loop; fails when it leaves a task behind."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(_guarded(main))


async def _guarded(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    result = await main()
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    if left:
        raise AssertionError(f"tasks left behind: {sorted(task.get_name() for task in left)}")
    return result
