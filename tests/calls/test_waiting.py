"""Waiting in the dialogue that ships, on a real Asterisk: keys and voice work, and the place stays.

Regression for what users of other systems complain about: "break-out keys ignored while waiting".
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ivr.config import load_settings
from ivr.main import Hotline, RunningHotline
from tests.calls.conftest import ROOT, staged
from tests.support.citizens import Scene
from tests.support.talkers import Talker

pytestmark = [
    pytest.mark.real,
    pytest.mark.voice,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

SOONER = {"waiting.yaml": {"after_s: 60": "after_s: 4"}}
"""The offer is made after seconds, not after a minute."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def waiting_hotline(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hotline]:
    folder: Path = tmp_path_factory.mktemp("waiting") / "flows"
    shutil.copytree(ROOT / "flows", folder, symlinks=True, ignore=shutil.ignore_patterns("audio"))
    (folder / "audio").symlink_to(ROOT / "flows" / "audio")
    for name, changes in SOONER.items():
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    settings = load_settings(
        state_dir=tmp_path_factory.mktemp("waiting-state"),
        flows_dir=folder,
        web={"port": 0},
        prompts={"render": False},
        asterisk={
            "allow_anonymous": True,
            "outbound_trunk": "127.0.0.3:5099",
            "outbound_numbers": ("138X{8}",),
        },
    )
    running = RunningHotline(settings)
    yield await running.start()
    await running.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def scene(waiting_hotline: Hotline) -> AsyncIterator[Scene]:
    async with staged(waiting_hotline) as stage:
        yield stage


def entry_of(scene: Scene, call: str) -> tuple[str, int | None]:
    """(its state, its place) in the queue."""
    board = scene.hotline.dispatcher.board
    (one,) = [entry for entry in board.entries() if entry.call_id == call]
    place = board.place(one.id)
    return one.id, None if place is None else place.place


async def test_keys_and_voice_work_while_waiting_and_the_place_stays(scene: Scene) -> None:
    by_key = await Talker.at(scene, "10", "waiting.wait")
    first = entry_of(scene, by_key.call)
    by_voice = await Talker.at(scene, "10", "waiting.wait")
    second = entry_of(scene, by_voice.call)
    assert (first[1], second[1]) == (1, 2)

    # By key, while nothing is asked and something else is being said.
    await by_key.phone.send_digits("1")
    await by_key.until("callback.same")
    assert entry_of(scene, by_key.call) == first
    await by_key.phone.send_digits("1")
    await by_key.until("callback.promised")
    assert entry_of(scene, by_key.call) == first
    await scene.hears(by_key.phone, "callback.promised")

    # By voice, when it is offered.
    await scene.hears(by_voice.phone, "queue.offer")
    await by_voice.says("zh-callback")
    await by_voice.until_noted("option", option="callback", by="speech")
    assert entry_of(scene, by_voice.call) == second
    await by_voice.hangs_up()
    await scene.clear_the_line()
    (shown,) = [line for line in scene.hotline.callbacks.lines() if line.number == by_key.phone.user]
    assert shown.place == 1
    for line in scene.hotline.callbacks.lines():
        assert scene.hotline.callbacks.cancel(line.id, by="test")
