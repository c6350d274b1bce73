"""Renders what has no sound yet while calls go on, in two lanes: a quick stand-in at once, the natural voice behind it.

`run` belongs in the composition root's TaskGroup. Each lane's work is done in a process of its own (`worker.py`): that
of the stand-ins is always there, for a call may be waiting; that of the natural voice is ended when it has long been
idle. What a call asked for comes first in both.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from ivr.prompts import prepared
from ivr.prompts.catalogue import PromptCatalogue
from ivr.prompts.clips import VOICES, Clip
from ivr.prompts.prepared import Playable, Prepared
from ivr.prompts.sounds import Kind
from ivr.prompts.speech.choose import has_natural
from ivr.prompts.store import spoken_folder
from ivr.prompts.worker import Done, Job

log = logging.getLogger(__name__)

IDLE_S = 600.0
"""After so long without work the natural voice's process ends; starting it costs two seconds of a core."""
_LONGEST_JOB_S = 180.0
_END_S = 5.0
_MOST_FREE = 200
"""Free texts that wait to be spoken; who asked for more has long gone on."""
_KEPT_S = 86_400.0
"""Free texts of an earlier run are removed after a day."""


class RenderingFailed(Exception):
    """The worker process ended or did not answer."""


class Renderer(Protocol):
    async def render(self, job: Job) -> Done:
        """Raises RenderingFailed when there is nobody to do it any more."""
        ...


Start = Callable[[Path, Kind], contextlib.AbstractAsyncContextManager[Renderer]]


class Queue:
    """What to render next. Pure but for the catalogue that it looks at."""

    def __init__(self, catalogue: PromptCatalogue, languages: Sequence[str]) -> None:
        self._catalogue = catalogue
        self._sounds = catalogue.sounds
        self._languages = tuple(languages)
        self._asked: dict[Clip, None] = {}
        self._free: dict[Clip, None] = {}

    def ask(self, clip: Clip) -> None:
        """A call needed it: before all others. Of free texts the last first, for somebody waits. What failed before is
        tried again."""
        if clip in self._sounds.needed:
            self._asked[clip] = None
        else:
            self._free.pop(clip, None)
            self._free[clip] = None
            if len(self._free) > _MOST_FREE:
                del self._free[next(iter(self._free))]
        self._sounds.try_again(clip)

    def next(self, kind: Kind) -> Job | None:
        """None when this lane has nothing to do. The natural voice waits until nothing is silent."""
        if kind == "stand-in":
            clip = next(self._silent(), None)
        else:
            clip = next(self._unnatural(), None)
            if clip is None and next(self._silent(), None) is None:
                clip = next(self._missing(), None)
        return None if clip is None else Job(kind=kind, clip=clip, free=clip not in self._sounds.needed)

    def _silent(self) -> Iterator[Clip]:
        clips = [clip for clip in self._all_asked() if not self._sounds.has(clip)]
        clips += [clip for language in self._languages for clip in self._catalogue.silent(language)]
        return (clip for clip in clips if not self._sounds.has_failed(clip, "stand-in"))

    def _unnatural(self) -> Iterator[Clip]:
        """Those asked for; whatever is settled is asked for no longer."""
        for clip in [clip for clip in self._all_asked() if self._is_settled(clip)]:
            self._asked.pop(clip, None)
            self._free.pop(clip, None)
        return (clip for clip in self._all_asked() if self._can_be_natural(clip))

    def _all_asked(self) -> list[Clip]:
        return [*reversed(self._free), *self._asked]

    def _missing(self) -> Iterator[Clip]:
        clips = (clip for language in self._languages for clip in self._catalogue.missing(language))
        return (clip for clip in clips if self._can_be_natural(clip))

    def _can_be_natural(self, clip: Clip) -> bool:
        known = clip.language in self._sounds.natural_languages and not self._sounds.is_best(clip)
        return known and not self._sounds.has_failed(clip, "natural")

    def _is_settled(self, clip: Clip) -> bool:
        silent = not self._sounds.has(clip) and not self._sounds.has_failed(clip, "stand-in")
        return not silent and not self._can_be_natural(clip)


