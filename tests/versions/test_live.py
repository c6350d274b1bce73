"""How a running server gets a new version, and what its calls notice of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from ivr.errors import ConfigError, FlowError
from ivr.flow.actions import Prompt
from ivr.flow.load import version_of
from ivr.prompts.catalogue import Folders
from ivr.prompts.clips import Clip
from ivr.prompts.prepared import Playable
from ivr.versions.live import LiveFlows
from ivr.versions.service import Versions
from routing.ids import QueueName
from storage.errors import StorageAway
from storage.store import Store
from tests.versions.drafts import BASE, ELSEWHERE, FAULTY, LOUDER, RENAMED, draft, released_before

OLD, NEW = version_of(BASE), version_of(LOUDER)
SOON_S = 0.02


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "flows"
    write(folder, BASE)
    return folder


def write(folder: Path, sources: dict[str, bytes]) -> None:
    """Each file at once and wholly, as editors do."""
    for name, content in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            (beside := path.with_name(f".{path.name}.new")).write_bytes(content)
            beside.rename(path)


def versions_of(store: Store) -> Versions:
    return Versions(store, "demo", entry_flow="main", beside={"queues.yaml": BASE["queues.yaml"]})


async def publish_elsewhere(store: Store) -> None:
    """A release that the servers of these tests cannot run."""
    await Versions(store, "demo").publish(ELSEWHERE, author="li", message="calls begin elsewhere")


@pytest.fixture
def make(store: Store, folder: Path, tmp_path: Path) -> Callable[..., LiveFlows]:
    def live(*, watch: bool = False, ask_every_s: float = SOON_S, sound_s: float = 5.0) -> LiveFlows:
        folders = Folders(folder / "audio", folder / "recordings", tmp_path / "cache")
        return LiveFlows(
            versions_of(store), folder, folders, watch=watch, ask_every_s=ask_every_s, sound_s=sound_s
        )

    return live


@contextlib.asynccontextmanager
async def running(live: LiveFlows) -> AsyncIterator[LiveFlows]:
    await live.begin()
    task = asyncio.create_task(live.run(), name="live flows")
    try:
        yield live
    finally:
        task.cancel()
        await asyncio.wait([task])


def voice(live: LiveFlows) -> None:
    """Every clip of the current version gets a sound, named after it."""
    for language in ("zh", "en"):
        for clip in live.audio.missing(language):
            live.audio.add(clip, Playable(f"sound:/{clip.text}", 1.0), natural=True)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows each time the server asks for the number of the live release."""
    numbers: list[int] = []
    last_seq = Versions.last_seq

    async def counted(self: Versions) -> int:
        numbers.append(await last_seq(self))
        return numbers[-1]

    monkeypatch.setattr(Versions, "last_seq", counted)
    return numbers


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            if done():
                return
            await asyncio.sleep(0.01)


# --- the beginning ---


async def test_the_first_time_the_folder_is_published(make: Callable[..., LiveFlows], store: Store) -> None:
    live = make()
    await live.begin()
    assert live.library.version == OLD
    (release,) = await versions_of(store).releases()
    assert (release.version, release.seq) == (OLD, 1)
    assert "from" in release.message


async def test_two_controllers_that_start_at_once_agree(make: Callable[..., LiveFlows], store: Store) -> None:
    one, other = make(), make()
    await asyncio.gather(one.begin(), other.begin())
    assert one.library.version == other.library.version == OLD
    assert len(await versions_of(store).releases()) == 1


