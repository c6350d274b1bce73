"""A timer that is put off much more often than it rings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class PutOff:
    """Rings once, when the time is over to which it was put off last. It is set anew only where it would ring too late:
    one that rings too early looks how long there is left. Putting it off is a comparison, no timer of the loop."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._looks_at = 0.0

    def put_off(self, until: float) -> None:
        """By the loop's clock; also to an earlier time than before."""
        self._until = until
        if self._timer is None or until < self._looks_at:
            self.close()
            self._set()

    def close(self) -> None:
        """It does not ring any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self) -> None:
        self._looks_at = self._until
        self._timer = asyncio.get_running_loop().call_at(self._until, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._until > self._looks_at:
            self._set()
        else:
            self._ring()
