"""The fake Asterisk against the real one: the same scene on both gives the same events, topic by topic.

Between topics the order is open, so only the sequence within each is compared; each Dial event is a topic of its own.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from ivr.ari.bus import Mailbox
from ivr.ari.client import AriClient, AriSettings
from ivr.ari.generated.events import (
    ChannelDestroyed,
    Dial,
    Message,
    PlaybackFinished,
    PlaybackStarted,
    StasisStart,
)
from ivr.ari.interface import Ari
from ivr.ari.results import Gone, Sent
from tests.ari.conftest import APP
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_commands import FakeAsterisk
from tests.support.fake_ari_objects import Phone

pytestmark = pytest.mark.real

PATIENCE_S = 20.0
NOT_COMPARED = {"ChannelVarset", "ChannelDialplan"}
"""The fake has no dialplan."""


class World(Protocol):
    """What both sides can do besides commands."""

    async def call(self, channel_id: str) -> None: ...

    async def hang_up(self, channel_id: str) -> None: ...


class RealWorld:
    def __init__(self, ari: Ari) -> None:
        self._ari = ari

    async def call(self, channel_id: str) -> None:
        far_end = self._ari.channel(f"far-of-{channel_id}")
        made = await far_end.originate_with_id(
            endpoint=f"Local/in@{APP}", context=APP, extension="quiet", other_channel_id=channel_id
        )
        assert isinstance(made, Sent)

    async def hang_up(self, channel_id: str) -> None:
        await self._ari.channel(f"far-of-{channel_id}").hangup()


class PretendedWorld:
    def __init__(self, fake: FakeAsterisk) -> None:
        self._fake = fake

    async def call(self, channel_id: str) -> None:
        self._fake.call("in", channel_id=channel_id, state="Up")

    async def hang_up(self, channel_id: str) -> None:
        self._fake.hang_up(channel_id)


Scene = Callable[[Ari, World, Mailbox], Awaitable[None]]


class Seen:
    """The mailbox of a scene; remembers what came."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.topics: dict[str, list[str]] = defaultdict(list)

    async def until(self, kind: type[Message], *words: str) -> None:
        """Takes events until one of this kind, in whose telling all the words are."""
        async with asyncio.timeout(PATIENCE_S):
            async for event in self.mailbox:
                assert isinstance(event, Message), event
                if event.type in NOT_COMPARED:
                    continue
                told = self._tell(event)
                if isinstance(event, kind) and all(word in told for word in words):
                    return

    def _tell(self, event: Message) -> str:
        told = event.type
        for fact in ("cause", "soft", "dialstatus"):
            if getattr(event, fact, None) is not None:
                told += f" {fact}={getattr(event, fact)}"
        for thing in ("playback", "recording"):
            if hasattr(event, thing):
                told += f" {getattr(event, thing).state}"
        if isinstance(event, StasisStart):
            told += f" {event.args}"
        ids = event.object_ids()
        if any("cause=17" in earlier for earlier in self.topics[ids[0]]):
            # Seen: a busy Local channel is destroyed with cause 17 or 16, as its two halves happen to end.
            told = told.removesuffix(" cause=16").removesuffix(" cause=17")
        topic = f"dial of {ids[0]} {event.dialstatus}" if isinstance(event, Dial) else ids[0]
        self.topics[topic].append(told)
        return f"{ids} {told}"


async def remote_hangup(ari: Ari, world: World, seen: Seen) -> None:
    seen.mailbox.watch("m1")
    await world.call("m1")
    await seen.until(StasisStart)
    await world.hang_up("m1")
    await seen.until(Message, "StasisEnd")
    assert isinstance(await ari.channel("m1").hangup(), Gone)


async def our_hangup(ari: Ari, world: World, seen: Seen) -> None:
    seen.mailbox.watch("m2")
    await world.call("m2")
    await seen.until(StasisStart)
    assert isinstance(await ari.channel("m2").hangup(), Sent)
    await seen.until(Message, "StasisEnd")


