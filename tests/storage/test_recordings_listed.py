"""Recordings by age, purpose and class, page by page, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest

from storage.promises import RecordingRecord
from storage.store import Store

pytestmark = pytest.mark.asyncio

NOON = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)


async def test_recordings_by_time_purpose_and_class_page_by_page(store: Store) -> None:
    rows = [
        RecordingRecord(
            id=f"r{number}",
            call_id="c-n1-1",
            purpose="talk" if number % 2 else "message",
            path=f"r{number}.wav",
            created_at=NOON + dt.timedelta(hours=number // 2),
            state="deleted" if number == 5 else "kept",
            retention="complaint" if number == 3 else "",
            sha256="ab" * 32,
        )
        for number in range(6)
    ]
    async with store.unit_of_work() as uow:
        await uow.recordings.upsert(*rows)
    async with store.reading() as uow:
        listed = uow.recordings.listed
        assert await listed() == rows[:5]
        assert (
            await listed(since=NOON + dt.timedelta(hours=1), until=NOON + dt.timedelta(hours=2)) == rows[2:4]
        )
        assert await listed(purpose="talk", states=("kept", "deleted")) == [rows[1], rows[3], rows[5]]
        assert await listed(retention="complaint") == [rows[3]]
        assert await listed(retention="", limit=2) == rows[:2]
        assert await listed(retention="", after=rows[1]) == [rows[2], rows[4]]
