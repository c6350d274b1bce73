"""Calls into an engine from the loop: in the worker's threads, with one kind of error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from asr.load import Lane
from asr.protocol import AsrUnavailable, ListenRequest, Recognizer

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Asking:
    """One hearing's way to its engine, and the tasks that wait for it."""

    def __init__(self, request: ListenRequest, recognizer: Recognizer, load: Lane) -> None:
        self.request = request
        self.recognizer = recognizer
        self.load = load
        self._tasks: set[asyncio.Task[Any]] = set()

    async def in_thread(self, work: Callable[[], Result], units: float = 0.0) -> Result:
        """Raises AsrUnavailable whatever the engine raises: it is foreign code, and the caller has keys.

        units: as in `Lane.submit`.
        """
        try:
            return await asyncio.wrap_future(self.load.submit(work, units))
        except AsrUnavailable:
            raise
        except Exception as error:
            log.exception("the recogniser failed (%s)", self.request.label)
            raise AsrUnavailable(f"the recogniser failed: {error!r}", "lost") from error

    def start(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        task = asyncio.create_task(work, name=f"listening {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """The thread of a running engine call ends by itself."""
        running = list(self._tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
