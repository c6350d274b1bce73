"""What an agent does with a call, on a real Asterisk: who hears whom is told by tones on both ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ivr.audit.evidence import evidence_of
from ivr.audit.figures import discrepancies
from ivr.demo.lightphone import LightPhone
from ivr.projections.calls import Folded, call_of
from ivr.projections.entries import entry_of
from ivr.talk.results import Done, Refused
from ivr.talk.service import TalkService
from ivr.talk.targets import ToAgent, ToNumber, ToQueue
from tests.calls.test_transfers import choosing, since
from tests.support.audio import PHONE_RATE, tone, tone_present
from tests.support.citizens import Caller, Scene
from tests.support.parts_house import Trunk
from tests.support.softphone import agent_phone, sip_server

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

TALK_S = 0.5
AWAY = ("offline", "paused", "wrap_up")


def talks(stage: Scene) -> TalkService:
    return TalkService(stage.hotline.front_door._services.in_talk)


async def agent_of(stage: Scene, name: str, answers_after_s: float | None = 0.1) -> LightPhone:
    """An agent's telephone, registered; the agent is logged in."""
    phone = await stage.enter(
        agent_phone(stage.rendered, name, auto_answer_after_s=answers_after_s, kind=LightPhone)
    )
    await phone.register()
    await stage.until(
        lambda: name in stage.hotline.telephony.phones.online, f"the telephone of {name} is there"
    )
    stage.log_in(name)
    await stage.until(lambda: stage.states()[name] not in AWAY, f"{name} can be rung")
    return phone


async def hears_for(phone: Caller, seconds: float) -> None:
    """Until so much more has been received; sooner noticed than by `Scene.hears_for`."""
    wanted = len(phone.received_audio()) + round(seconds * PHONE_RATE)
    for _ in range(400):
        if len(phone.received_audio()) >= wanted:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"less than {seconds} s of audio came")


async def each_other(*phones: Caller) -> None:
    """One after the other speaks, and all others hear it."""
    for speaker, hz in zip(phones, (600, 1000, 1500), strict=False):
        others = [phone for phone in phones if phone is not speaker]
        before = [len(phone.received_audio()) for phone in others]
        await speaker.play(tone(hz, TALK_S))
        for phone, begun in zip(others, before, strict=True):
            await hears_tone(phone, hz, begun)


async def hears_tone(phone: Caller, hz: float, begun: int) -> None:
    for _ in range(200):
        if tone_present(since(phone, begun), hz):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{hz} Hz is not heard by {phone.user}")


async def served(stage: Scene) -> Caller:
    """A citizen who has the one agent that is free."""
    citizen = await choosing(stage, "5")
    await stage.until(lambda: talks(stage).of_call(stage.live_call()) is not None, "an agent has the caller")
    return citizen


async def audited(stage: Scene, call: str) -> dict[str, Any]:
    """What is on record of the call: found again in its journal, and made again of it, the same."""
    await stage.until(lambda: not stage.stages(), "the call is over")
    record = await stage.record(call)
    async with stage.hotline.store.reading() as uow:
        assert discrepancies(await evidence_of(uow, record)) == []
        assert call_of(await uow.journal.of(call)) == Folded(record)
        for entry in await uow.entries.of_call(call):
            assert entry_of(await uow.entry_changes.of(entry.id)) == entry
    return dict(record.data)


async def hears_music(stage: Scene, citizen: Caller, other: Caller) -> None:
    """The citizen hears something, but not the other, who speaks."""
    before = len(citizen.received_audio()), len(other.received_audio())
    await other.play(tone(1000, TALK_S))
    await citizen.play(tone(600, TALK_S))
    await hears_for(citizen, TALK_S + 0.6)
    assert not stage.silent(citizen, since=before[0]), "no music"
    assert not tone_present(since(citizen, before[0]), 1000), "the citizen hears who speaks aside"
    assert not tone_present(since(other, before[1]), 600), "the citizen is heard aside"


