"""How long citizen and others heard each other in a talk, and how long the citizen waited in it."""

from __future__ import annotations

from collections.abc import Callable


class TalkTimes:
    """monotonic: in seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._since = monotonic()
        self._flowing = True
        self.talked_s = 0.0
        self.held_s = 0.0

    def flowing(self, flowing: bool) -> None:
        """They hear each other from now on, or the citizen hears music or ringing."""
        now = self._monotonic()
        if self._flowing:
            self.talked_s += now - self._since
        else:
            self.held_s += now - self._since
        self._since, self._flowing = now, flowing
