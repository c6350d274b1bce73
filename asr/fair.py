"""Which piece of work is done next when there is more of it than threads: fair between hearings. Pure.

    waiting                     taken next
    --------------------------  --------------------------------------------------------------------------
    live pieces                 the oldest piece of the hearing that was served longest ago
    background pieces only      likewise among those, while fewer than `background_at_once` are at work
    nothing, or too many        nothing

So one caller's long speech costs each other caller one piece of waiting at most, and recordings that are read
afterwards only what live callers leave.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from asr.protocol import Priority

Work = TypeVar("Work")

PRIORITIES: tuple[Priority, ...] = ("live", "background")


class FairQueue(Generic[Work]):
    """Not thread-safe. Whoever takes a piece says `done` when it is finished."""

    def __init__(self, background_at_once: int) -> None:
        self._background_at_once = background_at_once
        self._waiting: dict[Priority, OrderedDict[int, deque[Work]]] = {
            priority: OrderedDict() for priority in PRIORITIES
        }
        self._running: dict[Priority, int] = dict.fromkeys(PRIORITIES, 0)

    def put(self, hearing: int, priority: Priority, work: Work) -> None:
        self._waiting[priority].setdefault(hearing, deque()).append(work)

    def take(self) -> tuple[Priority, Work] | None:
        """The next piece, now at work; None: nothing may be done now."""
        for priority in PRIORITIES:
            waiting = self._waiting[priority]
            if not waiting:
                continue
            if priority == "background" and self._running[priority] >= self._background_at_once:
                return None
            hearing, pieces = next(iter(waiting.items()))
            work = pieces.popleft()
            if pieces:
                waiting.move_to_end(hearing)
            else:
                del waiting[hearing]
            self._running[priority] += 1
            return priority, work
        return None

    def done(self, priority: Priority) -> None:
        self._running[priority] -= 1

    def forget(self, hearing: int) -> list[Work]:
        """What that hearing still had waiting: it is taken out and handed back."""
        return [work for waiting in self._waiting.values() for work in waiting.pop(hearing, ())]

    def waiting(self, priority: Priority) -> Iterator[Work]:
        for pieces in self._waiting[priority].values():
            yield from pieces

    def at_work(self, priority: Priority) -> int:
        return self._running[priority]
