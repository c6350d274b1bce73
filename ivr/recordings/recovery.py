"""Finishes recordings that nobody finished: the controller died, or the disk was full.

Asterisk goes on writing while there is no controller. At the start, and now and then, the parts that lie on the disk
and that nobody is working on become files, and every row that says `recording` is made true.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.errors import AriError, StorageError
from ivr.ids import ChannelId, owner_of
from ivr.recordings.files import Finished, finish, seconds_of, sha256
from storage.promises import RecordingRecord
from storage.store import Store

log = logging.getLogger(__name__)

PURPOSE: Final = "talk"
LOOK_EVERY_S: Final = 300.0
AGAIN_S: Final = 15.0
"""Asterisk still writes some of them, or could not be asked."""


class Recovery:
    """folder: the recordings. busy: ids of those that are being made now; they are left alone."""

    def __init__(
        self,
        ari: Ari,
        store: Store,
        put: Callable[[RecordingRecord], None],
        folder: Path,
        node: str,
        busy: Callable[[], frozenset[str]],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._ari = ari
        self._store = store
        self._put = put
        self._folder = folder
        self._ours = f"c-{node}-"
        self._busy = busy
        self._changed = changed

    async def run(self) -> None:
        """Until cancelled. Never fails."""
        while True:
            again_s = LOOK_EVERY_S
            try:
                if not await self.look():
                    again_s = AGAIN_S
            except (AriError, StorageError, OSError) as error:
                log.warning("recordings that an earlier run left are not finished yet: %s", error)
                again_s = AGAIN_S
            await asyncio.sleep(again_s)

    async def look(self) -> bool:
        """Once. False: some are still being written. Raises AriError, StorageError, OSError."""
        open_rows = await self._open_rows()
        still_written = False
        for part in await asyncio.to_thread(lambda: sorted(self._folder.glob(f"{self._ours}*.raw"))):
            if part.stem in self._busy():
                continue
            if not isinstance(await self._ari.channels.get(channel_id=ChannelId(part.stem)), Gone):
                still_written = True
                open_rows.pop(part.stem, None)
                continue
            made = await asyncio.to_thread(finish, part, part.with_suffix(".wav"))
            row = open_rows.pop(part.stem, None)
            await self._settle(row or await self._row_of(part.stem, made), made)
        for row in open_rows.values():
            if row.id not in self._busy():
                await self._settle(row, await self._finished_before(row))
        return not still_written

    async def _open_rows(self) -> dict[str, RecordingRecord]:
        found: dict[str, RecordingRecord] = {}
        last: RecordingRecord | None = None
        while True:
            async with self._store.reading() as uow:
                rows = await uow.recordings.listed(purpose=PURPOSE, states=("recording",), after=last)
            if not rows:
                return found
            last = rows[-1]
            found |= {row.id: row for row in rows if row.id.startswith(self._ours)}

    async def _row_of(self, recording: str, made: Finished) -> RecordingRecord:
        """The row was never written, or says something else than the disk: made from what the file tells."""
        async with self._store.reading() as uow:
            known = await uow.recordings.get(recording)
        if known is not None:
            return known
        ended_at = dt.datetime.fromtimestamp(made.path.stat().st_mtime, dt.UTC)
        return RecordingRecord(
            id=recording,
            call_id=owner_of(recording) or "",
            purpose=PURPOSE,
            path=made.path.name,
            created_at=ended_at - dt.timedelta(seconds=made.seconds),
        )

    async def _finished_before(self, row: RecordingRecord) -> Finished | None:
        """The file was whole, and its row was lost."""
        path = self._folder / row.path

        def look() -> Finished | None:
            return Finished(path, seconds_of(path), sha256(path)) if path.exists() else None

        return await asyncio.to_thread(look)

    async def _settle(self, row: RecordingRecord, made: Finished | None) -> None:
        seconds = 0.0 if made is None else made.seconds
        data: dict[str, Any] = dict(row.data) | {"ended_by": "recovered"}
        going_on = sorted(one for one in self._busy() if owner_of(one) == row.call_id)
        if going_on:
            # The talk outlived the controller: the rest of it is in another file.
            data["continued_in"] = going_on[0]
        async with self._store.reading() as uow:
            lines = await uow.transcripts.of(row.call_id)
        if any(line.source == "conversation" for line in lines):
            # As far as the controller heard it: what is in writing is not put into writing again.
            data["transcript"] = {"state": "live"}
        for key in ("agents", "silences"):
            data[key] = [
                dict(one) | ({"to_s": seconds} if one.get("to_s") is None else {})
                for one in data.get(key, ())
            ]
        self._put(
            replace(
                row,
                state="kept" if seconds else "failed",
                seconds=seconds,
                sha256="" if made is None else made.sha256,
                data=data,
                revision=row.revision + 1,
            )
        )
        log.warning("recording %s of an earlier run: %.1f s", row.id, seconds)
        self._changed()
