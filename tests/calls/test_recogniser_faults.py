"""Real calls whose audio goes by websocket, and what becomes of them when the recogniser dies.

`test_crowd.py` has many speakers at once, and those who leave in the middle of a word.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from asr.pool import WorkerState
from ivr.config import load_settings
from ivr.demo.sayings import SAYINGS
from ivr.main import Hotline, RunningHotline
from ivr.prompts.review import misheard
from tests.calls.conftest import staged
from tests.support.citizens import Caller, Scene

pytestmark = [
    pytest.mark.real,
    pytest.mark.voice,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def by_websocket(tmp_path_factory: pytest.TempPathFactory, fast_flows: Path) -> AsyncIterator[Hotline]:
    settings = load_settings(
        state_dir=tmp_path_factory.mktemp("faults"),
        flows_dir=fast_flows,
        web={"port": 0},
        asterisk={"allow_anonymous": True, "media": "websocket"},
        prompts={"render": False},
    )
    running = RunningHotline(settings)
    yield await running.start()
    await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def scene(by_websocket: Hotline) -> AsyncIterator[Scene]:
    async with staged(by_websocket) as stage:
        yield stage
    assert worker(by_websocket).open_hearings == 0, "somebody is still listened to"


def worker(hotline: Hotline) -> WorkerState:
    assert hotline.speech is not None
    (state,) = hotline.speech.state()
    return state


async def at_the_question(scene: Scene) -> Caller:
    """A citizen who is being asked, and listened to."""
    citizen = await scene.citizen()
    await scene.until(lambda: nodes(scene)[0].startswith("greeting."), "the greeting")
    await citizen.send_digits("1")
    await scene.until(lambda: nodes(scene) == ["main.question"], "the question")
    # The prompt is long: it is spoken into.
    for _ in range(20):
        await scene.hears_for(citizen, 0.5)
        if worker(scene.hotline).open_hearings:
            return citizen
    raise AssertionError("nobody listens")


def nodes(scene: Scene) -> list[str]:
    return [session.node for session in scene.hotline.front_door.registry]


async def inputs(scene: Scene, call: str, kind: str) -> list[dict[str, Any]]:
    return [
        data for event, data in await scene.journal(call) if event == "input" and data.get("type") == kind
    ]


async def test_a_spoken_answer_by_websocket(scene: Scene) -> None:
    citizen = await at_the_question(scene)
    await citizen.play(SAYINGS["zh-person"].samples())
    await scene.until(lambda: scene.stages() == ["queue"], "a person is wanted")
    (line,) = await scene.transcript(scene.live_call())
    assert misheard(SAYINGS["zh-person"].text, line.text, "zh") <= 0.4, line.text
    await citizen.hangup()


async def test_a_worker_killed_in_the_middle_of_a_word_costs_one_pardon(scene: Scene) -> None:
    """Asked once more by voice where the next worker is there in time, by keys where it is not; and heard again."""
    citizen = await at_the_question(scene)
    call = scene.live_call()
    pid = worker(scene.hotline).pid
    assert pid is not None
    await citizen.play(SAYINGS["zh-noise"].samples())
    await scene.until_journalled(call, "speech_started")
    os.kill(pid, signal.SIGKILL)
    await scene.until(lambda: worker(scene.hotline).pid is None, "the dead worker is noticed")
    await scene.until_journalled(call, "speech_failed")
    assert scene.hotline.speech is not None
    assert await scene.hotline.speech.wait_ready(60)
    assert worker(scene.hotline).pid != pid
    assert nodes(scene) in (["main.question"], ["main.keys"])
    if nodes(scene) == ["main.question"]:
        await scene.until(lambda: worker(scene.hotline).open_hearings > 0, "it is listened again")
        await citizen.play(SAYINGS["zh-person"].samples())
    else:
        await citizen.send_digits("0")
    await scene.until(lambda: scene.stages() == ["queue"], "a person is wanted")
    assert {data["cause"] for data in await inputs(scene, call, "speech_failed")} == {"lost"}
    await citizen.hangup()
