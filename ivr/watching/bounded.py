"""Labels from outside: names that somebody chose are kept as they are up to a number, and are `other` beyond."""

from __future__ import annotations

from typing import Final

OTHER: Final = "other"


class BoundedLabel:
    """`of(name)` -> the label. most: different ones, the first that come."""

    def __init__(self, most: int = 50) -> None:
        self._most = most
        self._known: set[str] = set()

    def of(self, name: str) -> str:
        if name in self._known:
            return name
        if not name or len(name) > 64 or len(self._known) >= self._most:
            return OTHER
        self._known.add(name)
        return name
