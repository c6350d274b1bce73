"""A wall clock that can be made to jump while the process that reads it runs: its offset is in a file.

SteadyClock(state / "clock.json", wall=WallOffset(path).wall)     # in the process
WallOffset(path).set(3600.0)                                      # from outside
"""

from __future__ import annotations

import mmap
import struct
import time
from pathlib import Path

_OFFSET = struct.Struct("<d")


class WallOffset:
    """The offset (s) in its file: whoever sets it and the processes that read it map the same page."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_OFFSET.pack(0.0))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _OFFSET.size)

    @property
    def seconds(self) -> float:
        value: float = _OFFSET.unpack_from(self._page)[0]
        return value

    def set(self, seconds: float) -> None:
        _OFFSET.pack_into(self._page, 0, seconds)

    def wall(self) -> float:
        """The machine's wall clock, off by that (s since 1970)."""
        return time.time() + self.seconds
