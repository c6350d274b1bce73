"""How long a caller will wait: a range, or nothing at all when the figures do not carry one. Pure.

Model: the line moves whenever one of the `serving` agents ends a call, so the caller at place n waits for n ends, each
after mean handle time / agents on the average. The sum of n exponential gaps (an Erlang distribution) gives the range
from its 10th to its 90th percentile, by Wilson and Hilferty's approximation of the chi-square quantile.
Nothing is said with too few recent calls, with nobody serving, or when the range would be too wide to be of use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

LEAST_CALLS: Final = 20
LONGEST_S: Final = 3600.0
_Z_90: Final = 1.2816
"""Standard normal quantile at 90 %."""


@dataclass(frozen=True, slots=True)
class WaitRange:
    """s from now; four of five callers are expected to wait within it."""

    low_s: float
    high_s: float


def estimate(place: int, serving: int, handle_s: Sequence[float]) -> WaitRange | None:
    """place: 1 = next. serving: logged-in agents who fit and are not paused. handle_s: recent talk and wrap-up (s)."""
    if place < 1 or serving < 1 or len(handle_s) < LEAST_CALLS:
        return None
    gap_s = fmean(handle_s) / serving
    if gap_s <= 0:
        return None
    low, high = (gap_s * place * _gamma_factor(place, z) for z in (-_Z_90, _Z_90))
    return None if high > LONGEST_S else WaitRange(low, high)


def _gamma_factor(shape: int, z: float) -> float:
    """Quantile of a Gamma(shape, 1) over its mean."""
    return float(max(0.0, 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))) ** 3)
