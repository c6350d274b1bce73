"""What agents do in a talk with a citizen whom they have called themselves."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from ivr.ari.parse import parse_message
from ivr.desk.people import Author
from ivr.talk.results import Done, Refused
from ivr.talk.targets import ToAgent, ToNumber, ToQueue
from tests.call.test_codes import CITIZEN, TRUNK, call_out, play
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone
from tests.talk.test_talks_played import phone_of, service, together


async def in_own_call(here: House) -> tuple[str, str]:
    """The channels of the agent a1 and of the citizen, who talk."""
    here.ari.world.phones[TRUNK] = Phone(rings_s=1.0)
    agent = await call_out(here)
    await here.until(3)
    (talk,) = here.talks
    assert together(here, agent, talk.citizen)
    return agent, talk.citizen


def test_hold_mute_keys_and_a_conference() -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        channels = here.ari.world.channels
        assert await service(here).hold("a1") == Done("held")
        assert channels[citizen].music and not channels[citizen].bridge
        assert here.states()["a1"] == "hold"
        await here.until(5)
        assert await service(here).resume("a1") == Done("talking")
        assert await service(here).mute("a1", True) == Done("talking")
        assert await service(here).mute("a1", False) == Done("talking")
        assert await service(here).send_keys("a1", "1", to_citizen=True) == Done("talking")
        here.ari.world.phones["PJSIP/110@trunk"] = Phone(rings_s=1.0)
        assert isinstance(await service(here).add("a1", ToNumber("police")), Done)
        await here.until(3)
        police = next(one for one in channels.values() if one.endpoint == "PJSIP/110@trunk")
        assert together(here, agent, citizen, police.id)
        assert await service(here).drop("a1") == Done("talking")
        here.ari.world.hang_up(citizen)
        await here.until(1)
        assert here.states()["a1"] == "wrap_up"
        await here.until(5)
        first, second = here.memory.calls.values()
        parted = [data["held_s"] for _, _, kind, data in here.memory.events if kind == "parted"]
        assert sum(parted) == pytest.approx(5, abs=0.5)  # type: ignore[arg-type]
        assert first.talked_s + second.talked_s == pytest.approx(6, abs=1.5)  # type: ignore[operator]

    play(scene)


def of_citizen(here: House) -> Any:
    """The record, as it stands, of the call that the citizen was given."""
    (facts,) = (one for one in here.memory.arrivals if one.handed_from)
    return facts


def own_call(here: House, citizen: str) -> str:
    """The call in which the citizen is now."""
    (session,) = here.front_door.registry
    assert session.channel == citizen
    return session.call


def transfers(here: House, call: str) -> list[str]:
    return [str(one["act"]) for one in here.memory.calls[call].notes.get("transfers", ())]  # type: ignore[union-attr, call-overload, index]


@pytest.mark.parametrize("how", ["blind", "consulted", "agent hangs up", "while it rings"])
def test_another_agent_has_the_citizen(how: str) -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        here.log_in("a2")
        if how == "blind":
            assert isinstance(await service(here).transfer("a1", ToAgent("1002")), Done)
            await here.until(0.2)
            assert here.states()["a1"] == "wrap_up", "free at once"
        else:
            assert isinstance(await service(here).consult("a1", ToAgent("a2")), Done)
            assert here.ari.world.channels[citizen].music
            assert here.states()["a1"] == "consulting"
            await here.until(0.5 if how == "while it rings" else 3)
            assert together(here, agent, phone_of(here, "a2").id) is (how != "while it rings")
            if how == "agent hangs up":
                here.ari.world.hang_up(agent)
            else:
                assert isinstance(await service(here).complete("a1"), Done)
        call = own_call(here, citizen)
        await here.until(3)
        assert here.states() == {"a1": "wrap_up", "a2": "talking"}
        assert agent not in here.ari.world.channels
        assert together(here, citizen, phone_of(here, "a2").id)
        assert not here.ari.world.channels[citizen].music
        here.desk.wrap_up_done(Author.of_agent("a1"))
        await here.until(5)
        here.ari.world.hang_up(citizen if how == "blind" else phone_of(here, "a2").id)
        await here.until(5)
        assert here.states() == {"a1": "available", "a2": "wrap_up"}
        facts = of_citizen(here)
        assert (facts.caller, facts.agent) == (CITIZEN, "")
        first = next(one for one in here.memory.calls if one != call)
        assert facts.handed_from == first
        assert (here.memory.calls[first].agent, transfers(here, first)) == ("a1", ["handed_on"])
        assert here.memory.calls[call].notes["agents"] == ["a1", "a2"]
        act = "transfer" if how == "blind" else "consult"
        assert transfers(here, call)[0] == act and "answered" in transfers(here, call)

    play(scene)


def transfer_key(here: House, channel: str, dialled: str) -> None:
    """As Asterisk tells of a REFER."""
    source = {
        "id": channel,
        "protocol_id": "",
        "name": "PJSIP/a1-1",
        "state": "Up",
        "caller": {"name": "", "number": ""},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {"context": "", "exten": "", "priority": 1, "app_name": "Stasis", "app_data": "ivr"},
        "creationtime": "2026-11-26T18:38:02.867+0000",
        "language": "en",
    }
    event = {
        "type": "ChannelTransfer",
        "application": "ivr",
        "timestamp": "2026-11-26T18:38:03.469+0000",
        "refer_to": {"requested_destination": {"destination": dialled}},
        "referred_by": {"source_channel": source},
    }
    here.ari.bus.dispatch(parse_message(orjson.dumps(event)))


def test_the_transfer_key_hands_the_citizen_on() -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        here.log_in("a2")
        transfer_key(here, agent, "1002")
        await here.until(5)
        assert here.states() == {"a1": "wrap_up", "a2": "talking"}
        assert together(here, citizen, phone_of(here, "a2").id)
        here.ari.world.hang_up(citizen)
        await here.until(2)

    play(scene)


def test_the_telephone_is_told_in_turn_once_and_before_it_is_let_go() -> None:
    """Asterisk ends, or locks up, when it is told sooner, or when the call ends meanwhile."""

    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)

        def done_to(channel: str) -> list[str]:
            names = ("channels.get_channel_var", "channels.transfer_progress", "channels.hangup")
            return [
                f"{name.removeprefix('channels.')} {values.get('states', '')}".strip()
                for name, values in here.ari.world.commands
                if name in names and values["channelId"] == channel
            ]

        transfer_key(here, agent, "1002")
        await here.until(3)
        refused = ["get_channel_var", "transfer_progress channel_unavailable"]
        assert done_to(agent) == refused, "what it is told is not taken for the key once more"
        here.log_in("a2")
        await here.until(3)
        assert here.states()["a2"] == "available"
        transfer_key(here, agent, "1002")
        await here.until(5)
        assert done_to(agent) == [*refused, "get_channel_var", "transfer_progress channel_answered", "hangup"]
        assert together(here, citizen, phone_of(here, "a2").id)
        here.ari.world.hang_up(citizen)
        await here.until(2)

    play(scene)


@pytest.mark.parametrize("logged_in", [True, False])
def test_a_telephone_is_told_once_and_let_go_when_the_citizen_hangs_up_meanwhile(logged_in: bool) -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        if logged_in:
            here.log_in("a2")
        here.ari.world.fault("channels.transfer_progress", delay_s=1.0)
        transfer_key(here, agent, "1002")
        await here.until(0.5)
        assert agent in here.ari.world.channels, "it is being told"
        here.ari.world.hang_up(citizen)
        await here.until(1)
        assert agent not in here.ari.world.channels
        told = [values for name, values in here.ari.world.commands if name == "channels.transfer_progress"]
        assert [one["states"] for one in told] == ["channel_answered" if logged_in else "channel_unavailable"]
        await here.until(5)
        assert not here.reconciler.repairs

    play(scene)


@pytest.mark.parametrize("how", ["nobody answers", "queue", "parked", "telephone lost on hold"])
def test_whom_nobody_takes_waits_in_the_line_of_the_agent(how: str) -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        if how == "nobody answers":
            here.ari.world.phones["PJSIP/a2"] = Phone(then="never")
            here.log_in("a2")
            assert isinstance(await service(here).transfer("a1", ToAgent("a2")), Done)
            await here.until(0.5)
            here.log_out("a1")
            await here.until(30)
            here.log_out("a2")
        elif how == "queue":
            assert isinstance(await service(here).transfer("a1", ToQueue("general")), Done)
        elif how == "parked":
            parked = await service(here).park("a1")
            assert isinstance(parked, Done) and parked.slot == "701"
            assert here.ari.world.channels[citizen].music
            await here.until(0.5)
            here.log_out("a1")
            await here.until(65)
        else:
            here.log_in("a2")
            assert isinstance(await service(here).consult("a1", ToAgent("a2")), Done)
            assert await service(here).back("a1") == Done("talking")
            assert await service(here).hold("a1") == Done("held")
            here.log_out("a2")
            here.ari.world.hang_up(agent)
        await here.until(0.5)
        if here.states()["a1"] == "wrap_up":
            here.log_out("a1")
        await here.until(11)
        call = own_call(here, citizen)
        (entry,) = here.dispatcher.board.entries()
        assert (entry.state, entry.queue, entry.call_id) == ("waiting", "general", call)
        assert here.ari.world.channels[citizen].music
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=1.0)
        here.log_in("a2")
        await here.until(5)
        assert here.states()["a2"] == "talking"
        assert together(here, citizen, phone_of(here, "a2").id)
        here.ari.world.hang_up(citizen)
        await here.until(1)
        assert here.memory.calls[call].outcome == "completed"

    play(scene)


def test_parked_and_picked_up() -> None:
    async def scene(here: House) -> None:
        _, citizen = await in_own_call(here)
        here.log_in("a2")
        assert isinstance(await service(here).park("a1"), Done)
        await here.until(1)
        assert here.states()["a1"] == "wrap_up"
        assert isinstance(await service(here).pick_up("a2", "701"), Done)
        await here.until(3)
        assert together(here, citizen, phone_of(here, "a2").id)
        here.ari.world.hang_up(citizen)
        await here.until(1)

    play(scene)


def test_a_number_is_consulted_and_has_the_citizen() -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        here.ari.world.phones["PJSIP/110@trunk"] = Phone(rings_s=1.0)
        assert isinstance(await service(here).transfer("a1", ToNumber("police")), Done)
        await here.until(3)
        police = next(one for one in here.ari.world.channels.values() if one.endpoint == "PJSIP/110@trunk")
        assert together(here, citizen, police.id) and agent not in here.ari.world.channels
        here.ari.world.hang_up(citizen)
        await here.until(2)
        assert police.id not in here.ari.world.channels

    play(scene)


def test_an_agent_leaves_a_conference() -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        here.ari.world.phones["PJSIP/110@trunk"] = Phone(rings_s=1.0)
        assert isinstance(await service(here).add("a1", ToNumber("police")), Done)
        assert together(here, agent, citizen), "they talk on while it rings"
        await here.until(3)
        assert isinstance(await service(here).leave("a1"), Done)
        await here.until(0.5)
        assert here.states()["a1"] == "wrap_up" and citizen in here.ari.world.channels
        here.ari.world.hang_up(citizen)
        await here.until(2)

    play(scene)


@pytest.mark.parametrize("come_back", [True, False])
def test_the_citizen_is_sent_to_a_dialogue(come_back: bool) -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        assert isinstance(await service(here).to_flow("a1", "identity", come_back=come_back), Done)
        await here.until(2)
        assert here.heard(citizen), "the question"
        assert here.states()["a1"] == ("hold" if come_back else "wrap_up")
        here.ari.world.press(citizen, "1234")
        await here.until(2)
        if come_back:
            assert together(here, agent, citizen)
            assert here.states()["a1"] == "talking"
            here.ari.world.hang_up(agent)
        await here.until(5)

    play(scene)


@pytest.mark.parametrize("after_ms", [0, 1, 2, 4, 6, 9, 13, 20, 40])
@pytest.mark.parametrize("who", ["agent", "citizen"])
def test_whoever_hangs_up_while_it_is_handed_on(who: str, after_ms: int) -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        here.log_in("a2")
        asked = asyncio.ensure_future(service(here).consult("a1", ToAgent("a2")))
        await here.until(after_ms / 1000)
        here.ari.world.hang_up(agent if who == "agent" else citizen)
        await asked
        await here.until(3)
        assert here.states()["a1"] == "wrap_up"
        for one in list(here.ari.world.channels):
            here.ari.world.hang_up(one)
        await here.until(5)

    play(scene)


def test_what_cannot_be_done_makes_no_call_and_loses_none() -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        for to in (ToAgent("nobody"), ToQueue("none"), ToNumber("interpreter")):
            assert await service(here).transfer("a1", to) == Refused("unknown_target")
        assert await service(here).to_flow("a1", "none") == Refused("unknown_flow")
        assert await service(here).complete("a1") == Refused("not_now")
        assert len(here.front_door.registry) == 0
        assert together(here, agent, citizen)
        here.ari.world.hang_up(agent)
        await here.until(1)

    play(scene)
