"""Other parties on a real Asterisk: both hear each other, the caller comes back, and each refusal is told apart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ivr.demo.lightphone import LightPhone
from tests.support.audio import Samples, tone, tone_present
from tests.support.citizens import Caller, Scene
from tests.support.parts_house import Trunk

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

RINGBACK_HZ = 450
"""indications.conf: what a caller in China hears while it rings."""
TALK_S = 1.5


async def choosing(stage: Scene, key: str) -> Caller:
    citizen = await stage.citizen()
    await stage.until(lambda: node(stage) == "parts.choose", "the menu")
    await citizen.send_digits(key)
    return citizen


def node(stage: Scene) -> str:
    return next((session.node for session in stage.hotline.front_door.registry), "")


async def ended(stage: Scene, call: str) -> dict[str, Any]:
    await stage.until_journalled(call, "transfer_ended")
    (only,) = [data for _, data in await stage.journal(call) if data.get("type") == "transfer_ended"]
    return only


async def both_hear(stage: Scene, citizen: Caller, other: Caller) -> None:
    """Each says a tone of its own and hears the other's."""
    before = len(citizen.received_audio()), len(other.received_audio())
    await citizen.play(tone(600, TALK_S))
    await other.play(tone(1000, TALK_S))
    await stage.hears_for(citizen, TALK_S + 0.5)
    assert tone_present(other.received_audio()[before[1] :], 600), "the party does not hear the caller"
    assert tone_present(citizen.received_audio()[before[0] :], 1000), "the caller does not hear the party"
    assert not tone_present(other.received_audio()[before[1] :], 1000)


def since(phone: Caller, sample: int) -> Samples:
    return phone.received_audio()[sample:]


async def test_an_outside_number_talks_and_the_caller_comes_back(stage: Scene, trunk: Trunk) -> None:
    async with trunk.phone("110", answers_after_s=3.0) as police:
        citizen = await choosing(stage, "2")
        call = stage.live_call()
        begun = len(citizen.received_audio())
        await police.events.next("incoming", timeout=10)
        assert police.call is not None
        assert "sip:12345@" in police.call.remote, "the hotline's number is not shown"
        assert police.call.invite is not None
        assert "sip:110@" in police.call.invite.start
        await police.events.next("established", timeout=10)
        await stage.until(lambda: stage.stages() == ["talking"], "they talk")
        assert tone_present(since(citizen, begun), RINGBACK_HZ), "no ringing was heard"
        await both_hear(stage, citizen, police)
        await police.hangup()
        end = await ended(stage, call)
        assert end["outcome"] == "completed"
        assert end["talked_s"] > TALK_S
        await stage.hears(citizen, "back")
        await citizen.events.next("closed", timeout=15)


async def test_the_caller_hangs_up_in_the_talk(stage: Scene, trunk: Trunk) -> None:
    async with trunk.phone("110") as police:
        citizen = await choosing(stage, "2")
        await stage.until(lambda: stage.stages() == ["talking"], "they talk")
        await citizen.hangup()
        await police.events.next("closed", timeout=10)
        await stage.until(lambda: not stage.stages(), "the call is over")


async def test_the_caller_hangs_up_while_it_rings(stage: Scene, trunk: Trunk) -> None:
    async with trunk.phone("110", answers_after_s=None) as police:
        citizen = await choosing(stage, "2")
        await police.events.next("incoming", timeout=10)
        await citizen.hangup()
        await police.events.next("closed", timeout=10)
        await stage.until(lambda: not stage.stages(), "the call is over")


@pytest.mark.parametrize(
    ("status", "outcome", "cause"),
    [
        (486, "busy", 17),
        (600, "busy", 17),
        (480, "no_answer", 19),
        (603, "refused", 21),
        (404, "unavailable", 1),
        (484, "unavailable", 28),
        (503, "failed", 34),
    ],
)
async def test_each_refusal_is_told_apart(
    stage: Scene, trunk: Trunk, tmp_path: Path, status: int, outcome: str, cause: int
) -> None:
    async with trunk.refusing(status, tmp_path):
        citizen = await choosing(stage, "2")
        call = stage.live_call()
        end = await ended(stage, call)
        assert (end["outcome"], end.get("cause", 0)) == (outcome, cause)
        await stage.hears(citizen, "sorry")
        await citizen.events.next("closed", timeout=15)


async def test_nobody_answers(stage: Scene, trunk: Trunk) -> None:
    async with trunk.phone("110", answers_after_s=None) as police:
        citizen = await choosing(stage, "2")
        call = stage.live_call()
        end = await ended(stage, call)
        assert end["outcome"] == "no_answer"
        await police.events.next("closed", timeout=5)
        after = len(citizen.received_audio())
        await stage.hears(citizen, "sorry")
        assert not tone_present(since(citizen, after), RINGBACK_HZ), "it still rings"
        await citizen.hangup()


