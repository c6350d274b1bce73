"""Who is listened to and who presses keys: pure."""

from __future__ import annotations

import pytest

from asr.admission import Admission, Kind
from asr.protocol import Priority

WHOLE = Kind("whisper", streaming=False, grammar=True)
STREAMS = Kind("vosk", streaming=True, grammar=True)
OPEN = Kind("vosk", streaming=True, grammar=False)


def measured(
    kind: Kind, cost_s: float, *, threads: int = 2, most: int = 100, wait_s: float = 3.0, turn_s: float = 6.0
) -> Admission:
    """After a minute of work at that cost a unit."""
    admission = Admission(threads, most, wait_s)
    now = 0.0
    for _ in range(max(50, int(120 / cost_s))):
        admission.began(kind, now)
        now += cost_s
        admission.ended(kind, now)
        admission.did(kind, 1.0, turn_s)
    return admission


def fill(admission: Admission, kind: Kind, priority: Priority = "live", tries: int = 200) -> int:
    """How many of so many are admitted."""
    admitted = 0
    for _ in range(tries):
        if not admission.refusal(kind, priority, 0.0):
            admission.opened(kind, priority)
            admitted += 1
    return admitted


@pytest.mark.parametrize(("cost_s", "admitted"), [(0.1, 17), (0.3, 5), (0.85, 2), (1.7, 1)])
def test_of_those_who_stream_all_may_speak_at_once(cost_s: float, admitted: int) -> None:
    """Two threads for nine tenths of the time: 1.8 s of work a second."""
    assert fill(measured(OPEN, cost_s), OPEN) == admitted


def test_of_the_others_none_waits_longer_than_the_bound() -> None:
    admission = measured(WHOLE, 0.29, turn_s=60.0)
    assert fill(admission, WHOLE) == 10
    assert admission.wait_s() == pytest.approx(2.9, abs=0.1)


def test_of_the_others_no_more_are_heard_than_the_engine_can_keep_up_with() -> None:
    """Each asks every 2 s for 0.29 s of work."""
    admission = measured(WHOLE, 0.29, wait_s=100.0, turn_s=2.0)
    assert fill(admission, WHOLE) == 6
    assert admission.use() == pytest.approx(6 * 0.29 / 2.0, abs=0.02)


@pytest.mark.parametrize("kind", [WHOLE, STREAMS, OPEN])
def test_nothing_measured_yet_is_no_reason_to_let_everybody_in(kind: Kind) -> None:
    assert 2 <= fill(Admission(2, 100, 3.0), kind) < 20


def test_the_first_is_always_served() -> None:
    admission = measured(WHOLE, 20.0)
    assert admission.refusal(WHOLE, "live", late_s=60.0) == ""
    admission.opened(WHOLE, "live")
    assert "60.0 s" in admission.refusal(WHOLE, "live", late_s=60.0)


def test_work_that_is_late_now_counts_whatever_was_measured() -> None:
    admission = measured(STREAMS, 0.04)
    admission.opened(STREAMS, "live")
    assert admission.refusal(STREAMS, "live", late_s=2.9) == ""
    assert admission.refusal(STREAMS, "live", late_s=3.1) != ""


def test_once_full_it_stays_so_until_there_is_room_to_breathe() -> None:
    admission = measured(OPEN, 0.1)
    full = fill(admission, OPEN)
    admission.closed(OPEN, "live")
    assert "%" in admission.refusal(OPEN, "live", 0.0)
    admission.closed(OPEN, "live")
    assert admission.refusal(OPEN, "live", 0.0) == ""
    admission.opened(OPEN, "live")
    assert fill(admission, OPEN) == 1
    assert admission.live == full


def test_the_configured_number_holds_whatever_it_costs_and_frees_at_once() -> None:
    admission = measured(STREAMS, 0.01, most=4)
    assert fill(admission, STREAMS) == 4
    admission.closed(STREAMS, "live")
    assert admission.refusal(STREAMS, "live", 0.0) == ""


def test_different_kinds_share_the_threads() -> None:
    admission = measured(OPEN, 0.85)
    admission.opened(OPEN, "live")
    # The grammar's guess of 0.1 a stream: nine of them fit beside it.
    assert fill(admission, STREAMS) == 9
    assert admission.refusal(OPEN, "live", 0.0) != ""


def test_recordings_take_no_place_from_callers_and_may_wait() -> None:
    admission = measured(WHOLE, 0.3, most=10)
    assert fill(admission, WHOLE, "background", tries=8) == 8
    assert admission.live == 0
    assert fill(admission, WHOLE) > 5
    assert admission.refusal(WHOLE, "background", 30.0) == ""


def test_recordings_do_not_pile_up_without_end() -> None:
    admission = measured(WHOLE, 0.3, most=10)
    assert admission.refusal(WHOLE, "background", 0.0, background_waiting=1000) != ""
    assert fill(admission, WHOLE, "background") == 10


def test_a_machine_that_becomes_slower_is_noticed() -> None:
    admission = measured(STREAMS, 0.05)
    before = admission.measured(0.0).costs["vosk grammar"]
    now = 1000.0
    for _ in range(400):
        admission.began(STREAMS, now)
        now += 0.5
        admission.ended(STREAMS, now)
        admission.did(STREAMS, 1.0, 1.0)
    after = admission.measured(0.0).costs["vosk grammar"]
    assert before == pytest.approx(0.05, abs=0.01) and after == pytest.approx(0.5, abs=0.06)


def test_the_figures_are_there_to_be_looked_at() -> None:
    admission = measured(STREAMS, 0.1, most=1)
    assert fill(admission, STREAMS, tries=3) == 1
    found = admission.measured(0.1234).as_dict()
    assert (found["live"], found["background"], found["refused"], found["late_s"]) == (1, 0, 2, 0.123)
    assert found["use"] == pytest.approx(0.05, abs=0.01)
