"""The write-ahead spool: payloads appended to files at once, read again in order, trimmed when they are stored.

    spool = Spool(folder); spool.open()
    index = spool.append(payload)      # 1, 2, 3 ...; on the loop, some microseconds; never raises
    payloads, cursor = await spool.read(cursor)
    spool.trim(index)                  # everything up to there is in the database

Theory of operation. What was appended is in the kernel: it outlives the process however that ends, and with `sync` the
machine. Segments of about `segment_bytes` follow each other; one whose payloads are all trimmed is removed, and when
everything is trimmed the last one is cut to its header (a spare of before is filled with zeros, and stays a spare):
little is left that a start would read again, or that was erased meanwhile. A payload that the disk does not take (full,
broken) waits in memory, with all that come after it, and `retry` writes them in order when it can. Before that the
spares are used up: room for a segment each, reserved on the disk while there was some, which nothing else can have
taken. What is appended while it is `held` waits in the same way, for the one write with which `let_go` brings it to the
disk, or for the next one where it has become half a segment: all that a start decides on at once may be more than
memory takes, or than a spare does.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ivr.errors import StorageError
from storage import spool_format, spool_write
from storage.spool_files import report_damage
from storage.spool_segments import Segments, read_file, sync_files

log = logging.getLogger(__name__)

SEGMENT_BYTES: Final = 1024 * 1024
SPARES: Final = 16
MOST_BYTES: Final = 4 * 1024**3
UNWRITTEN_MOST: Final = 128 * 1024 * 1024
"""Bytes that wait in memory for the disk, at most."""
DISK_ERRORS: Final = (OSError, StorageError)
"""The disk does not take it now."""


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
        self._unwritten_most = unwritten_most
        self._together_most = segment_bytes // 2
        self._segments = Segments(folder, segment_bytes, spares, most_bytes, write)
        self._next = 1
        self._unwritten: deque[bytes] = deque()
        self._unwritten_bytes = 0
        self.held = 0
        """So many want what is appended to be written together."""
        self._full = False
        self.figures = SpoolFigures()

    # --- what it is doing ---

    @property
    def unwritten(self) -> int:
        """Payloads in memory that the disk has not taken."""
        return len(self._unwritten)

    @property
    def unwritten_bytes(self) -> int:
        """Of these, with what frames them."""
        return self._unwritten_bytes

    @property
    def unwritten_most(self) -> int:
        """So many bytes of them may wait."""
        return self._unwritten_most

    @property
    def pressed(self) -> bool:
        """Half of what may wait in memory for the disk does."""
        return self._unwritten_bytes > self._unwritten_most // 2

    @property
    def size(self) -> int:
        """Bytes on the disk, without the spares."""
        return self._segments.size

    @property
    def most_bytes(self) -> int:
        """The files may grow to so much."""
        return self._segments.most_bytes

    @property
    def last(self) -> int:
        """The index given last."""
        return self._next - 1

    @property
    def end(self) -> Cursor:
        """Where the next payload will be."""
        written, segment = self._next - self.unwritten, self._segments.last
        if segment is None:
            return Cursor(0, 0, written, written)
        return Cursor(segment.number, segment.size, written, written)

    # --- begin and end ---

    def open(self) -> None:
        """Raises StorageError when the folder cannot be used. On a full disk it begins in memory."""
        try:
            self._segments.open()
        except OSError as error:
            self._failed(error)
        self.fill_reserve()

    def close(self) -> None:
        """What is not trimmed stays for the next start. Idempotent."""
        self.retry()
        self._segments.close(keep=bool(self._unwritten) or not self._segments.empty)

    def fill_reserve(self) -> None:
        """Make the spares that are lacking, as far as there is room."""
        if not self._full:
            self._segments.fill_reserve()

    # --- appending ---

    def append(self, payload: bytes) -> int | None:
        """The payload's index; None: it is lost, there is no room left anywhere (or it is much too long).

        Never raises, never waits.
        """
        index = self._next
        try:
            framed = spool_format.record(payload)
        except ValueError as error:
            log.error("not spooled: %s", error)
            self.figures.lost += 1
            return None
        if self.held or self._unwritten:
            return self._keep(framed)
        try:
            self._segments.put_down(framed, index)
        except DISK_ERRORS as error:
            self._failed(error)
            return self._keep(framed)
        self._next = index + 1
        if self._full:
            self._works_again()
        return index

    def _keep(self, framed: bytes) -> int | None:
        """In memory, until the disk takes it."""
        if self.held and self._unwritten_bytes + len(framed) > self._together_most:
            self._put_together()
        if self._unwritten_bytes + len(framed) > self._unwritten_most:
            self.figures.lost += 1
            return None
        self._unwritten.append(framed)
        self._unwritten_bytes += len(framed)
        self._next += 1
        return self._next - 1

    def hold(self) -> None:
        """What is appended from now on is written when `let_go` was called as often as this."""
        self.held += 1

    def let_go(self) -> bool:
        """False: the disk does not take what was appended meanwhile, which waits for `retry`. Never raises."""
        self.held -= 1
        return bool(self.held) or self._put_together()

    def _put_together(self) -> bool:
        """What waits, in one write. False: the disk does not take it."""
        if not self._unwritten:
            return True
        if self._full:
            return False
        try:
            self._segments.put_down(b"".join(self._unwritten), self._next - len(self._unwritten))
        except DISK_ERRORS:
            return self.retry()  # as much of it as there is room for
        self._unwritten.clear()
        self._unwritten_bytes = 0
        return True

    def retry(self) -> bool:
        """Write what waits in memory. True: nothing waits any more."""
        if not self._unwritten:
            # The database has taken it: that says nothing of the disk.
            return True
        while self._unwritten:
            try:
                self._segments.put_down(self._unwritten[0], self._next - self.unwritten)
            except DISK_ERRORS as error:
                self._failed(error)
                return False
            self._drop_unwritten()
        if self._full:
            self._works_again()
        return True

    async def sync(self) -> None:
        """Returns when everything appended so far outlives a power cut. Raises OSError."""
        if not self.retry():
            raise OSError(f"{self.unwritten} facts wait for room on the disk")
        paths, number = self._segments.unsynced()
        await asyncio.to_thread(sync_files, paths)
        self._segments.synced(number)

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
        segment = next(one for one in self._segments.all if one.number >= cursor.segment)
        end, last = self.end, segment is self._segments.last
        begin = cursor.offset if segment.number == cursor.segment else len(spool_format.HEADER)
        try:
            data = await asyncio.to_thread(read_file, segment.path, segment.size)
        except OSError as error:
            log.critical("a part of the spool cannot be read and is passed over: %s", error)
            self.figures.damaged += 1
            data = b""
        scanned = await asyncio.to_thread(spool_format.scan, data, begin)
        self.figures.damaged += len(scanned.damaged)
        report_damage(self.folder, segment.path, data, scanned)
        at = cursor.at if segment.number == cursor.segment else segment.first
        payloads = scanned.payloads[max(0, cursor.index - at) :]
        if not last:
            following = next(one for one in self._segments.all if one.number > segment.number)
            read_to = max(following.first, cursor.index + len(payloads))
            end = Cursor(following.number, len(spool_format.HEADER), following.first, read_to)
        return payloads, end

    def trim(self, index: int) -> None:
        """Everything up to this index is stored for good. Never raises."""
        first_unwritten = self._next - self.unwritten
        if self._unwritten and first_unwritten <= index:
            self._segments.pass_over()
        while self._unwritten and first_unwritten <= index:
            self._drop_unwritten()
            first_unwritten += 1
        self._segments.trim(index, self._next)

    # --- the disk ---

    def _failed(self, error: Exception) -> None:
        self.figures.failures += 1
        if not self._full:
            self._full = True
            log.critical("the spool cannot be written, facts wait in memory only: %s", error)

    def _works_again(self) -> None:
        self._full = False
        log.warning("the spool can be written again")

    def _drop_unwritten(self) -> None:
        self._unwritten_bytes -= len(self._unwritten.popleft())
