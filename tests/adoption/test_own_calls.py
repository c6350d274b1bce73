"""A call that an agent makes to a citizen, when the controller is killed."""

from __future__ import annotations

from tests.support.fake_ari import Phone
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
