"""Callbacks, redials and missed calls on a real Asterisk, by what the telephones hear.

Regressions for what users of other systems complain about: "callback jumps the line or loses its place", "the caller
loses the place by calling again", "an answering machine is put through to an agent", "nobody called me back".
"""

from __future__ import annotations

import asyncio

import pytest

from ivr.demo.lightphone import LightPhone
from ivr.desk.people import Author
from ivr.talk.results import Done
from ivr.talk.targets import ToQueue
from storage.promises import CallbackRecord
from tests.calls.test_callbacks import NUMBER, record
from tests.calls.test_talks import agent_of, each_other, hears_music, talks
from tests.calls.test_transfers import both_hear
from tests.support.citizens import Caller, Scene
from tests.support.parts_house import Trunk
from tests.support.softphone import citizen_phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

CALLER = "13911112222"


async def dialled(stage: Scene, phone: Caller, keys: str, node: str) -> str:
    """That phone calls and is brought to a node. The call's id."""
    known = {session.call for session in stage.hotline.front_door.registry}
    await phone.dial(stage.rendered.hotline_uri)
    await phone.events.next("established", timeout=10)
    await stage.until(lambda: len(stage.hotline.front_door.registry) > len(known), "the call is here")
    (session,) = [one for one in stage.hotline.front_door.registry if one.call not in known]
    await stage.until(lambda: session.node == "parts.choose", "the menu")
    await phone.send_digits(keys)
    await stage.until(lambda: session.node == node, f"at {node}")
    return session.call


async def promised(stage: Scene, phone: Caller, key: str, node: str) -> str:
    """A promise made from a place in line. The call's id."""
    call = await dialled(stage, phone, key, node)
    await phone.send_digits("1")
    await phone.events.next("closed", timeout=20)
    await stage.until(lambda: stage.hotline.front_door.registry.get(call) is None, "the call is over")  # type: ignore[arg-type]
    return call


def places(stage: Scene) -> list[str]:
    """The line: `promise`, or the node's caller."""
    board = stage.hotline.dispatcher.board
    numbers = {session.call: session.facts.caller for session in stage.hotline.front_door.registry}
    standing = [
        (place.place, "promise" if one.callback else numbers.get(one.call_id, "?"))  # type: ignore[call-overload]
        for one in board.entries()
        if (place := board.place(one.id)) is not None
    ]
    return [who for _, who in sorted(standing)]


async def until_record(stage: Scene, call: str, state: str, outcome: str) -> CallbackRecord:
    seen = -1
    async with asyncio.timeout(30):
        while True:
            kept = await record(stage, call)
            if (kept.state, kept.data.get("outcome")) == (state, outcome):
                return kept
            seen = await stage.hotline.status.changed(seen)


async def owed(stage: Scene, number: str) -> list[tuple[str, str, str]]:
    """(reason, state, how closed) of what is owed to that number."""
    assert stage.hotline.callers.ledger is not None
    await stage.hotline.callers.ledger.drain()
    found = await stage.hotline.callers.missed.listed(state=None, limit=1000)
    return [(one.reason, one.state, one.closed_how) for one in found if one.number == number]


async def test_a_callback_neither_jumps_the_line_nor_loses_its_place(stage: Scene, trunk: Trunk) -> None:
    """Citizen first: rung when next in line, asked, on hold; served before who came later, after who came before."""
    first = await stage.citizen()
    await stage.until(lambda: stage.stages() == ["menu"], "the menu")
    await first.send_digits("5")
    await stage.until(lambda: stage.stages() == ["queue"], "the first waits")
    async with (
        citizen_phone(stage.rendered, CALLER, kind=LightPhone) as second,
        citizen_phone(stage.rendered, "13933334444", kind=LightPhone) as third,
        trunk.phone(NUMBER) as called,
    ):
        call = await promised(stage, second, "7", "parts.line_first")
        await dialled(stage, third, "5", "parts.desk")
        assert places(stage) == [first.user, "promise", third.user]
        agent = await stage.agent("a1001")
        await agent.events.next("established", timeout=15)
        await called.events.next("established", timeout=20)
        await stage.until(
            lambda: stage.states()["a1001"] == "talking", "the agent talks, and waits for nobody"
        )
        await stage.hears(called, "here")
        await called.send_digits("1")
        await stage.hears(called, "hold")
        assert places(stage) == ["promise", third.user]
        await first.hangup()
        await agent.events.next("closed", timeout=10)
        await agent.events.next("established", timeout=20)
        await both_hear(stage, agent, called)
        assert places(stage) == [third.user]
        await called.hangup()
        await until_record(stage, call, "done", "talked")
        await stage.until(lambda: stage.stages() == ["talking"], "then who came later")
        await third.hangup()
    assert stage.hotline.callbacks.lines() == []


