"""The files of what is known without the database: a snapshot, and behind it every fact that was stored since.

    last-known/                  0700
        00000007.snapshot        the state of the database when it was made: rows and facts, with its end
        00000007.facts           facts that were stored from that moment on, in order
        00000008.facts           the same, of the controller that came after

Both are records with a checksum each (`spool_format.py`). A snapshot counts only when it is whole.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from storage import spool_format
from storage.spool_files import FILE_MODE, FOLDER_MODE

SNAPSHOT: Final = ".snapshot"
FACTS: Final = ".facts"
END: Final = b"the end"


class KnownFiles:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = -1
        self.size = 0
        """Bytes of facts behind the newest snapshot, as far as this process wrote them."""

    def append(self, payloads: Iterable[bytes]) -> None:
        """In one write. Raises OSError: it is not known how much of it is there."""
        if self._file < 0:
            self._begin()
        data = b"".join(map(spool_format.record, payloads))
        at = 0
        while at < len(data):
            at += os.write(self._file, data[at:])
        self.size += len(data)

    def turn(self) -> tuple[int, Sequence[Path]]:
        """What is appended from now on belongs behind the snapshot of this number. The files that are then done with.

        Raises OSError.
        """
        old = self._all()
        self.close()
        return self._begin(), old

    def put_snapshot(self, number: int, payloads: Iterable[bytes], old: Sequence[Path]) -> None:
        """Takes the place of `old`. Long work: not for the event loop. Raises OSError."""
        path = self.folder / f"{number:08d}{SNAPSHOT}"
        draft = path.with_suffix(".draft")
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
        with os.fdopen(file, "wb") as out:
            out.write(spool_format.HEADER)
            for payload in (*payloads, END):
                out.write(spool_format.record(payload))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
        for one in old:
            one.unlink(missing_ok=True)

    def read(self) -> tuple[Sequence[bytes], Sequence[bytes]] | None:
        """The newest snapshot that is whole, and the facts behind it; None: there is none. Raises OSError."""
        for path in reversed([one for one in self._all() if one.suffix == SNAPSHOT]):
            scanned = spool_format.scan(path.read_bytes())
            if scanned.payloads and scanned.payloads[-1] == END and not scanned.damaged:
                facts: list[bytes] = []
                for one in self._all():
                    if one.suffix == FACTS and _number(one) >= _number(path):
                        facts += spool_format.scan(one.read_bytes()).payloads
                return scanned.payloads[:-1], facts
        return None

    def forget(self) -> None:
        """None of it counts any more. Never raises."""
        self.close()
        with contextlib.suppress(OSError):
            for path in self._all():
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _begin(self) -> int:
        """Behind all that is there; its number. A controller that hands over to us may write here too."""
        self.folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        number = max(map(_number, self._all()), default=0)
        while self._file < 0:
            number += 1
            with contextlib.suppress(FileExistsError):
                path = self.folder / f"{number:08d}{FACTS}"
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        self.size = os.write(self._file, spool_format.HEADER)
        return number

    def _all(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(one for one in self.folder.iterdir() if one.suffix in (SNAPSHOT, FACTS))


def _number(path: Path) -> int:
    return int(path.stem)
