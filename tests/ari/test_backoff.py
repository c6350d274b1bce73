from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ari.backoff import BackOff, Fatal, Loss, Retry, next_attempt
from ivr.errors import AriUnauthorised

POLICY = BackOff(first_s=0.1, factor=2.0, most_s=5.0)
RETRIED: list[Loss] = ["refused", "closed", "silent", "rejected"]


@pytest.mark.parametrize("loss", RETRIED)
def test_delays_double_up_to_the_most(loss: Loss) -> None:
    delays = [next_attempt(loss, failures, 0.999999, POLICY) for failures in range(9)]
    assert [round(d.after_s, 2) for d in delays if isinstance(d, Retry)] == [
        0.1,
        0.2,
        0.4,
        0.8,
        1.6,
        3.2,
        5.0,
        5.0,
        5.0,
    ]


def test_a_wrong_password_is_fatal_and_says_how_to_mend() -> None:
    decision = next_attempt("unauthorised", 0, 0.5, POLICY, "status 401")
    assert isinstance(decision, Fatal)
    assert isinstance(decision.error, AriUnauthorised)
    assert "401" in str(decision.error)
    assert "ari.conf" in decision.error.mend


@given(
    failures=st.integers(0, 10**9),
    spread=st.floats(0, 1, exclude_max=True),
    loss=st.sampled_from(RETRIED),
)
def test_a_delay_is_always_within_half_and_the_whole(failures: int, spread: float, loss: Loss) -> None:
    decision = next_attempt(loss, failures, spread, POLICY)
    assert isinstance(decision, Retry)
    assert POLICY.first_s / 2 <= decision.after_s <= POLICY.most_s
