"""The write-ahead spool: payloads appended to files at once, read again in order, trimmed when they are stored.

    spool = Spool(folder); spool.open()
    index = spool.append(payload)      # 1, 2, 3 ...; on the loop, some microseconds; never raises
    payloads, cursor = await spool.read(cursor)
    spool.trim(index)                  # everything up to there is in the database

Theory of operation. What was appended is in the kernel: it outlives the process however that ends, and with `sync` the
machine. Segments of about `segment_bytes` follow each other; one whose payloads are all trimmed is removed, and when
everything is trimmed the last one is cut to its header: little is left that a start would read again, or that was
erased meanwhile. A payload that the disk does not take (full, broken) waits in memory, with all that come after it, and
`retry` writes them in order when it can. Before that the spares are used up: room for a segment each, reserved on the
disk while there was some, which nothing else can have taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from storage import spool_format, spool_write
from storage.spool_files import FILE_MODE, FULL, RunFolder, new_run, report_damage, reserve

log = logging.getLogger(__name__)

SEGMENT_BYTES: Final = 1024 * 1024
SPARES: Final = 16
MOST_BYTES: Final = 4 * 1024**3
UNWRITTEN_MOST: Final = 128 * 1024 * 1024
"""Bytes that wait in memory for the disk, at most."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two payloads. index: of the one that comes next. at: of the one at this offset of the segment,
    lower than `index` where those between were read from memory before they came to the disk."""

    segment: int
    offset: int
    at: int
    index: int


@dataclass(slots=True)
class SpoolFigures:
    """lost: payloads. failures: writes that the disk did not take. damaged: places passed over in reading."""

    lost: int = 0
    failures: int = 0
    damaged: int = 0


@dataclass(slots=True)
class _Segment:
    number: int
    first: int
    path: Path
    size: int = len(spool_format.HEADER)


class Spool:
    """folder: shared by the runs of this controller. most_bytes: the files may grow to so much."""

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        spares: int = SPARES,
        most_bytes: int = MOST_BYTES,
        unwritten_most: int = UNWRITTEN_MOST,
        write: spool_write.Write = spool_write.write,
    ) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._spares_wanted = spares
        self._most_bytes = most_bytes
        self._unwritten_most = unwritten_most
        self._write = write
        self._run: RunFolder | None = None
        self._file = -1
        self._segments: deque[_Segment] = deque()
        self._segment: _Segment | None = None
        """The last one, which is written to."""
        self._earlier_bytes = 0
        """Of all segments but the last."""
        self._number = 0
        self._synced = 0
        """The segment up to which all is on the disk, but for what came to it since."""
        self._next = 1
        self._unwritten: deque[bytes] = deque()
        self._unwritten_bytes = 0
        self.unwritten = 0
        """Payloads in memory that the disk has not taken."""
        self._full = False
        self.figures = SpoolFigures()

    # --- what it is doing ---

    @property
    def pressed(self) -> bool:
        """Half of what may wait in memory for the disk does."""
        return self._unwritten_bytes > self._unwritten_most // 2

    @property
    def size(self) -> int:
        """Bytes on the disk, without the spares."""
        return self._earlier_bytes + (self._segments[-1].size if self._segments else 0)

    @property
    def most_bytes(self) -> int:
        """The files may grow to so much."""
        return self._most_bytes

    @property
    def last(self) -> int:
        """The index given last."""
        return self._next - 1

    @property
    def end(self) -> Cursor:
        """Where the next payload will be."""
        written = self._next - self.unwritten
        if not self._segments:
            return Cursor(0, 0, written, written)
        return Cursor(self._segments[-1].number, self._segments[-1].size, written, written)

    # --- begin and end ---

    def open(self) -> None:
        """Raises StorageError when the folder cannot be used. On a full disk it begins in memory."""
        try:
            self._run = new_run(self.folder)
            self._next_segment()
        except OSError as error:
            self._failed(error)
        self.fill_reserve()

    def close(self) -> None:
        """What is not trimmed stays for the next start. Idempotent."""
        if self._run is None:
            return
        self.retry()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        run, self._run = self._run, None
        if self._trimmed():
            run.remove()
        else:
            for path in run.path.glob("spare-*"):
                path.unlink(missing_ok=True)
            run.close()

    # --- appending ---

    def append(self, payload: bytes) -> int | None:
        """The payload's index; None: there is no room left anywhere, it is lost. Never raises, never waits."""
        framed = spool_format.record(payload)
        if self.unwritten or not self._put_down(framed):
            if self._unwritten_bytes + len(framed) > self._unwritten_most:
                self.figures.lost += 1
                return None
            self._unwritten.append(framed)
            self._unwritten_bytes += len(framed)
            self.unwritten += 1
        index = self._next
        self._next = index + 1
        return index

    def retry(self) -> bool:
        """Write what waits in memory. True: nothing waits any more."""
        while self._unwritten:
            if not self._put_down(self._unwritten[0]):
                return False
            self._drop_unwritten()
        if self._full:
            self._full = False
            log.warning("the spool can be written again")
        return True

    async def sync(self) -> None:
        """Returns when everything appended so far outlives a power cut. Raises OSError."""
        if not self.retry() or self._run is None:
            raise OSError(f"{self.unwritten} facts wait for room on the disk")
        segments = [one.path for one in self._segments if one.number >= self._synced]
        folders = [self._run.path, self.folder] if self._synced < self._number else []
        upto = self._number
        await asyncio.to_thread(_sync, [*segments, *folders])
        self._synced = max(self._synced, upto)

    # --- reading and trimming ---

    async def read(self, cursor: Cursor) -> tuple[Sequence[bytes], Cursor]:
        """What comes next, up to a segment of it, and the place after that; nothing at the end. For one reader.

        Damaged places are passed over and kept aside. The last payload has the index before the new cursor's.
        """
        first_unwritten = self._next - self.unwritten
        if cursor.index >= first_unwritten:
            waiting = list(self._unwritten)[cursor.index - first_unwritten :]
            after = replace(cursor, index=cursor.index + len(waiting))
            return [spool_format.scan(one, 0).payloads[0] for one in waiting], after
        segment = next(one for one in self._segments if one.number >= cursor.segment)
        end, last = self.end, segment is self._segments[-1]
        data = await asyncio.to_thread(_read, segment.path, segment.size)
        same = segment.number == cursor.segment
        scanned = spool_format.scan(data, cursor.offset if same else len(spool_format.HEADER))
        self._report(segment, data, scanned)
        seen = cursor.index - cursor.at
        payloads, left = scanned.payloads[seen:], max(0, seen - len(scanned.payloads))
        if not last:
            following = next(one for one in self._segments if one.number > segment.number)
            at = following.first
            end = Cursor(following.number, len(spool_format.HEADER), at, at + left)
        return payloads, end

    def trim(self, index: int) -> None:
        """Everything up to this index is stored for good. Never raises."""
        first_unwritten = self._next - self.unwritten
        while self._unwritten and first_unwritten <= index:
            self._drop_unwritten()
            first_unwritten += 1
        while len(self._segments) > 1 and self._segments[1].first <= index + 1:
            done = self._segments.popleft()
            self._earlier_bytes -= done.size
            with contextlib.suppress(OSError):
                done.path.unlink()
        if index >= self.last and self._segments and self._segments[-1].size > len(spool_format.HEADER):
            self._cut(self._segments[-1], len(spool_format.HEADER))
            self._segments[-1].first = self._next

    # --- the disk ---

    def fill_reserve(self) -> None:
        """Make the spares that are lacking, as far as there is room."""
        if self._run is None or self._full:
            return
        for number in range(1, self._spares_wanted + 1):
            path = self._spare(number)
            if not path.exists() and not reserve(path, self._segment_bytes):
                return

    def _put_down(self, framed: bytes) -> bool:
        """False: the disk does not take it now."""
        segment = self._segment
        try:
            if segment is None or segment.size + len(framed) > self._segment_bytes:
                segment = self._room_for(len(framed))
            written = self._write(self._file, framed, segment.size)
            if written == len(framed):
                segment.size += written
                return True
            self._cut(segment, segment.size)
        except OSError as error:
            return self._from_reserve(framed, error)
        return self._from_reserve(framed, OSError("the disk took a part only"))

    def _from_reserve(self, framed: bytes, error: OSError) -> bool:
        for number in range(self._spares_wanted, 0, -1):
            spare = self._spare(number)
            try:
                if self._run is None or not spare.exists():
                    continue
                self._next_segment(spare)
                segment = self._segments[-1]
                if self._write(self._file, framed, segment.size) == len(framed):
                    segment.size += len(framed)
                    log.critical("the spool lives on its reserve, %d MB: %s", self._reserved_mb(), error)
                    return True
                self._cut(segment, segment.size)
            except OSError as another:
                error = another
        self._failed(error)
        return False

    def _failed(self, error: OSError) -> None:
        self.figures.failures += 1
        if not self._full:
            self._full = True
            log.critical("the spool cannot be written, facts wait in memory only: %s", error)

    def _room_for(self, size: int) -> _Segment:
        """Another segment, or the last one if there cannot be another. Raises OSError when there is no room."""
        if self.size + size > self._most_bytes:
            raise OSError(f"it holds {self.size} bytes, and may hold no more")
        if self._run is None:
            self._run = new_run(self.folder)
        try:
            self._next_segment()
        except OSError as error:
            if self._segment is None or error.errno in FULL:
                raise
            # A folder that takes no new file: the segment grows instead.
        assert self._segment is not None
        return self._segment

    def _next_segment(self, spare: Path | None = None) -> None:
        assert self._run is not None
        number = self._number + 1
        path = self._run.segment(number)
        if spare is not None:
            spare.rename(path)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        file = os.open(path, flags, FILE_MODE)
        try:
            if self._write(file, spool_format.HEADER, 0) != len(spool_format.HEADER):
                raise OSError("the disk took a part only")
        except OSError:
            os.close(file)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        if self._segments:
            self._earlier_bytes += self._segments[-1].size
        if self._file >= 0:
            os.close(self._file)
        self._file = file
        self._number = number
        # Called when the next record to be written is the first that waits, or else the next one given.
        self._segment = _Segment(number, self._next - self.unwritten, path)
        self._segments.append(self._segment)

    def _drop_unwritten(self) -> None:
        self._unwritten_bytes -= len(self._unwritten.popleft())
        self.unwritten -= 1

    def _cut(self, segment: _Segment, size: int) -> None:
        """The last segment, to this size. Room that was reserved for it goes back to the disk."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, size)
        segment.size = size

    def _trimmed(self) -> bool:
        return not self._unwritten and all(one.size <= len(spool_format.HEADER) for one in self._segments)

    def _report(self, segment: _Segment, data: bytes, scanned: spool_format.Scanned) -> None:
        self.figures.damaged += len(scanned.damaged)
        report_damage(self.folder, segment.path, data, scanned)

    def _spare(self, number: int) -> Path:
        return (self._run.path if self._run is not None else self.folder) / f"spare-{number:02d}"

    def _reserved_mb(self) -> int:
        left = sum(self._spare(number).exists() for number in range(1, self._spares_wanted + 1))
        return left * self._segment_bytes // (1024 * 1024)


def _read(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _sync(paths: Sequence[Path]) -> None:
    for path in paths:
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # trimmed meanwhile
        try:
            os.fsync(file)
        finally:
            os.close(file)
