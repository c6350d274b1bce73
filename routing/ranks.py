"""Entries of one queue in the order of their ranks, while priorities grow with the time waited. No clock.

Two sorted lists: of those whose priority still grows, all at the same rate, so that their order stays; and of those
whose priority is as it is (no ageing, or grown by the most). Only the comparison of the two needs the time.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any, Final

from sortedcontainers import SortedList

from routing.rules import Rank

Key = tuple[int, int, str]
"""The rank without urgency, and without what grows: weight at the epoch, negated; enqueued at (us); id."""


MANY: Final = 500
"""From here on a list of the library's is quicker than a plain one; most lines are short, and a plain one is small."""


class Ranks:
    """rate: by which the weight of the growing ones grows in a us."""

    __slots__ = ("_growing", "_still", "rate", "urgency")

    def __init__(self, urgency: int, rate: int) -> None:
        self.urgency = urgency
        self.rate = rate
        # The library has no types.
        self._still: Any = []
        self._growing: Any = []

    def __len__(self) -> int:
        return len(self._still) + len(self._growing)

    def add(self, key: Key, growing: bool) -> None:
        part = self._growing if growing else self._still
        if not isinstance(part, list):
            part.add(key)
            return
        insort(part, key)
        if len(part) > MANY:
            if growing:
                self._growing = SortedList(part)
            else:
                self._still = SortedList(part)

    def remove(self, key: Key, growing: bool) -> None:
        part = self._growing if growing else self._still
        if isinstance(part, list):
            del part[bisect_left(part, key)]
        else:
            part.remove(key)

    def rank(self, key: Key, growing: bool, now_us: int) -> Rank:
        weight, enqueued, id = key
        return (self.urgency, weight - self.rate * now_us if growing else weight, enqueued, id)

    def before(self, key: Key, growing: bool, now_us: int) -> int:
        """How many stand before that key."""
        weight, enqueued, id = key
        grown = self.rate * now_us
        still = (weight - grown if growing else weight, enqueued, id)
        moving = (weight if growing else weight + grown, enqueued, id)
        return _index(self._still, still) + _index(self._growing, moving)

    def first(self, now_us: int) -> Rank:
        """Of one or more."""
        if not self._growing:
            return (self.urgency, *self._still[0])
        weight, enqueued, id = self._growing[0]
        growing = (self.urgency, weight - self.rate * now_us, enqueued, id)
        return min(growing, (self.urgency, *self._still[0])) if self._still else growing

    def ids(self) -> list[str]:
        """All, in no order."""
        return [key[2] for part in (self._still, self._growing) for key in part]

    def __call__(self, now_us: int) -> Iterator[Rank]:
        """First in line first. Nothing may be added or removed meanwhile."""
        if not self._growing:
            for weight, enqueued, id in self._still:
                yield (self.urgency, weight, enqueued, id)
            return
        grown = self.rate * now_us
        growing = ((self.urgency, weight - grown, at, id) for weight, at, id in self._growing)
        still = ((self.urgency, weight, at, id) for weight, at, id in self._still)
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


def _index(part: Any, key: Key) -> int:
    return bisect_left(part, key) if isinstance(part, list) else int(part.bisect_left(key))
