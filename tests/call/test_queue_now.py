"""A dialogue asks how a queue is doing before it puts the caller into it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.call.scenes import SEEDS, inputs, nodes, play
from tests.support.call_house import House


async def _calls(here: House, *channels: str) -> None:
    for channel in channels:
        here.ari.world.call("call", "12345", "trunk", channel_id=channel)
        await here.until(2)


def _seen(here: House) -> list[Any]:
    return [answer["value"] for answer in inputs(here, "lookup_ended")]


async def _all_hang_up(here: House) -> None:
    for channel in list(here.ari.world.channels):
        here.ari.world.hang_up(channel)
    await here.until(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_there(seed: int) -> None:
    async def scene(here: House) -> None:
        await _calls(here, "one")
        assert _seen(here) == [{"waiting": 0, "agents": 0, "free": 0, "low_s": None, "high_s": None}]
        assert nodes(here)[-1] == "ahead.nobody"

    play(scene, seed, entry="ahead")


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_free_who_talks_and_who_waits_is_told(seed: int) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1", "a2")
        await _calls(here, "one", "two", "three", "four")
        seen = [(each["waiting"], each["agents"], each["free"]) for each in _seen(here)]
        assert seen == [(0, 2, 2), (0, 2, 1), (0, 2, 0), (1, 2, 0)]
        assert nodes(here).count("ahead.told") == 2
        await _all_hang_up(here)

    play(scene, seed, entry="ahead")


def test_of_a_queue_that_is_not_there_nothing_is_found() -> None:
    async def scene(here: House) -> None:
        assert here.dispatcher.now("nothing", "") is None
        now = here.dispatcher.now("general", "")
        assert now is not None
        assert (now.waiting, now.agents, now.wait_s) == (0, 0, None)

    play(scene, entry="ahead")
