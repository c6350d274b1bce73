"""Rendering beside the calls: what comes first, what happens when it fails, and the real process with espeak-ng."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.errors import PromptMissing
from ivr.flow.actions import Prompt
from ivr.prompts import background
from ivr.prompts.background import Queue, Renderer, RenderingFailed
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.prompts.clips import Clip
from ivr.prompts.prepared import Playable
from ivr.prompts.worker import Done, Job

LIBRARY = {"en": {"first": "First.", "second": "Second.", "said": "{what:text}"}}
FIRST, SECOND = Clip("First.", "en"), Clip("Second.", "en")
PATIENCE_S = 30.0


@pytest.fixture
def catalogue(folders: Folders) -> PromptCatalogue:
    """Only the two sentences are missing: the fragments of values are there."""
    loaded = PromptCatalogue.load(LIBRARY, folders)
    for clip in loaded.missing("en"):
        if clip not in (FIRST, SECOND):
            loaded.add(clip, Playable("sound:/fragment", 1.0), natural=True)
    return loaded


class FakeRenderer:
    """Renders at once; refuses what is in `refused`; dies at the job with the number `dies_at`."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.refused: set[str] = set()
        self.dies_at = 0
        self.starts = 0
        self.idle = asyncio.Event()

    @contextlib.asynccontextmanager
    async def start(self, _cache: Path) -> AsyncIterator[Renderer]:
        self.starts += 1
        self.idle.clear()
        try:
            yield self
        finally:
            self.idle.set()

    async def render(self, job: Job) -> Done:
        self.jobs.append(job)
        if len(self.jobs) == self.dies_at:
            raise RenderingFailed("it died")
        if job.kind in self.refused:
            return Done(error="it cannot")
        return Done(uri=f"sound:/{job.kind}/{job.clip.text}", seconds=1.0)


@contextlib.asynccontextmanager
async def running(catalogue: PromptCatalogue, fake: FakeRenderer, folders: Folders) -> AsyncIterator[None]:
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        work = background.run(catalogue, ["en"], folders.cache, start=fake.start)
        task = tasks.create_task(work, name="prompts-background")
        await fake.idle.wait()
        yield
        task.cancel()


async def test_all_get_a_stand_in_first_then_the_natural_voice_in_order(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    async with running(catalogue, fake, folders):
        assert [(job.kind, job.clip.text) for job in fake.jobs] == [
            ("stand-in", "First."),
            ("stand-in", "Second."),
            ("natural", "First."),
            ("natural", "Second."),
        ]
        assert catalogue.media([Prompt("first")], "en") == ["sound:/natural/First."]
        assert not catalogue.missing("en")


async def test_without_the_natural_voice_the_stand_ins_stay(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    fake.refused = {"natural"}
    async with running(catalogue, fake, folders):
        assert catalogue.media([Prompt("second")], "en") == ["sound:/stand-in/Second."]
        assert len(fake.jobs) == 4  # each was tried once


async def test_what_a_call_asks_for_is_rendered_when_all_was_done(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    async with running(catalogue, fake, folders):
        fake.idle.clear()
        with pytest.raises(PromptMissing):
            catalogue.media([Prompt("said", {"what": "Li"})], "en")
        await fake.idle.wait()
        assert catalogue.media([Prompt("said", {"what": "Li"})], "en") == ["sound:/natural/Li"]
        assert fake.starts == 2


async def test_a_worker_that_dies_is_logged_and_the_rest_is_done_at_the_next_need(
    catalogue: PromptCatalogue, folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    fake = FakeRenderer()
    fake.dies_at = 1
    async with running(catalogue, fake, folders):
        assert "not rendered: it died" in caplog.text
        fake.idle.clear()
        with pytest.raises(PromptMissing):
            catalogue.media([Prompt("first")], "en")
        await fake.idle.wait()
        assert not catalogue.missing("en")


def test_what_a_call_asked_for_comes_before_the_rest(catalogue: PromptCatalogue) -> None:
    queue = Queue(catalogue, ["en"])
    queue.ask(SECOND)
    assert queue.next() == Job(kind="stand-in", clip=SECOND)
    catalogue.add(SECOND, Playable("sound:/x", 1.0), natural=False)
    assert queue.next() == Job(kind="stand-in", clip=FIRST)
    catalogue.add(FIRST, Playable("sound:/x", 1.0), natural=False)
    assert queue.next() == Job(kind="natural", clip=SECOND)


async def test_the_real_worker_gives_a_stand_in_that_can_be_played(folders: Folders) -> None:
    async with asyncio.timeout(PATIENCE_S), background.worker_process(folders.cache) as worker:
        done = await worker.render(Job(kind="stand-in", clip=Clip("Hello, and welcome.", "en")))
        assert not done.error and 0.8 < done.seconds < 4.0
        again = await worker.render(Job(kind="stand-in", clip=Clip("Hello, and welcome.", "en")))
        assert again == done
        refused = await worker.render(Job(kind="stand-in", clip=Clip("Bonjour.", "fr")))
        assert "no voice for `fr`" in refused.error


async def test_the_natural_voice_without_its_weights_is_refused_with_the_reason(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_CACHE", str(folders.cache))
    monkeypatch.delenv("IVR_MODELS", raising=False)
    async with asyncio.timeout(PATIENCE_S), background.worker_process(folders.cache) as worker:
        done = await worker.render(Job(kind="natural", clip=FIRST))
        assert "natural voices are not on this machine" in done.error
