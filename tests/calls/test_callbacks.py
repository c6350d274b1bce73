"""Calling back on a real Asterisk: the place kept, the promise in the database, the agent rung first, both talking."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from ivr.desk.people import Author
from storage.promises import CallbackRecord
from tests.calls.test_transfers import both_hear, node, since
from tests.support.audio import tone_present
from tests.support.citizens import Caller, Scene
from tests.support.parts_house import Trunk

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

NUMBER = "13800009999"
RINGBACK_HZ = 450
REST = 5000
"""Samples of a prompt that may still come when it was recognised."""


async def waiting(stage: Scene) -> Caller:
    known = {session.call for session in stage.hotline.front_door.registry}
    citizen = await stage.citizen()
    (session,) = [one for one in stage.hotline.front_door.registry if one.call not in known]
    await stage.until(lambda: session.node == "parts.choose", "the menu")
    await citizen.send_digits("5")
    await stage.until(lambda: session.node == "parts.desk", "the caller waits")
    return citizen


async def promised(stage: Scene) -> str:
    """A citizen who typed the number, heard the promise, and is off the line. Returns the call's id."""
    citizen = await waiting(stage)
    call = stage.live_call()
    await citizen.send_digits("1")
    await stage.hears(citizen, "number")
    await citizen.send_digits(NUMBER + "#")
    await stage.hears(citizen, "promised")
    await citizen.events.next("closed", timeout=15)
    await stage.until(lambda: not stage.stages(), "the call is over")
    return call


async def record(stage: Scene, call: str) -> CallbackRecord:
    await stage.hotline.writer.drain()
    async with stage.hotline.store.reading() as uow:
        (only,) = await uow.callbacks.of_call(call)
    return only


async def test_the_agent_is_rung_first_and_both_talk(stage: Scene, trunk: Trunk) -> None:
    call = await promised(stage)
    kept = await record(stage, call)
    assert (kept.state, kept.number, kept.queue) == ("waiting", NUMBER, "general")
    (shown,) = stage.hotline.status.snapshot().callbacks
    assert (shown.id, shown.place, shown.calling) == (kept.id, 1, False)
    async with trunk.phone(NUMBER, answers_after_s=4.0) as citizen:
        agent = await stage.agent("a1001")
        await agent.events.next("established", timeout=15)
        begun = len(agent.received_audio())
        await citizen.events.next("incoming", timeout=10)
        assert citizen.call is not None
        assert citizen.call.invite is not None
        assert f"sip:{NUMBER}@" in citizen.call.invite.start
        assert stage.states()["a1001"] == "talking"
        await citizen.events.next("established", timeout=10)
        assert tone_present(since(agent, begun), RINGBACK_HZ), "the agent did not hear it ring"
        await both_hear(stage, agent, citizen)
        await citizen.hangup()
        await agent.events.next("closed", timeout=10)
    await stage.until(lambda: stage.states()["a1001"] == "available", "the agent is free")
    done = await record(stage, call)
    assert (done.state, done.attempts, done.data["outcome"], done.data["agent"]) == (
        "done",
        1,
        "talked",
        "a1001",
    )
    assert done.data["talked_s"] > 1
    assert stage.hotline.callbacks.lines() == []


async def due(stage: Scene) -> None:
    """The promise may be kept from now on: its citizen has had the time to lay down the telephone."""
    (promise,) = [entry for entry in stage.hotline.dispatcher.board.entries() if entry.callback]
    assert promise.not_before is not None
    left = promise.not_before - dt.datetime.now(dt.UTC)
    await asyncio.sleep(max(0.0, left.total_seconds()) + 0.05)


async def test_a_place_that_was_kept_is_served_in_its_turn(stage: Scene, trunk: Trunk) -> None:
    call = await promised(stage)
    later = await waiting(stage)
    await due(stage)
    async with trunk.phone(NUMBER) as citizen:
        agent = await stage.agent("a1001")
        await citizen.events.next("established", timeout=20)
        assert stage.stages() == ["queue"], "who came later was served before"
        await citizen.hangup()
        await agent.events.next("closed", timeout=10)
        await stage.until(lambda: stage.stages() == ["talking"], "then the later one", timeout_s=20)
    assert (await record(stage, call)).state == "done"
    await later.hangup()


async def test_a_busy_citizen_is_called_again_later(stage: Scene, trunk: Trunk, tmp_path: Path) -> None:
    call = await promised(stage)
    async with trunk.refusing(486, tmp_path):
        agent = await stage.agent("a1001")
        await agent.events.next("established", timeout=15)
        await agent.events.next("closed", timeout=10)
    await stage.until(lambda: stage.states()["a1001"] == "available", "the agent is free")
    again = await record(stage, call)
    assert (again.state, again.attempts, again.data["outcome"], again.data["cause"]) == (
        "waiting",
        1,
        "busy",
        17,
    )
    assert again.not_before is not None
    assert again.not_before > again.created_at
    (shown,) = stage.hotline.callbacks.lines()
    assert (shown.place, shown.attempts) == (1, 1)
    assert stage.hotline.callbacks.cancel(again.id, by="test")
    assert (await record(stage, call)).state == "cancelled"


async def test_an_agent_who_comes_while_the_number_is_typed_has_the_caller(stage: Scene) -> None:
    agent = await stage.agent("a1001")
    stage.hotline.desk.pause(Author.of_agent("a1001"))
    citizen = await waiting(stage)
    await citizen.send_digits("1")
    await stage.until(lambda: node(stage) == "parts.number", "the number is asked for")
    await citizen.send_digits("138")
    stage.hotline.desk.unpause(Author.of_agent("a1001"))
    await stage.until(lambda: stage.stages() == ["talking"], "they talk")
    await both_hear(stage, citizen, agent)
    await citizen.hangup()
    await agent.events.next("closed", timeout=10)


async def test_music_stops_while_the_number_is_asked_for(stage: Scene) -> None:
    citizen = await waiting(stage)
    await stage.hears_for(citizen, 1.5)
    assert not stage.silent(citizen, since=len(citizen.received_audio()) - 8000), "no music while waiting"
    await citizen.send_digits("1")
    await stage.hears(citizen, "number")
    before = len(citizen.received_audio())
    await asyncio.sleep(2.0)  # music would have been heard after the rest of the prompt
    assert stage.silent(citizen, since=before + REST), "music under the question"
    await citizen.hangup()


async def test_who_hangs_up_is_promised_a_call_by_what_the_dialogue_does_afterwards(
    stage: Scene, trunk: Trunk
) -> None:
    citizen = await stage.citizen()
    call = stage.live_call()
    await stage.until(lambda: node(stage) == "parts.choose", "the menu")
    await citizen.send_digits("6")
    await stage.until(lambda: node(stage) == "parts.missed", "the wait")
    (session,) = stage.hotline.front_door.registry
    caller = session.facts.caller
    await citizen.hangup()
    await stage.until(lambda: not stage.stages(), "the dialogue is over")
    kept = await record(stage, call)
    assert (kept.number, kept.state) == (caller, "waiting")
    ended = await stage.record(call)
    assert (ended.ended_by, ended.data["outcome"]) == ("caller", "completed")
    async with trunk.phone(caller) as called:
        agent = await stage.agent("a1001")
        await called.events.next("established", timeout=20)
        await both_hear(stage, agent, called)
        await agent.hangup()
        await called.events.next("closed", timeout=10)
    await stage.until(lambda: not stage.hotline.callbacks.lines(), "the promise is kept")
    assert (await record(stage, call)).state == "done"
