from __future__ import annotations

import pytest

from ivr.ari.heart import Heart
from ivr.ari.round_trips import MOST, RoundTrips


def test_the_worst_answer_since_the_last_look_is_told_once() -> None:
    trips = RoundTrips()
    for sent, answered in ((10.0, 10.25), (11.0, 13.0), (12.0, 13.0)):
        trips.sent(sent)
        trips.answered(sent, answered)
    assert trips.late_s(14.0, came=True, loop_late_s=0.0) == 2.0
    assert trips.late_s(15.0, came=True, loop_late_s=0.0) == 0.0
    assert trips.late_s(16.0, came=False, loop_late_s=0.0) is None, "nothing is known"


def test_an_overdue_answer_tells_so_while_events_come() -> None:
    trips = RoundTrips()
    for second in range(5):
        trips.sent(float(second))
    trips.answered(0.0, 0.5)
    assert trips.late_s(5.0, came=True, loop_late_s=0.0) == 4.0
    assert trips.late_s(6.0, came=False, loop_late_s=0.0) is None, "silence is no lateness"


def test_a_loop_that_is_late_is_late_though_answers_are_quick() -> None:
    trips = RoundTrips()
    trips.sent(1.0)
    trips.answered(1.0, 1.1)
    assert trips.late_s(5.0, came=True, loop_late_s=3.0) == 3.0


def test_another_connection_begins_anew_and_memory_is_bounded() -> None:
    trips = RoundTrips()
    for second in range(3 * MOST):
        trips.sent(float(second))
    assert trips.late_s(3.0 * MOST, came=True, loop_late_s=0.0) == MOST
    trips.begin()
    assert trips.late_s(3.0 * MOST, came=True, loop_late_s=0.0) == 0.0


@pytest.mark.parametrize("stopped", ["asterisk", "we"])
def test_who_was_stopped_is_late_once_at_most(stopped: str) -> None:
    """From the fifth second to the thirteenth, just after something came; then all the answers come at once."""
    heart, trips = Heart(1.0, 3.0), RoundTrips()
    heart.opened()
    late: list[int] = []
    asked: list[float] = []
    for second in range(20):
        running = not 4 < second < 13
        if running or stopped == "asterisk":
            heart.tick(float(second))
            told = trips.late_s(float(second), heart.came, heart.late_s)
            if told is not None and told > 1.0:
                late.append(second)
            trips.sent(float(second))
            asked.append(float(second))
        if running:
            for sent in asked:
                trips.answered(sent, second + 0.1)
            asked.clear()
            heart.heard("websocket")
    assert late == ([14] if stopped == "asterisk" else [13])