async def test_after_that_the_live_version_is_run_and_not_the_folder(
    make: Callable[..., LiveFlows], store: Store, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await versions_of(store).publish(BASE, author="li", message="")
    write(folder, LOUDER)
    live = make()
    await live.begin()
    assert live.library.version == OLD
    assert "differs from the live version" in caplog.text and "ivr publish" in caplog.text


async def test_a_faulty_folder_harms_no_start_once_something_is_published(
    make: Callable[..., LiveFlows], store: Store, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder, FAULTY)
    with pytest.raises(FlowError, match=r"main\.yaml:4:43"):
        await make().begin()
    assert await versions_of(store).live() is None
    await versions_of(store).publish(BASE, author="li", message="")
    for watch in (False, True):
        live = make(watch=watch)
        await live.begin()
        assert live.library.version == OLD
    assert "main.yaml:4:43: error unknown-target" in caplog.text


async def test_in_development_the_folder_is_run_and_kept(
    make: Callable[..., LiveFlows], store: Store, folder: Path
) -> None:
    await versions_of(store).publish(BASE, author="li", message="")
    write(folder, LOUDER)
    live = make(watch=True)
    await live.begin()
    assert live.library.version == NEW
    kept = await versions_of(store).find(NEW)
    assert kept.parent == OLD
    assert len(await versions_of(store).releases()) == 1


async def test_an_older_version_is_better_than_none(
    make: Callable[..., LiveFlows], store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await versions_of(store).publish(BASE, author="li", message="")
    await publish_elsewhere(store)
    live = make()
    await live.begin()
    assert live.library.version == OLD
    assert "an older one than the live" in caplog.text and "no flow `main`" in caplog.text


async def test_when_none_can_be_run_it_is_said_how_to_mend_it(
    make: Callable[..., LiveFlows], store: Store
) -> None:
    await publish_elsewhere(store)
    with pytest.raises(ConfigError, match="no version of the dialogue can be run") as caught:
        await make().begin()
    assert "ivr publish" in caught.value.mend


# --- while calls are up ---


async def test_a_publish_reaches_new_calls_and_leaves_the_others_alone(
    make: Callable[..., LiveFlows], store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running(make()) as live:
        first, second = live.enter(), live.enter()
        await versions_of(store).publish(LOUDER, author="wang", message="louder")
        await until(lambda: live.library.version == NEW)
        third = live.enter()
        assert (first.library.version, third.library.version) == (OLD, NEW)
        assert live.versions_in_use() == {OLD: 2, NEW: 1}
        assert "by wang" in caplog.text and "louder" in caplog.text
        live.leave(first)
        assert live.versions_in_use() == {OLD: 1, NEW: 1}
        prompts = weakref.ref(first.audio)
        live.leave(second)
        del first, second
        await until(lambda: prompts() is None and "is let go" in caplog.text)
        assert live.versions_in_use() == {NEW: 1}
        live.leave(third)
        assert live.versions_in_use() == {NEW: 0}


async def test_each_version_says_its_own_words_in_the_same_voice(
    make: Callable[..., LiveFlows], store: Store
) -> None:
    async with running(make()) as live:
        old = live.enter()
        voice(live)
        await versions_of(store).publish(LOUDER, author="", message="")
        await until(lambda: live.library.version == NEW)
        assert [clip.text for clip in live.audio.missing("en")] == ["HELLO"]
        voice(live)
        assert old.audio.media([Prompt("hello")], "en") == ["sound:/Hello"]
        assert live.current.audio.media([Prompt("hello")], "en") == ["sound:/HELLO"]
        assert live.current.audio.media([Prompt("choose")], "en") == ["sound:/Press 1"]
        live.leave(old)


async def test_a_new_version_waits_for_the_sound_of_its_new_prompts(
    make: Callable[..., LiveFlows], store: Store
) -> None:
    async with running(make()) as live:
        sounds = live.audio.sounds
        voice(live)
        wanted: list[Clip] = []
        sounds.live, sounds.on_missing = True, wanted.append
        await versions_of(store).publish(LOUDER, author="", message="")
        await until(lambda: bool(wanted))
        assert [clip.text for clip in wanted] == ["HELLO"]
        assert live.library.version == OLD
        live.audio.add(wanted[0], Playable("sound:/stand-in", 1.0), natural=False)
        await until(lambda: live.library.version == NEW)


async def test_it_does_not_wait_for_ever(
    make: Callable[..., LiveFlows], store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(make(sound_s=0.1)) as live:
        live.audio.sounds.live = True
        await versions_of(store).publish(LOUDER, author="", message="")
        await until(lambda: live.library.version == NEW)
    assert "have no sound in en" in caplog.text and "ivr prompts render" in caplog.text


async def test_a_rollback_reaches_new_calls_too(make: Callable[..., LiveFlows], store: Store) -> None:
    versions = versions_of(store)
    await versions.publish(BASE, author="", message="")
    await versions.publish(LOUDER, author="", message="")
    async with running(make()) as live:
        assert live.library.version == NEW
        await versions.rollback(author="")
        await until(lambda: live.library.version == OLD)


async def test_a_release_that_cannot_be_run_here_changes_nothing_and_is_said_once(
    make: Callable[..., LiveFlows], store: Store, caplog: pytest.LogCaptureFixture, asked: list[int]
) -> None:
    async with running(make()) as live:
        await publish_elsewhere(store)
        await until(lambda: asked.count(2) >= 4)
        assert live.library.version == OLD
        assert caplog.text.count("release 2 cannot be run") == 1
        await versions_of(store).publish(LOUDER, author="", message="")
        await until(lambda: live.library.version == NEW)


async def test_with_the_database_away_calls_go_on_and_a_publish_is_seen_later(
    make: Callable[..., LiveFlows],
    store: Store,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[None] = []

    async def away(self: Versions) -> int:
        tried.append(None)
        raise StorageAway("no database")

    async with running(make()) as live:
        with monkeypatch.context() as patch:
            patch.setattr(Versions, "last_seq", away)
            await until(lambda: len(tried) >= 4)
            assert caplog.text.count("not known whether something is published: no database") == 1
            await versions_of(store).publish(LOUDER, author="", message="")
            assert live.library.version == OLD
        await until(lambda: live.library.version == NEW)


# --- development ---


async def test_what_is_saved_is_run_at_once(
    make: Callable[..., LiveFlows], store: Store, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running(make(watch=True)) as live:
        call = live.enter()
        await watched(live, folder)
        write(folder, LOUDER)
        await until(lambda: live.library.version == NEW)
        await until(lambda: "new calls run what was saved" in caplog.text)
        assert call.library.version == OLD
        live.leave(call)
        assert (await versions_of(store).find(NEW)).message.startswith("saved in")
        assert (await versions_of(store).live()) is not None
        # A publish afterwards is the latest word, and so is the next save.
        await versions_of(store).publish(draft(("count: 3", "count: 2")), author="", message="")
        await until(lambda: live.library.version not in (OLD, NEW))
        write(folder, RENAMED)
        await until(
            lambda: (
                live.library.version
                == version_of(
                    {
                        **LOUDER,
                        "main.yaml": RENAMED["main.yaml"],
                        "prompts/en.yaml": RENAMED["prompts/en.yaml"],
                    }
                )
            )
        )


async def test_queues_that_are_saved_are_a_version_like_any_other(
    make: Callable[..., LiveFlows], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(make(watch=True)) as live:
        told: list[float] = []
        live.on_change = lambda: told.append(live.current.rules.queues[QueueName("general")].ring_s)
        await watched(live, folder)
        write(folder, {"queues.yaml": b"queues: {general: {ring_s: 25}}\n"})
        await until(lambda: told[-1] == 25)
        version = live.library.version
        write(folder, {"queues.yaml": b"queues: {general: {ring_s: soon}}\n"})
        await until(lambda: "goes on" in caplog.text)
        assert f"{folder}/queues.yaml:1:20: error routing: queues.general.ring_s: a number" in caplog.text
        write(folder, {"queues.yaml": b"queues: {generl: {}}\n"})
        await until(lambda: "unknown-queue" in caplog.text)
        assert (live.library.version, told[-1]) == (version, 25)


async def test_who_listens_is_told_of_every_save_that_is_sound(
    make: Callable[..., LiveFlows], folder: Path
) -> None:
    saved: list[bytes] = []

    async def hear(sources: Mapping[str, bytes]) -> None:
        saved.append(sources.get("agents.yaml", b""))

    async with running(make(watch=True)) as live:
        live.on_save = hear
        await watched(live, folder)
        write(folder, {"agents.yaml": b"agents: []\n"})
        await until(lambda: saved[-1] == b"agents: []\n")
        assert live.library.version == OLD


async def test_a_version_stored_without_queues_has_those_of_the_folder(
    make: Callable[..., LiveFlows], store: Store
) -> None:
    before = await released_before(store, BASE)
    live = make()
    await live.begin()
    assert live.library.version == before
    assert set(live.current.rules.queues) == {"general"}


async def test_a_faulty_file_changes_nothing_and_is_named_by_line(
    make: Callable[..., LiveFlows], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(make(watch=True)) as live:
        await watched(live, folder)
        write(folder, FAULTY)
        await until(lambda: "goes on" in caplog.text)
        assert f"{folder}/main.yaml:4:43: error unknown-target" in caplog.text
        assert live.library.version == OLD
        write(folder, draft(("next: after}", "next: chose}")))
        write(folder, {"prompts/en.yaml": b"\xff\xfe"})
        await until(lambda: "prompts/en.yaml:1:1: error not-utf-8" in caplog.text)
        assert live.library.version == OLD
        write(folder, dict(LOUDER))
        await until(lambda: live.library.version == NEW)


async def watched(live: LiveFlows, folder: Path) -> None:
    """Until the watch has begun: a file of no concern is saved and what comes of it is waited for."""
    before = live.library.version
    number = 0
    async with asyncio.timeout(20):
        while live.library.version == before:
            number += 1
            write(folder, {"main.yaml": BASE["main.yaml"] + f"# {number}\n".encode()})
            await asyncio.sleep(0.2)
    write(folder, {"main.yaml": BASE["main.yaml"]})
    await until(lambda: live.library.version == before)
