"""When what waits for the database is written: soon, in company; at once where enough lies ready or somebody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """every_s: longest wait for company."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self.some = asyncio.Event()
        """There is something to write."""
        self.enough = asyncio.Event()
        """It need not wait for company."""
        self.idle = asyncio.Event()
        """All is written, or nobody writes any more."""
        self.idle.set()
        self._urgent = 0

    def begin(self) -> None:
        """The first one waits."""
        self.idle.clear()
        self.some.set()

    def end(self) -> None:
        """Nothing waits any more."""
        self.some.clear()
        self.idle.set()

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Somebody waits for what was put."""
        self._urgent += 1
        self.enough.set()
        try:
            yield
        finally:
            self._urgent -= 1

    async def company(self) -> None:
        """Wait a little for more, unless someone waits for us."""
        if self._urgent:
            return
        self.enough.clear()
        try:
            async with asyncio.timeout(self._every_s):
                await self.enough.wait()
        except TimeoutError:
            return
