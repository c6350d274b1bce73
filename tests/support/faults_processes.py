"""Faults of processes: ended as by a crash, frozen for a while, without room on the disk. No root is needed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path


def kill(pid: int) -> None:
    """SIGKILL; nothing happens where it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def tree(pid: int) -> list[int]:
    """The process and all that it started, itself first."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found.extend(int(child) for child in children.read_text().split())
    return found


@asynccontextmanager
async def frozen(pid: int, seconds: float) -> AsyncIterator[None]:
    """Stopped (SIGSTOP), with all that it started, for so long; the block runs when it goes on."""
    stopped = tree(pid)
    for one in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        for one in reversed(stopped):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)
    yield


@contextlib.contextmanager
def no_room(*pids: int, beyond: int = 0) -> Iterator[None]:
    """No file of these processes can grow meanwhile, or only to so many bytes: their writes fail with EFBIG, as with
    ENOSPC on a full disk.

    Sockets and pipes are not concerned. By the limit on the size of files, which a process's owner may set.
    """
    before: dict[int, tuple[int, int]] = {}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (beyond, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
