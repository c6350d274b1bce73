"""Who gives wrong secrets again and again is not heard for a while, the right one neither. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

MOST_KEYS: Final = 10_000


class Guesses:
    """most: so many wrong ones within `within_s`, and the key is not heard until they are older than that.

    Times are s of a clock that only goes on. Of more than MOST_KEYS the one that was wrong longest ago is forgotten.
    """

    def __init__(self, most: int, within_s: float) -> None:
        self._most = most
        self._within_s = within_s
        self._wrong: dict[str, deque[float]] = {}
        """The last `most` of each key, the latest key last."""

    def heard(self, key: str, now: float) -> bool:
        wrong = self._wrong.get(key)
        return wrong is None or len(wrong) < self._most or now - wrong[0] >= self._within_s

    def wrong(self, key: str, now: float) -> None:
        times = self._wrong.pop(key, None) or deque[float](maxlen=self._most)
        times.append(now)
        self._wrong[key] = times
        if len(self._wrong) > MOST_KEYS:
            del self._wrong[next(iter(self._wrong))]

    def right(self, key: str) -> None:
        self._wrong.pop(key, None)
