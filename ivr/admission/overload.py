"""Whether the controller is too late to take more callers, by how late it was lately. Pure; `now` is passed in (s, a
clock that only goes on).

    load = measured(load, late_s, rules, now)       # about once a second
    refused, load = next_caller(load, now)          # for each caller whom nothing else keeps out

Late is who takes longer than `late_s` from a sign of Asterisk's to dealing with it. One late measurement says nothing:
the process was frozen, or Asterisk was; nor do two, where something else had the processor for some seconds. When none
was in time for `for_s`, and `LATE_AT_LEAST` were not, a share of the new callers is refused, and from then on the share
follows the lateness, as a regulator's does (RFC 8033): it grows with what is above `AIM` of `late_s` and with how
quickly that grows, so that those who are inside are served in time; where the controller is well below it, the share is
halved each second, and the end is soon there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

AIM: Final = 0.25
"""Of `late_s`: what is aimed at while callers are refused."""
LATE_AT_LEAST: Final = 3
"""So many in a row: who is late by seconds measures seldom."""
FIRST: Final = 0.5
LEAST: Final = 0.02
"""A smaller share is none."""
BY_HEIGHT: Final = 0.2
BY_GROWTH: Final = 0.5
"""What of the lateness (in `late_s`) is added to the share, each second and by what it grew."""
MOST_LATE: Final = 3.0
"""In `late_s`: beyond, it is as bad as can be."""
STEP_S: Final = 1.0
OLD_S: Final = 10.0
"""So long without a measurement: nothing is known any more, and nobody is refused."""


@dataclass(frozen=True, slots=True)
class OverloadRules:
    late_s: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Load:
    """share: of new callers who are refused, 0..1. late_s: as measured last, at `at`; None: never.

    late_since, late: since when every measurement was late, and how many. owed: refusals that the share has summed up
    to, below 1.
    """

    share: float = 0.0
    late_s: float = 0.0
    at: float | None = None
    late_since: float | None = None
    late: int = 0
    owed: float = 0.0


def measured(load: Load, late_s: float, rules: OverloadRules, now: float) -> Load:
    # Who is so late that it measures that seldom knows all the same.
    if load.at is None or not 0.0 <= now - load.at < max(OLD_S, 2 * late_s):
        load = Load(at=now)
    passed_s = 0.0 if load.at is None else min(now - load.at, STEP_S)
    if not load.share:
        if late_s <= rules.late_s:
            return Load(late_s=late_s, at=now)
        since, late = now if load.late_since is None else load.late_since, load.late + 1
        begins = now - since >= rules.for_s and late >= LATE_AT_LEAST
        return Load(FIRST if begins else 0.0, late_s, now, since, late)
    height, before = (min(one / rules.late_s, MOST_LATE) for one in (late_s, load.late_s))
    if height <= AIM / 2:
        share = load.share * 0.5**passed_s
    else:
        share = load.share + passed_s * BY_HEIGHT * (height - AIM) + BY_GROWTH * (height - before)
    if share < LEAST:
        return Load(late_s=late_s, at=now)
    return replace(load, share=min(share, 1.0), late_s=late_s, at=now)


def next_caller(load: Load, now: float) -> tuple[bool, Load]:
    """Whether one more caller is refused. Evenly: of a share of a third every third one."""
    share = share_now(load, now)
    owed = load.owed + share
    if owed < 1.0:
        return False, replace(load, owed=owed if share else 0.0)
    return True, replace(load, owed=owed - 1.0)


def share_now(load: Load, now: float) -> float:
    return load.share if _known(load, now) else 0.0


def late_now(load: Load, now: float) -> float:
    """s; 0.0: nothing is known any more."""
    return load.late_s if _known(load, now) else 0.0


def _known(load: Load, now: float) -> bool:
    return load.at is not None and 0.0 <= now - load.at < max(OLD_S, 2 * load.late_s)
