"""A call that an agent makes to a citizen, when the controller is killed."""

from __future__ import annotations

import asyncio

import pytest

from ivr.talk.results import Done
from ivr.talk.service import TalkService
from ivr.talk.targets import ToAgent
from tests.support.fake_ari_objects import Phone
from tests.support.killed_house import LastingHouse, lasting
from tests.support.virtual_time import run_virtual

CITIZEN = "13800000001"
TRUNK = f"PJSIP/{CITIZEN}@trunk"


async def _killed(here: LastingHouse) -> None:
    assert here.now is not None
    here.kill(here.now.ari)
    await here.soon(lambda: len(here.adoptions) == 2)


def test_an_agent_and_a_citizen_talk_on() -> None:
    async def scene() -> None:
        async with lasting(away_s=2.0) as here:
            here.log_in("a1")
            agent = here.world.call("feature", f"*49{CITIZEN}", "a1")
            await here.soon(lambda: here.together_with(TRUNK))
            await here.until(1)
            (citizen,) = here.together_with(TRUNK)
            await _killed(here)
            await here.until(3)
            assert here.together_with(TRUNK) == [citizen]
            assert here.states()["a1"] == "talking"
            here.world.hang_up(citizen)
            await here.soon(lambda: agent not in here.world.channels)
            await here.until(30)
            assert here.states()["a1"] == "available"
            here.assert_nothing_left()
            (record,) = here.calls()
            assert (record.data["kind"], record.data["agent"], record.data["outcome"]) == (
                "outbound",
                "a1",
                "completed",
            )
            assert 6.0 <= record.data["talked_s"] <= 6.5
            assert [kind for kind, _ in here.events()].count("joined") == 1

    run_virtual(scene)


def test_who_was_being_rung_is_not_and_the_agent_is_free() -> None:
    async def scene() -> None:
        async with lasting(away_s=0.5) as here:
            here.world.phones[TRUNK] = Phone(then="never")
            here.log_in("a1")
            agent = here.world.call("feature", f"*49{CITIZEN}", "a1")
            await here.soon(lambda: any(one.endpoint == TRUNK for one in here.world.channels.values()))
            await here.until(1)
            await _killed(here)
            await here.soon(lambda: agent not in here.world.channels)
            await here.until(30)
            assert here.states()["a1"] == "available"
            here.assert_nothing_left()

    run_virtual(scene)


async def _handed_on(here: LastingHouse) -> tuple[str, str]:
    """The channels of the agent a1 and of the citizen, about whom a1 consults with a2."""
    here.log_in("a1", "a2")
    agent = here.world.call("feature", f"*49{CITIZEN}", "a1")
    await here.soon(lambda: here.together_with(TRUNK))
    (citizen,) = here.together_with(TRUNK)
    assert isinstance(await in_talk(here).consult("a1", ToAgent("a2")), Done)
    await here.soon(lambda: here.together_with("PJSIP/a2"))
    return agent, citizen


def in_talk(here: LastingHouse) -> TalkService:
    return TalkService(here.front_door._services.in_talk)


@pytest.mark.parametrize("when", ["consulting", "handed on"])
def test_what_was_handed_on_goes_on(when: str) -> None:
    async def scene() -> None:
        async with lasting(away_s=1.0) as here:
            agent, citizen = await _handed_on(here)
            if when == "handed on":
                assert isinstance(await in_talk(here).complete("a1"), Done)
                await here.until(1)
                await _killed(here)
            else:
                await _killed(here)
                await here.until(3)
                assert here.states() == {"a1": "consulting", "a2": "talking"}
                assert agent in here.world.channels
                assert isinstance(await in_talk(here).complete("a1"), Done)
            await here.until(3)
            assert here.together_with(TRUNK) == [citizen]
            assert here.states() == {"a1": "wrap_up", "a2": "talking"}
            assert agent not in here.world.channels
            here.world.hang_up(citizen)
            await here.until(30)
            assert here.states() == {"a1": "available", "a2": "available"}
            here.assert_nothing_left()
            own, citizens = sorted(here.calls(), key=lambda one: one.started_at)
            assert (own.data["agent"], own.data["outcome"]) == ("a1", "completed")
            assert (citizens.caller, citizens.data["handed_from"]) == (CITIZEN, own.id)
            assert citizens.data["agents"] == ["a1", "a2"]

    run_virtual(scene)


@pytest.mark.parametrize("facts", range(2, 26, 4))
def test_killed_at_any_moment_of_handing_on_leaves_nothing(facts: int) -> None:
    async def scene() -> None:
        async with lasting(away_s=0.5) as here:
            here.log_in("a1", "a2")
            here.world.call("feature", f"*49{CITIZEN}", "a1")
            await here.soon(lambda: here.together_with(TRUNK))
            here.die_after(facts)
            asked = asyncio.ensure_future(in_talk(here).transfer("a1", ToAgent("a2")))
            await here.soon(lambda: len(here.adoptions) == 2)
            await here.until(5)
            asked.cancel()
            for channel in list(here.world.channels):
                here.world.hang_up(channel)
            await here.until(30)
            here.assert_nothing_left()
            assert set(here.states().values()) <= {"available", "paused"}

    run_virtual(scene)
