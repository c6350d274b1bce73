from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ivr.ari.generated.events import (
    EVENTS,
    AnyMessage,
    ChannelDestroyed,
    ChannelUserevent,
    ChannelVarset,
    Dial,
    PlaybackFinished,
    StasisStart,
)
from ivr.ari.parse import Sealed, UnknownEvent, parse_message, seal
from tests.support.fake_ari_objects import FakeChannel, channel_json

STAMP = {"timestamp": "2026-11-22T13:49:06.879+0000", "application": "ivr", "asterisk_id": "02:fc"}
CHANNEL = channel_json(FakeChannel("c1", "PJSIP/trunk-1", "Up"), "ivr")


def raw(kind: str, **fields: Any) -> bytes:
    return json.dumps({"type": kind, **STAMP, **fields}, separators=(",", ":")).encode()


def test_an_event_is_typed() -> None:
    event = parse_message(raw("StasisStart", args=["in"], channel=CHANNEL))
    assert isinstance(event, StasisStart)
    assert (event.channel.id, event.args, event.object_ids()) == ("c1", ["in"], ("c1",))
    assert event.timestamp.utcoffset() is not None


def test_unknown_fields_states_and_missing_optionals_are_tolerated() -> None:
    channel = CHANNEL | {"state": "Levitating", "colour": "blue"}
    event = parse_message(raw("StasisStart", args=[], channel=channel, moon="full"))
    assert isinstance(event, StasisStart)
    assert event.channel.state == "Levitating"
    assert event.replace_channel is None


def test_the_type_may_come_after_text_of_the_far_end() -> None:
    """ChannelVarset's value comes before its type, and a caller may choose it."""
    sneaky = json.dumps(
        {"variable": "X", "value": '"type":"StasisEnd"', "type": "ChannelVarset", **STAMP, "channel": CHANNEL}
    )
    event = parse_message(sneaky.encode())
    assert isinstance(event, ChannelVarset)
    assert event.value == '"type":"StasisEnd"'


def test_an_inner_type_that_comes_first_does_not_mislead() -> None:
    message = {"userevent": {"type": "StasisEnd"}, "type": "ChannelUserevent", "eventname": "e", **STAMP}
    event = parse_message(json.dumps(message).encode())
    assert isinstance(event, ChannelUserevent)


def test_all_objects_of_an_event_are_named() -> None:
    playback = {"id": "p1", "media_uri": "sound:a", "target_uri": "channel:c1", "state": "done"}
    finished = parse_message(raw("PlaybackFinished", playback=playback))
    assert isinstance(finished, PlaybackFinished)
    assert finished.object_ids() == ("p1", "c1")
    dial = parse_message(raw("Dial", dialstatus="", peer=CHANNEL | {"id": "agent"}, caller=CHANNEL))
    assert isinstance(dial, Dial)
    assert set(dial.object_ids()) == {"c1", "agent"}


def test_an_event_of_a_newer_asterisk_is_kept() -> None:
    sent = raw("ChannelLevitated", channel=CHANNEL)
    event = parse_message(sent)
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.raw, event.ids) == ("ChannelLevitated", sent, ("c1", "PJSIP/trunk-1"))


def test_an_event_that_breaks_the_promise_is_kept_with_its_objects_but_without_values_in_the_error() -> None:
    event = parse_message(raw("ChannelDestroyed", cause="138-0000-0000", cause_txt="x", channel=CHANNEL))
    assert isinstance(event, UnknownEvent)
    assert event.type == "ChannelDestroyed"
    assert "c1" in event.object_ids()
    assert "cause" in event.error
    assert "138-0000" not in event.error


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"type":"StasisStart"',
        b'{"type":7}',
        b"\xff\xfe",
        b"{}",
        b'{"type":"StasisEnd"}',
    ],
)
def test_garbage_never_raises(garbage: bytes) -> None:
    assert isinstance(parse_message(garbage), UnknownEvent)


def test_the_union_is_discriminated_by_type() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(AnyMessage)
    event = adapter.validate_json(raw("ChannelDestroyed", cause=16, cause_txt="Normal", channel=CHANNEL))
    assert type(event) is ChannelDestroyed
    schema = adapter.core_schema
    assert schema["type"] in ("tagged-union", "definitions")
    assert len(EVENTS) > 40


RECORDED = (
    (Path(__file__).resolve().parents[2] / "bench" / "events_recorded" / "call.jsonl")
    .read_bytes()
    .splitlines()
)


@pytest.mark.parametrize("line", RECORDED, ids=lambda line: json.loads(line)["type"])
def test_a_recorded_event_shows_from_outside_what_it_holds(line: bytes) -> None:
    sealed, event = seal(line), parse_message(line)
    assert not isinstance(event, UnknownEvent)
    assert sealed.type == event.type
    assert set(sealed.object_ids()) == set(event.object_ids())
    if isinstance(sealed, Sealed):
        assert sealed.open() == event
        assert sealed.open() is sealed.open()


def test_most_of_a_call_is_sealed() -> None:
    """Else the reader would do the sessions' work again."""
    kinds = [type(seal(line)) for line in RECORDED]
    assert kinds.count(Sealed) >= 0.9 * len(kinds)


@pytest.mark.parametrize(
    "line",
    [
        raw("ChannelEnteredBridge", bridge={"name": "n", "id": "b1"}, channel=CHANNEL),
        raw(
            "StasisStart", args=[], channel={"name": "x", **{k: v for k, v in CHANNEL.items() if k != "name"}}
        ),
        raw("Dial", dialstatus="", peer=CHANNEL),
        raw("StasisEnd", channel=CHANNEL | {"id": 'with "quotes" and \\ and ö'}),
        raw("ChannelUserevent", eventname="e", userevent={"channel": {"id": "not mine"}}),
        json.dumps(
            {"userevent": {"type": "StasisStart"}, "type": "ChannelUserevent", "eventname": "e", **STAMP}
        ).encode(),
        raw("BridgeAttendedTransfer"),
        raw("ChannelTransfer", refer_to={"bridge": {"id": "b"}}),
        b'{"type":"StasisEnd","channel":{"id":"cut',
        b"",
    ],
)
def test_what_the_outside_does_not_show_for_sure_is_read(line: bytes) -> None:
    sealed, event = seal(line), parse_message(line)
    assert sealed.type == event.type
    opened = sealed.open() if isinstance(sealed, Sealed) else sealed
    assert opened == event
    if b"not mine" not in line:
        assert set(sealed.object_ids()) == set(event.object_ids()) or isinstance(event, UnknownEvent)


@given(st.binary())
def test_any_bytes_are_sealed_without_an_error(noise: bytes) -> None:
    assert seal(noise).type == ""
    assert seal(b'{"type":"StasisEnd","channel":{"id":"' + noise).type in ("StasisEnd", "")
