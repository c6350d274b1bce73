"""Means and ratios over replications with confidence intervals. Pure.

Student's t, because replications are few; a ratio of two sums by the delta method, as the field does (service level is
answered in time over offered, both of which are random).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from ivr.whatif.laws import Floats

LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """value: None where there is nothing to divide by. half: the half of the confidence interval, None = not known (one
    replication)."""

    value: float | None
    half: float | None

    @property
    def low(self) -> float | None:
        return None if self.value is None or self.half is None else self.value - self.half

    @property
    def high(self) -> float | None:
        return None if self.value is None or self.half is None else self.value + self.half


NOTHING: Final = Estimate(None, None)


def mean(values: Floats, level: float = LEVEL) -> Estimate:
    """Of one value a replication; those that are nan had none."""
    known = values[~np.isnan(values)]
    if not len(known):
        return NOTHING
    value = float(known.mean())
    if len(known) < 2:
        return Estimate(value, None)
    return Estimate(value, student(level, len(known) - 1) * float(known.std(ddof=1)) / math.sqrt(len(known)))


def ratio(above: Floats, below: Floats, level: float = LEVEL) -> Estimate:
    """The sum of the one over the sum of the other, each with one value a replication."""
    whole = float(below.sum())
    if not whole:
        return NOTHING
    value, count = float(above.sum()) / whole, len(above)
    if count < 2:
        return Estimate(value, None)
    spread = float((above - value * below).std(ddof=1))
    return Estimate(value, student(level, count - 1) * spread / (math.sqrt(count) * whole / count))


@lru_cache(maxsize=256)
def student(level: float, freedom: int) -> float:
    """The t that a Student variable of so many degrees of freedom exceeds in size with probability 1 - level."""
    low, high = 0.0, 1e4
    for _ in range(200):
        middle = (low + high) / 2
        if _within(middle, freedom) < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _within(t: float, freedom: int) -> float:
    """P(|T| <= t): the finite series of Abramowitz and Stegun 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine = math.cos(angle)
    if freedom > 2000:
        return math.erf(t / math.sqrt(2))
    if freedom == 1:
        return 2 * angle / math.pi
    odd = freedom % 2
    term = total = cosine if odd else 1.0
    for number in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine**2 * (number - 1) / number
        total += term
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total
