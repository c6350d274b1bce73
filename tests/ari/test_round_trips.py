from __future__ import annotations

from ivr.ari.heart import Heart
from ivr.ari.round_trips import MOST, RoundTrips


def test_an_answer_tells_how_late_it_was() -> None:
    trips = RoundTrips()
    trips.sent(10.0)
    assert trips.answered(10.0, 10.25) == 0.25
    assert trips.unanswered(11.0, came=True) is None


def test_an_overdue_answer_tells_so_while_events_come() -> None:
    trips = RoundTrips()
    for second in range(5):
        trips.sent(float(second))
    assert trips.answered(0.0, 4.5) == 4.5
    assert trips.unanswered(5.0, came=True) == 4.0
    assert trips.unanswered(5.0, came=False) is None, "silence is no lateness"


def test_who_answers_in_time_is_never_late() -> None:
    trips = RoundTrips()
    for second in range(10):
        assert trips.unanswered(float(second), came=True) is None
        trips.sent(float(second))
        if second:
            trips.answered(second - 1.0, float(second))


def test_another_connection_begins_anew_and_memory_is_bounded() -> None:
    trips = RoundTrips()
    for second in range(3 * MOST):
        trips.sent(float(second))
    assert trips.unanswered(3.0 * MOST, came=True) == MOST
    trips.begin()
    assert trips.unanswered(3.0 * MOST, came=True) is None


def test_a_frozen_asterisk_is_not_late() -> None:
    """It stops between two ticks, just after something came."""
    heart, trips = Heart(1.0, 3.0), RoundTrips()
    heart.opened()
    told: list[float | None] = []
    for second in range(12):
        heart.tick(float(second))
        told.append(trips.unanswered(float(second), heart.came))
        trips.sent(float(second))
        if second < 4:
            trips.answered(float(second), second + 0.1)
        if second <= 4:
            heart.heard("websocket")
    assert told == [None] * 12
    assert heart.condition == "silent"
