from __future__ import annotations

import asyncio
import json
import logging

import pytest

from ivr.ari.bus import BRIDGED, CAPACITY, HELD_S, Bus, Mailbox, MailboxClosed
from ivr.ari.generated.events import (
    ApplicationReplaced,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    StasisEnd,
    StasisStart,
)
from ivr.ari.parse import AnyEvent, Gap, Sealed, UnknownEvent, parse_message, seal
from ivr.errors import AriUnauthorised, MailboxOverflow
from tests.support.fake_ari_objects import FakeBridge, FakeChannel, bridge_json, channel_json

STAMP = {"timestamp": "2026-11-22T13:49:06.879+0000", "application": "ivr"}


def event(kind: str, channel: str = "", bridge: str = "", **fields: object) -> AnyEvent:
    message: dict[str, object] = {"type": kind, **STAMP, **fields}
    if channel:
        message["channel"] = channel_json(FakeChannel(channel, f"PJSIP/{channel}", "Up"), "ivr")
    if bridge:
        message["bridge"] = bridge_json(FakeBridge(bridge, "mixing"))
    parsed = parse_message(json.dumps(message).encode())
    assert not isinstance(parsed, UnknownEvent), parsed
    return parsed


def digit(channel: str, key: str = "1") -> AnyEvent:
    return event("ChannelDtmfReceived", channel, digit=key, duration_ms=100)


def waiting(mailbox: Mailbox) -> list[AnyEvent]:
    found = []
    while (next_one := mailbox.get_nowait()) is not None:
        found.append(next_one)
    return found


async def test_events_reach_only_who_watches_their_object_in_order() -> None:
    bus = Bus()
    with bus.mailbox("one") as one, bus.mailbox("two") as two:
        one.watch("c1")
        two.watch("c2")
        sent = [digit("c1", "1"), digit("c2", "9"), digit("c1", "2"), event("StasisEnd", "c1")]
        for each in sent:
            bus.dispatch(each)
        assert waiting(one) == [sent[0], sent[2], sent[3]]
        assert waiting(two) == [sent[1]]


async def test_an_event_of_several_watched_objects_comes_once_to_each_mailbox() -> None:
    bus = Bus()
    with bus.mailbox("one") as one, bus.mailbox("two") as two:
        one.watch("c1", "b1")
        two.watch("b1")
        bus.dispatch(event("ChannelEnteredBridge", "c1", "b1"))
        assert [type(e) for e in waiting(one)] == [ChannelEnteredBridge]
        assert [type(e) for e in waiting(two)] == [ChannelEnteredBridge]


async def test_a_mailbox_is_not_given_what_it_does_not_want_and_says_what_waits_in_it() -> None:
    bus = Bus()
    with bus.mailbox("one", unwanted=BRIDGED) as one, bus.mailbox("two") as two:
        one.watch("c1", "c2")
        two.watch("c1")
        for each in (
            event("ChannelEnteredBridge", "c1", "b1"),
            event("ChannelDestroyed", "c1", cause=16, cause_txt="x"),
        ):
            bus.dispatch(seal(each.model_dump_json().encode()))  # type: ignore[union-attr]
        assert one.holds("ChannelDestroyed", "c1")
        assert not one.holds("ChannelDestroyed", "c2")
        assert [each.type for each in waiting(one)] == ["ChannelDestroyed"]  # type: ignore[union-attr]
        assert len(two) == 2
        assert not one.holds("ChannelDestroyed", "c1")


async def test_a_playback_reaches_who_watches_its_channel() -> None:
    bus = Bus()
    playback = {"id": "p1", "media_uri": "sound:a", "target_uri": "channel:c1", "state": "done"}
    with bus.mailbox("one") as one:
        one.watch("c1")
        bus.dispatch(event("PlaybackFinished", playback=playback))
        assert len(waiting(one)) == 1


async def test_watching_twice_counts_once_and_unwatching_ends_it() -> None:
    bus = Bus()
    with bus.mailbox("one") as one:
        one.watch("c1")
        one.watch("c1")
        bus.dispatch(digit("c1"))
        assert len(waiting(one)) == 1
        one.unwatch("c1", "never watched")
        bus.dispatch(digit("c1"))
        assert waiting(one) == []
        assert bus.unwatched == 1


async def test_a_late_event_for_a_closed_mailbox_is_counted_with_a_debug_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = Bus()
    with bus.mailbox("one") as one:
        one.watch("c1")
    with caplog.at_level(logging.DEBUG, "ivr.ari.bus"):
        bus.dispatch(event("StasisEnd", "c1"))
    assert bus.unwatched == 1
    assert "StasisEnd" in caplog.text
    assert bus.front_door().get_nowait() is None


