"""No controller: a plain queue of the agents' phones, then voicemail; each call leaves its note."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderedAsterisk
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import Samples
from ivr.demo.recordings import load_recording
from ivr.demo.rtp import decode
from tests.support.audio import contains
from tests.support.softphone import TRUNK_ADDRESS, sip_server

pytestmark = pytest.mark.real


def citizen(asterisk: PrivateAsterisk, number: str) -> LightPhone:
    return LightPhone(number, sip_server(asterisk.rendered), address=TRUNK_ADDRESS)


def notes_of(rendered: RenderedAsterisk, caller: str) -> list[dict[str, object]]:
    """What the call of `caller` left: its events in order."""
    for path in rendered.fallback_notes.glob("*.jsonl"):
        events = [json.loads(line) for line in path.read_text().splitlines()]
        if events[0]["caller"] == caller:
            return events
    raise AssertionError(f"no note about a call from {caller}")


def sound(asterisk: PrivateAsterisk, name: str) -> Path:
    return asterisk.binary.data / "sounds/en" / f"{name}.wav"


def heard(phone: LightPhone) -> Samples:
    """What came, packet after packet: on a busy machine packets come late, which is not what is tested here."""
    assert phone.call is not None
    return decode(b"".join(packet.payload for packet in phone.call.media.heard))


async def test_without_agents_the_caller_leaves_a_message(asterisk: PrivateAsterisk) -> None:
    message = load_recording(sound(asterisk, "hello-world"))
    async with citizen(asterisk, "13800000011") as caller:
        await caller.dial(asterisk.rendered.hotline_uri)
        await caller.events.next("established")
        # Said again and again, as the recording begins only after the announcement and the beep.
        await caller.play(np.tile(message, 30))
        await caller.events.next("closed", timeout=40)
        assert contains(heard(caller), load_recording(sound(asterisk, "vm-intro")))
        assert contains(heard(caller), load_recording(sound(asterisk, "vm-goodbye")))
    await asterisk.wait_empty()
    events = notes_of(asterisk.rendered, "13800000011")
    assert [event["event"] for event in events] == ["arrived", "queue", "voicemail", "ended"]
    assert events[0]["endpoint"] == "trunk"
    recording = asterisk.rendered.voicemail / str(events[2]["file"])
    assert contains(load_recording(recording), message)


async def test_who_hangs_up_before_speaking_is_still_on_the_list(asterisk: PrivateAsterisk) -> None:
    async with citizen(asterisk, "13800000012") as caller:
        await caller.dial(asterisk.rendered.hotline_uri)
        await caller.events.next("established")
        # Who is gone before the first word has called nobody.
        for _ in range(500):
            if len(heard(caller)):
                break
            await asyncio.sleep(0.02)
        await caller.hangup()
        await caller.events.next("closed")
    await asterisk.wait_empty()
    events = [event["event"] for event in notes_of(asterisk.rendered, "13800000012")]
    assert (events[0], events[-1]) == ("arrived", "ended")
    assert "voicemail" not in events
    assert "answered" not in events


async def test_an_agents_phone_rings_and_the_two_talk(asterisk: PrivateAsterisk) -> None:
    rendered = asterisk.rendered
    words = load_recording(sound(asterisk, "demo-congrats"))[: 3 * 8000]
    answer = load_recording(sound(asterisk, "demo-thanks"))
    password = rendered.account("agent3").password
    async with (
        LightPhone("agent3", sip_server(rendered), password=password, auto_answer_after_s=0.1) as agent,
        citizen(asterisk, "13800000013") as caller,
    ):
        await agent.register()
        await caller.dial(rendered.hotline_uri)
        await agent.events.next("established", timeout=20)
        lasting = max(await caller.play(words), await agent.play(answer))
        await asyncio.sleep(lasting + 0.5)
        await agent.hangup()
        await caller.events.next("closed")
        assert contains(heard(agent), words)
        assert contains(heard(caller), answer)
    await asterisk.wait_empty()
    events = notes_of(rendered, "13800000013")
    assert [event["event"] for event in events] == ["arrived", "answered", "ended"]
    assert events[1]["agent"] == "PJSIP/agent3"


async def test_a_telephone_that_answers_with_another_number_is_not_followed_there(
    asterisk: PrivateAsterisk,
) -> None:
    """Where to, the telephone says: the hotline itself would ring it again, and be sent there again, without end."""
    rendered = asterisk.rendered
    elsewhere = f"302 Moved Temporarily\r\nContact: <{rendered.hotline_uri}>"
    password = rendered.account("agent3").password
    async with (
        LightPhone("agent3", sip_server(rendered), password=password, refuses=elsewhere) as agent,
        citizen(asterisk, "13800000014") as caller,
    ):
        await agent.register()
        await caller.dial(rendered.hotline_uri)
        for _ in range(2):
            await agent.events.next("refused", timeout=20)
        channels = (await asterisk.inventory()).channels.values()
        assert all(channel.startswith("PJSIP/") for channel in channels), channels
        await caller.hangup()
        await caller.events.next("closed")
    await asterisk.wait_empty()
    assert (
        len([path for path in rendered.fallback_notes.glob("*.jsonl") if "13800000014" in path.read_text()])
        == 1
    )


async def test_a_code_without_controller_says_that_it_did_not_work(asterisk: PrivateAsterisk) -> None:
    rendered = asterisk.rendered
    async with LightPhone(
        "agent4", sip_server(rendered), password=rendered.account("agent4").password
    ) as agent:
        await agent.register()
        await agent.dial(f"sip:*45@{sip_server(rendered)}")
        await agent.events.next("closed", timeout=20)
        assert contains(heard(agent), load_recording(sound(asterisk, "feature-not-avail-line")))
