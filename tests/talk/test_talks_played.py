"""Talks on the fake Asterisk: every act, every ending, events in any order; afterwards nothing may be left."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from ivr.talk.results import Done, Refused
from ivr.talk.service import TalkService
from ivr.talk.targets import Target, ToAgent, ToNumber, ToQueue
from tests.call.scenes import SEEDS, nodes, play, sent, summary_of
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone


def service(here: House) -> TalkService:
    return TalkService(here.front_door._services.in_talk)


async def talking(here: House, agent: str = "a1") -> str:
    """The caller's channel, in the talk with that agent, the only one who is logged in."""
    here.log_in(agent)
    caller = here.ari.world.call("call", "12345", "trunk", channel_id="caller")
    await here.until(3)
    here.ari.world.press(caller, "2")
    await here.until(4)
    assert here.states()[agent] == "talking"
    return caller


def phone_of(here: House, agent: str) -> Any:
    found = [one for one in here.ari.world.channels.values() if one.endpoint == f"PJSIP/{agent}"]
    return found[-1] if found else None


def together(here: House, *channels: str) -> bool:
    """They are in one bridge, and nobody else is."""
    bridges = {here.ari.world.channels[one].bridge for one in channels}
    (bridge,) = bridges if len(bridges) == 1 else ("",)
    return bool(bridge) and sorted(here.ari.world.bridges[bridge].channels) == sorted(channels)


def acts(here: House) -> list[str]:
    return [data["act"] for _, _, kind, data in here.memory.events if kind == "talk"]


def stage_of(here: House, agent: str) -> str:
    talk = service(here).of_agent(agent)
    return "" if talk is None else talk.stage


