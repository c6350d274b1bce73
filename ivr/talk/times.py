"""How long citizen and others heard each other in a talk, and how long the citizen waited in it."""

from __future__ import annotations

from collections.abc import Callable


class TalkTimes:
    """monotonic: in seconds."""

    def __init__(
        self,
        monotonic: Callable[[], float],
        talked_s: float = 0.0,
        held_s: float = 0.0,
        *,
        flowing: bool = True,
    ) -> None:
        self._monotonic = monotonic
        self._since = monotonic()
        self._flowing = flowing
        self.talked_s = talked_s
        self.held_s = held_s

    def so_far(self) -> tuple[float, float]:
        """talked_s, held_s as of now."""
        more = self._monotonic() - self._since
        if self._flowing:
            return self.talked_s + more, self.held_s
        return self.talked_s, self.held_s + more

    def flowing(self, flowing: bool) -> None:
        """They hear each other from now on, or the citizen hears music or ringing."""
        now = self._monotonic()
        if self._flowing:
            self.talked_s += now - self._since
        else:
            self.held_s += now - self._since
        self._since, self._flowing = now, flowing
