"""What an agent does with a call, on a real Asterisk: who hears whom is told by tones on both ends."""

from __future__ import annotations

import pytest

from ivr.talk.results import Done, Refused
from ivr.talk.service import TalkService
from ivr.talk.targets import ToAgent, ToNumber, ToQueue
from tests.calls.test_transfers import both_hear, choosing, since, three_hear
from tests.support.audio import tone, tone_present
from tests.support.citizens import Caller, Scene
from tests.support.parts_house import Trunk

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

TALK_S = 1.0


def talks(stage: Scene) -> TalkService:
    return TalkService(stage.hotline.front_door._services.in_talk)


async def served(stage: Scene) -> Caller:
    """A citizen who has the one agent that is free."""
    citizen = await choosing(stage, "5")
    await stage.until(lambda: talks(stage).of_call(stage.live_call()) is not None, "an agent has the caller")
    return citizen


async def hears_music(stage: Scene, citizen: Caller, other: Caller) -> None:
    """The citizen hears something, but not the other, who speaks."""
    before = len(citizen.received_audio()), len(other.received_audio())
    await other.play(tone(1000, TALK_S))
    await citizen.play(tone(600, TALK_S))
    await stage.hears_for(citizen, TALK_S + 0.5)
    assert not stage.silent(citizen, since=before[0]), "no music"
    assert not tone_present(since(citizen, before[0]), 1000), "the citizen hears who speaks aside"
    assert not tone_present(since(other, before[1]), 600), "the citizen is heard aside"


async def test_hold_with_music_and_resume(stage: Scene) -> None:
    agent = await stage.agent("a1001")
    citizen = await served(stage)
    call = stage.live_call()
    assert await talks(stage).hold("a1001") == Done("held")
    assert stage.states()["a1001"] == "hold"
    await hears_music(stage, citizen, agent)
    assert await talks(stage).resume("a1001") == Done("talking")
    assert stage.states()["a1001"] == "talking"
    await both_hear(stage, citizen, agent)
    await citizen.hangup()
    await stage.until(lambda: stage.states()["a1001"] == "available", "the agent is free")
    record = await stage.record(call)
    assert record.data["held_s"] > TALK_S


async def test_a_consulted_agent_has_the_call_and_the_first_wraps_up(stage: Scene) -> None:
    first = await stage.agent("a1001")
    citizen = await served(stage)
    call = stage.live_call()
    second = await stage.agent("a1002")
    result = await talks(stage).consult("a1001", ToAgent("1002"))
    assert isinstance(result, Done)
    assert result.stage == "calling"
    assert stage.states()["a1001"] == "consulting"
    await stage.until(lambda: talks(stage).of_call(call).stage == "consulting", "they consult")
    await both_hear(stage, first, second)
    await hears_music(stage, citizen, second)
    assert await talks(stage).complete("a1001") == Done("talking")
    await first.events.next("closed", timeout=10)
    assert stage.states()["a1001"] in ("wrap_up", "available")
    assert stage.states()["a1002"] == "talking"
    await both_hear(stage, citizen, second)
    await second.hangup()
    await stage.hears(citizen, "back")
    await stage.until(lambda: not stage.stages(), "the call is over")
    record = await stage.record(call)
    assert record.data["agents"] == ["a1001", "a1002"]
    assert record.data["agent"] == "a1002"
    assert [one["act"] for one in record.data["transfers"]] == ["consult", "answered", "complete"]


async def test_a_blind_transfer_to_a_queue_keeps_the_place(stage: Scene) -> None:
    first = await stage.agent("a1001")
    citizen = await served(stage)
    call = stage.live_call()
    (entry,) = stage.hotline.dispatcher.board.entries()
    assert await talks(stage).transfer("a1001", ToQueue("second")) == Done("ended")
    await first.events.next("closed", timeout=10)
    await stage.until(lambda: stage.stages() == ["queue"], "the caller waits again")
    (waiting,) = stage.hotline.dispatcher.board.entries()
    assert (waiting.id, waiting.queue, waiting.enqueued_at) == (entry.id, "second", entry.enqueued_at)
    second = await stage.agent("a1002")
    await stage.until(lambda: stage.states()["a1002"] == "talking", "the other queue's agent has the caller")
    await both_hear(stage, citizen, second)
    await citizen.hangup()
    await stage.until(lambda: not stage.stages(), "the call is over")
    record = await stage.record(call)
    assert record.data["agents"] == ["a1001", "a1002"]
    assert record.data["transfers"][0]["target"] == "second"
