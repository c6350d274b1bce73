"""The dialogue's timers on the event loop's clock, and by the wall's for whoever goes on with the call."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from ivr.flow.inputs import JsonValue, OpId, TimerFired

ANSWER_S: Final = 5.0
"""A caller has at least so long to go on after somebody listens again."""


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

    def resume(self, saved: Mapping[str, float], asked: Collection[str] = ()) -> None:
        """What was due while nobody was there fires at once. asked: those that the caller is given to answer: while
        nobody listened that could not be done."""
        now = self._now().timestamp()
        for op, old in saved.items():
            due = max(old, now + ANSWER_S) if op in asked else old
            self._start(OpId(op), max(0.0, due - now), due)

    def _start(self, op: OpId, after_s: float, due: float) -> None:
        self.cancel(op)
        self._running[op] = _Timer(asyncio.get_running_loop().call_later(after_s, self._fire, op), due)

    def _fire(self, op: OpId) -> None:
        del self._running[op]
        self._fired(TimerFired(op))
