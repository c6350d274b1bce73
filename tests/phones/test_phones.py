"""Both kinds of phone against a real Asterisk: they hear, are heard, press keys, ring, and leave nothing behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ivr.asterisk.process import PrivateAsterisk
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from ivr.demo.softphone import Softphone
from tests.support.audio import contains, speech, tone_present
from tests.support.softphone import agent_phone, citizen_phone, sip_server

pytestmark = pytest.mark.real

Kind = type[Softphone] | type[LightPhone]


@pytest.fixture(params=[Softphone, LightPhone], ids=["baresip", "light"])
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


def uri(asterisk: PrivateAsterisk, extension: str) -> str:
    return f"sip:{extension}@{sip_server(asterisk.rendered)}"


async def test_hears_tones_and_its_key_chooses_the_next(plain: PrivateAsterisk, kind: Kind) -> None:
    async with citizen_phone(plain.rendered, kind=kind) as citizen:
        await citizen.dial(uri(plain, "602"))
        await citizen.events.next("established")
        await citizen.send_digits("1")
        await citizen.events.next("closed")
        heard = citizen.received_audio()
    assert tone_present(heard, 880, at_least_s=0.9)
    assert not tone_present(heard, 1200)


async def test_another_key_leads_elsewhere(plain: PrivateAsterisk, kind: Kind) -> None:
    async with citizen_phone(plain.rendered, kind=kind) as citizen:
        await citizen.dial(uri(plain, "602"))
        await citizen.events.next("established")
        await citizen.send_digits("7")
        await citizen.events.next("closed")
        heard = citizen.received_audio()
    assert tone_present(heard, 1200, at_least_s=0.9)
    assert not tone_present(heard, 880)


async def test_every_key_arrives_in_order(plain: PrivateAsterisk, kind: Kind) -> None:
    async with citizen_phone(plain.rendered, kind=kind) as citizen:
        await citizen.dial(uri(plain, "603"))
        await citizen.events.next("established")
        await citizen.send_digits("12*0")
        await citizen.send_digits("99A5")
        await citizen.events.next("closed")
    assert (plain.rendered.folder / "keys.txt").read_text().strip() == "12*099A5"


async def test_speech_goes_out_whole_and_the_end_of_the_clip_does_not_end_the_call(
    plain: PrivateAsterisk, kind: Kind, tmp_path: Path
) -> None:
    first = speech("The street lamp before my house is broken since Monday.", tmp_path)
    second = speech("No, nothing else, thank you very much, goodbye.", tmp_path)
    async with citizen_phone(plain.rendered, kind=kind) as citizen:
        await citizen.dial(uri(plain, "600"))
        await citizen.events.next("established")
        for clip in (first, second):
            await asyncio.sleep(await citizen.play(clip) + 0.5)
        await citizen.hangup()
        await citizen.events.next("closed")
        heard = citizen.received_audio()
    one, two = contains(heard, first), contains(heard, second)
    assert one and two
    assert one.at_s + len(first) / 8000 <= two.at_s


async def test_next_call_does_not_begin_with_the_last_clip(
    plain: PrivateAsterisk, kind: Kind, tmp_path: Path
) -> None:
    clip = speech("This was said in the call before.", tmp_path)
    async with citizen_phone(plain.rendered, kind=kind) as citizen:
        for play in (True, False):
            await citizen.dial(uri(plain, "600"))
            await citizen.events.next("established")
            if play:
                await citizen.play(clip)
            await asyncio.sleep(len(clip) / 8000 + 0.3)
            await citizen.hangup()
            await citizen.events.next("closed")
            assert bool(contains(citizen.received_audio(), clip)) is play


async def test_two_phones_talk_both_ways(plain: PrivateAsterisk, kind: Kind, tmp_path: Path) -> None:
    question = speech("Hello, is this the city hotline?", tmp_path)
    answer = speech("Yes it is, what can I do for you today?", tmp_path)
    async with (
        agent_phone(plain.rendered, "agent1", auto_answer_after_s=0.1, kind=kind) as agent,
        citizen_phone(plain.rendered, kind=kind) as citizen,
    ):
        await agent.register()
        await citizen.dial(uri(plain, "701"))
        await asyncio.gather(citizen.events.next("established"), agent.events.next("established"))
        await asyncio.sleep(await citizen.play(question) + 0.3)
        await asyncio.sleep(await agent.play(answer) + 0.3)
        await agent.hangup()
        await asyncio.gather(citizen.events.next("closed"), agent.events.next("closed"))
        assert contains(agent.received_audio(), question)
        assert contains(citizen.received_audio(), answer)


async def test_rejecting_answering_by_hand_and_giving_up_while_it_rings(
    plain: PrivateAsterisk, kind: Kind
) -> None:
    async with (
        agent_phone(plain.rendered, "agent1", kind=kind) as agent,
        citizen_phone(plain.rendered, kind=kind) as citizen,
    ):
        await agent.register()
        await citizen.dial(uri(plain, "701"))
        incoming = await agent.events.next("incoming")
        assert "13800000001" in incoming.peer
        await agent.reject()
        closed, _ = await asyncio.gather(citizen.events.next("closed"), agent.events.next("closed"))
        assert "established" not in {event.kind for event in citizen.events.history}, closed

        await citizen.dial(uri(plain, "701"))
        await agent.events.next("incoming")
        await citizen.hangup()
        await asyncio.gather(citizen.events.next("closed"), agent.events.next("closed"))

        await citizen.dial(uri(plain, "701"))
        await agent.events.next("incoming")
        await agent.answer()
        await citizen.events.next("established")
        await citizen.hangup()
        await asyncio.gather(citizen.events.next("closed"), agent.events.next("closed"))


async def test_wrong_password_is_told(plain: PrivateAsterisk, kind: Kind) -> None:
    async with kind("agent1", sip_server(plain.rendered), password="not-this-one") as phone:
        with pytest.raises(PhoneError, match="refused"):
            await phone.register()


async def test_unknown_extension_is_refused_with_its_reason(plain: PrivateAsterisk, kind: Kind) -> None:
    async with citizen_phone(plain.rendered, kind=kind) as citizen:
        await citizen.dial(uri(plain, "999999"))
        closed = await citizen.events.next("closed", timeout=20)
    assert closed.detail.startswith("404")


async def test_strangers_reach_the_hotline_number_only(plain: PrivateAsterisk, kind: Kind) -> None:
    """From 127.0.0.1 a caller is no trunk: what this test's dialplan gives the trunk is not there for him."""
    async with citizen_phone(plain.rendered, address="127.0.0.1", kind=kind) as stranger:
        await stranger.dial(uri(plain, "600"))
        closed = await stranger.events.next("closed", timeout=20)
        assert "established" not in {event.kind for event in stranger.events.history}, closed