@pytest.mark.parametrize("seed", SEEDS)
def test_a_citizen_on_hold_hears_music_and_the_board_knows(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        assert await service(here).hold("a1") == Done("held")
        assert here.states()["a1"] == "hold"
        assert here.ari.world.channels[caller].music
        assert not here.ari.world.channels[caller].bridge
        assert await service(here).hold("a1") == Done("held")
        assert await service(here).resume("a1") == Done("talking")
        assert not here.ari.world.channels[caller].music
        assert together(here, caller, phone_of(here, "a1").id)
        assert await service(here).swap("a1") == Refused("not_now")
        here.ari.world.hang_up(caller)
        await here.until(1)
        assert here.states()["a1"] == "wrap_up"

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_record_has_every_transfer(seed: int) -> None:
    """The complaint "transfer missing from the record"."""

    async def scene(here: House) -> None:
        caller = await talking(here)
        here.log_in("a2")
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=1)
        assert isinstance(await service(here).consult("a1", ToAgent("1002")), Done)
        await here.until(3)
        assert here.states() == {"a1": "consulting", "a2": "talking"}
        assert together(here, phone_of(here, "a1").id, phone_of(here, "a2").id)
        await service(here).complete("a1")
        await here.until(1)
        assert together(here, caller, phone_of(here, "a2").id)
        here.ari.world.hang_up(caller)
        await here.until(2)
        summary = summary_of(here)
        assert summary.agent == "a2"
        assert summary.notes["agents"] == ["a1", "a2"]
        assert [one["act"] for one in summary.notes["transfers"]] == ["consult", "answered", "complete"]
        assert summary.notes["held_s"] >= 3
        journal = [data for _, _, kind, data in here.memory.events if kind == "talk"]
        assert journal[0] == {
            "act": "consult",
            "agent": "a1",
            "stage": "calling",
            "to": "agent",
            "target": "a2",
        }

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_whom_it_was_handed_to_sends_the_citizen_to_a_queue(seed: int) -> None:
    """The age is still that of before; the agent has the wrap-up of the queue that the call came from."""

    async def scene(here: House) -> None:
        caller = await talking(here)
        (entry,) = here.dispatcher.board.entries()
        since = entry.enqueued_at
        here.log_in("a2")
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=1)
        assert isinstance(await service(here).transfer("a1", ToAgent("a2")), Done)
        await here.until(3)
        here.log_out("a1")
        assert isinstance(await service(here).transfer("a2", ToQueue("general")), Done)
        await here.until(1)
        assert here.states()["a2"] == "wrap_up"
        here.log_out("a2")
        await here.until(11)
        (entry,) = here.dispatcher.board.entries()
        assert (entry.state, entry.queue, entry.enqueued_at) == ("waiting", "general", since)
        here.log_in("a1")
        await here.until(4)
        assert together(here, caller, phone_of(here, "a1").id)
        here.ari.world.hang_up(caller)
        await here.until(2)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_wrap_up_lasts_its_time_after_a_transfer(seed: int) -> None:
    """The complaint "wrap-up ends early after a transfer": the talk that goes on elsewhere does not touch it."""

    async def scene(here: House) -> None:
        caller = await talking(here)
        here.log_in("a2")
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=1, talks_s=2)
        await service(here).transfer("a1", ToAgent("a2"))
        assert here.states()["a1"] == "wrap_up"
        await here.until(6)
        assert here.states() == {"a1": "wrap_up", "a2": "wrap_up"}
        await here.until(5)
        assert here.states() == {"a1": "available", "a2": "wrap_up"}
        await here.until(5)
        assert here.states() == {"a1": "available", "a2": "available"}
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_transfer_that_fails_brings_the_caller_to_the_old_place(seed: int) -> None:
    """And the one who rejected it is not rung for the same caller at once ("loops on the agent who rejects it")."""

    async def scene(here: House) -> None:
        caller = await talking(here)
        (before,) = here.dispatcher.board.entries()
        here.log_in("a2")
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=0.5, then="reject")
        await service(here).transfer("a1", ToAgent("a2"))
        assert here.ari.world.channels[caller].ringing
        await here.until(2)
        (after,) = here.dispatcher.board.entries()
        assert (after.queue, after.enqueued_at) == (before.queue, before.enqueued_at)
        assert here.ari.world.channels[caller].music
        rung = [call for call in sent(here, "channels.create") if call["endpoint"] == "PJSIP/a2"]
        assert len(rung) == 1
        await here.until(12)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_caller_who_hangs_up_while_the_transfer_rings_leaves_nobody_ringing(seed: int) -> None:
    """The complaint "call offered to an agent whose caller hung up"."""

    async def scene(here: House) -> None:
        caller = await talking(here)
        here.log_in("a2")
        here.ari.world.phones["PJSIP/a2"] = Phone(then="never")
        await service(here).transfer("a1", ToAgent("a2"))
        await here.until(1)
        assert here.states()["a2"] == "ringing"
        here.ari.world.hang_up(caller)
        await here.until(1)
        assert here.states()["a2"] == "available"
        assert phone_of(here, "a2") is None

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_after_an_answer_the_caller_is_with_somebody_or_moves_on(seed: int) -> None:
    """The complaint "caller stuck after answer": the agent's telephone dies at each moment of a consultation."""

    async def scene(here: House) -> None:
        caller = await talking(here)
        here.log_in("a2")
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=1)
        await service(here).consult("a1", ToAgent("a2"))
        await here.until(here.ari.world.random.choice((0.3, 0.99, 1.0, 1.01, 2.0)))
        first = phone_of(here, "a1")
        here.ari.world.hang_up(first.id)
        await here.until(3)
        assert here.states() == {"a1": "wrap_up", "a2": "talking"}
        assert together(here, caller, phone_of(here, "a2").id)
        here.ari.world.hang_up(phone_of(here, "a2").id)
        await here.until(2)
        assert nodes(here)[-1] == "main.rate"
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_to_a_queue_the_age_goes_with_the_caller_and_the_place_is_told_anew(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        (before,) = here.dispatcher.board.entries()
        assert await service(here).transfer("a1", ToQueue("nowhere")) == Refused("unknown_target")
        told = len(here.heard(caller))
        assert await service(here).transfer("a1", ToQueue("general")) == Done("ended")
        await here.until(3)
        (after,) = here.dispatcher.board.entries()
        assert (after.id, after.enqueued_at, after.state) == (before.id, before.enqueued_at, "waiting")
        assert here.ari.world.channels[caller].music or here.ari.world.playbacks
        assert here.states()["a1"] == "wrap_up"
        assert len(here.heard(caller)) > told, "the place is not told anew"
        await here.until(10)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)
        await here.until(1)
        assert summary_of(here).talked_s < 15

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_parked_call_is_picked_up_or_rings_at_who_parked_it(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        assert await service(here).park("a1") == Done("parked", "701")
        assert list(service(here).parked()) == ["701"]
        await here.until(65)
        assert here.states()["a1"] == "talking"
        assert service(here).parked() == {}
        assert together(here, caller, phone_of(here, "a1").id)
        await service(here).park("a1")
        await here.until(2)
        here.log_in("a2")
        assert await service(here).pick_up("a2", "999") == Refused("empty_slot")
        assert isinstance(await service(here).pick_up("a2", "701"), Done)
        await here.until(3)
        assert together(here, caller, phone_of(here, "a2").id)
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flow_in_the_middle_of_a_talk(seed: int) -> None:
    """An identity check: the agent waits, and has the caller again when the flow is through."""

    async def scene(here: House) -> None:
        caller = await talking(here)
        assert await service(here).to_flow("a1", "nowhere", come_back=True) == Refused("unknown_flow")
        assert await service(here).to_flow("a1", "identity", come_back=True) == Done("away")
        await here.until(2)
        assert nodes(here)[-1] == "identity.ask"
        assert here.states()["a1"] == "hold"
        here.ari.world.press(caller, "1234")
        await here.until(2)
        assert stage_of(here, "a1") == "talking"
        assert here.states()["a1"] == "talking"
        assert together(here, caller, phone_of(here, "a1").id)
        assert await service(here).to_flow("a1", "identity", come_back=True) == Done("away")
        await here.until(1)
        assert await service(here).resume("a1") == Done("talking")
        await here.until(1)
        assert together(here, caller, phone_of(here, "a1").id)
        here.ari.world.hang_up(phone_of(here, "a1").id)
        await here.until(2)
        assert nodes(here)[-1] == "main.rate"
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_who_goes_while_the_caller_is_in_a_flow(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        await service(here).to_flow("a1", "identity", come_back=True)
        await here.until(1)
        here.ari.world.hang_up(phone_of(here, "a1").id)
        await here.until(2)
        assert here.states()["a1"] == "wrap_up"
        assert nodes(here)[-1] == "main.rate"
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flow_for_good_and_then_on_after_the_queue(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        assert await service(here).to_flow("a1", "identity") == Done("ended")
        await here.until(1)
        assert here.states()["a1"] == "wrap_up"
        assert nodes(here)[-1] == "identity.ask"
        here.ari.world.press(caller, "1234")
        await here.until(2)
        assert nodes(here)[-1] == "main.rate"
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_conference_from_a_flow(seed: int) -> None:
    """A flow that an agent sends the caller to rings the police into their talk; the agent stays."""

    async def scene(here: House) -> None:
        caller = await talking(here)
        here.ari.world.phones["PJSIP/110@trunk"] = Phone(rings_s=2)
        await service(here).to_flow("a1", "helpers", come_back=True)
        await here.until(1)
        agent = phone_of(here, "a1").id
        assert together(here, caller, agent), "they do not talk while the police are rung"
        await here.until(3)
        police = next(one for one in here.ari.world.channels.values() if one.endpoint == "PJSIP/110@trunk")
        assert together(here, caller, agent, police.id)
        here.ari.world.hang_up(police.id)
        await here.until(2)
        assert together(here, caller, agent)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)

    play(scene, seed)


DOINGS: tuple[tuple[str, Target | None], ...] = (
    ("hold", None),
    ("resume", None),
    ("transfer", ToAgent("a2")),
    ("transfer", ToQueue("general")),
    ("transfer", ToNumber("110")),
    ("consult", ToAgent("a2")),
    ("consult", ToQueue("general")),
    ("consult", ToNumber("police")),
    ("add", ToNumber("110")),
    ("add", ToAgent("a2")),
    ("complete", None),
    ("back", None),
    ("swap", None),
    ("three_way", None),
    ("leave", None),
    ("drop", None),
    ("park", None),
)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_agents_and_telephones_do_nothing_is_left(seed: int) -> None:
    """Acts and hang-ups at random; at the end the caller hangs up, and every agent is free again."""

    async def scene(here: House) -> None:
        chance = random.Random(seed)
        caller = await talking(here)
        here.log_in("a2")
        for endpoint in ("PJSIP/a1", "PJSIP/a2", "PJSIP/110@trunk"):
            then = chance.choice(("answer", "answer", "answer", "busy", "never"))
            here.ari.world.phones[endpoint] = Phone(rings_s=chance.uniform(0.1, 2), then=then)
        for _ in range(8):
            who = chance.choice(("a1", "a1", "a2"))
            if chance.random() < 0.25:
                others = [one for one in here.ari.world.channels.values() if one.id != caller]
                if others:
                    here.ari.world.hang_up(chance.choice(others).id)
            elif chance.random() < 0.1:
                await service(here).pick_up(who, "701")
            else:
                name, to = chance.choice(DOINGS)
                act = getattr(service(here), name)
                async with asyncio.timeout(20):
                    await (act(who) if to is None else act(who, to))
            await here.until(chance.choice((0.0, 0.05, 1.0, 3.0, 9.0)))
        if caller in here.ari.world.channels:
            here.ari.world.hang_up(caller)
        await here.until(15)
        for agent, state in here.states().items():
            assert state in ("available", "paused"), (agent, state, acts(here))

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_rings_with_others_is_rung_once(seed: int) -> None:
    """The complaint "ring-all restarts the round": one of several is busy, and the other rings on undisturbed."""

    async def scene(here: House) -> None:
        here.ari.world.phones["PJSIP/110@trunk"] = Phone(rings_s=0.2, then="busy")
        here.ari.world.phones["PJSIP/12356@trunk"] = Phone(rings_s=5)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(1.5)
        here.ari.world.press(caller, "6")
        await here.until(8)
        dialled = [call["endpoint"] for call in sent(here, "channels.create")]
        assert sorted(dialled) == ["PJSIP/110@trunk", "PJSIP/12356@trunk"]
        (crisis,) = [one for one in here.ari.world.channels.values() if one.endpoint == "PJSIP/12356@trunk"]
        assert together(here, caller, crisis.id)
        here.ari.world.hang_up(caller)

    play(scene, seed, entry="connect")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_caller_who_is_rejected_is_offered_to_the_others_first(seed: int) -> None:
    """The complaint "the same call loops on the agent who rejects it"."""

    async def scene(here: House) -> None:
        here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=0.3, then="reject")
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=6, then="answer")
        here.log_in("a1", "a2")
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(3)
        here.ari.world.press(caller, "2")
        await here.until(13)
        rung = [call["endpoint"] for call in sent(here, "channels.create")]
        assert rung.count("PJSIP/a1") <= 3
        assert "PJSIP/a2" in rung[:2]
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_parked_call_whose_agent_is_away_is_back_in_line(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        (before,) = here.dispatcher.board.entries()
        assert await service(here).park("a1") == Done("parked", "701")
        here.log_out("a1")
        await here.until(62)
        (after,) = here.dispatcher.board.entries()
        assert (after.state, after.enqueued_at) == ("waiting", before.enqueued_at)
        assert service(here).parked() == {}
        here.ari.world.hang_up(caller)
        await here.until(1)
        assert summary_of(here).notes["hung_up_in_line_again"]

    play(scene, seed)


@pytest.mark.parametrize("seed", range(12))
def test_a_caller_who_hangs_up_as_the_consulted_one_answers(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        here.log_in("a2")
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=1)
        asked = asyncio.ensure_future(service(here).consult("a1", ToAgent("a2")))
        await here.until(0.98 + 0.005 * seed)
        here.ari.world.hang_up(caller)
        await asked
        await here.until(12)
        assert here.states() == {"a1": "available", "a2": "available"}

    play(scene, seed)


def test_who_asks_as_the_talk_ends_has_an_answer() -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        here.ari.world.hang_up(caller)
        acts_at_once = [service(here).hold("a1"), service(here).park("a1"), service(here).mute("a1", True)]
        async with asyncio.timeout(10):
            results = await asyncio.gather(*acts_at_once)
        assert all(isinstance(result, (Done, Refused)) for result in results)

    play(scene)