async def playbacks(ari: Ari, world: World, seen: Seen) -> None:
    """Two media in one playback; a second playback queued behind it and stopped there; one whose file is missing."""
    seen.mailbox.watch("m3")
    await world.call("m3")
    await seen.until(StasisStart)
    channel = ari.channel("m3")
    await channel.play_with_id(playback_id="two", media=["sound:digits/1", "sound:digits/2"])
    await channel.play_with_id(playback_id="queued", media=["sound:demo-congrats"])
    await channel.play_with_id(playback_id="missing", media=["sound:no-such-file"])
    assert isinstance(await ari.playback("queued").stop(), Sent)
    await seen.until(PlaybackFinished, "missing")
    await channel.play_with_id(playback_id="long", media=["sound:demo-congrats"])
    await seen.until(PlaybackStarted, "long")
    assert isinstance(await ari.playback("long").stop(), Sent)
    await seen.until(PlaybackFinished, "long")
    await channel.hangup()
    await seen.until(Message, "StasisEnd")


async def answered_agent(ari: Ari, world: World, seen: Seen) -> None:
    seen.mailbox.watch("m4", "leg4", "b4")
    await world.call("m4")
    await seen.until(StasisStart, "m4")
    await ari.bridge("b4").create_with_id(type="mixing,dtmf_events")
    await ari.channel("leg4").create(endpoint=f"Local/rings@{APP}", app=ari.app, app_args="agent")
    await seen.until(StasisStart, "leg4")
    assert isinstance(await ari.bridge("b4").add_channel(channel=["m4"]), Sent)
    assert isinstance(await ari.bridge("b4").add_channel(channel=["leg4"]), Sent)
    assert isinstance(await ari.channel("leg4").dial(timeout=10), Sent)
    await seen.until(ChannelDestroyed)
    await seen.until(Message, "ChannelLeftBridge") if len(seen.topics["b4"]) < 3 else None
    assert isinstance(await ari.bridge("b4").destroy(), Sent)
    await seen.until(Message, "BridgeDestroyed")
    await world.hang_up("m4")
    await seen.until(Message, "StasisEnd", "m4")


async def busy_agent(ari: Ari, world: World, seen: Seen) -> None:
    await _dialled(ari, seen, "leg5", "busy")
    await seen.until(ChannelDestroyed)


async def silent_agent(ari: Ari, world: World, seen: Seen) -> None:
    await _dialled(ari, seen, "leg6", "never")
    await seen.until(ChannelDestroyed)


async def cancelled_agent(ari: Ari, world: World, seen: Seen) -> None:
    await _dialled(ari, seen, "leg7", "never")
    await seen.until(Message, "RINGING")
    assert isinstance(await ari.channel("leg7").hangup(reason_code="16"), Sent)
    await seen.until(ChannelDestroyed)


async def _dialled(ari: Ari, seen: Seen, leg: str, far: str) -> None:
    seen.mailbox.watch(leg)
    await ari.channel(leg).create(endpoint=f"Local/{far}@{APP}", app=ari.app)
    await seen.until(StasisStart)
    assert isinstance(await ari.channel(leg).dial(timeout=1), Sent)


async def commands_that_wait(ari: Ari, world: World, seen: Seen) -> None:
    """What the channel's own thread carries out waits until it has played out; the rest does not."""
    seen.mailbox.watch("m10", "b10")
    await world.call("m10")
    await seen.until(StasisStart)
    channel, bridge = ari.channel("m10"), ari.bridge("b10")
    await bridge.create_with_id(type="mixing")
    waiting = [
        channel.answer,
        lambda: channel.set_channel_var(variable="A", value="1"),
        lambda: bridge.add_channel(channel=["m10"]),
    ]
    at_once = [
        lambda: channel.get_channel_var(variable="A"),
        channel.start_moh,
        channel.stop_moh,
        lambda: channel.play_with_id(playback_id="next", media=["sound:digits/1"]),
    ]
    for number, command in enumerate(waiting):
        playback = ari.playback(f"during{number}")
        await channel.play_with_id(playback_id=playback.id, media=["sound:demo-congrats"])
        await seen.until(PlaybackStarted, playback.id)
        async with asyncio.TaskGroup() as group:
            slow = group.create_task(_sent(command()), name="slow")
            if number == 2:
                for quick in at_once:
                    assert isinstance(await quick(), Sent)
                assert isinstance(await ari.playback("next").stop(), Sent)
            await ari.asterisk.ping()
            assert not slow.done()
            assert isinstance(await playback.stop(), Sent)
    await world.hang_up("m10")
    await seen.until(Message, "StasisEnd")
    while len(seen.topics["b10"]) < 2:
        await seen.until(Message, "ChannelLeftBridge")
    await bridge.destroy()


