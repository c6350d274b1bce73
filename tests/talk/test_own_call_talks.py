"""What agents do in a talk with a citizen whom they have called themselves."""

from __future__ import annotations

import pytest

from ivr.talk.results import Done, Refused
from ivr.talk.targets import ToAgent, ToNumber, ToQueue
from tests.call.test_codes import TRUNK, call_out, play
from tests.support.call_house import House
from tests.support.fake_ari import Phone
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
        assert await service(here).leave("a1") == Refused("not_here")
        assert await service(here).drop("a1") == Done("talking")
        here.ari.world.hang_up(citizen)
        await here.until(1)
        assert here.states()["a1"] == "wrap_up"
        await here.until(5)
        (summary,) = here.memory.calls.values()
        (parted,) = [data for _, _, kind, data in here.memory.events if kind == "parted"]
        assert parted["held_s"] == pytest.approx(5, abs=0.5)
        assert summary.talked_s == pytest.approx(6, abs=1.5)

    play(scene)


@pytest.mark.parametrize("who", ["agent", "citizen"])
@pytest.mark.parametrize("rings", [True, False])
def test_whoever_is_consulted_is_let_go_with_the_call(who: str, rings: bool) -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        here.log_in("a2")
        assert isinstance(await service(here).consult("a1", ToAgent("a2")), Done)
        assert here.ari.world.channels[citizen].music
        assert here.states()["a1"] == "consulting"
        await here.until(0.5 if rings else 3)
        assert together(here, agent, phone_of(here, "a2").id) is not rings
        assert await service(here).complete("a1") == Refused("not_here")
        here.ari.world.hang_up(agent if who == "agent" else citizen)
        await here.until(2)
        assert here.states()["a1"] == "wrap_up"
        assert here.states()["a2"] in ("wrap_up", "available")
        await here.until(5)

    play(scene)


def test_the_call_cannot_be_handed_on_and_is_not_lost_by_trying() -> None:
    async def scene(here: House) -> None:
        agent, citizen = await in_own_call(here)
        here.log_in("a2")
        for to in (ToAgent("a2"), ToQueue("general"), ToNumber("police")):
            assert await service(here).transfer("a1", to) == Refused("not_here")
        assert await service(here).park("a1") == Refused("not_here")
        assert await service(here).to_flow("a1", "survey") == Refused("not_here")
        assert here.states()["a2"] == "available"
        assert together(here, agent, citizen)
        here.ari.world.hang_up(agent)
        await here.until(1)

    play(scene)
