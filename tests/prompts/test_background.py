"""Rendering beside the calls: what comes first, who waits for how long, what happens when it fails, and the real
process with espeak-ng."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.errors import PromptMissing
from ivr.flow.actions import Prompt
from ivr.prompts import background
from ivr.prompts.background import Queue, Renderer, RenderingFailed
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.prompts.clips import Clip
from ivr.prompts.prepared import EXTENSIONS, Playable
from ivr.prompts.sounds import MOST_FREE, Kind
from ivr.prompts.store import spoken_folder
from ivr.prompts.worker import Done, Job
from tests.prompts.conftest import eventually

LIBRARY = {"en": {"first": "First.", "second": "Second.", "said": "You said {what:text}."}}
FIRST, SECOND = Clip("First.", "en"), Clip("Second.", "en")
LI = Prompt("said", {"what": "Li"})
LONG = Clip("y" * 100, "en")
PATIENCE_S = 30.0
LONG_S = 20.0
"""A patience that a test never uses up."""
SHORT_S = 0.02


@pytest.fixture
def catalogue(folders: Folders) -> PromptCatalogue:
    """Only the two sentences are missing: the fragments of values are there."""
    loaded = PromptCatalogue.load(LIBRARY, folders)
    for clip in loaded.missing("en"):
        if clip not in (FIRST, SECOND):
            loaded.add(clip, Playable("sound:/" + clip.text.strip(), 1.0), natural=True)
    return loaded


class FakeRenderer:
    """Renders in `takes_s` seconds what is not held back; refuses the kinds in `refused`; dies at the jobs whose
    numbers are in `dies_at`."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.takes_s = 0.0
        self.refused: set[Kind] = set()
        self.held: set[Kind] = set()
        self.dies_at: set[int] = set()
        self.starts: list[Kind] = []

    @contextlib.asynccontextmanager
    async def start(self, _cache: Path, kind: Kind) -> AsyncIterator[Renderer]:
        self.starts.append(kind)
        yield self

    async def render(self, job: Job) -> Done:
        self.jobs.append(job)
        if len(self.jobs) in self.dies_at:
            raise RenderingFailed("it died")
        if job.kind in self.held:
            await asyncio.Event().wait()
        if job.kind in self.refused:
            return Done(error="it cannot")
        await asyncio.sleep(self.takes_s)
        return Done(uri=f"sound:/{job.kind}/{job.clip.text}", seconds=1.0)


@contextlib.asynccontextmanager
async def running(
    catalogue: PromptCatalogue, fake: FakeRenderer, folders: Folders, *, natural_here: bool = True
) -> AsyncIterator[None]:
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        work = background.run(
            catalogue, ["en"], folders.cache, start=fake.start, natural_here=lambda: natural_here
        )
        task = tasks.create_task(work, name="prompts-background")
        await eventually(lambda: catalogue.sounds.live)
        yield
        task.cancel()


async def until_natural(catalogue: PromptCatalogue, *clips: Clip) -> None:
    await catalogue.sounds.wait(clips, best_s=LONG_S, any_s=LONG_S)
    assert all(catalogue.has_natural(clip) for clip in clips)