async def test_a_new_channel_goes_to_the_front_door_and_a_watched_one_to_its_mailbox() -> None:
    bus = Bus()
    with bus.mailbox("one") as one:
        one.watch("agent")
        bus.dispatch(event("StasisStart", "caller", args=[]))
        bus.dispatch(event("StasisStart", "agent", args=[]))
        arrived = await bus.front_door().get()
        assert isinstance(arrived, StasisStart)
        assert arrived.channel.id == "caller"
        assert bus.front_door().get_nowait() is None
        assert [type(e) for e in waiting(one)] == [StasisStart]


async def test_what_happens_before_the_session_watches_is_held_for_it() -> None:
    """The caller presses a key and hangs up while the session is being set up."""
    bus = Bus()
    bus.dispatch(event("StasisStart", "caller", args=[]))
    bus.dispatch(digit("caller"))
    bus.dispatch(event("StasisEnd", "caller"))
    with bus.mailbox("session") as session:
        session.watch("caller")
        assert [type(e) for e in waiting(session)] == [ChannelDtmfReceived, StasisEnd]
    assert bus.unwatched == 0


async def test_an_arrival_that_nobody_watches_is_let_go_after_a_while() -> None:
    now = 0.0
    bus = Bus(monotonic=lambda: now)
    bus.dispatch(event("StasisStart", "lost", args=[]))
    bus.dispatch(digit("lost"))
    now = HELD_S + 1
    bus.dispatch(event("StasisStart", "next", args=[]))
    bus.dispatch(digit("next"))
    with bus.mailbox("one") as one:
        one.watch("lost")
        assert waiting(one) == []
        one.watch("next")
        assert len(waiting(one)) == 1


async def test_nothing_is_held_of_whom_nobody_will_watch() -> None:
    now = 0.0
    bus = Bus(monotonic=lambda: now)
    for channel in ("sent away", "next"):
        bus.dispatch(event("StasisStart", channel, args=[]))
        bus.dispatch(digit(channel))
        bus.dispatch(digit(channel))
    bus.dispatch(digit("next"))
    assert bus.held == 3, "of the channel with the most"
    bus.pass_over("sent away")
    bus.pass_over("never came")
    assert bus.unwatched == 2
    bus.dispatch(event("StasisEnd", "sent away"))
    assert bus.unwatched == 3
    with bus.mailbox("one") as one:
        one.watch("sent away", "next")
        assert len(waiting(one)) == 3
    bus.dispatch(event("StasisStart", "sent away", args=[]))
    bus.dispatch(digit("sent away"))
    assert bus.held == 1, "who comes back has come anew"


async def test_too_much_held_overflows_the_mailbox_that_takes_it() -> None:
    bus = Bus()
    bus.dispatch(event("StasisStart", "caller", args=[]))
    for _ in range(CAPACITY + 50):
        bus.dispatch(digit("caller"))
    with bus.mailbox("session") as session:
        session.watch("caller")
        with pytest.raises(MailboxOverflow):
            await session.get()


async def test_application_events_go_to_the_front_door() -> None:
    bus = Bus()
    bus.dispatch(event("ApplicationReplaced"))
    bus.dispatch(event("DeviceStateChanged", device_state={"name": "PJSIP/1001", "state": "INUSE"}))
    assert isinstance(await bus.front_door().get(), ApplicationReplaced)
    found = await bus.front_door().get()
    assert not isinstance(found, Gap)
    assert found.type == "DeviceStateChanged"


async def test_a_gap_goes_to_every_mailbox_and_the_front_door() -> None:
    bus = Bus()
    with bus.mailbox("one") as one, bus.mailbox("two") as two:
        two.watch("c")
        gap = Gap(first=False, away_s=1.5)
        bus.dispatch(gap)
        assert (waiting(one), waiting(two), bus.front_door().get_nowait()) == ([gap], [gap], gap)


async def test_a_full_mailbox_ends_loudly_and_harms_nobody_else() -> None:
    bus = Bus()
    with bus.mailbox("slow", capacity=3) as slow, bus.mailbox("quick") as quick:
        slow.watch("c1")
        quick.watch("c1")
        for _ in range(5):
            bus.dispatch(digit("c1"))
        with pytest.raises(MailboxOverflow, match="slow"):
            await slow.get()
        with pytest.raises(MailboxOverflow):
            slow.get_nowait()
        assert slow.watched == frozenset()
        assert len(waiting(quick)) == 5