async def test_hold_with_music_and_resume(stage: Scene) -> None:
    agent = await agent_of(stage, "a1001")
    citizen = await served(stage)
    call = stage.live_call()
    assert await talks(stage).hold("a1001") == Done("held")
    assert stage.states()["a1001"] == "hold"
    await hears_music(stage, citizen, agent)
    assert await talks(stage).resume("a1001") == Done("talking")
    assert stage.states()["a1001"] == "talking"
    await each_other(citizen, agent)
    await citizen.hangup()
    await stage.until(lambda: stage.states()["a1001"] == "available", "the agent is free")
    data = await audited(stage, call)
    assert data["held_s"] > TALK_S


async def test_a_consulted_agent_has_the_call_and_the_first_wraps_up(stage: Scene) -> None:
    first = await agent_of(stage, "a1001")
    citizen = await served(stage)
    call = stage.live_call()
    second = await agent_of(stage, "a1002")
    result = await talks(stage).consult("a1001", ToAgent("1002"))
    assert isinstance(result, Done)
    assert result.stage == "calling"
    assert stage.states()["a1001"] == "consulting"
    await stage.until(lambda: stage_of(stage) == "consulting", "they consult")
    await each_other(first, second)
    await hears_music(stage, citizen, second)
    assert await talks(stage).complete("a1001") == Done("talking")
    await first.events.next("closed", timeout=10)
    assert stage.states()["a1001"] in ("wrap_up", "available")
    assert stage.states()["a1002"] == "talking"
    await each_other(citizen, second)
    await second.hangup()
    await stage.hears(citizen, "back")
    data = await audited(stage, call)
    assert data["agents"] == ["a1001", "a1002"]
    assert data["agent"] == "a1002"
    assert [one["act"] for one in data["transfers"]] == ["consult", "answered", "complete"]


async def test_a_blind_transfer_to_a_queue_keeps_the_place(stage: Scene) -> None:
    first = await agent_of(stage, "a1001")
    citizen = await served(stage)
    call = stage.live_call()
    (entry,) = stage.hotline.dispatcher.board.entries()
    assert await talks(stage).transfer("a1001", ToQueue("second")) == Done("ended")
    await first.events.next("closed", timeout=10)
    await stage.until(lambda: stage.stages() == ["queue"], "the caller waits again")
    (waiting,) = stage.hotline.dispatcher.board.entries()
    assert (waiting.id, waiting.queue, waiting.enqueued_at) == (entry.id, "second", entry.enqueued_at)
    second = await agent_of(stage, "a1002")
    await stage.until(lambda: stage.states()["a1002"] == "talking", "the other queue's agent has the caller")
    await each_other(citizen, second)
    await citizen.hangup()
    data = await audited(stage, call)
    assert data["agents"] == ["a1001", "a1002"]
    assert data["transfers"][0]["target"] == "second"


async def test_the_hold_key_of_the_telephone(stage: Scene) -> None:
    agent = await agent_of(stage, "a1001")
    citizen = await served(stage)
    await agent.hold(on=True)
    await stage.until(lambda: stage.states()["a1001"] == "hold", "the board knows of it")
    before = len(citizen.received_audio())
    await hears_for(citizen, 1.5)
    assert not stage.silent(citizen, since=before + 4000), "no music"
    await agent.hold(on=False)
    await stage.until(lambda: stage.states()["a1001"] == "talking", "the board knows of it")
    await each_other(citizen, agent)
    await citizen.hangup()


async def test_the_transfer_key_of_the_telephone(stage: Scene) -> None:
    """By extension; an extension that is not free leaves the call where it is."""
    first = await agent_of(stage, "a1001")
    citizen = await served(stage)
    await first.refer("1002")
    refused = await first.events.next("refer", timeout=10)
    while refused.detail.startswith("100"):
        refused = await first.events.next("refer", timeout=10)
    assert refused.detail.startswith(("4", "5", "6"))
    await each_other(citizen, first)
    second = await agent_of(stage, "a1002")
    await first.refer("1002")
    await first.events.next("closed", timeout=10)
    assert "200 OK" in [event.detail for event in first.events.history if event.kind == "refer"]
    await stage.until(lambda: stage.states()["a1002"] == "talking", "the second agent has the caller")
    await each_other(citizen, second)
    await citizen.hangup()


