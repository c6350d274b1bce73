"""Numbered places where a call waits until somebody picks it up at whatever telephone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SLOTS: Final = tuple(str(number) for number in range(701, 721))
PARK: Final = "700"
"""Whoever transfers a call there by telephone parks it."""
LONGEST_S: Final = 60.0
"""So long a call is parked before who parked it is rung."""


class Slots(Generic[T]):
    def __init__(self, names: Sequence[str] = SLOTS) -> None:
        self._names = names
        self._taken: dict[str, T] = {}

    def take(self, who: T) -> str:
        """The lowest free one; "" when all are taken."""
        free = next((name for name in self._names if name not in self._taken), "")
        if free:
            self._taken[free] = who
        return free

    def put(self, slot: str, who: T) -> None:
        """Parked there by an earlier controller."""
        if slot in self._names:
            self._taken[slot] = who

    def at(self, slot: str) -> T | None:
        return self._taken.get(slot)

    def of(self, who: T) -> str:
        """The place it has, "" when it has none."""
        return next((slot for slot, one in self._taken.items() if one is who), "")

    def free(self, who: T) -> None:
        """Whatever place it has."""
        self._taken = {slot: one for slot, one in self._taken.items() if one is not who}

    def taken(self) -> list[tuple[str, T]]:
        return sorted(self._taken.items(), key=lambda place: place[0])
