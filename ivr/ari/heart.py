"""Whether Asterisk lives, judged by several signs. Pure: `now` is passed in, seconds on any clock that only goes on.

Signs: the event websocket is open; something came over it (an event, an answer, the pong to our ping); a request over
HTTP was answered. Each path is judged by itself, and Asterisk is silent when all are. Time in which this process itself
was stopped (the ticks did not come) says nothing of Asterisk and is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Path = Literal["websocket", "http"]
PATHS: Final[tuple[Path, ...]] = ("websocket", "http")
Condition = Literal["answers", "silent", "away"]
"""answers: events come and requests are answered, as far as is known. silent: connected, and nothing comes (frozen, or
the network). away: no websocket."""


@dataclass(slots=True)
class Heart:
    """tick_s: so often `tick` is called. silent_s: so long without any sign, and Asterisk is called silent."""

    tick_s: float
    silent_s: float
    connected: bool = False
    quiet_s: dict[Path, float] = field(default_factory=lambda: dict.fromkeys(PATHS, 0.0))
    """Since the last sign of life on that path."""
    away_s: float = 0.0
    """Since it last answered: silent, or without a websocket."""
    came: bool = False
    """Whether anything came over the websocket between the last two ticks."""
    late_s: float = 0.0
    """The last tick itself: the process was stopped, or is too busy."""
    _ticked: float | None = None

    def opened(self) -> None:
        self.connected = True
        self.away_s = 0.0
        self.heard("websocket")

    def closed(self) -> None:
        self.connected = False

    def heard(self, path: Path) -> None:
        """Something came from Asterisk."""
        self.quiet_s[path] = 0.0

    def tick(self, now: float) -> None:
        passed = 0.0 if self._ticked is None else now - self._ticked
        self._ticked = now
        self.late_s = max(passed - self.tick_s, 0.0)
        # More than two ticks at once: it was us who did not listen.
        counted = min(max(passed, 0.0), 2 * self.tick_s)
        self.came = not self.quiet_s["websocket"]
        for path in PATHS:
            self.quiet_s[path] += counted
        self.away_s = 0.0 if self.condition == "answers" else self.away_s + counted

    @property
    def silent_for_s(self) -> float:
        """Since the last sign of life on any path."""
        return min(self.quiet_s.values())

    @property
    def condition(self) -> Condition:
        if self.silent_for_s >= self.silent_s:
            return "silent" if self.connected else "away"
        return "answers" if self.connected else "away"
