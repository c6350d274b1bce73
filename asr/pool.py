"""The control process's side of recognition: starts the workers, keeps them running, opens hearings on them.

    async with WorkerPool(settings) as ears:
        hearing = await ears.open(ListenRequest("zh", ("人工", "投诉")))
        ... externalMedia to hearing.media_host:hearing.media_port ...
        async for heard in hearing: ...
        await hearing.aclose()

A worker that dies costs its open hearings a `Failed("lost")` and is started again, with growing pauses. While none is
ready, `open` raises AsrUnavailable at once: the flow goes on with keys.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from asr.hearing import RemoteHearing
from asr.link import WorkerLink
from asr.models import language_tag
from asr.protocol import AsrUnavailable, Hearing, ListenRequest
from asr.settings import PoolSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerState:
    """For the status page and `doctor`. engines: as the worker described them."""

    ready: bool
    pid: int | None
    restarts: int
    open_hearings: int
    engines: tuple[dict[str, Any], ...]
    trouble: str


class WorkerPool:
    """Implements `Ears`. Enter and leave it in the same task."""

    def __init__(self, settings: PoolSettings) -> None:
        self._settings = settings
        self._links = [WorkerLink(settings, number) for number in range(settings.workers)]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> WorkerPool:
        """Waits up to `ready_s` for the workers. One that is not ready then is not waited for: see `state`."""
        self._tasks = [
            asyncio.create_task(link.run(), name=f"asr worker {number}")
            for number, link in enumerate(self._links)
        ]
        try:
            async with asyncio.timeout(self._settings.ready_s):
                await asyncio.gather(*(link.settled.wait() for link in self._links))
        except TimeoutError:
            log.error(
                "no speech worker was ready within %.0f s: keys only until one is", self._settings.ready_s
            )
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def wait_ready(self, timeout_s: float) -> bool:
        """Until every worker serves (again); False when that takes longer."""
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*(link.up.wait() for link in self._links))
        except TimeoutError:
            return False
        return True

    def languages(self) -> frozenset[str]:
        """What the workers that are ready know."""
        return frozenset[str]().union(*(link.languages for link in self._links if link.ready))

    def state(self) -> Sequence[WorkerState]:
        return [
            WorkerState(
                link.ready, link.pid, link.restarts, link.open_count, tuple(link.engines), link.trouble
            )
            for link in self._links
        ]

    async def open(self, request: ListenRequest) -> Hearing:
        """A hearing whose media port is bound. Raises AsrUnavailable, at the latest after `open_s` seconds."""
        ready = [link for link in self._links if link.ready]
        if not ready:
            trouble = next((link.trouble for link in self._links if link.trouble), "starting")
            raise AsrUnavailable(f"no speech worker is ready: {trouble}", "unavailable")
        able = [link for link in ready if language_tag(request.language) in link.languages]
        if not able:
            raise AsrUnavailable(f"no model for {request.language!r}", "language")
        least = min(able, key=lambda link: link.open_count)
        hearing: RemoteHearing = await least.open(request)
        return hearing


class NoEars:
    """A machine without models: implements `Ears` by saying so."""

    def __init__(self, why: str = "no speech model is installed: run `ivr models fetch`") -> None:
        self._why = why

    def languages(self) -> frozenset[str]:
        return frozenset()

    async def open(self, request: ListenRequest) -> Hearing:
        raise AsrUnavailable(self._why, "unavailable")
