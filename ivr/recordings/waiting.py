"""Which recording is put into writing next, and when one that failed is tried again. Pure: `now` is passed in.

How far a recording is stands in its own row, under `data.transcript`, so that a restart loses nothing:

    {"state": "waiting", "attempts": 2, "next_at": "2026-11-26T08:00:00+00:00", "error": "..."}
    {"state": "done", "attempts": 1, "lines": 4}
    {"state": "failed", "attempts": 5, "error": "..."}

A row without it is new. What is not possible now because callers need the recogniser is no failed attempt.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from storage.promises import RecordingRecord

PAUSES_S: Final = (60.0, 300.0, 1800.0, 7200.0)
"""After each failed attempt; after one more it is given up."""
REFUSED_S: Final = 30.0
"""Callers need the recogniser, or it is starting."""
KEY: Final = "transcript"


@dataclass(frozen=True, slots=True)
class Job:
    """One recording that waits. attempts: those that failed."""

    recording: RecordingRecord
    due_at: dt.datetime
    attempts: int = 0


def job_of(recording: RecordingRecord, oldest: dt.datetime) -> Job | None:
    """What is still to be done with it; None: nothing. oldest: what is older than that stays as it is."""
    if recording.state != "kept" or recording.created_at < oldest:
        return None
    known: Mapping[str, Any] = recording.data.get(KEY) or {}
    match known.get("state"):
        case None:
            return Job(recording, recording.created_at)
        case "waiting":
            return Job(recording, dt.datetime.fromisoformat(known["next_at"]), int(known["attempts"]))
        case _:
            return None


def done(job: Job, lines: int) -> RecordingRecord:
    return _noted(job.recording, {"state": "done", "attempts": job.attempts + 1, "lines": lines})


def failed(
    job: Job, error: str, now: dt.datetime, *, for_good: bool = False
) -> tuple[RecordingRecord, Job | None]:
    """The row as it stands then, and when it is tried again. for_good: no further attempt would help."""
    attempts = job.attempts + 1
    if for_good or attempts > len(PAUSES_S):
        return _noted(job.recording, {"state": "failed", "attempts": attempts, "error": error}), None
    due_at = now + dt.timedelta(seconds=PAUSES_S[attempts - 1])
    note = {"state": "waiting", "attempts": attempts, "next_at": due_at.isoformat(), "error": error}
    recording = _noted(job.recording, note)
    return recording, Job(recording, due_at, attempts)


def put_off(job: Job, now: dt.datetime) -> Job:
    return replace(job, due_at=now + dt.timedelta(seconds=REFUSED_S))


class Waiting:
    """All that wait, the longest due first."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        self._jobs[job.recording.id] = job

    def forget(self, recording: str) -> None:
        self._jobs.pop(recording, None)

    def first(self) -> Job | None:
        return min(self._jobs.values(), key=lambda job: (job.due_at, job.recording.id), default=None)


def _noted(recording: RecordingRecord, note: Mapping[str, Any]) -> RecordingRecord:
    return replace(recording, data={**recording.data, KEY: dict(note)}, revision=recording.revision + 1)
