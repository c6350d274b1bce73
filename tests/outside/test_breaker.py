"""The circuit breaker as a table: events with their times in, admissions and states out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.outside.breaker import Admitted, Breaker, BreakerPolicy, Refused, Result, ask, settle

POLICY = BreakerPolicy(failures=3, window_s=10, open_s=20, longest_open_s=60, remembered=8)

# ask at a time -> admitted or refused; ok, bad, gone: what became of the last request admitted.
STORIES = {
    "failures open it": "0 ask yes bad; 1 ask yes bad; 2 ask yes bad; 3 ask no; 3 is open",
    "old failures are forgotten": "0 ask yes bad; 1 ask yes bad; 12 ask yes bad; 13 ask yes ok; 13 is closed",
    "a mostly well host stays open to us":
        "0 ask yes ok; 0 ask yes ok; 0 ask yes ok; 0 ask yes ok; 1 ask yes bad; 1 ask yes bad; 1 ask yes bad; "
        "2 is closed",
    "half of the answers is enough":
        "0 ask yes ok; 0 ask yes ok; 0 ask yes ok; 1 ask yes bad; 1 ask yes bad; 1 ask yes bad; 2 is open",
    "a caller who goes says nothing": "0 ask yes gone; 0 ask yes gone; 0 ask yes gone; 1 ask yes ok; 1 is closed",
    "one probe, then well": "0 ask yes bad; 0 ask yes bad; 0 ask yes bad; 19 ask no; 20 ask yes; 20 is probing; "
        "21 ask no; 22 ok; 22 is closed; 22 ask yes ok",
    "after a success it forgets": "0 ask yes bad; 0 ask yes bad; 0 ask yes bad; 20 ask yes ok; 21 ask yes bad; "
        "21 ask yes bad; 21 is closed",
    "a probe that fails doubles the time": "0 ask yes bad; 0 ask yes bad; 0 ask yes bad; 20 ask yes bad; "
        "59 ask no; 60 ask yes bad; 119 ask no; 120 ask yes bad; 179 ask no; 180 ask yes ok; 180 is closed",
    "a probe given up leaves it to the next": "0 ask yes bad; 0 ask yes bad; 0 ask yes bad; 20 ask yes gone; "
        "20 is open; 20 ask yes ok; 20 is closed",
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    results: dict[str, Result] = {"ok": "succeeded", "bad": "failed", "gone": "given_up"}
    breaker, turn = Breaker(), 0
    for event in STORIES[name].split("; "):
        at, *words = event.split()
        now = float(at)
        if words[0] == "is":
            assert breaker.state == words[1], event
            continue
        if words[0] == "ask":
            breaker, answer = ask(breaker, now)
            assert isinstance(answer, Admitted) == (words[1] == "yes"), event
            turn = answer.turn if isinstance(answer, Admitted) else turn
        if words[-1] in results:
            breaker = settle(breaker, turn, results[words[-1]], now, 0.5, POLICY)


def opened(now: float = 0.0, spread: float = 0.5) -> Breaker:
    breaker = Breaker()
    for _ in range(3):
        breaker = settle(breaker, breaker.turn, "failed", now, spread, POLICY)
    assert breaker.state == "open"
    return breaker


def test_what_was_sent_before_it_opened_changes_nothing() -> None:
    breaker = opened()
    assert settle(breaker, 0, "succeeded", 1.0, 0.5, POLICY) == breaker
    assert settle(breaker, 0, "failed", 1.0, 0.5, POLICY) == breaker
    probing, answer = ask(breaker, 20.0)
    assert isinstance(answer, Admitted)
    assert settle(probing, 0, "succeeded", 21.0, 0.5, POLICY) == probing


def test_the_time_is_spread_and_told() -> None:
    assert [opened(spread=spread).until for spread in (0.0, 0.5, 0.999)] == pytest.approx(
        [15, 20, 25], abs=0.1
    )
    refused = ask(opened(), 5.0)[1]
    assert refused == Refused(15.0)
    assert ask(ask(opened(), 20.0)[0], 20.0)[1] == Refused(0.0)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(("ask", "succeeded", "failed", "given_up")),
        st.floats(0, 30),
        st.integers(0, 5),
        st.floats(0, 1, exclude_max=True),
    ),
    max_size=80,
)


@given(EVENTS)
def test_whatever_happens_one_probe_at_most_and_never_shut_for_good(
    events: list[tuple[str, float, int, float]],
) -> None:
    breaker, now = Breaker(), 0.0
    out: list[int] = []
    for kind, later, which, spread in events:
        now += later
        if kind == "ask":
            before = breaker
            breaker, answer = ask(breaker, now)
            if isinstance(answer, Admitted):
                assert before.state != "probing", "a second probe"
                out.append(answer.turn)
            elif before.state == "open":
                assert now < before.until
        elif out:
            breaker = settle(breaker, out.pop(which % len(out)), kind, now, spread, POLICY)  # type: ignore[arg-type]
        assert len(breaker.recent) <= POLICY.remembered
        assert breaker.state != "open" or breaker.until - now <= POLICY.longest_open_s * 1.25
    for turn in out:
        breaker = settle(breaker, turn, "given_up", now, 0.5, POLICY)
    assert isinstance(ask(breaker, now + 2 * POLICY.longest_open_s)[1], Admitted)
