"""How old the oldest fact is that is not in the database yet, from two counts alone. Pure: `now` is passed in."""

from __future__ import annotations

from typing import Final

MOST_MARKS: Final = 512


class JournalLag:
    """`tick(now, taken, stored)` again and again; `lag_s(now)` when somebody asks. Exact to the pause between two
    ticks, and coarser the longer the database has been away, since old marks are thinned out."""

    def __init__(self) -> None:
        self._marks: list[tuple[int, float]] = []
        """So many facts had been taken by then; ascending."""
        self._stored = 0

    def tick(self, now: float, taken: int, stored: int) -> None:
        """taken, stored: since the start."""
        self._stored = stored
        self._marks = [mark for mark in self._marks if mark[0] > stored]
        if taken > stored and (not self._marks or self._marks[-1][0] < taken):
            self._marks.append((taken, now))
        if len(self._marks) > MOST_MARKS:
            self._marks = [self._marks[0], *self._marks[2::2]]

    def lag_s(self, now: float) -> float:
        """0.0 when all is stored."""
        return max(0.0, now - self._marks[0][1]) if self._marks else 0.0
