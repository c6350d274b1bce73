"""The controller is killed (-9) while two talk, two wait and an agent wraps up, and started again: nobody notices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ivr.asterisk.render import RenderedAsterisk
from ivr.demo.lightphone import LightPhone
from ivr.desk.people import Author
from ivr.ids import CallId
from ivr.main import Hotline, RunningHotline
from ivr.reconcile.door import ask
from ivr.talk.results import Done
from ivr.talk.service import TalkService
from routing.agents import Agent
from routing.ids import AgentId
from storage.store import Store
from tests.support import parts_house
from tests.support.audio import tone, tone_present
from tests.support.mortal import external, mortal
from tests.support.softphone import agent_phone, citizen_phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

WAIT_S = 40.0
WRAP_UP_S = 300
AGENTS = ("a1001", "a1002")


async def test_a_talk_a_line_and_a_wrap_up_outlive_the_controller(tmp_path: Path) -> None:
    port = parts_house.free_port()
    flows = parts_house.copy_flows(tmp_path / "flows")
    _change(flows / "queues.yaml", "Service desk}, ring_s: 8, wrap_up_s: ", str(WRAP_UP_S))
    _change(flows / "parts.yaml", "    queue: general\n", "    announce: {first: waiting, place: waiting}\n")
    settings = parts_house.settings(tmp_path / "state", flows, port)
    async with mortal(tmp_path, port) as (controller, rendered), AsyncExitStack() as stack:
        store = await stack.enter_async_context(await Store.open(settings.effective_database_url))
        agents = {name: await _agent(stack, rendered, name) for name in AGENTS}
        pair = await _citizen(stack, rendered, store, "13800020001")
        other = await _citizen(stack, rendered, store, "13800020002")
        talks = {
            one.agent: one.call_id for one in await _soon(lambda: _entries(store, "joined", 2), "two talk")
        }
        calls = {call: agent for agent, call in talks.items()}
        who = agents[calls[pair[1]]]
        await _each_other(pair[0], who)
        await other[0].hangup()
        first = await _citizen(stack, rendered, store, "13800020003")
        second = await _citizen(stack, rendered, store, "13800020004")
        await _soon(lambda: _told(store, first[1], second[1]), "both are told their place")
        wrapping = await _agent_row(store, calls[other[1]])
        assert wrapping.state == "wrap_up"

        controller.kill()
        await controller.wait()
        # Nobody is there, and the two go on talking.
        await _each_other(pair[0], who)
        again = RunningHotline(external(settings, rendered))
        hotline = await again.start()
        try:
            board = hotline.dispatcher.board
            back = board.agents[AgentId(calls[other[1]])]
            assert (back.state, back.since, back.until) == ("wrap_up", wrapping.since, wrapping.until)
            assert board.agents[AgentId(calls[pair[1]])].state == "talking"
            waits = [one for one in board.entries() if one.state != "joined"]
            assert [(one.call_id, one.announced) for one in waits] == [(first[1], 1), (second[1], 2)]
            await _each_other(pair[0], who)
            service = TalkService(hotline.front_door._services.in_talk)
            assert await service.hold(calls[pair[1]]) == Done("held")
            assert await service.resume(calls[pair[1]]) == Done("talking")
            await _each_other(pair[0], who)
            # Who is through with wrapping up has the first, who ends the talk the second.
            hotline.desk.wrap_up_done(Author.of_agent(calls[other[1]]))
            await _until(
                hotline, lambda: _has(hotline, first[1]) == calls[other[1]], "the first is served first"
            )
            await _each_other(first[0], agents[calls[other[1]]])
            await who.hangup()
            await _until(hotline, lambda: _state(hotline, calls[pair[1]]) == "wrap_up", "the talk is over")
            hotline.desk.wrap_up_done(Author.of_agent(calls[pair[1]]))
            await _until(hotline, lambda: _node(hotline, pair[1]) != "parts.desk", "the dialogue goes on")
            await _until(hotline, lambda: _has(hotline, second[1]) == calls[pair[1]], "the second is served")
            await _each_other(second[0], who)
            told = await ask(settings.state_dir)
            assert told is not None
            assert (told["findings"], told["repairs"]) == ([], {})
            for phone, _ in (first, second):
                await phone.hangup()
            await _until(hotline, lambda: not len(hotline.front_door.registry), "all calls are over")
            assert board.entries() == []
            await hotline.writer.drain()
            record = await _call(store, pair[1])
            assert record.data["held_s"] > 0 and record.data["agent"] == calls[pair[1]]
        finally:
            await again.stop()


def _change(path: Path, after: str, more: str) -> None:
    """In a copy of the dialogue: this instead of the digit that stands there, or between the lines."""
    text = path.read_text("utf-8")
    assert after in text
    before, _, rest = text.partition(after)
    path.write_text(before + after + more + (rest if after.endswith("\n") else rest[1:]), "utf-8")


async def _agent(stack: AsyncExitStack, rendered: RenderedAsterisk, name: str) -> LightPhone:
    phone = await stack.enter_async_context(
        agent_phone(rendered, name, auto_answer_after_s=0.2, kind=LightPhone)
    )
    assert isinstance(phone, LightPhone)
    await phone.register()
    await phone.dial(f"sip:*45@{rendered.sip_host}:{rendered.ports.sip}")
    await phone.events.next("closed", timeout=15)
    return phone


async def _citizen(
    stack: AsyncExitStack, rendered: RenderedAsterisk, store: Store, number: str
) -> tuple[LightPhone, str]:
    """In the queue, with the id of the call."""
    phone = await stack.enter_async_context(citizen_phone(rendered, number, kind=LightPhone))
    assert isinstance(phone, LightPhone)
    await phone.dial(rendered.hotline_uri)
    await phone.events.next("established", timeout=10)

    async def menu() -> str:
        async with store.reading() as uow:
            for call in await uow.calls.live():
                if call.caller == number:
                    return "" if not await _at(store, call.id, "parts.choose") else call.id
        return ""

    call = await _soon(menu, f"{number} is at the menu")
    await phone.send_digits("5")
    await _soon(lambda: _at(store, call, "parts.desk"), f"{number} is in the queue")
    return phone, call


async def _at(store: Store, call: str, node: str) -> bool:
    async with store.reading() as uow:
        return any(
            event.kind == "node" and event.data.get("node") == node for event in await uow.journal.of(call)
        )


async def _entries(store: Store, state: str, count: int) -> list[Any]:
    async with store.reading() as uow:
        found = [one for one in await uow.entries.live() if one.state == state]
    return found if len(found) == count else []


async def _told(store: Store, *calls: str) -> bool:
    async with store.reading() as uow:
        found = {one.call_id: one.announced for one in await uow.entries.live()}
    return [found.get(call) for call in calls] == [1, 2]


async def _agent_row(store: Store, agent: str) -> Agent:
    async with store.reading() as uow:
        row = await uow.agents.get(agent)
    assert row is not None
    return row.agent()


async def _call(store: Store, call: str) -> Any:
    async with store.reading() as uow:
        return await uow.calls.get(call)


def _has(hotline: Hotline, call: str) -> str:
    """The agent whom the caller talks to."""
    session = hotline.front_door.registry.get(CallId(call))
    return session.agent if session is not None and session.stage == "talking" else ""


def _state(hotline: Hotline, agent: str) -> str:
    return hotline.dispatcher.board.agents[AgentId(agent)].state


def _node(hotline: Hotline, call: str) -> str:
    session = hotline.front_door.registry.get(CallId(call))
    return "" if session is None else session.node


async def _each_other(*phones: LightPhone) -> None:
    for speaker, hz in zip(phones, (600, 1400), strict=True):
        (listener,) = [phone for phone in phones if phone is not speaker]
        begun = len(listener.received_audio())
        await speaker.play(tone(hz, 0.5))

        async def heard(listener: LightPhone = listener, begun: int = begun, hz: float = hz) -> bool:
            return tone_present(listener.received_audio()[begun:], hz) is not None

        await _soon(heard, f"{listener.user} hears {speaker.user}")


async def _until(hotline: Hotline, reached: Callable[[], bool], what: str) -> None:
    seen = -1
    try:
        async with asyncio.timeout(WAIT_S):
            while not reached():
                seen = await hotline.status.changed(seen)
    except TimeoutError:
        raise AssertionError(f"not within {WAIT_S} s: {what}") from None


async def _soon(true: Callable[[], Any], what: str) -> Any:
    """What no signal tells, since another process does it."""
    for _ in range(round(WAIT_S / 0.1)):
        if found := await true():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {WAIT_S} s: {what}")
