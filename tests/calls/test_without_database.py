"""Postgres is killed, the controller is killed and started again: calls go on and come in without the database, and it
has all of them when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from ivr.audit.evidence import evidence_of
from ivr.audit.figures import discrepancies
from ivr.demo.lightphone import LightPhone
from ivr.main import Hotline, RunningHotline
from routing.board import Board
from routing.ids import AgentId
from storage.late_store import LateStore
from tests.support import faults_postgres, parts_house
from tests.support.audio import contains, load_recording, tone, tone_present
from tests.support.mortal import external, mortal
from tests.support.postgres import PrivatePostgres
from tests.support.softphone import agent_phone, citizen_phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

WAIT_S = 40.0
TALK_HZ, NEXT_HZ, NEW_HZ = 700, 900, 1100


async def test_calls_go_on_and_come_in_while_the_database_is_away(
    tmp_path: Path, postgres: PrivatePostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_DATABASE_URL", postgres.url(await postgres.create()))
    port = parts_house.free_port()
    settings = parts_house.settings(tmp_path / "state", parts_house.copy_flows(tmp_path / "flows"), port)
    async with mortal(tmp_path, port) as (controller, rendered), AsyncExitStack() as stack:

        async def call(number: int) -> LightPhone:
            phone = citizen_phone(rendered, f"1380001000{number}", kind=LightPhone)
            assert isinstance(phone, LightPhone)
            await stack.enter_async_context(phone)
            await phone.dial(rendered.hotline_uri)
            await phone.events.next("established", timeout=10)
            await _until(lambda: _heard(phone, settings.flows_dir, "choose"), f"menu of caller {number}")
            return phone

        agent = await stack.enter_async_context(
            agent_phone(rendered, "a1001", auto_answer_after_s=0.2, kind=LightPhone)
        )
        assert isinstance(agent, LightPhone)
        await agent.register()
        await agent.dial(f"sip:*45@{rendered.sip_host}:{rendered.ports.sip}")
        await agent.events.next("closed", timeout=15)
        talking = await call(1)
        await talking.send_digits("5")
        await talking.play(tone(TALK_HZ, 1.0))
        await _until(lambda: _sounds(agent, TALK_HZ), "the agent hears the first caller")
        waiting = await call(2)
        await waiting.send_digits("5")
        speaking = await call(3)
        # What the next start needs is there from a moment after the first one on.
        snapshots = settings.state_dir / "last-known"
        await _until(lambda: any(snapshots.glob("*.snapshot")), "what is known without the database")

        faults_postgres.kill(postgres)
        try:
            # On record in the spool only.
            await speaking.send_digits("1")
            await _until(
                lambda: _heard(speaking, settings.flows_dir, "speak"), "an answer without a database"
            )
            controller.kill()
            await controller.wait()
            again = RunningHotline(external(settings, rendered))
            hotline = await again.start()
        except BaseException:
            faults_postgres.revive(postgres)
            raise
        try:
            try:
                await _served_without(hotline, agent, [talking, waiting, speaking], call)
            finally:
                await asyncio.to_thread(faults_postgres.revive, postgres)
            await _on_record(hotline)
        finally:
            await again.stop()


async def _served_without(
    hotline: Hotline,
    agent: LightPhone,
    phones: list[LightPhone],
    call: Callable[[int], Awaitable[LightPhone]],
) -> None:
    talking, waiting, speaking = phones
    board = hotline.dispatcher.board
    assert len(hotline.front_door.registry) == 3, "all three go on"
    assert {part.name: part.level for part in hotline.watching.health().parts}["database"] == "degraded"
    assert hotline.watching.health().ready
    # The pair talks on, and who came in first after that is served next, then somebody new.
    new = await call(4)
    await new.send_digits("5")
    await _until(lambda: len(board.entries()) == 3, "three places")
    await talking.hangup()
    for left, phone, hz in ((2, waiting, NEXT_HZ), (1, new, NEW_HZ)):
        await _until(partial(_in_talk, board, left), "the next one is served")
        await phone.play(tone(hz, 1.0))
        await _until(partial(_sounds, agent, hz), f"the agent hears {hz} Hz")
        await phone.hangup()
    await speaking.hangup()
    await _until(lambda: not len(hotline.front_door.registry), "all calls are over")


async def _on_record(hotline: Hotline) -> None:
    assert isinstance(hotline.store, LateStore)
    async with asyncio.timeout(WAIT_S):
        await hotline.store.there.wait()
    seen = hotline.dispatcher.board.agents[AgentId("a1001")].revision
    await hotline.writer.drain(WAIT_S)
    async with hotline.store.reading() as uow:
        calls = {record.caller[-1]: record for record in await uow.calls.recent()}
        citizens = [calls[number] for number in "1234"]
        for record in citizens:
            assert record.state == "ended"
            journal = await uow.journal.of(record.id)
            assert [event.seq for event in journal] == list(range(1, len(journal) + 1))
            assert discrepancies(await evidence_of(uow, record)) == []
            adopted = [event.kind for event in journal].count("adopted")
            assert adopted == (0 if record is calls["4"] else 1)
            kept = await uow.live_calls.get(record.id)
            assert kept is not None and (kept.state, kept.data) == ("over", {})
        assert [record.data["agent"] for record in citizens] == ["a1001", "a1001", "", "a1001"]
        agent = await uow.agents.get("a1001")
        assert agent is not None and agent.revision >= seen
    assert not hotline.front_door.repairs


def _in_talk(board: Board, left: int) -> bool:
    """So many have a place, and the first of them is with an agent."""
    return len(board.entries()) == left and any(one.state == "joined" for one in board.entries())


async def _until(true: Callable[[], bool], what: str) -> None:
    """What no signal tells: another process does it, or it is heard."""
    for _ in range(round(WAIT_S / 0.1)):
        if await asyncio.to_thread(true):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {WAIT_S} s: {what}")


def _heard(phone: LightPhone, flows: Path, prompt: str) -> bool:
    return bool(
        contains(phone.received_audio(), load_recording(flows / "recordings" / "zh" / f"{prompt}.wav"))
    )


def _sounds(phone: LightPhone, hz: float) -> bool:
    return tone_present(phone.received_audio(), hz, at_least_s=0.5) is not None
