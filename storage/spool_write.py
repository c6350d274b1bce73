"""Writing to a file from the event loop without letting another thread in between.

`os.pwrite` gives up the interpreter lock for the two microseconds that the kernel takes to copy a fact. Where another
thread computes (a dialogue is reloaded, Chinese is cut into words), the loop gets the lock back 5 ms later, with each
fact anew. The same call through `ctypes.PyDLL` keeps it (docs/decisions/0170).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Final

Write = Callable[[int, bytes, int], int]
"""(file descriptor, what, where) -> how many bytes were written. Raises OSError."""
_FURTHEST: Final = 2**31 - 1
"""The largest number that goes as an `int`."""


def _keeping_the_lock() -> Write:
    try:
        # Its arguments are not declared and go as `int`: declaring them costs a third of the whole call.
        pwrite = ctypes.PyDLL(None).pwrite
    except (AttributeError, OSError, TypeError):
        return os.pwrite

    def write(file: int, what: bytes, where: int) -> int:
        if where <= _FURTHEST:
            written: int = pwrite(file, what, len(what), where)
            if written >= 0:
                return written
        return os.pwrite(file, what, where)  # says why it cannot, or does it where a signal came in between

    return write if _works(write) else os.pwrite


def _works(write: Write) -> bool:
    """What becomes of an `int` where C expects a longer number is looked at, not believed."""
    try:
        file = os.memfd_create("spool")
    except (AttributeError, OSError):
        return False
    try:
        written = write(file, b"ab\0c", 70_000)
        return (written, os.fstat(file).st_size, os.pread(file, 9, 70_000)) == (4, 70_004, b"ab\0c")
    except OSError:
        return False
    finally:
        os.close(file)


write: Final[Write] = _keeping_the_lock()
