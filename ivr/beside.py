"""Work that goes on beside the calls: what they cannot do without ends all with it, the rest may fail without them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 300.0


async def beside_calls(
    name: str, work: Callable[[], Awaitable[None]], pause_s: float = FIRST_PAUSE_S
) -> None:
    """Until `work` returns by itself. What it raises ends no call: it is logged, and `work` is begun anew.

    name: of the work, for the log. pause_s: before the second try; twice as long before each further one.
    """
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("%s failed, calls go on without; again in %.0f s", name, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


class Beside:
    """Tasks of a group, each named, that end together."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: list[asyncio.Task[None]] = []

    def needed(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """What it raises ends the group."""
        self._tasks.append(self._group.create_task(work, name=name))

    def useful(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """As `beside_calls`."""
        self.needed(name, beside_calls(name, work))

    def end(self) -> None:
        for task in self._tasks:
            task.cancel()
