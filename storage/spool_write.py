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


def _keeping_the_lock() -> Write:
    try:
        pwrite = ctypes.PyDLL(None, use_errno=True).pwrite
    except (AttributeError, OSError, TypeError):
        return os.pwrite
    pwrite.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64]
    pwrite.restype = ctypes.c_ssize_t
    if ctypes.sizeof(ctypes.c_ssize_t) < 8:
        return os.pwrite  # its offset may be of another size there

    def write(file: int, what: bytes, where: int) -> int:
        written: int = pwrite(file, what, len(what), where)
        if written < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return written

    return write


write: Final[Write] = _keeping_the_lock()
