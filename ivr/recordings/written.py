"""Puts recordings into writing, one at a time, when the recogniser has room beside its callers.

Theory of operation. Every recording that a call keeps is seen as its row is written; at the start the rows of the last
days are looked through for those that no earlier run finished. The next one is read from Asterisk, sent to the
recogniser at low priority (`asr/recorded.py`) and its lines are written in one go: an attempt that broke off leaves
none. Then its row says how it went (`waiting.py`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final as Constant
from typing import Protocol

from asr.protocol import AsrUnavailable, Ears, Final, Heard, ListenRequest
from asr.recorded import read_out
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.call.ports import Records, Said
from ivr.clock import Clock
from ivr.errors import AriError, StorageError
from ivr.ids import CallId
from ivr.recordings.sound import NoSound, pieces
from ivr.recordings.waiting import Job, Waiting, done, failed, job_of, put_off
from storage.promises import RecordingRecord

log = logging.getLogger(__name__)

END_SILENCE_S: Constant = 0.8
LONGEST_S: Constant = 18.0
LOOK_AGAIN_S: Constant = 60.0
"""The database was away when its rows were to be looked through."""


class ReadOut(Protocol):
    """As `asr.recorded.read_out`."""

    async def __call__(
        self, ears: Ears, request: ListenRequest, pieces: Iterator[bytes], tell: Callable[[Heard], None], /
    ) -> None: ...


class Rows(Protocol):
    """The recordings in the database."""

    def kept_since(self, oldest: dt.datetime) -> AsyncIterator[RecordingRecord]:
        """Oldest first. Raises StorageError."""
        ...

    def put(self, recording: RecordingRecord) -> None:
        """Never waits."""
        ...


class WrittenRecordings:
    """days: recordings older than that are left as they are. hot_words: of a language, names that may be said."""

    def __init__(
        self,
        ari: Ari,
        ears: Ears,
        rows: Rows,
        records: Records,
        clock: Clock,
        days: float,
        read: ReadOut = read_out,
        hot_words: Callable[[str], tuple[str, ...]] = lambda language: (),
    ) -> None:
        self._ari = ari
        self._read_out = read
        self._hot_words = hot_words
        self._ears = ears
        self._rows = rows
        self._records = records
        self._clock = clock
        self._days = days
        self._waiting = Waiting()
        self._changed = asyncio.Event()

    def see(self, recording: RecordingRecord) -> None:
        """A row as it is being written by whoever records. Never waits."""
        job = job_of(recording, self._oldest())
        if job is None:
            self._waiting.forget(recording.id)
        else:
            self._waiting.add(job)
            self._changed.set()

    async def run(self) -> None:
        """Until cancelled. Never fails: what cannot be written down stays a recording."""
        await self._see_earlier()
        while True:
            job = self._waiting.first()
            self._changed.clear()
            if job is None:
                await self._changed.wait()
                continue
            left_s = (job.due_at - self._clock.now()).total_seconds()
            if left_s > 0:
                try:
                    async with asyncio.timeout(left_s):
                        await self._changed.wait()
                except TimeoutError:
                    pass
                continue
            await self._attempt(job)

    async def _see_earlier(self) -> None:
        while True:
            try:
                async for recording in self._rows.kept_since(self._oldest()):
                    self.see(recording)
                return
            except StorageError as error:
                log.warning("recordings without a transcript are not known: %s; again in a minute", error)
                await asyncio.sleep(LOOK_AGAIN_S)

    def _oldest(self) -> dt.datetime:
        return self._clock.now() - dt.timedelta(days=self._days)

    async def _attempt(self, job: Job) -> None:
        name = job.recording.id
        try:
            lines = await self._read(job.recording)
        except AsrUnavailable as unavailable:
            if unavailable.cause in ("overloaded", "unavailable"):
                self._waiting.add(put_off(job, self._clock.now()))
                return
            self._failed(job, str(unavailable), for_good=unavailable.cause == "language")
        except (NoSound, FileNotFoundError) as error:
            self._failed(job, str(error), for_good=True)
        except AriError as error:
            self._failed(job, str(error))
        except Exception as error:
            log.exception("recording %s cannot be put into writing", name)
            self._failed(job, repr(error))
        else:
            self._write(job, lines)

    async def _read(self, recording: RecordingRecord) -> list[Final]:
        """Raises AsrUnavailable, AriError, NoSound, FileNotFoundError."""
        if not self._ears.languages():
            raise AsrUnavailable("nobody listens now", "unavailable")
        file = await self._ari.recordings.get_stored_file(recording_name=recording.id)
        if isinstance(file, Gone):
            raise FileNotFoundError("Asterisk has no such recording")
        request = ListenRequest(
            language=recording.language,
            end_silence_s=END_SILENCE_S,
            longest_s=LONGEST_S,
            label=recording.id,
            hot_words=self._hot_words(recording.language),
            continuous=True,
            priority="background",
        )
        lines: list[Final] = []

        def tell(heard: Heard) -> None:
            if isinstance(heard, Final) and heard.text:
                lines.append(heard)

        await self._read_out(self._ears, request, pieces(file.value), tell)
        return lines

    def _write(self, job: Job, lines: list[Final]) -> None:
        recording, now = job.recording, self._clock.now()
        for seq, heard in enumerate(lines, start=1):
            line = Said.of(heard, recording.created_at, source="recording", party=recording.id)
            self._records.transcript(CallId(recording.call_id), seq, line, now)
        log.info("recording %s is in writing: %d lines", recording.id, len(lines))
        self._rows.put(done(job, len(lines)))
        self._waiting.forget(recording.id)

    def _failed(self, job: Job, error: str, *, for_good: bool = False) -> None:
        recording, again = failed(job, error, self._clock.now(), for_good=for_good)
        log.warning(
            "recording %s is not in writing: %s; %s",
            recording.id,
            error,
            "given up" if again is None else f"again at {again.due_at:%H:%M:%S}",
        )
        self._rows.put(recording)
        if again is None:
            self._waiting.forget(recording.id)
        else:
            self._waiting.add(again)