async def test_an_announced_party_hears_who_comes_and_the_caller_does_not(stage: Scene, trunk: Trunk) -> None:
    async with trunk.phone("12356") as crisis:
        citizen = await choosing(stage, "3")
        call = stage.live_call()
        await stage.until(lambda: stage.stages() == ["talking"], "they talk")
        assert stage.heard(crisis, "announce")
        await both_hear(stage, citizen, crisis)
        assert not stage.heard(citizen, "announce")
        await crisis.hangup()
        assert (await ended(stage, call))["outcome"] == "completed"
        await citizen.hangup()


async def test_an_announced_party_refuses_by_hanging_up(stage: Scene, trunk: Trunk) -> None:
    async with trunk.phone("12356") as crisis:
        citizen = await choosing(stage, "3")
        call = stage.live_call()
        await crisis.events.next("established", timeout=10)
        await stage.hears_for(crisis, 0.3)
        await crisis.hangup()
        assert (await ended(stage, call))["outcome"] == "refused"
        assert "party_joined" not in [data.get("type") for _, data in await stage.journal(call)]
        await stage.hears(citizen, "sorry")
        await citizen.events.next("closed", timeout=15)


async def test_an_agent_by_extension_is_on_the_phone_while_they_talk(stage: Scene) -> None:
    agent = await stage.agent("a1001")
    citizen = await choosing(stage, "4")
    call = stage.live_call()
    await stage.until(lambda: stage.states()["a1001"] == "talking", "the agent talks")
    assert isinstance(agent, LightPhone)
    assert agent.call is not None
    (session,) = stage.hotline.front_door.registry
    assert f"sip:{session.facts.caller}@" in agent.call.remote, (
        "the agent's telephone does not show who calls"
    )
    assert "Transfer zh" in agent.call.remote
    await stage.until(lambda: stage.stages() == ["talking"], "they talk")
    await both_hear(stage, citizen, agent)
    await agent.hangup()
    assert (await ended(stage, call))["outcome"] == "completed"
    await stage.until(lambda: stage.states()["a1001"] == "available", "the wrap-up is over")
    await stage.hears(citizen, "back")
    await citizen.events.next("closed", timeout=15)


async def test_an_agent_who_rejects_is_free_again(stage: Scene) -> None:
    agent = await stage.agent("a1001", answers_after_s=None)
    citizen = await choosing(stage, "4")
    call = stage.live_call()
    await agent.events.next("incoming", timeout=10)
    await agent.reject()
    assert (await ended(stage, call))["outcome"] == "busy"
    await stage.until(lambda: stage.states()["a1001"] == "available", "the agent is free")
    await citizen.hangup()


async def test_an_agent_who_is_not_logged_in_is_not_rung(stage: Scene) -> None:
    citizen = await choosing(stage, "4")
    call = stage.live_call()
    assert (await ended(stage, call))["outcome"] == "unavailable"
    await stage.hears(citizen, "sorry")
    await citizen.events.next("closed", timeout=15)


async def test_a_conference_of_three(stage: Scene, trunk: Trunk) -> None:
    """The agent of the call stays; when the party leaves, agent and caller go on; all three hear each other."""
    from ivr.flow.actions import Transfer
    from ivr.flow.inputs import OpId

    agent = await stage.agent("a1001")
    citizen = await choosing(stage, "5")
    (session,) = stage.hotline.front_door.registry
    await stage.until(lambda: session._parts.waiting.talk is not None, "the agent has the caller")
    async with trunk.phone("110") as police:
        session._parts.transfers.start(Transfer(OpId("x"), "number", "110", "zh", "conference"))
        await police.events.next("established", timeout=10)
        await stage.until(lambda: session._parts.transfers.joined, "the party is joined")
        await three_hear(stage, [(citizen, 600), (agent, 1000), (police, 1500)])
        await police.hangup()
        await police.events.next("closed", timeout=5)
    await stage.until(lambda: not session._parts.transfers.joined, "the party has left")
    await both_hear(stage, citizen, agent)
    await citizen.hangup()
    await stage.until(lambda: stage.states()["a1001"] == "available", "the agent is free")


async def three_hear(stage: Scene, phones: list[tuple[Caller, int]]) -> None:
    """One after the other speaks; the two others hear it."""
    for speaker, hz in phones:
        others = [phone for phone, _ in phones if phone is not speaker]
        before = [len(phone.received_audio()) for phone in others]
        await speaker.play(tone(hz, 1.0))
        await asyncio.gather(*(stage.hears_for(phone, 1.6) for phone in others))
        for phone, begun in zip(others, before, strict=True):
            assert isinstance(phone, LightPhone)
            assert tone_present(since(phone, begun), hz), f"{hz} Hz is not heard by {phone.user}"
