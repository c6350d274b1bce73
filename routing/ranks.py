"""Entries of one queue in the order of their ranks, while priorities grow with the time waited. No clock.

Two sorted lists: of those whose priority still grows, all at the same rate, so that their order stays; and of those
whose priority is as it is (no ageing, or grown by the most). Only the comparison of the two needs the time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sortedcontainers import SortedList

from routing.rules import Rank

Key = tuple[int, int, str]
"""The rank without urgency, and without what grows: weight at the epoch, negated; enqueued at (us); id."""


class Ranks:
    """rate: by which the weight of the growing ones grows in a us."""

    __slots__ = ("_growing", "_still", "rate", "urgency")

    def __init__(self, urgency: int, rate: int) -> None:
        self.urgency = urgency
        self.rate = rate
        # The library has no types.
        self._still: Any = None
        self._growing: Any = None

    def __len__(self) -> int:
        return (len(self._still) if self._still else 0) + (len(self._growing) if self._growing else 0)

    def add(self, key: Key, growing: bool) -> None:
        if growing:
            if self._growing is None:
                self._growing = SortedList()
            self._growing.add(key)
        else:
            if self._still is None:
                self._still = SortedList()
            self._still.add(key)

    def remove(self, key: Key, growing: bool) -> None:
        (self._growing if growing else self._still).remove(key)

    def rank(self, key: Key, growing: bool, now_us: int) -> Rank:
        weight, enqueued, id = key
        return (self.urgency, weight - self.rate * now_us if growing else weight, enqueued, id)

    def before(self, key: Key, growing: bool, now_us: int) -> int:
        """How many stand before that key."""
        weight, enqueued, id = key
        grown = self.rate * now_us
        still = (weight - grown if growing else weight, enqueued, id)
        moving = (weight if growing else weight + grown, enqueued, id)
        return (self._still.bisect_left(still) if self._still else 0) + (
            self._growing.bisect_left(moving) if self._growing else 0
        )

    def ids(self) -> list[str]:
        """All, in no order."""
        return [key[2] for part in (self._still, self._growing) if part for key in part]

    def __call__(self, now_us: int) -> Iterator[Rank]:
        """First in line first. Nothing may be added or removed meanwhile."""
        if not self._growing:
            for weight, enqueued, id in self._still or ():
                yield (self.urgency, weight, enqueued, id)
            return
        grown = self.rate * now_us
        growing = ((self.urgency, weight - grown, at, id) for weight, at, id in self._growing)
        still = ((self.urgency, weight, at, id) for weight, at, id in self._still or ())
        one, other = next(growing, None), next(still, None)
        while one is not None and other is not None:
            if one < other:
                yield one
                one = next(growing, None)
            else:
                yield other
                other = next(still, None)
        if one is not None:
            yield one
            yield from growing
        if other is not None:
            yield other
            yield from still
