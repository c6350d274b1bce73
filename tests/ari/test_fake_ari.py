"""The fake Asterisk on virtual time: what it couples, what it shuffles, what it injects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import StasisStart
from ivr.ari.parse import AnyEvent, Gap
from ivr.ari.results import Gone, Sent
from ivr.errors import AriRejected, AriUnavailable
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_objects import Phone
from tests.support.virtual_time import run_virtual

SEEDS = range(12)


def on_virtual_time(scene: Callable[[FakeAri], Awaitable[None]], seed: int = 0) -> None:
    async def main() -> None:
        async with FakeAri(seed=seed) as ari:
            first = await ari.bus.front_door().get()
            assert first == Gap(True, 0.0)
            await scene(ari)

    run_virtual(main)


async def arrival(ari: FakeAri) -> str:
    event = await ari.bus.front_door().get()
    assert isinstance(event, StasisStart)
    return event.channel.id


def drained(mailbox: Mailbox) -> list[str]:
    found: list[AnyEvent] = []
    while (event := mailbox.get_nowait()) is not None:
        found.append(event)
    return [event.type for event in found if not isinstance(event, Gap)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_playback_starts_and_finishes_after_its_length(seed: int) -> None:
    async def scene(ari: FakeAri) -> None:
        ari.world.lengths_s["sound:hello"] = 7.0
        caller = ari.world.call()
        with ari.bus.mailbox("test") as box:
            box.watch(await arrival(ari))
            await ari.channel(caller).answer()
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await ari.channel(caller).play_with_id(playback_id="p", media=["sound:hello"])
            await asyncio.sleep(6.9)
            assert drained(box) == ["ChannelStateChange", "PlaybackStarted"]
            finished = await box.get()
            assert not isinstance(finished, Gap)
            assert finished.type == "PlaybackFinished"
            assert 7.0 <= loop.time() - begun < 7.1
            assert isinstance(await ari.playbacks.stop(playback_id="p"), Gone)

    on_virtual_time(scene, seed)


def test_a_stopped_playback_finishes_at_once_and_the_next_begins() -> None:
    async def scene(ari: FakeAri) -> None:
        caller = ari.world.call()
        with ari.bus.mailbox("test") as box:
            box.watch("p", "q")
            await arrival(ari)
            await ari.channel(caller).answer()
            await ari.channel(caller).play_with_id(playback_id="p", media=["sound:a", "sound:b"])
            await ari.channel(caller).play_with_id(playback_id="q", media=["sound:c"])
            await ari.playbacks.stop(playback_id="p")
            await asyncio.sleep(0.1)
            assert drained(box) == ["PlaybackStarted", "PlaybackFinished", "PlaybackStarted"]

    on_virtual_time(scene)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_hangup_ends_all_and_commands_are_gone(seed: int) -> None:
    async def scene(ari: FakeAri) -> None:
        caller = ari.world.call()
        with ari.bus.mailbox("test") as box:
            box.watch(await arrival(ari))
            await ari.bridge("b").create_with_id(type="mixing")
            await ari.bridge("b").add_channel(channel=[caller])
            ari.world.hang_up(caller)
            assert isinstance(await ari.channel(caller).answer(), Gone)
            assert isinstance(await ari.bridge("b").add_channel(channel=[caller]), Gone)
            await asyncio.sleep(0.1)
            events = drained(box)
            assert sorted(events) == [
                "ChannelEnteredBridge",
                "ChannelHangupRequest",
                "ChannelLeftBridge",
                "StasisEnd",
            ]
            assert events.index("ChannelHangupRequest") < events.index("StasisEnd")
            await ari.bridge("b").destroy()
        ari.world.assert_empty()

    on_virtual_time(scene, seed)


def test_the_order_that_asterisk_leaves_open_is_shuffled() -> None:
    """StasisStart before or after the answer of create; LeftBridge before or after ChannelDestroyed."""
    starts_first: set[bool] = set()
    leaves_first: set[bool] = set()

    async def scene(ari: FakeAri) -> None:
        with ari.bus.mailbox("test") as box:
            box.watch("agent", "b")
            await ari.channel("agent").create(endpoint="PJSIP/1001", app=ari.app)
            starts_first.add(bool(drained(box)))
            await asyncio.sleep(0.1)
            await ari.bridge("b").create_with_id(type="mixing")
            await ari.bridge("b").add_channel(channel=["agent"])
            await asyncio.sleep(0.1)
            drained(box)
            ari.world.hang_up("agent")
            await asyncio.sleep(0.1)
            events = drained(box)
            leaves_first.add(events.index("ChannelLeftBridge") < events.index("ChannelDestroyed"))

    for seed in range(40):
        on_virtual_time(scene, seed)
    assert starts_first == {True, False}
    assert leaves_first == {True, False}


def test_the_same_seed_gives_the_same_order() -> None:
    runs: list[list[str]] = []

    async def scene(ari: FakeAri) -> None:
        caller = ari.world.call()
        with ari.bus.mailbox("test") as box:
            box.watch(caller)
            await ari.bridge("b").create_with_id(type="mixing")
            await asyncio.sleep(0.1)
            await ari.bridge("b").add_channel(channel=[caller])
            await ari.channel(caller).play_with_id(playback_id="p", media=["sound:a"])
            ari.world.hang_up(caller)
            await asyncio.sleep(1)
            runs.append(drained(box))

    on_virtual_time(scene, 5)
    on_virtual_time(scene, 5)
    assert runs[0] == runs[1]


def test_adding_before_stasis_is_refused() -> None:
    async def scene(ari: FakeAri) -> None:
        ari.world.jitter_s = 0.0
        await ari.bridge("b").create_with_id(type="mixing")
        ari.world.jitter_s = 1.0
        ari.world.random.seed(1)
        caller = ari.world.call()
        ari.world.jitter_s = 0.0
        result = await ari.bridge("b").add_channel(channel=[caller])
        assert result == Gone("Channel not in Stasis application", 422)
        await arrival(ari)
        assert isinstance(await ari.bridge("b").add_channel(channel=[caller]), Sent)

    on_virtual_time(scene)


@pytest.mark.parametrize(
    ("phone", "cause", "after_s"),
    [
        (Phone(then="busy", rings_s=0.0), 17, 0.0),
        (Phone(then="reject", rings_s=0.0), 21, 0.0),
        (Phone(then="never"), 19, 20.0),
        (Phone(rings_s=3.0, talks_s=60.0), 16, 63.0),
    ],
)
def test_phones_answer_a_dial_in_their_ways(phone: Phone, cause: int, after_s: float) -> None:
    async def scene(ari: FakeAri) -> None:
        ari.world.phones["PJSIP/1001"] = phone
        with ari.bus.mailbox("test") as box:
            box.watch("agent")
            await ari.channel("agent").create(endpoint="PJSIP/1001", app=ari.app)
            await asyncio.sleep(0.1)
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await ari.channel("agent").dial(timeout=20)
            async for event in box:
                if not isinstance(event, Gap) and event.type == "ChannelDestroyed":
                    assert event.model_dump()["cause"] == cause  # type: ignore[union-attr]
                    break
            assert after_s <= loop.time() - begun < after_s + 0.2
        ari.world.assert_empty()

    on_virtual_time(scene)


def test_a_phone_that_is_not_registered_cannot_be_created() -> None:
    async def scene(ari: FakeAri) -> None:
        ari.world.phones["PJSIP/1001"] = Phone(registered=False)
        with pytest.raises(AriRejected) as caught:
            await ari.channel("agent").create(endpoint="PJSIP/1001", app=ari.app)
        assert caught.value.status == 500

    on_virtual_time(scene)


def test_faults_are_injected() -> None:
    async def scene(ari: FakeAri) -> None:
        caller = ari.world.call()
        await arrival(ari)
        ari.world.fault("channels.answer", status=503)
        with pytest.raises(AriUnavailable):
            await ari.channel(caller).answer()
        ari.world.fault("channels.answer", unanswered=True)
        with pytest.raises(AriUnavailable):
            await ari.channel(caller).answer()
        assert ari.world.channels[caller].state == "Up"
        loop = asyncio.get_running_loop()
        begun = loop.time()
        ari.world.fault("*", delay_s=3.0)
        assert isinstance(await ari.channel(caller).start_moh(), Sent)
        assert loop.time() - begun >= 3.0
        ari.world.fault("channels.play_with_id", ends=caller)
        assert isinstance(await ari.channel(caller).play_with_id(playback_id="p", media=["sound:a"]), Gone)

    on_virtual_time(scene)


def test_events_are_lost_doubled_and_cut_off_by_a_gap() -> None:
    async def scene(ari: FakeAri) -> None:
        caller = ari.world.call()
        with ari.bus.mailbox("test") as box:
            box.watch(await arrival(ari))
            ari.world.lost["ChannelDtmfReceived"] = 1
            ari.world.press(caller, "1")
            await asyncio.sleep(0.1)
            assert drained(box) == []
            ari.world.doubled["ChannelDtmfReceived"] = 1
            ari.world.press(caller, "1")
            await asyncio.sleep(0.1)
            assert len(drained(box)) == 2
            ari.world.press(caller, "12", between_s=1.0)
            await ari.gap(0.5)
            gap = await box.get()
            assert gap == Gap(False, 0.5)
            await asyncio.sleep(1.0)
            assert drained(box) == ["ChannelDtmfReceived"]

    on_virtual_time(scene)


def test_a_call_while_nobody_listens_falls_back() -> None:
    async def scene(ari: FakeAri) -> None:
        ari.world.online = False
        caller = ari.world.call()
        assert ari.world.fallen_back == [caller]
        ari.world.assert_empty()

    on_virtual_time(scene)


def test_an_id_that_begins_another_is_refused_as_asterisk_does() -> None:
    async def scene(ari: FakeAri) -> None:
        await ari.channel("call.agent1").create(endpoint="PJSIP/1", app=ari.app)
        with pytest.raises(AriRejected):
            await ari.channel("call").create(endpoint="PJSIP/2", app=ari.app)
        assert isinstance(await ari.channel("call.agent10").create(endpoint="PJSIP/2", app=ari.app), Sent)

    on_virtual_time(scene)


def test_a_command_for_a_channel_that_plays_waits_for_the_end() -> None:
    async def scene(ari: FakeAri) -> None:
        ari.world.lengths_s["sound:long"] = 3.0
        caller = ari.world.call(state="Up")
        await arrival(ari)
        await ari.bridge("b").create_with_id(type="mixing")
        await ari.channel(caller).play_with_id(playback_id="p", media=["sound:long"])
        loop = asyncio.get_running_loop()
        begun = loop.time()
        assert isinstance(await ari.bridge("b").add_channel(channel=[caller]), Sent)
        assert loop.time() - begun >= 2.9
        ari.world.lengths_s["sound:long"] = 60.0
        await ari.channel(caller).play_with_id(playback_id="p", media=["sound:long"])
        with pytest.raises(AriUnavailable, match="no answer within 5 s"):
            await ari.bridge("b").remove_channel(channel=[caller])
        assert isinstance(await ari.channel(caller).hangup(), Sent)

    on_virtual_time(scene)
