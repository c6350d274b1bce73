"""How late Asterisk's events are, by the pings over the websocket: an answer stands behind all events before it. Pure;
`now` is passed in, seconds on one clock that only goes on.

    trips.sent(now)
    trips.answered(sent, now)        # so late it was
    trips.unanswered(now, came)      # so late it is at the least, though no answer has come

An overload of many seconds is seen by what is not there: the answers take as long as the events. Silence says nothing,
since a frozen Asterisk is not late: an unanswered ping counts only while other things come.
"""

from __future__ import annotations

from collections import deque
from typing import Final

MOST: Final = 300
"""Pings remembered: who answers none for so many has been given up long before."""
BEHIND: Final = 2
"""So many pings must have gone out after one before it counts: Asterisk may have stopped within the last one."""


class RoundTrips:
    def __init__(self) -> None:
        self._open: deque[float] = deque(maxlen=MOST)

    def begin(self) -> None:
        """Another connection: what was asked on the one before is not answered any more."""
        self._open.clear()

    def sent(self, now: float) -> None:
        self._open.append(now)

    def answered(self, sent: float, now: float) -> float:
        """sent: what the answer repeats."""
        while self._open and self._open[0] <= sent:
            self._open.popleft()
        return now - sent

    def unanswered(self, now: float, came: bool) -> float | None:
        """Before the next ping goes out. came: whether anything has come since the last one went out."""
        if not came or len(self._open) <= BEHIND:
            return None
        return now - self._open[0]
