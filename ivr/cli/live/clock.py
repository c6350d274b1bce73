"""A clock that shows the time of a scenario: it goes on as the system's does, from another moment."""

from __future__ import annotations

import asyncio
import datetime as dt


class ScenarioClock:
    """A `Clock`. Turned forwards only: what is recorded must not come before what was recorded earlier."""

    def __init__(self, start: dt.datetime) -> None:
        """start: aware."""
        self._ahead = start - dt.datetime.now(dt.UTC)

    def now(self) -> dt.datetime:
        return (dt.datetime.now(dt.UTC) + self._ahead).astimezone(dt.UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def turn(self, to: dt.datetime) -> None:
        """At least to that moment."""
        self._ahead = max(self._ahead, to - dt.datetime.now(dt.UTC))
