"""What a telephone hears in a call, as a list of stretches: which sound, from when to when."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.demo.light_call import Call
from tests.chaos.sounds import WINDOW, named, pitch_of

GAP_S = 0.35
"""The same sound after a shorter silence is one stretch: packets come late."""


@dataclass(slots=True)
class Stretch:
    """At the event loop's clock, s. heard_s: without the gaps within."""

    name: str
    since_s: float
    until_s: float
    heard_s: float


class Ear:
    """`listen()` takes in what came since the last time."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._next = 0
        self.stretches: list[Stretch] = []

    def listen(self) -> None:
        heard = self._call.media.heard
        while self._next + WINDOW <= len(heard):
            window = heard[self._next : self._next + WINDOW]
            self._next += WINDOW
            name = named(pitch_of([packet.payload for packet in window]))
            if not name:
                continue
            since_s, until_s = window[0].at_s, window[-1].at_s + 0.02
            last = self.stretches[-1] if self.stretches else None
            if last is not None and last.name == name and since_s - last.until_s < GAP_S:
                last.until_s, last.heard_s = until_s, last.heard_s + WINDOW * 0.02
            else:
                self.stretches.append(Stretch(name, since_s, until_s, WINDOW * 0.02))

    def last(self) -> Stretch | None:
        return self.stretches[-1] if self.stretches else None

    def since(self, at_s: float) -> list[Stretch]:
        """What began then or later."""
        return [one for one in self.stretches if one.since_s >= at_s]

    def hears(self, name: str, since_s: float) -> bool:
        """Heard then or later, be it the end of what began before."""
        return any(one.name == name and one.until_s > since_s for one in self.stretches)
