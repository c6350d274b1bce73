"""The dialogue's timers on the event loop's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ivr.flow.inputs import OpId, TimerFired


class Timers:
    """fired: told of each timer that was neither cancelled nor replaced."""

    def __init__(self, fired: Callable[[TimerFired], None]) -> None:
        self._fired = fired
        self._running: dict[OpId, asyncio.TimerHandle] = {}

    def start(self, op: OpId, after_s: float) -> None:
        self.cancel(op)
        self._running[op] = asyncio.get_running_loop().call_later(after_s, self._fire, op)

    def cancel(self, op: OpId) -> None:
        timer = self._running.pop(op, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        for timer in self._running.values():
            timer.cancel()
        self._running.clear()

    def _fire(self, op: OpId) -> None:
        del self._running[op]
        self._fired(TimerFired(op))
