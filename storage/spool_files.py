"""The spool's folder: a folder for each run of a controller, locked as long as it lives, and what is kept aside.

    spool/                       0700
        lock                     held for a moment by who makes or takes a run's folder
        run-20261126T081500.123456-4711/
            lock                 held by that controller until it ends, however it ends
            00000001.facts       segments, 0600
            spare-01             room on the disk for a segment, taken when the disk is full
        aside/                   what could not be read or stored, for people

A lock falls when its process ends: a folder that can be locked is of a controller that is gone.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ivr.errors import StorageError
from storage.spool_format import Scanned

log = logging.getLogger(__name__)

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
ASIDE_MOST: Final = 64 * 1024 * 1024
"""Bytes kept aside at most; beyond, only said."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
SUFFIX: Final = ".facts"


class RunFolder:
    """One run's folder, locked until `close`."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    def segments(self) -> list[Path]:
        """Oldest first. Raises OSError."""
        return sorted(path for path in self.path.iterdir() if path.suffix == SUFFIX)

    def segment(self, number: int) -> Path:
        return self.path / f"{number:08d}{SUFFIX}"

    def close(self) -> None:
        """Idempotent."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def remove(self) -> None:
        """With whatever is in it. What cannot be removed is said and stays."""
        try:
            for path in self.path.iterdir():
                path.unlink()
            self.path.rmdir()
        except OSError as error:
            log.warning("a spool folder that is done with stays: %s", error)
        self.close()


def new_run(spool: Path, now: dt.datetime | None = None) -> RunFolder:
    """Raises StorageError when the folder cannot be used, OSError (ENOSPC) when the disk is full."""
    now = dt.datetime.now(dt.UTC) if now is None else now
    try:
        spool.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        spool.chmod(FOLDER_MODE)
        with _alone(spool):
            path = spool / f"run-{now:%Y%m%dT%H%M%S.%f}-{os.getpid()}"
            path.mkdir(FOLDER_MODE)
            lock = _locked(path / "lock")
            assert lock is not None
            return RunFolder(path, lock)
    except OSError as error:
        if error.errno in FULL:
            raise
        mend = f"let the controller's user own {spool}, or set IVR_STATE_DIR"
        raise StorageError(f"the spool cannot be used: {error}", mend=mend) from error


def earlier_runs(spool: Path) -> list[RunFolder]:
    """Those of controllers that are gone, locked, oldest first. Raises OSError."""
    found: list[RunFolder] = []
    if not spool.exists():
        return found
    with _alone(spool):
        for path in sorted(spool.glob("run-*")):
            lock = _locked(path / "lock")
            if lock is None:
                log.info("%s belongs to a controller that is running", path)
            else:
                found.append(RunFolder(path, lock))
    return found


def keep_aside(spool: Path, name: str, content: bytes) -> bool:
    """False: not kept, since there is too much already or it cannot be written."""
    folder = spool / "aside"
    try:
        folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        if sum(path.stat().st_size for path in folder.iterdir()) + len(content) > ASIDE_MOST:
            return False
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
        try:
            os.write(file, content)
        finally:
            os.close(file)
    except OSError as error:
        log.error("nothing is kept aside: %s", error)
        return False
    return True


def report_damage(spool: Path, path: Path, data: bytes, scanned: Scanned) -> None:
    """Says what of a segment is passed over, and keeps it aside."""
    for begin, end in scanned.damaged:
        kept = keep_aside(spool, f"{path.parent.name}-{path.stem}-{begin}", data[begin:end])
        log.error(
            "%s is damaged: %d bytes from %d on are passed over%s",
            path,
            end - begin,
            begin,
            " and kept aside" if kept else "",
        )
    if scanned.torn:
        log.warning("%s: the last fact was not written to its end: it is cut off", path)


def reserve(path: Path, size: int) -> bool:
    """A file of `size` zeros whose room on the disk is really its own. False: there is no room for it."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
        try:
            os.posix_fallocate(file, 0, size)
        finally:
            os.close(file)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        return False
    return True


@contextlib.contextmanager
def _alone(spool: Path) -> Iterator[None]:
    """Between these lines no other controller makes or takes a folder: it takes microseconds."""
    file = os.open(spool / "lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _locked(path: Path) -> int | None:
    """The lock, held; None: somebody holds it."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except BaseException:
        os.close(file)
        raise
    return file