async def _sent(command: Awaitable[Sent[None] | Gone]) -> None:
    assert isinstance(await command, Sent)


async def snooped(ari: Ari, world: World, seen: Seen) -> None:
    seen.mailbox.watch("m8", "sn8", "rtp8", "b8")
    await world.call("m8")
    await seen.until(StasisStart, "m8")
    await ari.channel("m8").snoop_channel_with_id(snoop_id="sn8", app=ari.app, spy="in", app_args="snoop")
    await seen.until(StasisStart, "sn8")
    await ari.channel("rtp8").external_media(app=ari.app, external_host="127.0.0.1:9", format="slin16")
    await seen.until(StasisStart, "rtp8")
    await ari.bridge("b8").create_with_id(type="mixing")
    assert isinstance(await ari.bridge("b8").add_channel(channel=["sn8", "rtp8"]), Sent)
    await world.hang_up("m8")
    await seen.until(Message, "StasisEnd", "sn8")
    assert isinstance(await ari.channel("sn8").hangup(), Gone)
    assert isinstance(await ari.channel("rtp8").hangup(), Sent)
    await seen.until(ChannelDestroyed)
    while len(seen.topics["b8"]) < 4:
        await seen.until(Message, "ChannelLeftBridge")
    assert isinstance(await ari.bridge("b8").destroy(), Sent)
    await seen.until(Message, "BridgeDestroyed")


async def recorded(ari: Ari, world: World, seen: Seen) -> None:
    seen.mailbox.watch("m9")
    await world.call("m9")
    await seen.until(StasisStart)
    channel = ari.channel("m9")
    await channel.record(name="nine", format="wav", max_duration_seconds=1, if_exists="overwrite")
    await seen.until(Message, "RecordingFinished")
    await channel.record(name="ten", format="wav", if_exists="overwrite")
    await seen.until(Message, "RecordingStarted")
    assert isinstance(await ari.live_recording("ten").stop(), Sent)
    await seen.until(Message, "RecordingFinished")
    assert isinstance(await ari.live_recording("ten").stop(), Gone)
    await channel.hangup()
    await seen.until(Message, "StasisEnd")


SCENES = [
    remote_hangup,
    our_hangup,
    playbacks,
    answered_agent,
    busy_agent,
    silent_agent,
    cancelled_agent,
    snooped,
    recorded,
    commands_that_wait,
]


async def played(
    ari: Ari, world: World, scene: Callable[[Ari, World, Seen], Awaitable[None]]
) -> dict[str, list[str]]:
    with ari.bus.mailbox(scene.__name__) as mailbox:
        seen = Seen(mailbox)
        await scene(ari, world, seen)
        return dict(seen.topics)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_both_tell_the_same(
    settings: AriSettings, scene: Callable[[Ari, World, Seen], Awaitable[None]]
) -> None:
    async with AriClient(settings) as ari:
        await ari.ready()
        real = await played(ari, RealWorld(ari), scene)
    for seed in range(5):
        async with FakeAri(seed=seed) as fake:
            fake.world.app = settings.app
            fake.world.missing.add("sound:no-such-file")
            fake.world.phones = {
                f"Local/rings@{APP}": Phone(rings_s=0.05, talks_s=0.05),
                f"Local/busy@{APP}": Phone(then="busy"),
                f"Local/never@{APP}": Phone(then="never"),
            }
            fake.world.lengths_s = dict.fromkeys(("sound:digits/1", "sound:digits/2"), 0.3)
            fake.world.lengths_s["sound:demo-congrats"] = 20.0
            assert await played(fake, PretendedWorld(fake.world), scene) == real, seed