async def test_all_get_a_stand_in_first_then_the_natural_voice_in_order(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    async with running(catalogue, fake, folders):
        await until_natural(catalogue, FIRST, SECOND)
        assert [(job.kind, job.clip.text, job.free) for job in fake.jobs] == [
            ("stand-in", "First.", False),
            ("stand-in", "Second.", False),
            ("natural", "First.", False),
            ("natural", "Second.", False),
        ]
        assert catalogue.media([Prompt("first")], "en") == ["sound:/natural/First."]
        assert not catalogue.missing("en")
    assert not catalogue.sounds.live


async def test_without_the_natural_voice_the_stand_ins_stay_and_nobody_waits_for_better(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    for refused, natural_here in (("natural", True), ("", False)):
        fake = FakeRenderer()
        fake.refused = {"natural"} if refused else set()
        async with running(catalogue, fake, folders, natural_here=natural_here):
            what = Prompt("said", {"what": f"Li{natural_here}"})
            await catalogue.prepare([Prompt("second"), what], "en", best_s=LONG_S, any_s=LONG_S)
            assert catalogue.media([Prompt("second"), what], "en") == [
                "sound:/stand-in/Second.",
                "sound:/You said",
                f"sound:/stand-in/Li{natural_here}",
            ]
            assert len(set(fake.jobs)) == len(fake.jobs)  # each was tried once


async def test_a_free_text_is_spoken_when_a_call_needs_it(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    async with running(catalogue, fake, folders):
        assert not catalogue.ready([LI], "en") and catalogue.ready([Prompt("said", {})], "en")
        await catalogue.prepare([LI], "en", best_s=LONG_S, any_s=LONG_S)
        assert catalogue.media([LI], "en") == ["sound:/You said", "sound:/natural/Li"]
        assert catalogue.ready([LI], "en")
        jobs = len(fake.jobs)
        await catalogue.prepare([LI], "en")
        assert len(fake.jobs) == jobs and all(job.free for job in fake.jobs if job.clip.text == "Li")


async def test_the_stand_in_speaks_when_the_natural_voice_takes_too_long(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    fake.held = {"natural"}
    async with running(catalogue, fake, folders):
        await catalogue.prepare([LI], "en", best_s=SHORT_S, any_s=LONG_S)
        assert catalogue.media([LI], "en") == ["sound:/You said", "sound:/stand-in/Li"]


async def test_nobody_waits_for_a_natural_voice_that_cannot_be_ready_in_time(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    fake.held = {"natural"}
    async with running(catalogue, fake, folders):
        expected: list[str] = []

        def slow(clip: Clip) -> float:
            expected.append(clip.text)
            return 10 * PATIENCE_S

        catalogue.sounds.expected_s = slow
        await catalogue.prepare([LI], "en", best_s=5 * PATIENCE_S, any_s=LONG_S)
        assert expected == ["Li"]
        assert catalogue.media([LI], "en") == ["sound:/You said", "sound:/stand-in/Li"]


async def test_the_time_of_the_natural_voice_is_learnt(catalogue: PromptCatalogue, folders: Folders) -> None:
    fake = FakeRenderer()
    fake.takes_s = 0.01
    async with running(catalogue, fake, folders):
        await until_natural(catalogue, FIRST, SECOND)
        short, long = (catalogue.sounds.expected_s(Clip("x" * size, "en")) for size in (10, 100))
        assert long == pytest.approx(10 * short) and short > 0
        fake.held = {"natural"}
        catalogue.on_missing(LONG)
        await eventually(lambda: fake.jobs[-1].clip == LONG and fake.jobs[-1].kind == "natural")
        assert catalogue.sounds.expected_s(Clip("x" * 10, "en")) == pytest.approx(11 * short)


async def test_a_call_goes_on_without_a_sound_that_nobody_can_make_in_time(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    fake.held = {"natural", "stand-in"}
    async with running(catalogue, fake, folders):
        await catalogue.prepare([LI], "en", best_s=SHORT_S, any_s=SHORT_S)
        with pytest.raises(PromptMissing) as missing:
            catalogue.media([LI], "en")
        assert "Li" not in str(missing.value)


async def test_nobody_waits_where_nobody_renders(catalogue: PromptCatalogue) -> None:
    async with asyncio.timeout(PATIENCE_S):
        assert catalogue.ready([LI], "en")
        await catalogue.prepare([LI], "en", best_s=10 * PATIENCE_S, any_s=10 * PATIENCE_S)


async def test_a_sound_that_cannot_be_made_ends_the_wait(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    fake.refused = {"natural", "stand-in"}
    async with running(catalogue, fake, folders):
        await catalogue.prepare([LI], "en", best_s=10 * PATIENCE_S, any_s=10 * PATIENCE_S)
        with pytest.raises(PromptMissing):
            catalogue.media([LI], "en")


async def test_several_calls_wait_for_the_same_text_and_one_that_hangs_up_leaves_the_others(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    async with running(catalogue, fake, folders):
        async with asyncio.TaskGroup() as calls:
            waits = [
                calls.create_task(catalogue.prepare([LI], "en", best_s=LONG_S, any_s=LONG_S))
                for _ in range(3)
            ]
            await asyncio.sleep(0)
            waits[0].cancel()
        assert catalogue.media([LI], "en")
        assert [job.kind for job in fake.jobs if job.clip.text == "Li"] == ["stand-in", "natural"]


async def test_a_worker_that_dies_is_started_again_with_the_same_text(
    catalogue: PromptCatalogue, folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    fake = FakeRenderer()
    fake.dies_at = {1}
    async with running(catalogue, fake, folders):
        await until_natural(catalogue, FIRST, SECOND)
        assert "stand-in voice: it died" in caplog.text
        assert fake.starts == ["stand-in", "stand-in", "natural"]


async def test_a_text_that_kills_the_worker_twice_is_given_up(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    fake.dies_at = {1, 2}
    async with running(catalogue, fake, folders):
        await until_natural(catalogue, FIRST, SECOND)
        assert [job.clip for job in fake.jobs if job.kind == "stand-in"] == [FIRST, FIRST, SECOND]


async def test_a_worker_that_cannot_be_started_is_tried_again_at_the_next_need(
    catalogue: PromptCatalogue, folders: Folders
) -> None:
    fake = FakeRenderer()
    starts = 0

    @contextlib.asynccontextmanager
    async def start(cache: Path, kind: Kind) -> AsyncIterator[Renderer]:
        nonlocal starts
        starts += 1
        if starts <= 2:
            raise RenderingFailed("no more processes")
        async with fake.start(cache, kind) as renderer:
            yield renderer

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        work = background.run(catalogue, ["en"], folders.cache, start=start, natural_here=lambda: False)
        task = tasks.create_task(work, name="prompts-background")
        await eventually(lambda: starts > 0)
        while not catalogue.has_sound(Clip("Li", "en")):
            await catalogue.prepare([LI], "en", best_s=SHORT_S, any_s=SHORT_S)
        task.cancel()
    assert starts == 3


def test_what_a_call_asked_for_comes_before_the_rest(catalogue: PromptCatalogue) -> None:
    queue = Queue(catalogue, ["en"])
    catalogue.sounds.natural_languages = frozenset({"en"})
    queue.ask(SECOND)
    queue.ask(Clip("Li", "en"))
    assert queue.next("stand-in") == Job(kind="stand-in", clip=Clip("Li", "en"), free=True)
    assert queue.next("natural") == Job(kind="natural", clip=Clip("Li", "en"), free=True)
    catalogue.add(Clip("Li", "en"), Playable("sound:/x", 1.0), natural=True)
    assert queue.next("stand-in") == Job(kind="stand-in", clip=SECOND)
    catalogue.add(SECOND, Playable("sound:/x", 1.0), natural=False)
    assert queue.next("stand-in") == Job(kind="stand-in", clip=FIRST)
    assert queue.next("natural") == Job(kind="natural", clip=SECOND)
    catalogue.add(SECOND, Playable("sound:/x", 1.0), natural=True)
    assert queue.next("natural") is None  # FIRST is still silent
    catalogue.add(FIRST, Playable("sound:/x", 1.0), natural=False)
    assert queue.next("stand-in") is None and queue.next("natural") == Job(kind="natural", clip=FIRST)


def test_free_texts_never_fill_the_memory_and_their_files_go_with_them(catalogue: PromptCatalogue) -> None:
    forgotten: list[str] = []
    catalogue.sounds.on_forgotten = lambda sound: forgotten.append(sound.uri)
    for number in range(MOST_FREE):
        catalogue.add(Clip(f"text {number}", "en"), Playable(f"sound:/quick/{number}", 1.0), natural=False)
    catalogue.add(Clip("text 0", "en"), Playable("sound:/good/0", 1.0), natural=True)
    assert not forgotten and catalogue.sounds.get(Clip("text 1", "en"))
    for number in range(3):
        catalogue.add(Clip(f"more {number}", "en"), Playable(f"sound:/more/{number}", 1.0), natural=False)
    assert forgotten == ["sound:/quick/2", "sound:/quick/3", "sound:/quick/4"]
    assert not catalogue.has_sound(Clip("text 2", "en")) and catalogue.has_sound(Clip("text 0", "en"))
    for number in range(MOST_FREE):
        catalogue.add(Clip(f"again {number}", "en"), Playable("sound:/again", 1.0), natural=False)
    assert {"sound:/quick/0", "sound:/good/0"} <= set(forgotten)


def test_a_flood_of_texts_keeps_the_last(catalogue: PromptCatalogue) -> None:
    queue = Queue(catalogue, ["en"])
    for number in range(10_000):
        queue.ask(Clip(f"text {number}", "en"))
    assert queue.next("stand-in") == Job(kind="stand-in", clip=Clip("text 9999", "en"), free=True)
    rendered = 0
    while (job := queue.next("stand-in")) is not None and job.free:
        catalogue.add(job.clip, Playable("sound:/x", 1.0), natural=False)
        rendered += 1
    assert rendered < 1000


async def test_the_real_worker_gives_a_stand_in_that_can_be_played(folders: Folders) -> None:
    async with asyncio.timeout(PATIENCE_S), background.worker_process(folders.cache, "stand-in") as worker:
        done = await worker.render(Job(kind="stand-in", clip=Clip("Hello, and welcome.", "en")))
        assert not done.error and 0.8 < done.seconds < 4.0
        again = await worker.render(Job(kind="stand-in", clip=Clip("Hello, and welcome.", "en")))
        assert again == done
        spanish = await worker.render(
            Job(kind="stand-in", clip=Clip("Usted es el número tres.", "es"), free=True)
        )
        assert not spanish.error and 0.8 < spanish.seconds < 4.0
        assert Path(spanish.uri.removeprefix("sound:")).parent == spoken_folder(folders.cache).resolve()
        refused = await worker.render(Job(kind="stand-in", clip=Clip("nuqneH", "tlh")))
        assert "could not say it" in refused.error


async def test_the_real_processes_speak_a_free_text_and_forget_it(folders: Folders) -> None:
    loaded = PromptCatalogue.load({"es": {"said": "Usted dijo {what:text}, y hay {n:number}."}}, folders)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        work = background.run(loaded, ["es"], folders.cache, natural_here=lambda: False)
        task = tasks.create_task(work, name="prompts-background")
        prompt = Prompt("said", {"what": "hola", "n": 3})
        await eventually(lambda: loaded.sounds.live)
        await loaded.prepare([prompt], "es", best_s=LONG_S, any_s=LONG_S)
        (uri,) = loaded.media([prompt], "es")
        files = [Path(uri.removeprefix("sound:") + f".{extension}") for extension in EXTENSIONS]
        assert all(file.stat().st_size for file in files) and 1 < loaded.seconds([prompt], "es") < 6
        loaded.sounds.on_forgotten(Playable(uri, 1.0))
        await eventually(lambda: not any(file.exists() for file in files))
        task.cancel()


async def test_free_texts_of_an_earlier_run_are_removed(catalogue: PromptCatalogue, folders: Folders) -> None:
    folder = spoken_folder(folders.cache)
    folder.mkdir(parents=True)
    old, new = folder / "old.ulaw", folder / "new.ulaw"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 2 * 86_400,) * 2)
    async with running(catalogue, FakeRenderer(), folders):
        assert new.exists() and not old.exists()


async def test_the_natural_voice_without_its_weights_is_refused_with_the_reason(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_CACHE", str(folders.cache))
    monkeypatch.delenv("IVR_MODELS", raising=False)
    async with asyncio.timeout(PATIENCE_S), background.worker_process(folders.cache, "natural") as worker:
        done = await worker.render(Job(kind="natural", clip=FIRST))
        assert "natural voices are not on this machine" in done.error
