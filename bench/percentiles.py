"""Percentiles of what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: int) -> float:
    """By the nearest rank, rounded to 0.1; -1 of nothing."""
    if not values:
        return -1.0
    return round(sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)], 1)
