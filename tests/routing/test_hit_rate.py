"""Estimated waits against what happens, through the real dispatcher on virtual time (`bench/waits.py` has more)."""

from __future__ import annotations

import pytest

from bench.waits import SHIFTS, Shift, simulate
from routing.estimate import NOMINAL


@pytest.mark.parametrize("shift", SHIFTS[1:], ids=lambda shift: shift.name)
def test_four_of_five_waits_are_within_the_range(shift: Shift) -> None:
    outcome = simulate(shift, seed=7, hours=4.0)
    assert outcome.known > 80
    rate = outcome.hits / outcome.known
    assert NOMINAL - 0.1 <= rate <= NOMINAL + 0.1
    assert outcome.unknown <= 0.05 * outcome.known
