"""Laws have the mean and the spread that were asked for; intervals are Student's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ivr.whatif.laws import Law, draw
from ivr.whatif.quantities import rate, seconds, weekdays
from ivr.whatif.statistics import mean, ratio, student

COUNT = 40_000


def drawn(written: Any, periods: Any = None) -> Any:
    law = Law.model_validate(written if isinstance(written, dict) else {"constant": written})
    return draw(
        law, np.random.default_rng(4), np.zeros(COUNT, dtype=np.int64) if periods is None else periods, {}
    )


@pytest.mark.parametrize(
    ("written", "mean_s", "cv"),
    [
        ("90 s", 90, 0),
        ({"exponential": "2 min"}, 120, 1),
        ({"exponential": {"rate": "0.5/min"}}, 120, 1),
        ({"lognormal": {"mean": 300, "cv": 0.8}}, 300, 0.8),
        ({"lognormal": {"mean": 300, "sd": 60}}, 300, 0.2),
        ({"gamma": {"mean": 10, "shape": 4}}, 10, 0.5),
        ({"gamma": {"mean": 10, "cv": 0}}, 10, 0),
        ({"erlang": {"mean": 60, "k": 9}}, 60, 1 / 3),
        ({"weibull": {"mean": 60, "shape": 1}}, 60, 1),
        ({"hyperexponential": {"mean": 60, "cv": 2}}, 60, 2),
        ({"uniform": [60, 180]}, 120, 0.2887),
        ({"triangular": [0, 60, 120]}, 60, 0.4082),
        ({"values": [10, 30]}, 20, 0.5),
        ({"mixture": [{"share": 0.5, "law": 0}, {"share": 0.5, "law": "2 min"}]}, 60, 1),
    ],
)
def test_mean_and_spread(written: Any, mean_s: float, cv: float) -> None:
    values = drawn(written)
    assert values.mean() == pytest.approx(mean_s, rel=0.03)
    assert values.std() / values.mean() == pytest.approx(cv, rel=0.05, abs=1e-9)


def test_a_law_for_each_period_and_cuts() -> None:
    periods = np.repeat(np.arange(4), COUNT // 4)
    values = drawn({"by_period": [10, {"uniform": [20, 30]}, "never"], "at_least": 12}, periods)
    assert set(values[periods == 0]) == {12.0}
    assert 20 <= values[periods == 1].min() < values[periods == 1].max() <= 30
    assert np.isinf(values[periods >= 2]).all()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({}, "exactly one form"),
        ({"constant": 1, "uniform": [1, 2]}, "not constant and uniform"),
        ({"uniform": [3, 2]}, "least, greatest"),
        ({"lognormal": {"mean": 3}}, "one of `cv`, `sd` and `shape`"),
        ({"lognormal": {"mean": 3, "shape": 1}}, "no shape"),
        ({"hyperexponential": {"mean": 3, "cv": 0.5}}, "1 at least"),
        ({"mixture": [{"share": 0.4, "law": 3}]}, "make 1 together"),
        ({"exponential": {"rate": "3/fortnight"}}, "is no rate"),
        ({"constant": "5 mn"}, "is no time"),
        ({"exponential": {"mean": 3, "rate": "1/s"}}, "either"),
    ],
)
def test_a_law_that_is_none_is_refused(written: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Law.model_validate(written)


def test_times_rates_and_days() -> None:
    assert [seconds(each) for each in (90, "90 s", "1.5 min", "2h", "1 d")] == [90, 90, 90, 7200, 86_400]
    assert [rate(each) for each in ("60/min", "3600/h", "86400/day", 0)] == [1, 1, 1, 0]
    assert weekdays("mon-fri") == frozenset(range(5))
    assert weekdays("fri-mon") == frozenset({4, 5, 6, 0})
    assert weekdays(["sat", "sun"]) == frozenset({5, 6})
    for wrong in (5, "5", "5/eon"):
        with pytest.raises(ValueError, match="rate"):
            rate(wrong)


def test_student_and_the_delta_method() -> None:
    """Quantiles as tables have them; of ratios, an interval that covers as often as it says."""
    assert [round(student(0.95, freedom), 3) for freedom in (1, 2, 9, 30)] == [12.706, 4.303, 2.262, 2.042]
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        below = random.poisson(50, 20).astype(float)
        above = random.binomial(below.astype(int), 0.8).astype(float)
        found = ratio(above, below)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.8 <= found.high
    assert 0.91 < covered / 400 < 0.985
    assert mean(np.array([4.0])).half is None
    assert mean(np.array([np.nan])).value is None
    assert ratio(np.zeros(3), np.zeros(3)).value is None