async def run(
    catalogue: PromptCatalogue,
    languages: Sequence[str],
    cache: Path,
    *,
    start: Start | None = None,
    natural_here: Callable[[], bool] = has_natural,
) -> None:
    """Until cancelled. While it runs, `catalogue.prepare` has somebody who answers."""
    queue = Queue(catalogue, languages)
    wakes = {"stand-in": asyncio.Event(), "natural": asyncio.Event()}
    loop = asyncio.get_running_loop()

    def wake() -> None:
        for each in wakes.values():
            each.set()

    def asked(clip: Clip) -> None:
        queue.ask(clip)
        wake()

    def forgotten(sound: Playable) -> None:
        loop.run_in_executor(None, prepared.remove, sound)

    await asyncio.to_thread(Prepared(spoken_folder(cache)).forget_older, _KEPT_S, time.time())
    sounds = catalogue.sounds
    natural = await asyncio.to_thread(natural_here)
    sounds.natural_languages = frozenset(VOICES) if natural else frozenset()
    if not natural:
        log.warning("the natural voices are not here: what has no audio is spoken by the stand-in")
    sounds.on_missing, sounds.on_forgotten, sounds.live = asked, forgotten, True
    lane = _Lane(queue, catalogue, cache, start or worker_process, wake)
    sounds.expected_s = lane.expected_s
    try:
        async with asyncio.TaskGroup() as lanes:
            for kind, idle_s in (("stand-in", None), ("natural", IDLE_S)):
                work = lane.run(kind, wakes[kind], idle_s)  # type: ignore[arg-type]  # both are kinds
                lanes.create_task(work, name=f"prompts {kind}")
    finally:
        sounds.live = False


class _Lane:
    def __init__(
        self, queue: Queue, catalogue: PromptCatalogue, cache: Path, start: Start, done: Callable[[], None]
    ) -> None:
        self._queue = queue
        self._catalogue = catalogue
        self._cache = cache
        self._start = start
        self._done = done
        self._per_character_s = 0.0
        self._now: Clip | None = None

    def expected_s(self, clip: Clip) -> float:
        """Until the natural voice has said it: what it says now, then this."""
        before = 0 if self._now is None else len(self._now.text)
        return self._per_character_s * (before + len(clip.text))

    async def run(self, kind: Kind, wake: asyncio.Event, idle_s: float | None) -> None:
        """Until cancelled. idle_s: how long a worker without work is kept, None: for ever, and started at once."""
        lost: Job | None = None
        while True:
            if idle_s is not None:
                await self._work(kind, wake)
            job: Job | None = None
            try:
                async with self._start(self._cache, kind) as renderer:
                    while True:
                        try:
                            async with asyncio.timeout(idle_s):
                                job = await self._work(kind, wake)
                        except TimeoutError:
                            break
                        await self._render(job, renderer)
                        lost = None
            except RenderingFailed as error:
                log.error("prompts are not rendered by the %s voice: %s", kind, error)
                if job is None or job == lost:  # twice with the same text: it is to blame
                    await self._give_up(job, wake)
                lost = job

    async def _work(self, kind: Kind, wake: asyncio.Event) -> Job:
        """Waits for something to do."""
        while True:
            wake.clear()
            job = self._queue.next(kind)
            if job is not None:
                return job
            await wake.wait()

    async def _render(self, job: Job, renderer: Renderer) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        if job.kind == "natural":
            self._now = job.clip
        try:
            done = await renderer.render(job)
        finally:
            if job.kind == "natural":
                self._now = None
        if job.kind == "natural" and not done.error:
            self._learn((loop.time() - started) / len(job.clip.text))
        if done.error:
            self._catalogue.failed(job.clip, job.kind)
            log.warning("a prompt of %s has no %s voice: %s", job.clip.language, job.kind, done.error)
        else:
            self._catalogue.add(job.clip, Playable(done.uri, done.seconds), natural=job.kind == "natural")
        self._done()

    def _learn(self, per_character_s: float) -> None:
        """The last few count most: the machine may be busy now and idle later."""
        known = self._per_character_s
        self._per_character_s = per_character_s if not known else 0.7 * known + 0.3 * per_character_s

    async def _give_up(self, job: Job | None, wake: asyncio.Event) -> None:
        """A worker that cannot even be started is tried again when there is new work."""
        if job is None:
            wake.clear()
            await wake.wait()
        else:
            self._catalogue.failed(job.clip, job.kind)
            self._done()


class _Process:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def render(self, job: Job) -> Done:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(job.model_dump_json().encode() + b"\n")
            await self._process.stdin.drain()
            async with asyncio.timeout(_LONGEST_JOB_S):
                line = await self._process.stdout.readline()
        except (OSError, TimeoutError) as error:
            raise RenderingFailed("the rendering process does not answer") from error
        if not line:
            raise RenderingFailed("the rendering process ended by itself")
        return Done.model_validate_json(line)


@asynccontextmanager
async def worker_process(cache: Path, kind: Kind) -> AsyncIterator[Renderer]:
    """A worker of its own, ended at the end of the block."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ivr.prompts.worker", str(cache), kind),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise RenderingFailed("the rendering process cannot be started") from error
    try:
        yield _Process(process)
    finally:
        if process.returncode is None:
            process.kill()
        async with asyncio.timeout(_END_S):
            await process.wait()
