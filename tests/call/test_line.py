"""What is told of a bad line, and what is not."""

from __future__ import annotations

import datetime as dt

import pytest

from asr.protocol import LineQuality
from ivr.call.line import LineWatch, faults_of
from ivr.call.stream_times import DETECTION_S, StreamTimes

GOOD = LineQuality(noise_dbfs=-60.0, speech_dbfs=-22.0, clipped_share=0.0, silent_share=0.1, lost_share=0.0)
NOISY = LineQuality(-28.0, -20.0, 0.0, 0.0, 0.0)
DROWNED = LineQuality(-36.0, -30.0, 0.0, 0.0, 0.0)
CLIPPED = LineQuality(-60.0, -8.0, 0.3, 0.0, 0.0)
LOSSY = LineQuality(-60.0, -22.0, 0.0, 0.0, 0.12)
DEAD = LineQuality(-96.0, None, 0.0, 1.0, 0.0)
QUIET_BUT_CLEAN = LineQuality(-70.0, -62.0, 0.0, 0.0, 0.0)
LISTENING = LineQuality(-65.0, None, 0.0, 0.4, 0.0)


@pytest.mark.parametrize(
    ("quality", "faults"),
    [
        (GOOD, set()),
        (NOISY, {"noisy"}),
        (DROWNED, {"noisy"}),
        (CLIPPED, {"clipped"}),
        (LOSSY, {"lossy"}),
        (DEAD, {"silent"}),
        (QUIET_BUT_CLEAN, set()),
        (LISTENING, set()),
    ],
)
def test_one_report(quality: LineQuality, faults: set[str]) -> None:
    assert faults_of(quality) == faults


def test_a_fault_is_told_once_and_not_at_the_first_report() -> None:
    watch = LineWatch()
    assert [watch.heard(one) for one in (NOISY, GOOD, NOISY, NOISY, CLIPPED, CLIPPED)] == [
        (),
        (),
        ("noisy",),
        (),
        (),
        ("clipped",),
    ]
    assert watch.faults == ("clipped", "noisy")


def test_who_only_listens_for_a_while_has_no_dead_line() -> None:
    watch = LineWatch()
    assert [watch.heard(one) for one in (DEAD, DEAD, GOOD, DEAD, DEAD, DEAD)] == [
        (),
        (),
        (),
        (),
        (),
        ("silent",),
    ]


def test_a_stream_began_when_the_earliest_report_says() -> None:
    noon = dt.datetime(2026, 11, 26, 12, 0, tzinfo=dt.UTC)

    def after(seconds: float) -> dt.datetime:
        return noon + dt.timedelta(seconds=seconds)

    times = StreamTimes(noon)
    assert times.zero == noon
    times.began(1.0, after(1.1 + DETECTION_S))
    assert times.zero == after(0.1)
    times.began(5.0, after(5.9 + DETECTION_S))  # a busy worker
    assert times.zero == after(0.1)
    times.began(8.0, after(8.05 + DETECTION_S))
    assert times.zero == after(0.05)
