"""How late Asterisk's events are, by the pings over the websocket: an answer stands behind all events before it. Pure;
`now` is passed in, seconds on one clock that only goes on.

    trips.sent(now)
    trips.answered(sent, now)
    trips.late_s(now, came, loop_late_s)     # once a tick: the worst of what is known since the last one

An overload of many seconds is seen by what is not there: the answers take as long as the events. Silence says nothing,
since a frozen Asterisk is not late: an unanswered ping counts only while other things come. A loop whose own timers are
late deals with everything so late.
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
        self._worst_s: float | None = None

    def begin(self) -> None:
        """Another connection: what was asked on the one before is not answered any more."""
        self._open.clear()
        self._worst_s = None

    def sent(self, now: float) -> None:
        self._open.append(now)

    def answered(self, sent: float, now: float) -> None:
        """sent: what the answer repeats."""
        while self._open and self._open[0] <= sent:
            self._open.popleft()
        if now >= sent:
            self._worst_s = max(now - sent, self._worst_s or 0.0)

    def late_s(self, now: float, came: bool, loop_late_s: float) -> float | None:
        """Before the next ping goes out. came: whether anything has come since the last one went out. loop_late_s: of
        this tick. None: nothing is known."""
        worst_s, self._worst_s = self._worst_s, None
        if came and len(self._open) > BEHIND:
            worst_s = max(now - self._open[0], worst_s or 0.0)
        return None if worst_s is None and not came else max(loop_late_s, worst_s or 0.0)
