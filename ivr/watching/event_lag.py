"""How old events are when they reach us: Asterisk's own time stamp against its clock. A sample of them is looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 0.1
_KEY: Final = b'"timestamp":"'
_LONGEST: Final = 40


class EventLag:
    """`see(raw)` for every message of the websocket. lag: told seconds, at most every `EVERY_S`."""

    def __init__(
        self, lag: Callable[[float], None], now: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        """now: seconds since 1970, by the clock that Asterisk has."""
        self._lag = lag
        self._now = now
        self._monotonic = monotonic
        self._next = 0.0
        self.last_s = 0.0
        self.last_at = 0.0
        """When the last one was looked at, on the monotonic clock."""

    def see(self, raw: bytes) -> None:
        moment = self._monotonic()
        if moment < self._next:
            return
        at = time_of(raw)
        if at is None:
            return
        self._next = moment + EVERY_S
        self.last_s, self.last_at = max(0.0, self._now() - at), moment
        self._lag(self.last_s)


def time_of(raw: bytes) -> float | None:
    """Seconds since 1970 of the message's first time stamp; None where there is none that can be read."""
    at = raw.find(_KEY)
    if at < 0:
        return None
    begin = at + len(_KEY)
    end = raw.find(b'"', begin, begin + _LONGEST)
    try:
        return dt.datetime.fromisoformat(raw[begin:end].decode("ascii")).timestamp() if end > 0 else None
    except (ValueError, OverflowError):
        return None
