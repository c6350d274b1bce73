"""A planned restart without a gap: the next controller takes the application, and has the calls as they stand.

The next one loads all that takes long, connects (Asterisk sends `ApplicationReplaced` to this one, which from then on
commands nothing and writes nothing, docs/decisions/0182) and waits. This one sees to it that all that it wrote is
durable, says so, and ends. Then the next one adopts the calls: what happened to them meanwhile waits in its bus.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from ivr.adoption.lock import ControllerLock
from ivr.ari.interface import Ari
from ivr.errors import StorageError
from storage.writer import FactWriter

log = logging.getLogger(__name__)

DRAIN_S: Final = 5.0
READY_S: Final = 20.0


class HandingOver:
    """let_go: set when the calls are another's and this controller is to end."""

    def __init__(self, lock: ControllerLock, writer: FactWriter) -> None:
        self._lock = lock
        self._writer = writer
        self._replaced = asyncio.Event()
        self.let_go = asyncio.Event()

    def replaced(self) -> None:
        """Another controller has our application."""
        self._replaced.set()

    async def run(self) -> None:
        """Until cancelled. Where nobody said that it would come, this controller stays, to tell of it."""
        await self._replaced.wait()
        if not self._lock.wanted:
            log.critical("nobody was to take over here: was another controller started by mistake?")
            return
        try:
            await self._writer.drain(DRAIN_S)
        except StorageError as error:
            log.error("the next controller has to wait for our end, what is left is in the spool: %s", error)
        else:
            self._lock.say("let_go")
        log.warning("the calls are the next controller's; this one ends")
        self.let_go.set()


async def take_application(
    ari: Ari, lock: ControllerLock, know_again: Callable[[ControllerLock], Awaitable[None]]
) -> None:
    """Connected, the other controller has lost the application. Returns when all that it knew is known here.

    Raises AriError, ConfigError, StorageError.
    """
    await ari.ready(READY_S)
    await lock.until_let_go()
    await know_again(lock)