async def test_a_blind_transfer_that_nobody_takes_comes_back_to_the_old_place(stage: Scene) -> None:
    first = await agent_of(stage, "a1001")
    citizen = await served(stage)
    (entry,) = stage.hotline.dispatcher.board.entries()
    second = await agent_of(stage, "a1002", answers_after_s=None)
    done = await talks(stage).transfer("a1001", ToAgent("a1002"))
    assert isinstance(done, Done)
    assert done.stage == "transferring"
    await first.events.next("closed", timeout=5)
    await second.events.next("incoming", timeout=5)
    await second.reject()
    await stage.until(lambda: stage_of(stage) == "talking", "the first agent has the caller")
    (again,) = stage.hotline.dispatcher.board.entries()
    assert (again.queue, again.enqueued_at) == (entry.queue, entry.enqueued_at)
    await each_other(citizen, first)
    call = stage.live_call()
    await citizen.hangup()
    await audited(stage, call)


async def test_three_talk_and_the_agent_leaves(stage: Scene, trunk: Trunk) -> None:
    """110 comes into the talk, which goes on meanwhile; the others talk on when the agent has left."""
    agent = await agent_of(stage, "a1001")
    citizen = await served(stage)
    call = stage.live_call()
    async with trunk.phone("110", answers_after_s=0.5) as police:
        assert isinstance(await talks(stage).add("a1001", ToNumber("police")), Done)
        await stage.until(lambda: stage_of(stage) == "three_way", "the police are in the talk")
        await each_other(citizen, agent, police)
        assert await talks(stage).leave("a1001") == Done("outside")
        await agent.events.next("closed", timeout=5)
        await each_other(citizen, police)
        assert stage.states()["a1001"] in ("wrap_up", "available")
        await police.hangup()
        await police.events.next("closed", timeout=5)
    await stage.hears(citizen, "back")
    data = await audited(stage, call)
    assert [one["act"] for one in data["transfers"]] == ["add", "answered", "leave"]


async def test_parked_and_picked_up(stage: Scene) -> None:
    first = await agent_of(stage, "a1001")
    citizen = await served(stage)
    parked = await talks(stage).park("a1001")
    assert parked == Done("parked", "701")
    await first.events.next("closed", timeout=5)
    second = await agent_of(stage, "a1002")
    assert isinstance(await talks(stage).pick_up("a1002", "701"), Done)
    await stage.until(lambda: stage.states()["a1002"] == "talking", "the second agent has the caller")
    await stage.until(lambda: stage_of(stage) == "talking", "they talk")
    await each_other(citizen, second)
    assert await talks(stage).pick_up("a1001", "701") == Refused("empty_slot")
    await citizen.hangup()


async def test_an_outside_number_is_consulted_and_the_talk_swapped(stage: Scene, trunk: Trunk) -> None:
    agent = await agent_of(stage, "a1001")
    citizen = await served(stage)
    assert await talks(stage).consult("a1001", ToNumber("999")) == Refused("forbidden")
    async with trunk.phone("110", answers_after_s=0.3) as police:
        await talks(stage).consult("a1001", ToNumber("110"))
        await stage.until(lambda: stage_of(stage) == "consulting", "they consult")
        await each_other(agent, police)
        assert await talks(stage).swap("a1001") == Done("swapped")
        await each_other(citizen, agent)
        assert await talks(stage).three_way("a1001") == Done("three_way")
        await each_other(citizen, agent, police)
        await police.hangup()
        await police.events.next("closed", timeout=5)
    await stage.until(lambda: stage_of(stage) == "talking", "the two are left")
    await each_other(citizen, agent)
    await citizen.hangup()


