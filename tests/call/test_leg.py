"""A leg cleans up behind itself, also when the call ends while the leg is just ending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ivr.call.leg import Destination, Leg
from ivr.callback.citizen import CitizenLeg
from ivr.callback.plan import Question
from ivr.ids import CallId, ChannelId
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_objects import Phone
from tests.support.virtual_time import run_virtual

THERE = Destination("PJSIP/a1", 10.0, "Service desk zh", "13800000000")


def test_a_cancellation_in_the_moment_of_leaving_cuts_nothing_short() -> None:
    async def main() -> None:
        async with FakeAri(seed=1) as ari:
            caller = ChannelId(ari.world.call("call", "12345", "trunk"))
            leaving = asyncio.Event()

            async def serve() -> None:
                async with Leg(ari, CallId("c-n1-1-a"), THERE, originator=caller) as leg:
                    assert (await leg.ring()).outcome == "answered"
                    leaving.set()

            task = asyncio.create_task(serve())
            await leaving.wait()
            task.cancel()
            await asyncio.wait([task])
            ari.world.hang_up(caller)
            await asyncio.sleep(1.0)
            ari.world.assert_empty()

    run_virtual(main)


async def _while_it_rings(ari: FakeAri) -> None:
    """For longer than it would have rung."""
    await asyncio.sleep(1.0)
    await ari.killed(away_s=60.0)


async def _while_it_is_made(ari: FakeAri) -> None:
    """Nobody hears that it was."""
    ari.disconnect()
    await asyncio.sleep(1.0)
    await ari.killed(away_s=3.0)


async def _while_it_is_made_for_long(ari: FakeAri) -> None:
    ari.disconnect()
    await asyncio.sleep(1.0)
    await ari.killed(away_s=60.0)


async def _before_it_is_dialled(ari: FakeAri) -> None:
    """The next command is answered by the new one, whose events do not come yet."""
    ari.world.fault("channels.create", delay_s=2.0)
    await asyncio.sleep(1.0)
    await ari.killed(away_s=3.0, answers=True)


async def _before_it_is_dialled_and_nothing_answers(ari: FakeAri) -> None:
    ari.world.fault("channels.create", delay_s=2.0)
    await asyncio.sleep(1.0)
    await ari.killed(away_s=3.0)


@pytest.mark.parametrize(
    "ends",
    [
        _while_it_rings,
        _while_it_is_made,
        _while_it_is_made_for_long,
        _before_it_is_dialled,
        _before_it_is_dialled_and_nothing_answers,
    ],
)
def test_a_telephone_that_asterisk_takes_with_it_was_not_rung_in_vain(
    ends: Callable[[FakeAri], Awaitable[None]],
) -> None:
    async def main() -> None:
        async with FakeAri(seed=1) as ari:
            ari.world.phones[THERE.endpoint] = Phone(rings_s=100.0)
            async with Leg(ari, CallId("c-n1-1-a"), THERE) as leg:
                rings = asyncio.create_task(leg.ring())
                await ends(ari)
                assert (await rings).outcome == "failed"
                assert leg.cut_off
            ari.world.assert_empty()

    run_virtual(main)


def test_a_telephone_that_nobody_takes_is_not_cut_off() -> None:
    async def main() -> None:
        async with FakeAri(seed=1) as ari:
            ari.world.phones[THERE.endpoint] = Phone(rings_s=100.0)
            async with Leg(ari, CallId("c-n1-1-a"), THERE) as leg:
                rings = asyncio.create_task(leg.ring())
                await asyncio.sleep(1.0)
                await ari.gap(60.0)
                await rings
                assert not leg.cut_off

    run_virtual(main)


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("away_s", [3.0, 60.0])
def test_who_is_to_be_asked_while_asterisk_ends_has_not_failed_to_answer(
    answers: bool, away_s: float
) -> None:
    """answers: the command to play is, by the new one, whose events do not come yet."""

    async def main() -> None:
        async with FakeAri(seed=1) as ari, CitizenLeg(ari, CallId("c-n1-1-a"), THERE) as leg:
            assert (await leg.ring()).outcome == "answered"
            ends = asyncio.create_task(ari.killed(away_s, answers=answers))
            await asyncio.sleep(0.1)
            answer = await leg.asked(Question(()), (["sound:here"], 1.0))
            assert (answer, leg.cut_off) == ("gone", True)
            await ends

    run_virtual(main)


def test_who_is_found_to_have_gone_before_asterisk_says_that_it_is_another_was_cut_off() -> None:
    async def main() -> None:
        async with FakeAri(seed=1) as ari, Leg(ari, CallId("c-n1-1-a"), THERE) as leg:
            assert (await leg.ring()).outcome == "answered"
            over = asyncio.create_task(leg.until_over())
            await asyncio.sleep(1.0)
            await ari.killed(away_s=60.0, answers=True)
            await over
            assert leg.cut_off

    run_virtual(main)
