"""A leg cleans up behind itself, also when the call ends while the leg is just ending."""

from __future__ import annotations

import asyncio

from ivr.call.leg import Destination, Leg
from ivr.ids import CallId, ChannelId
from tests.support.fake_ari import FakeAri
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
