"""How long a caller will wait: a range, or nothing at all when the figures do not carry one. Pure.

Model: the line moves whenever one of the `serving` agents ends a call or somebody ahead gives up. With i callers still
ahead the next move comes after 1 / (serving / handle time + i * giving up) on the average; the wait is the sum of these
gaps. How much it varies lies between what single calls do (many moves of few agents) and what independent arrivals do
(few moves of many agents). The sum is taken for a gamma distribution, whose 10th and 90th percentile are the range
(Wilson and Hilferty's approximation).
Nothing is said with too few known calls, with nobody serving, or when the range would be too long to be of use. Whether
ranges may be told at all is decided by how many of the last ones held (`HitRate`).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import Final

LEAST_CALLS: Final = 20
LONGEST_S: Final = 3600.0
NOMINAL: Final = 0.8
"""The share of waits that the range is made to hold."""
LEAST_HIT_RATE: Final = 0.6
LEAST_MEASURED: Final = 20
MEASURED_KEPT: Final = 200
AT_ONCE_S: Final = 30.0
"""For whom an agent is free: so long at most until that agent answers."""
USUAL_WIDTH: Final = (1.2816, 1.2816)
"""The 10th and the 90th percentile."""
LEAST_WIDTH: Final = 0.5
MOST_WIDTH: Final = 3.0
LEARNING: Final = 0.05


@dataclass(frozen=True, slots=True)
class WaitRange:
    """s from now; four of five callers are expected to wait within it."""

    low_s: float
    high_s: float

    def holds(self, waited_s: float) -> bool:
        return self.low_s <= waited_s <= self.high_s


AT_ONCE: Final = WaitRange(0.0, AT_ONCE_S)
"""Of a caller who has an agent already."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How long an agent is taken by one call: ringing, talk and wrap-up (s). spread: standard deviation over mean."""

    mean_s: float
    spread: float
    calls: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One estimate and what came of it. told: to the caller. waited_s: from the estimate on. hit: None = not known."""

    id: str
    entry: str
    queue: str
    at_s: float
    place: int
    serving: int
    wait: WaitRange
    told: bool
    waited_s: float
    hit: bool | None


def estimate(
    place: float,
    serving: int,
    handle: Handling | None,
    *,
    free: int = 0,
    giving_up_per_s: float = 0.0,
    answer_s: float = 0.0,
    width: tuple[float, float] = USUAL_WIDTH,
) -> WaitRange | None:
    """The wait until an agent answers.

    place: 1 = next; a fraction where callers ahead are served by others too. serving: logged-in agents who fit and are
    not paused; free: of those, who have no call. giving_up_per_s: of one waiting caller. answer_s: from the offer to
    the answer. width: below and above, in standard deviations of a normal distribution.
    """
    if place < 1 or serving < 1 or handle is None:
        return None
    moves = place - free
    if moves <= 0:
        return WaitRange(0.0, max(AT_ONCE_S, 2 * answer_s))
    per_s = serving / handle.mean_s
    mean_s, squares = _sums(moves, per_s, max(0.0, giving_up_per_s))
    calls = max(0.0, moves - 1)
    variance = squares * (serving + calls * handle.spread**2) / (serving + calls)
    shape = mean_s**2 / variance if variance > 0 else math.inf
    low, high = (answer_s + mean_s * _gamma_factor(shape, z) for z in (-width[0], width[1]))
    return None if high > LONGEST_S else WaitRange(low, high)


def _sums(moves: float, per_s: float, giving_up_per_s: float) -> tuple[float, float]:
    """Of the gaps, and of their squares. A part of a move counts as that part of the last gap."""
    whole = math.floor(moves)
    rest = (moves - whole) / (per_s + whole * giving_up_per_s)
    if giving_up_per_s == 0:
        return whole / per_s + rest, whole / per_s**2 + rest * rest
    sums = _cumulated(per_s, giving_up_per_s)
    for ahead in range(len(sums) - 1, whole):
        gap = 1 / (per_s + ahead * giving_up_per_s)
        sums.append((sums[-1][0] + gap, sums[-1][1] + gap * gap))
    return sums[whole][0] + rest, sums[whole][1] + rest * rest


@lru_cache(maxsize=256)
def _cumulated(per_s: float, giving_up_per_s: float) -> list[tuple[float, float]]:
    """Sums of the first 0, 1, 2 ... gaps, made longer as they are asked for: a line asks for all of them."""
    return [(0.0, 0.0)]


def _gamma_factor(shape: float, z: float) -> float:
    """Quantile of a Gamma(shape, 1) over its mean."""
    if math.isinf(shape):
        return 1.0
    return float(max(0.0, 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))) ** 3)


class HitRate:
    """How many of the last estimates held, of those whose truth is known; and what has been learnt of it.

    `width`: each estimate that was too short makes the next ones a little longer at that end, each that was not a very
    little shorter, so that in the long run one in ten is missed at either end, whatever the model leaves out.
    """

    def __init__(self) -> None:
        self._last: deque[bool] = deque(maxlen=MEASURED_KEPT)
        self.width = USUAL_WIDTH

    def add(self, wait: WaitRange, waited_s: float) -> None:
        self._last.append(wait.holds(waited_s))
        missed = (waited_s < wait.low_s, waited_s > wait.high_s)
        low, high = (
            min(MOST_WIDTH, max(LEAST_WIDTH, at + LEARNING * (miss - (1 - NOMINAL) / 2)))
            for at, miss in zip(self.width, missed, strict=True)
        )
        self.width = low, high

    @property
    def measured(self) -> int:
        return len(self._last)

    @property
    def rate(self) -> float | None:
        """None: nothing is known."""
        return fmean(self._last) if self._last else None

    @property
    def trusted(self) -> bool:
        rate = self.rate
        return rate is not None and len(self._last) >= LEAST_MEASURED and rate >= LEAST_HIT_RATE
