"""The hotline's own time of day: it follows the machine's wall clock and never jumps with it.

Waits, promises and records are reckoned by the time of day, since they outlive processes. Were it to jump, everybody in
line would have waited too long at once, and calls would end before they began. So what passes is measured by the
kernel's count of seconds since the boot, which nobody sets, and a difference to the wall clock is made up slowly, a
second in ten. The reading is kept in a file, so that the next process of the same boot goes on from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

log = logging.getLogger(__name__)

MADE_UP: Final = 0.1
"""Of the time that passes: so much faster or slower while it differs from the wall clock."""
JUMP_S: Final = 5.0
"""A difference that no slow drift makes."""
TOLD_S: Final = 0.25
"""A jump by so much is one: less lies between two readings that follow each other."""
KEPT_S: Final = 0.2
"""The file is written anew when what it says has become wrong by so much."""
READ_S: Final = 1e-5
"""So much apart are two clocks that agree, since they are read one after the other."""
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class Reading(NamedTuple):
    """said_s: the time of day that was told (s since 1970). count_s: the kernel's count at that moment."""

    said_s: float
    count_s: float


@dataclass(frozen=True, slots=True)
class Jump:
    """The wall clock jumped. at: the latest time of day that was told before. by_s: so far, + = ahead.

    ahead_s: of the hotline's clock, with what was not made up yet of earlier ones.
    """

    at: dt.datetime
    by_s: float
    ahead_s: float


def advance(before: Reading, count_s: float, wall_s: float) -> Reading:
    """The reading now. It never goes back."""
    said_s, counted_s = before
    passed_s = count_s - counted_s
    if passed_s < 0.0:
        passed_s, count_s = 0.0, counted_s
    most_s = passed_s * MADE_UP
    behind_s = wall_s - (said_s + passed_s)
    if behind_s > most_s:
        behind_s = most_s
    elif behind_s < -most_s:
        behind_s = -most_s
    return Reading(said_s + passed_s + behind_s, count_s)


_boot_count: Final = partial(time.clock_gettime, time.CLOCK_BOOTTIME)


class SteadyClock:
    """A `Clock`. path: the file of its reading. wall, count: of the machine (s)."""

    def __init__(
        self,
        path: Path,
        *,
        wall: Callable[[], float] = time.time,
        count: Callable[[], float] = _boot_count,
    ) -> None:
        self._path = path
        self._wall = wall
        self._count = count
        self._boot = _boot_id()
        kept = self._read()
        self._kept_s = math.inf if kept is None else kept.said_s - kept.count_s
        """The time of day at a count of 0, as the file has it; inf: it has none."""
        self._reading: tuple[float, float] = kept or Reading(wall(), count())
        self._differs = False
        self._ahead_s = 0.0
        self._untold: list[Jump] = []
        self._told: Callable[[Jump], None] = self._untold.append
        self.now()

    def tell(self, told: Callable[[Jump], None]) -> None:
        """Of each jump, also of one that was noticed before. It may ask for the time."""
        untold, self._untold = self._untold, []
        self._told = told
        for jump in untold:
            told(jump)

    def now(self) -> dt.datetime:
        wall_s, count_s = self._wall(), self._count()
        said_s, counted_s = self._reading
        passed_s = count_s - counted_s
        ahead_s, most_s = wall_s - said_s - passed_s, passed_s * MADE_UP + READ_S
        # Asked a hundred times a call: while the two clocks agree, the time is the machine's.
        if (
            -most_s <= ahead_s <= most_s
            and wall_s >= said_s
            and -TOLD_S <= ahead_s - self._ahead_s <= TOLD_S
            and -KEPT_S <= wall_s - count_s - self._kept_s <= KEPT_S
            and not self._differs
        ):
            self._reading, self._ahead_s = (wall_s, count_s), 0.0
            return dt.datetime.fromtimestamp(wall_s, dt.UTC)
        return self._made_up(wall_s, count_s)

    def _made_up(self, wall_s: float, count_s: float) -> dt.datetime:
        """The time while they differ. It tells of a jump, and keeps the reading where the file is wrong."""
        before, was_ahead_s = Reading(*self._reading), self._ahead_s
        reading = self._reading = advance(before, count_s, wall_s)
        said_s, count_s = reading
        self._ahead_s = wall_s - said_s
        if self._differs or not -JUMP_S <= self._ahead_s <= JUMP_S:
            self._look(self._ahead_s)
        if not -KEPT_S <= said_s - count_s - self._kept_s <= KEPT_S:
            self._keep(reading)
        ahead_s = wall_s - before.said_s - (count_s - before.count_s)
        if not -TOLD_S <= ahead_s - was_ahead_s <= TOLD_S:
            self._told(Jump(_time(before.said_s), ahead_s - was_ahead_s, ahead_s))
        return _time(said_s)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def _look(self, ahead_s: float) -> None:
        differs = abs(ahead_s) > JUMP_S
        if differs and not self._differs:
            log.error(
                "the machine's clock is %+.0f s off the hotline's, which follows a second in ten; "
                "to take the machine's time at once, stop the hotline, remove %s and start it again",
                ahead_s,
                self._path,
            )
        self._differs = differs

    def _read(self) -> Reading | None:
        """What the process before would say now, to within `KEPT_S`; None: there is none of this boot.

        Nothing of the time since it was written is made up: the wall clock may have jumped a moment ago only, and who
        went on by what it says now would be behind the times of day that are on record.
        """
        try:
            told = json.loads(self._path.read_text())
            if told["boot"] != self._boot or not self._boot:
                return None
            reading = Reading(float(told["said_s"]), float(told["count_s"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        count_s = self._count()
        if reading.count_s > count_s:
            return None
        return Reading(reading.said_s + count_s - reading.count_s, count_s)

    def _keep(self, reading: Reading) -> None:
        self._kept_s = reading.said_s - reading.count_s
        draft = self._path.with_name(f".{self._path.name}.draft")
        told = {"boot": self._boot, "said_s": reading.said_s, "count_s": reading.count_s}
        # Without it the next process begins with the machine's time, as if nothing had been kept.
        with contextlib.suppress(OSError):
            draft.write_text(json.dumps(told) + "\n")
            draft.replace(self._path)


def _time(since_1970_s: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(since_1970_s, dt.UTC)


def _boot_id() -> str:
    try:
        return BOOT.read_text().strip()
    except OSError:
        return ""
