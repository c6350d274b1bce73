"""Time as a value that is passed in, so that tests can turn it.

`monotonic()` (s, float) is for durations and timers; `now()` (aware UTC datetime) is for records.
Shells sleep only through the event loop; tests run it on virtual time (`tests/support/virtual_time.py`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Protocol


class Clock(Protocol):
    def now(self) -> dt.datetime: ...
    def monotonic(self) -> float: ...


class SystemClock:
    """The wall clock for records; the running event loop's clock for durations."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()
