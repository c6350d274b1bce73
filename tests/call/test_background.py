"""The sound behind a call: one at a time, and what Asterisk could not change is changed later."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

import pytest

from ivr.ari.interface import Ari
from ivr.call import background
from ivr.call.background import Background
from ivr.errors import AriRejected, AriUnavailable
from ivr.ids import ChannelId


class Channels:
    """Writes down what is asked of it. failing: raised instead, as long as it is there."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.failing: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        async def do(**given: Any) -> None:
            if self.failing is not None:
                raise self.failing
            self.done.append(
                " ".join([name, *(f"{given['moh_class']}" for _ in [0] if given.get("moh_class"))])
            )

        return do


class House:
    def __init__(self) -> None:
        self.channels = Channels()
        self.tasks: list[asyncio.Task[None]] = []
        self.background = Background(cast(Ari, self), ChannelId("c1"), self._spawn)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(work, name=name))


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(background, "AGAIN_S", 0.001)
    return House()


async def test_one_sound_at_a_time_and_nothing_asked_twice(house: House) -> None:
    for sound, music in (("music", "calm"), ("music", "calm"), ("ringing", ""), ("", ""), ("", "")):
        await house.background.want(cast(background.Sound, sound), music)
    assert house.channels.done == ["start_moh calm", "stop_moh", "ring", "ring_stop"]


async def test_music_that_could_not_be_stopped_stops_as_soon_as_it_can(house: House) -> None:
    await house.background.want("music")
    house.channels.failing = AriUnavailable("500")
    await house.background.want("")
    assert house.background.saved() == ["music", ""], "whoever goes on with the call knows that it is heard"
    await house.background.want("")
    assert len(house.tasks) == 1, "it is tried by one at a time"
    house.channels.failing = None
    await house.tasks[0]
    assert house.channels.done == ["start_moh", "stop_moh"]
    assert house.background.saved() == []


async def test_what_is_wanted_meanwhile_is_what_comes(house: House) -> None:
    await house.background.want("music", "calm")
    house.channels.failing = AriUnavailable("500")
    await house.background.want("")
    await house.background.want("ringing")
    house.channels.failing = None
    await house.tasks[0]
    assert house.channels.done == ["start_moh calm", "stop_moh", "ring"]


async def test_what_asterisk_refuses_is_not_asked_again(house: House) -> None:
    house.channels.failing = AriRejected("409", status=409)
    await house.background.want("music")
    house.channels.failing = None
    await house.background.want("music")
    assert (house.channels.done, house.tasks) == ([], [])


async def test_what_was_heard_before_this_controller_is_stopped_by_it(house: House) -> None:
    house.background.resume("music", "calm")
    await house.background.want("music", "calm")
    await house.background.want("")
    assert house.channels.done == ["stop_moh"]
