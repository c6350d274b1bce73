"""The recordings in the hotline's database."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable

from storage.promises import RecordingRecord
from storage.records import Fact
from storage.store import Store


class StoredRows:
    """Implements `written.Rows`. node: those of other controllers lie in other Asterisks. put: the writer's."""

    def __init__(self, store: Store, put: Callable[[Fact], None], node: str) -> None:
        self._store = store
        self._put = put
        self._ours = f"c-{node}-"

    async def kept_since(self, oldest: dt.datetime) -> AsyncIterator[RecordingRecord]:
        last: RecordingRecord | None = None
        while True:
            async with self._store.reading() as uow:
                found = await uow.recordings.kept(oldest, last)
            if not found:
                return
            for recording in found:
                if recording.call_id.startswith(self._ours):
                    yield recording
            last = found[-1]

    def put(self, recording: RecordingRecord) -> None:
        self._put(recording)
