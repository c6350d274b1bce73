"""Time limits of many commands by one timer: nearly every answer comes long before, and no timer is touched then.

All are equally long, so none is due before those that began before it. One that is over is put off while Asterisk
is silent, and once more after that, so that an Asterisk that has just gone on can still answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final

LOOK_AGAIN_S: Final = 0.5
"""A limit is put off by so much, again and again."""


class Limited:
    """`with limits.limited(due, latest):` what is awaited there is cut short with TimeoutError at `due`, or when that
    was put off, at latest at `latest` (the loop's clock). As `asyncio.timeout`, whose way of cutting short this is.
    """

    __slots__ = ("_cancelling", "_limits", "_over", "_task", "due", "latest", "put_off")

    def __init__(self, limits: Limits, due: float, latest: float) -> None:
        self._limits = limits
        self._over = False
        self.due = due
        self.latest = latest
        self.put_off = False
        """At the last look, for silence."""

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit outside a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._limits.begin(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limits.end(self)
        # A task that somebody else has cancelled too stays cancelled.
        if self._over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def cut(self) -> None:
        self._over = True
        self._task.cancel()


class Limits:
    """silent: whether Asterisk is."""

    def __init__(self, silent: Callable[[], bool]) -> None:
        self._silent = silent
        self._open: set[Limited] = set()
        self._timer: asyncio.TimerHandle | None = None

    def limited(self, due: float, latest: float) -> Limited:
        return Limited(self, due, latest)

    def begin(self, one: Limited) -> None:
        self._open.add(one)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(one.due, self._look)

    def end(self, one: Limited) -> None:
        self._open.discard(one)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now, silent = loop.time(), self._silent()
        for one in [one for one in self._open if one.due <= now]:
            if (silent or one.put_off) and one.due < one.latest:
                one.put_off = silent
                one.due = min(one.latest, now + LOOK_AGAIN_S)
            else:
                self._open.discard(one)
                one.cut()
        next_due = min((one.due for one in self._open), default=None)
        self._timer = None if next_due is None else loop.call_at(next_due, self._look)