async def test_a_reader_that_waits_is_woken_by_an_event_and_by_the_end() -> None:
    bus = Bus()
    with bus.mailbox("one") as one:
        one.watch("c1")
        async with asyncio.TaskGroup() as group:
            first = group.create_task(one.get(), name="reader")
            await asyncio.sleep(0)
            bus.dispatch(digit("c1"))
        assert isinstance(first.result(), ChannelDtmfReceived)
        async with asyncio.TaskGroup() as group:
            rest = group.create_task(_all(one), name="reader")
            await asyncio.sleep(0)
            bus.dispatch(digit("c1"))
            await asyncio.sleep(0)
            one.close()
        assert len(rest.result()) == 1
        with pytest.raises(MailboxClosed):
            await one.get()


async def _all(mailbox: Mailbox) -> list[AnyEvent]:
    return [each async for each in mailbox]


async def test_a_cancelled_reader_loses_nothing() -> None:
    bus = Bus()
    with bus.mailbox("one") as one:
        one.watch("c1")
        reader = asyncio.create_task(one.get(), name="reader")
        await asyncio.sleep(0)
        bus.dispatch(digit("c1", "7"))
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        found = one.get_nowait()
        assert isinstance(found, ChannelDtmfReceived)
        assert found.digit == "7"


async def test_the_clients_failure_ends_all_readers_also_later_ones() -> None:
    bus = Bus()
    with bus.mailbox("one") as one:
        bus.fail(AriUnauthorised("no"))
        with pytest.raises(AriUnauthorised):
            await one.get()
        with pytest.raises(AriUnauthorised):
            await bus.front_door().get()
        with bus.mailbox("late") as late:
            late.watch("c1")
            with pytest.raises(AriUnauthorised):
                await late.get()


async def test_an_unreadable_event_reaches_its_objects_watcher_else_the_front_door() -> None:
    bus = Bus()
    unknown = UnknownEvent("ChannelDestroyed", b"{}", "cause: missing", ("c1", "PJSIP/c1"))
    with bus.mailbox("one") as one:
        one.watch("c1")
        bus.dispatch(unknown)
        assert waiting(one) == [unknown]
    bus.dispatch(unknown)
    assert bus.front_door().get_nowait() == unknown
    assert bus.unknown == 2


async def test_closing_leaves_nothing_behind() -> None:
    bus = Bus()
    for number in range(3000):
        with bus.mailbox(f"m{number}") as mailbox:
            mailbox.watch(f"c{number}", "shared")
    assert bus._watchers == {}
    assert bus._mailboxes == set()


async def test_a_sealed_event_is_opened_by_who_takes_it() -> None:
    bus = Bus()
    with bus.mailbox("one") as one, bus.mailbox("two") as two:
        one.watch("c1")
        two.watch("c1")
        channel = channel_json(FakeChannel("c1", "PJSIP/c1", "Up"), "ivr")
        sealed = seal(
            json.dumps({"type": "StasisEnd", **STAMP, "channel": channel}, separators=(",", ":")).encode()
        )
        assert isinstance(sealed, Sealed)
        bus.dispatch(sealed)
        assert not sealed.opened
        first, second = await one.get(), two.get_nowait()
        assert isinstance(first, StasisEnd)
        assert first is second


async def test_a_sealed_event_that_cannot_be_read_is_counted_once_when_opened(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = Bus()
    with bus.mailbox("one") as one, bus.mailbox("two") as two:
        one.watch("c1")
        two.watch("c1")
        bus.dispatch(seal(b'{"type":"ChannelDestroyed","channel":{"id":"c1"}}'))
        assert bus.unknown == 0
        assert isinstance(await one.get(), UnknownEvent)
        assert isinstance(await two.get(), UnknownEvent)
        assert bus.unknown == 1
        assert "ChannelDestroyed" in caplog.text


@pytest.mark.parametrize(
    "kind", ["", "StasisStart", "CallBroadcast", "ApplicationReplaced", "ChannelDestroyed", "New"]
)
async def test_an_unreadable_event_without_any_id_goes_to_the_front_door_once(kind: str) -> None:
    bus = Bus()
    unknown = UnknownEvent(kind, b"{}", "nothing to be seen")
    bus.dispatch(unknown)
    assert bus.front_door().get_nowait() == unknown
    assert bus.front_door().get_nowait() is None
    assert bus.unknown == 1
