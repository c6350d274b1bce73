"""The spool's segments on the disk: records put down one after the other, files begun, cut and removed."""

from __future__ import annotations

import contextlib
import logging
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from storage.spool_files import FILE_MODE, FULL, RunFolder, new_run, reserve
from storage.spool_format import HEADER
from storage.spool_write import Write

log = logging.getLogger(__name__)

NOT_ALL: Final = "the disk took a part only"


@dataclass(slots=True)
class Segment:
    """first: index of its first record. size: bytes, with the header. reserved: it was a spare, whose room it keeps."""

    number: int
    first: int
    path: Path
    size: int = len(HEADER)
    reserved: bool = False


class Segments:
    """Of one run. Used by `Spool` alone; everything here takes moments. write: to the file."""

    def __init__(self, folder: Path, segment_bytes: int, spares: int, most_bytes: int, write: Write) -> None:
        self.folder = folder
        self.most_bytes = most_bytes
        self.write = write
        self._segment_bytes = segment_bytes
        self._room = segment_bytes
        """Of the last segment: it takes nothing beyond. 0: what comes next does not follow what it ends with."""
        self._spares_wanted = spares
        self._run: RunFolder | None = None
        self._file = -1
        self._number = 0
        self._synced = 0
        """The segment up to which all is on the disk, but for what came to it since."""
        self._earlier_bytes = 0
        """Of all segments but the last."""
        self.all: deque[Segment] = deque()
        self.last: Segment | None = None
        """The one that is written to."""

    @property
    def size(self) -> int:
        return self._earlier_bytes + (0 if self.last is None else self.last.size)

    @property
    def empty(self) -> bool:
        return all(one.size <= len(HEADER) for one in self.all)

    def open(self) -> None:
        """Raises StorageError when the folder cannot be used, OSError when there is no room."""
        self._run = new_run(self.folder)
        self._begin(1)

    def close(self, *, keep: bool) -> None:
        """keep: for the next start. Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._run is None:
            return
        run, self._run = self._run, None
        if not keep:
            run.remove()
            return
        for path in run.path.glob("spare-*"):
            path.unlink(missing_ok=True)
        run.close()

    def put_down(self, framed: bytes, index: int) -> None:
        """Behind what is there. Raises OSError, StorageError when the disk does not take it; then nothing changes."""
        segment, size = self.last, len(framed)
        try:
            if segment is None or segment.size + size > self._room:
                segment = self._next(size, index)
            # `_append` in one line: each fact passes here.
            if self.write(self._file, framed, segment.size) != size:
                self._cut(segment, segment.size)
                raise OSError(NOT_ALL)
            segment.size += size
        except OSError as error:
            if self.size + size > self.most_bytes:
                raise
            self._from_reserve(framed, index, error)

    def trim(self, index: int, following: int) -> None:
        """Everything up to this index may go. following: the index that is given next."""
        while len(self.all) > 1 and self.all[1].first <= index + 1:
            done = self.all.popleft()
            self._earlier_bytes -= done.size
            self._done_with(done)
        if index + 1 >= following and self.last is not None:
            if self.last.size > len(HEADER):
                self._empty(self.last)
            self.last.first = following
            self._room = self._segment_bytes

    def pass_over(self) -> None:
        """Payloads that were never put down are stored: what comes next begins a segment, which says its index."""
        self._room = 0

    def unsynced(self) -> tuple[Sequence[Path], int]:
        """What must be written through, and the number of the last segment of it."""
        files = [one.path for one in self.all if one.number >= self._synced]
        new = self._synced < self._number and self._run is not None
        folders = [self._run.path, self.folder] if new and self._run is not None else []
        return [*files, *folders], self._number

    def synced(self, number: int) -> None:
        self._synced = max(self._synced, number)

    def fill_reserve(self) -> None:
        """Make the spares that are lacking, as far as there is room."""
        while (path := self._lacking_spare()) is not None:
            if not reserve(path, self._segment_bytes):
                return

    # --- files ---

    def _append(self, segment: Segment, framed: bytes) -> None:
        written = self.write(self._file, framed, segment.size)
        if written != len(framed):
            self._cut(segment, segment.size)
            raise OSError(NOT_ALL)
        segment.size += written

    def _from_reserve(self, framed: bytes, index: int, error: OSError) -> None:
        spares = [] if self._run is None else sorted(self._run.path.glob("spare-*"), reverse=True)
        for left, spare in zip(range(len(spares) - 1, -1, -1), spares, strict=True):
            try:
                self._append(self._begin(index, spare), framed)
            except OSError as another:
                error = another
            else:
                log.critical("the spool lives on its reserve, %d files are left: %s", left, error)
                return
        raise error

    def _next(self, size: int, index: int) -> Segment:
        """Another segment, or the last one if there cannot be another. Raises OSError when there is no room."""
        if self.size + size > self.most_bytes:
            raise OSError(f"it holds {self.size} bytes, and may hold no more")
        if self._run is None:
            self._run = new_run(self.folder)
        try:
            return self._begin(index)
        except OSError as error:
            if self.last is None or error.errno in FULL or not self._room:
                raise
            # A folder that takes no new file: the segment grows instead.
            return self.last

    def _begin(self, index: int, spare: Path | None = None) -> Segment:
        assert self._run is not None
        number = self._number + 1
        path = self._run.segment(number)
        if spare is not None:
            spare.rename(path)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            if self.write(file, HEADER, 0) != len(HEADER):
                raise OSError(NOT_ALL)
        except OSError:
            os.close(file)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self._number = file, number
        self._room = self._segment_bytes
        self._earlier_bytes = self.size
        self.last = Segment(number, index, path, reserved=spare is not None)
        self.all.append(self.last)
        return self.last

    def _empty(self, segment: Segment) -> None:
        """The last segment. On a full disk others would have the room of a spare at once: it is made zeros."""
        if not segment.reserved:
            return self._cut(segment, len(HEADER))
        with contextlib.suppress(OSError):
            self.write(self._file, bytes(segment.size - len(HEADER)), len(HEADER))
        segment.size = len(HEADER)
        return None

    def _done_with(self, segment: Segment) -> None:
        """It is removed, or a spare again."""
        with contextlib.suppress(OSError):
            spare = self._lacking_spare() if segment.reserved else None
            if spare is None or segment.path.stat().st_size < self._segment_bytes:
                segment.path.unlink()
                return
            with segment.path.open("r+b") as file:
                file.write(bytes(segment.size))
            segment.path.rename(spare)

    def _lacking_spare(self) -> Path | None:
        return next((path for path in self._spares() if not path.exists()), None)

    def _spares(self) -> list[Path]:
        """Where they lie, all that are wanted."""
        if self._run is None:
            return []
        return [self._run.path / f"spare-{number:02d}" for number in range(1, self._spares_wanted + 1)]

    def _cut(self, segment: Segment, size: int) -> None:
        """The last segment, to this size. Room that was reserved for it goes back to the disk."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, size)
        segment.size = size


def read_file(path: Path, size: int) -> bytes:
    """Raises OSError."""
    with path.open("rb") as file:
        return file.read(size)


def sync_files(paths: Sequence[Path]) -> None:
    """Raises OSError."""
    for path in paths:
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # trimmed meanwhile
        try:
            os.fsync(file)
        finally:
            os.close(file)
