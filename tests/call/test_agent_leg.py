"""An agent's leg cleans up behind itself, also when the call ends while the leg is just ending."""

from __future__ import annotations

import asyncio

from ivr.call.agent_leg import AgentLeg
from ivr.call.ports import Offer
from ivr.ids import CallId, ChannelId
from routing.ids import AgentId, EntryId
from tests.support.fake_ari import FakeAri
from tests.support.virtual_time import run_virtual

OFFER = Offer(EntryId("e1"), AgentId("a1"), "PJSIP/a1", "Service desk zh", "", 10.0)


def test_a_cancellation_in_the_moment_of_leaving_cuts_nothing_short() -> None:
    async def main() -> None:
        async with FakeAri(seed=1) as ari:
            caller = ChannelId(ari.world.call("call", "12345", "trunk"))
            leaving = asyncio.Event()

            async def serve() -> None:
                async with AgentLeg(ari, CallId("c-n1-1-a"), caller, OFFER) as leg:
                    assert await leg.ring() == "answered"
                    leaving.set()

            task = asyncio.create_task(serve())
            await leaving.wait()
            task.cancel()
            await asyncio.wait([task])
            ari.world.hang_up(caller)
            await asyncio.sleep(1.0)
            ari.world.assert_empty()

    run_virtual(main)
