"""Twenty calls at once: each is greeted, speaks, gets on by voice or key, waits in a place of its own, leaves nothing.

More than the recogniser takes: some are asked by keys. A few hang up in the middle of a word.
"""

from __future__ import annotations

import asyncio

import pytest

from ivr.demo.sayings import SAYINGS
from tests.support.citizens import Caller, Scene

pytestmark = [
    pytest.mark.real,
    pytest.mark.voice,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]

CALLS = 20
LEAVE = 4
SAID = SAYINGS["zh-person"].samples()


async def test_twenty_calls_at_once(scene: Scene) -> None:
    registry = scene.hotline.front_door.registry
    citizens: list[Caller] = list(await asyncio.gather(*(scene.citizen() for _ in range(CALLS))))
    assert len(registry) == CALLS
    calls = [session.call for session in registry]
    await scene.until(
        lambda: all(session.node in ("greeting.welcome", "greeting.language") for session in registry),
        "all are greeted",
    )
    await asyncio.gather(*(citizen.send_digits("1") for citizen in citizens))
    await scene.until(
        lambda: all(session.node in ("main.question", "main.keys") for session in registry), "all are asked"
    )
    await scene.until(lambda: any(session.node == "main.keys" for session in registry), "some by keys")
    await asyncio.gather(*(citizen.play(SAID) for citizen in citizens))
    leaving, staying = citizens[:LEAVE], citizens[LEAVE:]
    await asyncio.sleep(0.5)  # in the middle of what they say
    await asyncio.gather(*(citizen.hangup() for citizen in leaving))
    await asyncio.sleep(len(SAID) / 8000)  # as long as the others speak
    await asyncio.gather(*(citizen.send_digits("0") for citizen in staying))
    await scene.until(lambda: scene.stages() == ["queue"] * len(staying), "all wait")
    board = scene.hotline.dispatcher.board
    places = sorted(place.place for entry in board.entries() if (place := board.place(entry.id)) is not None)
    assert places == list(range(1, len(staying) + 1))
    await scene.hears(staying[0], "person.transfer", timeout_s=30)
    await scene.hears_for(staying[0], seconds=2.0)
    for citizen in staying:
        assert await asyncio.to_thread(scene.heard, citizen, "person.transfer")
    await asyncio.gather(*(citizen.hangup() for citizen in staying))
    await scene.until(lambda: not scene.stages(), "all are over")
    for call in calls:
        assert (await scene.record(call)).state == "ended"
    assert scene.hotline.speech is not None
    assert [worker.open_hearings for worker in scene.hotline.speech.state()] == [0]
