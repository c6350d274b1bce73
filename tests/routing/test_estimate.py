from __future__ import annotations

import random
from statistics import quantiles

import pytest

from routing.estimate import LEAST_CALLS, estimate

CALLS = [300.0] * LEAST_CALLS


@pytest.mark.parametrize(
    ("place", "serving", "handle_s"),
    [(0, 5, CALLS), (1, 0, CALLS), (1, 5, CALLS[1:]), (1, 5, [0.0] * 30), (50, 1, CALLS)],
)
def test_nothing_is_said_when_the_figures_do_not_carry_it(
    place: int, serving: int, handle_s: list[float]
) -> None:
    assert estimate(place, serving, handle_s) is None


def test_further_back_is_longer_and_more_agents_are_quicker() -> None:
    first, fifth, staffed = estimate(1, 5, CALLS), estimate(5, 5, CALLS), estimate(5, 10, CALLS)
    assert first is not None
    assert fifth is not None
    assert staffed is not None
    assert first.low_s < first.high_s < fifth.high_s
    assert staffed.high_s == pytest.approx(fifth.high_s / 2)


@pytest.mark.parametrize(("place", "serving"), [(1, 3), (4, 6), (20, 10)])
def test_the_range_holds_four_of_five_simulated_waits(place: int, serving: int) -> None:
    """Agents all busy, exponential calls of 300 s: the wait for `place` ends, drawn 4,000 times."""
    said = estimate(place, serving, CALLS)
    assert said is not None
    rng = random.Random(12345)
    waits = [sum(rng.expovariate(serving / 300) for _ in range(place)) for _ in range(4000)]
    deciles = quantiles(waits, n=10)
    assert said.low_s == pytest.approx(deciles[0], rel=0.15, abs=8)
    assert said.high_s == pytest.approx(deciles[-1], rel=0.05)
