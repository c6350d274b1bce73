"""The control process's side of recognition: keeps the workers, here and on other machines, and opens hearings on them.

    async with WorkerPool(settings) as ears:
        hearing = await ears.open(ListenRequest("zh", ("人工", "投诉")))
        ... externalMedia to hearing.media_host:hearing.media_port ...
        async for heard in hearing: ...
        await hearing.aclose()

A worker that dies costs its open hearings a `Failed("lost")` and is started again, with growing pauses. Who opens a
hearing meanwhile waits a little for it, since a caller who was lost is just being asked again. While none has ever
been ready, `open` raises AsrUnavailable at once: the flow goes on with keys.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from asr.models import language_tag
from asr.place import Place, elsewhere, on_this_machine
from asr.protocol import AsrUnavailable, Hearing, ListenRequest
from asr.settings import PoolSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerState:
    """For the status page and `doctor`. engines: as the worker described them.

    name: a number, or the address of a worker on another machine. restarts: after it died; replaced: because it had
    grown. memory_mb, grown_mb: resident now, and more than when it was ready. load: `asr.admission.Measured`.
    """

    ready: bool
    pid: int | None
    restarts: int
    open_hearings: int
    engines: tuple[dict[str, Any], ...]
    trouble: str
    name: str = ""
    replaced: int = 0
    memory_mb: float = 0.0
    grown_mb: float = 0.0
    load: dict[str, Any] = field(default_factory=dict)


class WorkerPool:
    """Implements `Ears`. Enter and leave it in the same task."""

    def __init__(self, settings: PoolSettings, *, waits: bool = True) -> None:
        """waits: entering returns when the workers are ready; else they become so while it is used."""
        self._settings = settings
        self._waits = waits
        self._places = [on_this_machine(settings, number) for number in range(settings.workers)]
        self._places += [elsewhere(settings, remote) for remote in settings.remote]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> WorkerPool:
        """Waits up to `ready_s` for the workers. One that is not ready then is not waited for: see `state`."""
        self._tasks = [
            asyncio.create_task(place.run(), name=f"asr worker {place.name}") for place in self._places
        ]
        if not self._waits:
            return self
        try:
            async with asyncio.timeout(self._settings.ready_s):
                await asyncio.gather(*(place.settled.wait() for place in self._places))
        except TimeoutError:
            late = [place.name for place in self._places if not place.settled.is_set()]
            log.error("speech workers not ready within %.0f s: %s", self._settings.ready_s, ", ".join(late))
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
                await asyncio.gather(*(place.up.wait() for place in self._places))
        except TimeoutError:
            return False
        return True

    def languages(self) -> frozenset[str]:
        """What the workers know that are ready, or will be again in a moment."""
        return frozenset[str]().union(*(place.known for place in self._places if place.ready or place.coming))

    @property
    def understood(self) -> frozenset[str]:
        """Languages of the workers that are ready now."""
        return frozenset[str]().union(*(place.languages for place in self._places))

    def serving(self) -> dict[str, str]:
        """Language -> the engine that is asked first, of the workers that are ready, and of those to come here."""
        worker = self._settings.worker
        named = {spec.name: spec.engine for spec in worker.engines}
        serving = (
            {language: named[first] for language, first, *_ in worker.orders}
            if self._settings.workers
            else {}
        )
        for place in self._places:
            if place.ready:
                serving = place.link.hello.get("serving", {}) | serving
        return serving

    def state(self) -> Sequence[WorkerState]:
        return [_state(place) for place in self._places]

    async def open(self, request: ListenRequest) -> Hearing:
        """A hearing whose media port is bound. Raises AsrUnavailable, at the latest after `open_s` seconds; where
        every worker is just starting again, after `restart_wait_s` more."""
        ready = [place for place in self._places if place.ready] or await self._restarted(request)
        language = language_tag(request.language)
        able = [place for place in ready if language in place.languages]
        if not able:
            raise AsrUnavailable(f"no model for {request.language!r}", "language")
        able.sort(key=lambda place: place.link.crowding)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.open_s
        refusal: AsrUnavailable | None = None
        for place in able:
            try:
                return await place.link.open(request, max(0.0, until - loop.time()))
            except AsrUnavailable as refused:
                # What one cannot do now another may.
                refusal = refused
        assert refusal is not None
        raise refusal

    async def _restarted(self, request: ListenRequest) -> list[Place]:
        """Raises AsrUnavailable: none of the workers is there in time."""
        language = language_tag(request.language)
        coming = [place for place in self._places if place.coming and language in place.known]
        if not coming:
            trouble = next((place.trouble for place in self._places if place.trouble), "starting")
            raise AsrUnavailable(f"no speech worker is ready: {trouble}", "unavailable")
        waits = [asyncio.create_task(place.up.wait(), name="asr restart") for place in coming]
        try:
            await asyncio.wait(
                waits, timeout=self._settings.restart_wait_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        ready = [place for place in self._places if place.ready]
        if not ready:
            # It will be back: only this question has to do without.
            raise AsrUnavailable("the speech worker is starting again", "lost")
        return ready


def _state(place: Place) -> WorkerState:
    hello, state = place.link.hello, place.link.state
    return WorkerState(
        ready=place.ready,
        pid=hello.get("pid") if place.ready else None,
        restarts=place.restarts,
        open_hearings=place.link.open_count,
        engines=tuple(hello.get("engines", ())),
        trouble=place.trouble,
        name=place.name,
        replaced=place.replaced,
        memory_mb=state.get("memory_mb", 0.0),
        grown_mb=state.get("grown_mb", 0.0),
        load=state.get("load", {}),
    )
