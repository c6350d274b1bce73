"""At what time of day a recogniser's stream began. Pure.

A stream's clock begins with its first audio, some milliseconds after it was attached, and runs steadily then. Each
report that speech has begun says how far it is; a report can be late but never early, so the earliest counts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

DETECTION_S: Final = 0.25
"""Speech is certain so long after it began."""


@dataclass(slots=True)
class StreamTimes:
    """attached_at: when the stream was connected: all that is known until speech is reported."""

    attached_at: dt.datetime
    _zero: dt.datetime | None = None

    def began(self, at_s: float, now: dt.datetime) -> None:
        """Speech that began at `at_s` of the stream has just been reported."""
        zero = now - dt.timedelta(seconds=at_s + DETECTION_S)
        self._zero = zero if self._zero is None else min(self._zero, zero)

    @property
    def zero(self) -> dt.datetime:
        """When the first audio of the stream was spoken."""
        return self._zero or self.attached_at
