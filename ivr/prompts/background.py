"""Renders what has no sound yet while calls go on: what a call asked for first, a quick stand-in at once.

`run` belongs in the composition root's TaskGroup. The work is done in a process of its own (`worker.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from ivr.prompts.catalogue import PromptCatalogue
from ivr.prompts.clips import Clip
from ivr.prompts.prepared import Playable
from ivr.prompts.worker import Done, Job, Kind

log = logging.getLogger(__name__)

_LONGEST_JOB_S = 180.0
_END_S = 5.0


class RenderingFailed(Exception):
    """The worker process ended or did not answer."""


class Renderer(Protocol):
    async def render(self, job: Job) -> Done:
        """Raises RenderingFailed when there is nobody to do it any more."""
        ...


class Queue:
    """What to render next. Pure but for the catalogue that it looks at."""

    def __init__(self, catalogue: PromptCatalogue, languages: Sequence[str]) -> None:
        self._catalogue = catalogue
        self._languages = tuple(languages)
        self._asked: dict[Clip, None] = {}
        self._failed: set[tuple[Kind, Clip]] = set()

    def ask(self, clip: Clip) -> None:
        """A call needed it: before all others. What failed before is tried again."""
        self._asked[clip] = None
        self._failed -= {("natural", clip), ("stand-in", clip)}

    def failed(self, job: Job) -> None:
        self._failed.add((job.kind, job.clip))

    def next(self) -> Job | None:
        """Sounds for the silent first, then the natural voice for all; None when there is nothing to do."""
        silent = [clip for clip in self._asked if not self._catalogue.has_sound(clip)]
        silent += [clip for language in self._languages for clip in self._catalogue.silent(language)]
        for clip in silent:
            if ("stand-in", clip) not in self._failed:
                return Job(kind="stand-in", clip=clip)
        missing = [clip for clip in self._asked if not self._catalogue.has_natural(clip)]
        missing += [clip for language in self._languages for clip in self._catalogue.missing(language)]
        for clip in missing:
            if ("natural", clip) not in self._failed:
                return Job(kind="natural", clip=clip)
        self._asked.clear()
        return None


async def run(
    catalogue: PromptCatalogue,
    languages: Sequence[str],
    cache: Path,
    *,
    start: Callable[[Path], contextlib.AbstractAsyncContextManager[Renderer]] | None = None,
) -> None:
    """Until cancelled. A worker is started when there is something to do, and ended when all is done."""
    queue = Queue(catalogue, languages)
    wake = asyncio.Event()

    def asked(clip: Clip) -> None:
        queue.ask(clip)
        wake.set()

    catalogue.on_missing = asked
    while True:
        wake.clear()
        if queue.next() is not None:
            try:
                async with (start or worker_process)(cache) as renderer:
                    await _render_all(queue, catalogue, renderer)
            except RenderingFailed as error:
                log.error("prompts are not rendered: %s", error)
        await wake.wait()


async def _render_all(queue: Queue, catalogue: PromptCatalogue, renderer: Renderer) -> None:
    while (job := queue.next()) is not None:
        try:
            done = await renderer.render(job)
        except RenderingFailed:
            queue.failed(job)
            raise
        if done.error:
            queue.failed(job)
            log.warning("a prompt of %s has no %s voice: %s", job.clip.language, job.kind, done.error)
        else:
            catalogue.add(job.clip, Playable(done.uri, done.seconds), natural=job.kind == "natural")


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
async def worker_process(cache: Path) -> AsyncIterator[Renderer]:
    """A worker of its own, ended at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ivr.prompts.worker", str(cache)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield _Process(process)
    finally:
        if process.returncode is None:
            process.kill()
        async with asyncio.timeout(_END_S):
            await process.wait()
