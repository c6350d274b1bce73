"""How long calls take an agent, by queue and hour of the week, and how soon waiting callers give up. Pure, in memory.

The estimate wants the calls of this hour of the week and the latest ones; where the hour is little known, any of the
queue. Times are given in the zone whose hours count.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict, deque
from typing import Final

from routing.estimate import LEAST_CALLS, Handling, handling
from routing.ids import QueueName

LATEST_KEPT: Final = 50
HOUR_KEPT: Final = 50
ANY_KEPT: Final = 200
WAITS_KEPT: Final = 200
LEAST_WAITS: Final = 50
ANSWERS_KEPT: Final = 50


class HandleTimes:
    def __init__(self) -> None:
        self._latest: dict[QueueName, deque[float]] = defaultdict(lambda: deque(maxlen=LATEST_KEPT))
        self._hours: dict[tuple[QueueName, int], deque[float]] = defaultdict(lambda: deque(maxlen=HOUR_KEPT))
        self._any: dict[QueueName, deque[float]] = defaultdict(lambda: deque(maxlen=ANY_KEPT))
        self._waits: dict[QueueName, deque[tuple[float, bool]]] = defaultdict(
            lambda: deque(maxlen=WAITS_KEPT)
        )
        self._answers: dict[QueueName, deque[float]] = defaultdict(lambda: deque(maxlen=ANSWERS_KEPT))

    def add(self, queue: QueueName, seconds: float, at: dt.datetime, *, live: bool = True) -> None:
        """One call of that queue took an agent so long, and ended then. live: in this run."""
        if seconds <= 0:
            return
        if live:
            self._latest[queue].append(seconds)
        self._hours[queue, _hour(at)].append(seconds)
        self._any[queue].append(seconds)

    def of(self, queue: QueueName, at: dt.datetime) -> Handling | None:
        """None: too few are known."""
        known = [*self._hours[queue, _hour(at)], *self._latest[queue]]
        return handling(known if len(known) >= LEAST_CALLS else list(self._any[queue]))

    def waited(self, queue: QueueName, seconds: float, *, gave_up: bool) -> None:
        self._waits[queue].append((seconds, gave_up))

    def giving_up_per_s(self, queue: QueueName) -> float:
        """Of one waiting caller: those who gave up over all the time that was waited; 0.0 while little is known."""
        waits = self._waits[queue]
        total_s = sum(seconds for seconds, _ in waits)
        if len(waits) < LEAST_WAITS or total_s <= 0:
            return 0.0
        return sum(gave_up for _, gave_up in waits) / total_s

    def answered(self, queue: QueueName, seconds: float) -> None:
        """From the offer to the agent's answer."""
        self._answers[queue].append(seconds)

    def answer_s(self, queue: QueueName) -> float:
        answers = self._answers[queue]
        return sum(answers) / len(answers) if answers else 0.0


def _hour(at: dt.datetime) -> int:
    """Of the week: 0 = Monday, midnight to one."""
    return at.weekday() * 24 + at.hour
