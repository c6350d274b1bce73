"""How well the hotline is said to be: each part, at the bound and beside it, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from ivr.watching.health import Limits, judge
from ivr.watching.readings import Buffer, Readings, SpeechWorker

MB = 1024 * 1024
WELL = Readings(
    calls={"menu": 3},
    most_calls=100,
    connected=True,
    spool_most_bytes=100 * MB,
    disk_free_bytes=10_000 * MB,
    disk_total_bytes=20_000 * MB,
)
SPOOLED: dict[str, Any] = {"database_ok": False, "facts_waiting": 7, "lag_s": 90.0}
DEAD = SpeechWorker("worker-0", False, 0, 1, 0, 0.0, 0.0, 0.0, 0.0)


def unwell(**changes: Any) -> dict[str, str]:
    report = judge(replace(WELL, **changes), Limits())
    for part in report.unwell:
        assert re.search(r"[一-鿿]", part.zh)
        assert re.search(r"[a-z]{3}", part.en)
        assert not re.search(r"[一-鿿]", part.en)
    assert report.ready is all(part.level != "down" for part in report.unwell)
    return {part.name: part.level for part in report.unwell}


def test_workers_that_are_starting_again_are_not_called_missing() -> None:
    (speech,) = judge(replace(WELL, speech=(DEAD,), keys_only=("zh", "en")), Limits()).unwell
    assert "no speech worker is ready" in speech.en


def test_all_is_well() -> None:
    assert unwell() == {}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"connected": False}, {"asterisk": "down"}),
        ({"replaced": True, "connected": False}, {"asterisk": "down"}),
        ({"trouble": "silent"}, {"asterisk": "down"}),
        ({"trouble": "crash_loop", "connected": False}, {"asterisk": "down"}),
        ({"event_lag_s": 2.0}, {}),
        ({"event_lag_s": 2.1}, {"events": "degraded"}),
        ({"event_lag_s": 16.0}, {"events": "down"}),
        ({"late_s": 3.0}, {}),
        ({"late_s": 0.3, "refused_share": 0.2}, {"calls": "degraded"}),
        ({"loop_lag_s": 0.6}, {"loop": "degraded"}),
        # The database away is no reason to refuse calls: that is what the spool is for.
        (SPOOLED, {"database": "degraded"}),
        ({"lag_s": 31.0}, {"database": "degraded"}),
        ({"spool_bytes": 79 * MB}, {}),
        ({"spool_bytes": 80 * MB}, {"spool": "degraded"}),
        ({"spool_bytes": 99 * MB}, {"spool": "degraded"}),
        (SPOOLED | {"spool_bytes": 99 * MB}, {"database": "degraded", "spool": "down"}),
        ({"writer": {"lost": 1}}, {"spool": "degraded"}),
        ({"spool_takes": False}, {"spool": "degraded"}),
        (SPOOLED | {"spool_takes": False}, {"database": "degraded", "spool": "down"}),
        ({"disk_free_bytes": 499 * MB}, {"disk": "degraded"}),
        ({"disk_free_bytes": 1 * MB}, {"disk": "degraded"}),
        (SPOOLED | {"disk_free_bytes": 1 * MB}, {"database": "degraded", "disk": "down"}),
        ({"calls": {"queue": 60, "talking": 29}}, {}),
        ({"calls": {"queue": 60, "talking": 30}}, {"calls": "degraded"}),
        ({"ending": True}, {"calls": "down"}),
        ({"keys_only": ("en",)}, {"speech": "degraded"}),
        ({"speech": (DEAD,)}, {"speech": "degraded"}),
        ({"speech": (DEAD, replace(DEAD, ready=True))}, {}),
        ({"buffers": (Buffer("inbox", 80, 100), Buffer("disk", 9e9, None))}, {"buffers": "degraded"}),
        ({"buffers": (Buffer("inbox", 79, 100),)}, {}),
    ],
)
def test_each_part(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert unwell(**changes) == expected