async def test_a_citizen_who_was_called_back_is_held_sent_into_the_line_and_to_a_dialogue(
    stage: Scene, trunk: Trunk
) -> None:
    """Music on hold; to a queue, where the citizen waits with music; the next agent has the citizen, and sends them
    through a dialogue."""
    async with (
        citizen_phone(stage.rendered, CALLER, kind=LightPhone) as citizen,
        trunk.phone(NUMBER) as called,
    ):
        call = await promised(stage, citizen, "8", "parts.line_second")
        first = await agent_of(stage, "a1001")
        await called.events.next("established", timeout=20)
        await stage.hears(called, "here")
        await called.send_digits("1")
        await stage.until(lambda: talks(stage).of_agent("a1001") is not None, "they talk")
        await each_other(first, called)
        assert await talks(stage).hold("a1001") == Done("held")
        await hears_music(stage, called, first)
        assert await talks(stage).resume("a1001") == Done("talking")
        await each_other(first, called)
        assert isinstance(await talks(stage).transfer("a1001", ToQueue("general")), Done)
        stage.hotline.desk.log_out(Author.of_agent("a1001"))
        await first.events.next("closed", timeout=10)
        assert places(stage) == ["promise"]
        await hears_music(stage, called, first)
        second = await agent_of(stage, "a1002")
        await stage.until(lambda: talks(stage).of_agent("a1002") is not None, "the next agent")
        await each_other(second, called)
        assert isinstance(await talks(stage).to_flow("a1002", "checked", come_back=True), Done)
        await stage.hears(called, "number")
        assert stage.states()["a1002"] == "hold"
        await called.send_digits("12")
        await stage.until(lambda: stage.states()["a1002"] == "talking", "the agent has the citizen again")
        await each_other(second, called)
        await called.hangup()
        kept = await until_record(stage, call, "done", "talked")
        assert kept.data["agent"] == "a1002"


async def test_the_citizen_says_later_and_then_not_any_more(stage: Scene, trunk: Trunk) -> None:
    async with (
        citizen_phone(stage.rendered, CALLER, kind=LightPhone) as citizen,
        trunk.phone(NUMBER) as called,
    ):
        call = await promised(stage, citizen, "8", "parts.line_second")
        await stage.agent("a1001")
        await called.events.next("established", timeout=20)
        await stage.hears(called, "here")
        await called.send_digits("2")
        await stage.hears(called, "later")
        again = await until_record(stage, call, "waiting", "later")
        assert again.attempts == 0
        await called.events.next("closed", timeout=10)
        await called.events.next("established", timeout=20)
        await stage.hears(called, "here")
        await called.send_digits("3")
        await stage.hears(called, "cancelled")
        cancelled = await until_record(stage, call, "cancelled", "cancelled")
        assert cancelled.data["by"] == "caller"
        await stage.until(lambda: stage.states()["a1001"] == "available", "the agent is free")
    async with stage.hotline.store.reading() as uow:
        kinds = [event.kind for event in await uow.journal.of(cancelled.id)]
    assert kinds[0] == "promised"
    assert kinds.count("citizen_answered") == 2
    assert kinds[-1] == "cancelled"


async def test_who_hangs_up_has_the_place_back_and_is_owed_a_call_until_answered(stage: Scene) -> None:
    async with (
        citizen_phone(stage.rendered, CALLER, kind=LightPhone) as one,
        citizen_phone(stage.rendered, "13933334444", kind=LightPhone) as two,
    ):
        await dialled(stage, one, "9", "parts.line_again")
        await dialled(stage, two, "9", "parts.line_again")
        assert places(stage) == [CALLER, two.user]
        await stage.hears_for(one, 1.0)
        await one.hangup()
        await stage.until(lambda: places(stage) == [two.user], "one has gone")
        await stage.until(lambda: len(stage.stages()) == 1, "one's call is over")
        assert await owed(stage, CALLER) == [("abandoned", "open", "")]
        call = await dialled(stage, one, "9", "parts.line_again")
        assert places(stage) == [CALLER, two.user], "the old place was not given back"
        notes = [data for kind, data in await stage.journal(call) if kind == "place_returned"]
        assert [note["queue"] for note in notes] == ["again"]
        agent = await stage.agent("a1001")
        await agent.events.next("established", timeout=15)
        await both_hear(stage, agent, one)
        assert await owed(stage, CALLER) == [("abandoned", "closed", "repeat_call")]
        assert places(stage) == [two.user]
        await one.hangup()
        await agent.events.next("closed", timeout=10)
        await two.hangup()