async def test_keys_and_mute(stage: Scene) -> None:
    agent = await agent_of(stage, "a1001")
    citizen = await served(stage)
    assert await talks(stage).send_keys("a1001", "12#", to_citizen=True) == Done("talking")
    await hears_for(citizen, 1.0)
    assert isinstance(citizen, LightPhone)
    assert citizen.call is not None
    assert "".join(citizen.call.media.keys_heard) == "12#"
    assert await talks(stage).send_keys("a1001", "x") == Refused("bad_keys")
    assert await talks(stage).mute("a1001", True) == Done("talking")
    before = len(citizen.received_audio())
    await agent.play(tone(1000, TALK_S))
    await citizen.play(tone(600, TALK_S))
    await hears_for(agent, TALK_S + 0.3)
    assert not tone_present(since(citizen, before), 1000)
    assert await talks(stage).mute("a1001", False) == Done("talking")
    await each_other(citizen, agent)
    await citizen.hangup()


def stage_of(stage: Scene) -> str:
    talk = talks(stage).of_call(stage.live_call()) if stage.stages() else None
    return "" if talk is None else talk.stage


def second_line(stage: Scene, name: str) -> LightPhone:
    password = stage.rendered.account(name).password
    return LightPhone(name, sip_server(stage.rendered), password=password, registers=False)


async def test_consulting_and_transferring_with_the_telephones_own_keys(stage: Scene) -> None:
    """Hold key, a second call to the colleague, transfer key: an attended transfer as telephones do it."""
    first = await agent_of(stage, "a1001")
    citizen = await served(stage)
    second = await agent_of(stage, "a1002")
    await first.hold(on=True)
    await stage.until(lambda: stage_of(stage) == "held", "the citizen is on hold")
    async with second_line(stage, "a1001") as other_line:
        await other_line.dial(f"sip:1002@{sip_server(stage.rendered)}")
        await other_line.events.next("established", timeout=10)
        await stage.until(lambda: stage_of(stage) == "consulting", "they consult")
        await each_other(other_line, second)
        await first.refer("1002", replaces=other_line.call)
        await first.events.next("closed", timeout=10)
        await other_line.events.next("closed", timeout=10)
    await stage.until(lambda: stage_of(stage) == "talking", "the second agent has the caller")
    await each_other(citizen, second)
    assert "200 OK" in [event.detail for event in first.events.history if event.kind == "refer"]
    await citizen.hangup()


async def test_an_agent_hangs_up_the_second_call_and_is_back_with_the_citizen(stage: Scene) -> None:
    first = await agent_of(stage, "a1001")
    citizen = await served(stage)
    second = await agent_of(stage, "a1002")
    await first.hold(on=True)
    await stage.until(lambda: stage_of(stage) == "held", "the citizen is on hold")
    async with second_line(stage, "a1001") as other_line:
        await other_line.dial(f"sip:1002@{sip_server(stage.rendered)}")
        await stage.until(lambda: stage_of(stage) == "consulting", "they consult")
        await other_line.hangup()
    await stage.until(lambda: stage_of(stage) == "talking", "the citizen is back")
    await second.events.next("closed", timeout=10)
    await first.hold(on=False)
    await each_other(citizen, first)
    await citizen.hangup()


async def test_a_citizen_goes_through_a_flow_while_the_agent_waits(stage: Scene) -> None:
    agent = await agent_of(stage, "a1001")
    citizen = await served(stage)
    call = stage.live_call()
    begun = len(agent.received_audio())
    assert await talks(stage).to_flow("a1001", "checked", come_back=True) == Done("away")
    await stage.hears(citizen, "number")
    assert stage.states()["a1001"] == "hold"
    assert not stage.heard(agent, "number")
    await hears_for(agent, 1.0)
    assert not stage.silent(agent, since=begun), "no music"
    await citizen.send_digits("12")
    await stage.until(lambda: stage_of(stage) == "talking", "the agent has the citizen again")
    await each_other(citizen, agent)
    await agent.hangup()
    await stage.hears(citizen, "back")
    await audited(stage, call)
