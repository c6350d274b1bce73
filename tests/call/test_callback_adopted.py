"""Who is called back goes on talking when the controller dies, and who waits on the line goes on waiting."""

from __future__ import annotations

import asyncio

import pytest

from ivr.callback.promises import Kept
from ivr.callback.up import Up
from ivr.talk.results import Done
from ivr.talk.service import TalkService
from routing.ids import EntryId
from tests.call.scenes import SEEDS, play, sent
from tests.call.test_callback import CITIZEN, party
from tests.call.test_called_back import answered, asked, kept
from tests.support.call_house import House


async def another_controller(here: House) -> Up:
    """What one that dies leaves: telephones, places and agents as they are, and what it wrote; then the next start."""
    events = here.promises.events["cb-1"]
    up = next(Up.of(one.data) for one in reversed(events) if one.kind in ("joined", "waits"))
    assert up is not None
    record = here.promises.records.get("cb-1", here.promises.earlier[0].record)
    for command in ("channels.hangup", "bridges.destroy", "channels.stop_moh"):
        here.ari.world.fault(command, status=500, times=20)
    attempts = [task for task in asyncio.all_tasks() if task.get_name() == "callback cb-1"]
    for task in attempts:
        task.cancel()
    await asyncio.wait(attempts)
    here.ari.world.faults.clear()
    # What it wanted to end dies with it: who was killed did not even ask.
    here.ari.not_ended.clear()
    here.callbacks._promises.clear()
    entry = here.dispatcher.board.entry(EntryId(record.entry_id))
    assert entry is not None
    here.callbacks._restore(Kept(record, entry.revision, entry, len(events), up))
    return up


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("who", ["agent", "citizen", "citizen before"])
def test_a_pair_talks_on_and_the_promise_is_kept(who: str, seed: int) -> None:
    async def scene(here: House) -> None:
        citizen = await answered(here)
        here.ari.world.press(citizen.id, "1")
        await here.until(2)
        agent = party(here, "PJSIP/a1")
        if who == "citizen before":
            here.ari.world.lost |= {"ChannelDestroyed": 1, "StasisEnd": 1, "ChannelHangupRequest": 1}
            here.ari.world.hang_up(citizen.id)
        await another_controller(here)
        if who != "citizen before":
            await here.until(20)
            assert citizen.bridge == agent.bridge != ""
            assert here.states()["a1"] == "talking"
            here.ari.world.hang_up(citizen.id if who == "citizen" else agent.id)
        await here.until(1)
        assert (kept(here).state, kept(here).data["outcome"]) == ("done", "talked")
        assert here.states()["a1"] == "wrap_up"
        assert party(here, "PJSIP/a1") is None and party(here, CITIZEN) is None

    play(scene, seed, entry="promise", earlier=asked("agent_first"))


@pytest.mark.parametrize("seed", SEEDS)
def test_who_waits_on_the_line_has_the_next_agent_and_is_told_nothing_twice(seed: int) -> None:
    async def scene(here: House) -> None:
        citizen = await answered(here)
        here.pause("a1")
        here.ari.world.press(citizen.id, "1")
        await here.until(4)
        heard = here.heard(citizen.id)
        assert heard[-1].startswith("hold")
        await another_controller(here)
        await here.until(10)
        assert here.heard(citizen.id) == heard
        here.unpause("a1")
        await here.until(4)
        assert here.states()["a1"] == "talking"
        assert citizen.bridge == party(here, "PJSIP/a1").bridge != ""
        here.ari.world.hang_up(citizen.id)
        await here.until(1)
        assert kept(here).state == "done"
        assert len(sent(here, "channels.create")) == 2, "somebody was rung twice"

    play(scene, seed, entry="promise", earlier=asked("citizen_first"))


def test_who_has_a_call_by_now_is_not_called_again() -> None:
    """Killed after the hand-over, before the promise was said to be kept: the agent is still in that call."""

    async def scene(here: House) -> None:
        citizen = await answered(here)
        here.ari.world.press(citizen.id, "1")
        await here.until(4)
        talks = TalkService(here.front_door._services.in_talk)
        assert isinstance(await talks.to_flow("a1", "identity", come_back=True), Done)
        await here.until(0.5)
        (session,) = here.front_door.registry
        record = here.promises.earlier[0].record
        here.promises.records.clear()
        here.promises.events["cb-1"] = here.promises.events["cb-1"][:-1]
        entry = here.dispatcher.board.entry(EntryId(record.entry_id))
        assert entry is not None
        seq = len(here.promises.events["cb-1"])
        here.callbacks._restore(Kept(record, entry.revision, entry, seq, None, session.call))
        assert (kept(here).state, kept(here).data["call"]) == ("done", session.call)
        assert here.callbacks.lines() == []
        here.ari.world.press(citizen.id, "1234")
        await here.until(3)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(citizen.id)
        await here.until(1)

    play(scene, entry="promise", earlier=asked("agent_first"))
