"""What is asked outside: answered into the dialogue, cancelled with it, and never without an answer."""

from __future__ import annotations

import asyncio
from typing import Any

from ivr.call.errands import Errands
from ivr.call.ports import CallerFacts
from ivr.call.services import CallServices, OpenCall
from ivr.flow.actions import Lookup, Notify, Request
from ivr.flow.inputs import LookupEnded, OpId, RequestEnded
from ivr.ids import CallId, ChannelId
from tests.call.scenes import play
from tests.support.call_house import House, the_dialogues
from tests.support.stand_ins import ScriptedOutside

REQUEST = Request(OpId("1"), "GET", "https://outside.example/x")
LOOKUP = Lookup(OpId("2"), "tickets")


async def errands_of(here: House, outside: ScriptedOutside | None, work: Any) -> list[Any]:
    """Messages of the inbox after that work, in a call of its own."""
    services = CallServices(
        here.ari,
        here.prompts,
        here.ears,
        here.dispatcher,
        here.memory,
        here.front_door._services.clock,
        outside=outside,
    )
    facts = CallerFacts("13800000000", "12345", "main", "v", "zh")
    call = OpenCall(services, CallId("c-n1-1-x"), ChannelId("x"), facts)
    async with asyncio.TaskGroup() as group:
        call.begin(group)
        await work(Errands(call, the_dialogues()))
        call.stop_children()
    return list(call.inbox.unread)


def test_answers_come_into_the_inbox() -> None:
    async def scene(here: House) -> None:
        async def work(errands: Errands) -> None:
            errands.request(REQUEST)
            errands.lookup(LOOKUP)
            errands.notify(Notify("sms", "1", "text", "zh"))
            await here.until(2)

        found = await errands_of(here, here.outside, work)
        assert {type(one) for one in found} == {RequestEnded, LookupEnded}
        assert {one.outcome for one in found} == {"ok", "found"}
        assert len(here.outside.told) == 1

    play(scene)


def test_what_is_cancelled_is_not_answered_and_leaves_nothing() -> None:
    async def scene(here: House) -> None:
        async def work(errands: Errands) -> None:
            errands.request(REQUEST)
            errands.lookup(LOOKUP)
            await here.until(0.1)
            assert here.outside.running == 2
            errands.cancel(OpId("1"))
            errands.cancel(OpId("2"))
            errands.cancel(OpId("never"))
            await here.until(2)
            assert here.outside.running == 0

        assert await errands_of(here, here.outside, work) == []

    play(scene)


def test_the_end_of_the_call_cancels_the_rest() -> None:
    async def scene(here: House) -> None:
        async def work(errands: Errands) -> None:
            errands.request(REQUEST)
            await here.until(0.1)

        assert await errands_of(here, here.outside, work) == []
        assert here.outside.running == 0

    play(scene)


def test_an_installation_without_an_outside_says_so() -> None:
    async def scene(here: House) -> None:
        async def work(errands: Errands) -> None:
            errands.request(REQUEST)
            errands.lookup(LOOKUP)
            errands.notify(Notify("sms", "1", "text", "zh"))
            await here.until(0.1)

        found = await errands_of(here, None, work)
        assert [one.outcome for one in found] == ["failed", "failed"]
        assert all(one.detail for one in found)

    play(scene)
