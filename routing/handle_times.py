"""How long calls take an agent, by queue and hour of the week, and how soon waiting callers give up. Pure, in memory.

The estimate wants the calls of this hour of the week and the latest ones; where the hour is little known, any of the
queue. Times are given in the zone whose hours count. Every figure is kept as sums: asking costs the same whatever is
known.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict, deque
from typing import Final

from routing.estimate import LEAST_CALLS, Handling
from routing.ids import QueueName

LATEST_KEPT: Final = 50
HOUR_KEPT: Final = 50
ANY_KEPT: Final = 200
WAITS_KEPT: Final = 200
LEAST_WAITS: Final = 50
ANSWERS_KEPT: Final = 50


class Recent:
    """The last `most` values with their sum and the sum of their squares."""

    __slots__ = ("_most", "_values", "squares", "total")

    def __init__(self, most: int) -> None:
        self._values: deque[float] = deque()
        self._most = most
        self.total = 0.0
        self.squares = 0.0

    def __len__(self) -> int:
        return len(self._values)

    def add(self, value: float) -> None:
        self._values.append(value)
        self.total += value
        self.squares += value * value
        if len(self._values) > self._most:
            old = self._values.popleft()
            self.total -= old
            self.squares -= old * old


class HandleTimes:
    def __init__(self) -> None:
        self._latest: dict[QueueName, Recent] = defaultdict(lambda: Recent(LATEST_KEPT))
        self._hours: dict[tuple[QueueName, int], Recent] = defaultdict(lambda: Recent(HOUR_KEPT))
        self._any: dict[QueueName, Recent] = defaultdict(lambda: Recent(ANY_KEPT))
        self._waited: dict[QueueName, Recent] = defaultdict(lambda: Recent(WAITS_KEPT))
        self._gave_up: dict[QueueName, Recent] = defaultdict(lambda: Recent(WAITS_KEPT))
        self._answers: dict[QueueName, Recent] = defaultdict(lambda: Recent(ANSWERS_KEPT))

    def add(self, queue: QueueName, seconds: float, at: dt.datetime, *, live: bool = True) -> None:
        """One call of that queue took an agent so long, and ended then. live: in this run."""
        if seconds <= 0:
            return
        if live:
            self._latest[queue].add(seconds)
        self._hours[queue, _hour(at)].add(seconds)
        self._any[queue].add(seconds)

    def of(self, queue: QueueName, at: dt.datetime) -> Handling | None:
        """None: too few are known."""
        if len(self._any[queue]) < LEAST_CALLS:
            return None
        hour, latest = self._hours[queue, _hour(at)], self._latest[queue]
        return _handling(hour, latest) or _handling(self._any[queue])

    def waited(self, queue: QueueName, seconds: float, *, gave_up: bool) -> None:
        self._waited[queue].add(max(0.0, seconds))
        self._gave_up[queue].add(float(gave_up))

    def giving_up_per_s(self, queue: QueueName) -> float:
        """Of one waiting caller: those who gave up over all the time that was waited; 0.0 while little is known."""
        waited = self._waited[queue]
        if len(waited) < LEAST_WAITS or waited.total < 1:
            return 0.0
        # Rounded, so that estimates of one moment share what they sum up.
        return round(self._gave_up[queue].total / waited.total, 6)

    def answered(self, queue: QueueName, seconds: float) -> None:
        """From the offer to the agent's answer."""
        self._answers[queue].add(max(0.0, seconds))

    def answer_s(self, queue: QueueName) -> float:
        answers = self._answers[queue]
        return answers.total / len(answers) if len(answers) else 0.0


def _handling(*known: Recent) -> Handling | None:
    count = sum(map(len, known))
    total = sum(one.total for one in known)
    if count < LEAST_CALLS or total <= 0:
        return None
    mean = total / count
    variance = max(0.0, sum(one.squares for one in known) / count - mean * mean)
    return Handling(mean, math.sqrt(variance) / mean, count)


def _hour(at: dt.datetime) -> int:
    """Of the week: 0 = Monday, midnight to one."""
    return at.weekday() * 24 + at.hour
