"""The dialogue's timers on the event loop's clock, and by the wall's for whoever goes on with the call."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ivr.flow.inputs import JsonValue, OpId, TimerFired


@dataclass(frozen=True, slots=True)
class _Timer:
    handle: asyncio.TimerHandle
    due: float
    """Seconds since 1970."""


class Timers:
    """fired: told of each timer that was neither cancelled nor replaced. now: of the wall's clock."""

    def __init__(self, fired: Callable[[TimerFired], None], now: Callable[[], dt.datetime]) -> None:
        self._fired = fired
        self._now = now
        self._running: dict[OpId, _Timer] = {}

    def start(self, op: OpId, after_s: float) -> None:
        self._start(op, after_s, self._now().timestamp() + after_s)

    def cancel(self, op: OpId) -> None:
        timer = self._running.pop(op, None)
        if timer is not None:
            timer.handle.cancel()

    def close(self) -> None:
        for timer in self._running.values():
            timer.handle.cancel()
        self._running.clear()

    def saved(self) -> dict[str, JsonValue]:
        """When each is due, in seconds since 1970."""
        return {op: timer.due for op, timer in self._running.items()}

    def resume(self, saved: Mapping[str, float]) -> None:
        """What was due while nobody was there fires at once."""
        now = self._now().timestamp()
        for op, due in saved.items():
            self._start(OpId(op), max(0.0, due - now), due)

    def _start(self, op: OpId, after_s: float, due: float) -> None:
        self.cancel(op)
        self._running[op] = _Timer(asyncio.get_running_loop().call_later(after_s, self._fire, op), due)

    def _fire(self, op: OpId) -> None:
        del self._running[op]
        self._fired(TimerFired(op))
