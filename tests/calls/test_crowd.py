"""Twenty calls at once: each is greeted, gets on by key, waits with a place of its own, and leaves nothing behind."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.citizens import Caller, Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

CALLS = 20


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
    # More callers than the recogniser takes at once: those are asked by keys.
    await scene.until(
        lambda: all(session.node in ("main.question", "main.keys") for session in registry), "all are asked"
    )
    await asyncio.gather(*(citizen.send_digits("0") for citizen in citizens))
    await scene.until(lambda: scene.stages() == ["queue"] * CALLS, "all wait")
    board = scene.hotline.dispatcher.board
    places = sorted(place.place for entry in board.entries() if (place := board.place(entry.id)) is not None)
    assert places == list(range(1, CALLS + 1))
    await scene.hears(citizens[0], "person.transfer", timeout_s=30)
    await scene.hears_for(citizens[0], seconds=2.0)
    for citizen in citizens:
        assert await asyncio.to_thread(scene.heard, citizen, "person.transfer")
    await asyncio.gather(*(citizen.hangup() for citizen in citizens))
    await scene.until(lambda: not scene.stages(), "all are over")
    for call in calls:
        assert (await scene.record(call)).state == "ended"
