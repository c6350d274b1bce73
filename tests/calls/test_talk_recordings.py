"""Talks recorded by a real Asterisk: both sides apart and in step, silent where they must be, whole whatever dies."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ivr.ari.results import Sent
from ivr.ids import CallId
from ivr.recordings.recovery import Recovery
from ivr.talk.conversations import Conversation
from ivr.talk.one_recording import OneRecording
from ivr.talk.results import Done
from ivr.talk.service import TalkService
from ivr.talk.targets import ToAgent
from storage.promises import RecordingRecord
from tests.support.audio import PHONE_RATE, Samples, silence, tone, tone_present
from tests.support.citizens import Caller, Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

CITIZEN_HZ, AGENT_HZ = 600, 1000
ALIGNED_S = 0.04


async def talking(stage: Scene) -> tuple[Caller, Caller, Conversation]:
    """A citizen and an agent who have just been joined, and the file has begun."""
    agent = await stage.agent("a1001", answers_after_s=0.1)
    citizen = await stage.citizen()
    call = stage.live_call()
    await stage.until(lambda: _node(stage) == "parts.choose", "the menu")
    await citizen.send_digits("5")
    await stage.until(lambda: _conversations(stage, call), "they talk")
    await _journalled(stage, call, "began")
    return citizen, agent, _conversations(stage, call)[0]


def _node(stage: Scene) -> str:
    return next((session.node for session in stage.hotline.front_door.registry), "")


def _conversations(stage: Scene, call: str) -> list[Conversation]:
    return stage.hotline.overseeing.talks.of_call(CallId(call))


async def _journalled(stage: Scene, call: str, state: str) -> dict[str, Any]:
    """The note of a recording in the call's journal."""
    for _ in range(400):
        for kind, data in await stage.journal(call):
            if kind == "recording" and data["state"] == state:
                return data
        await asyncio.sleep(0.05)
    raise AssertionError(f"no recording {state}: {await stage.journal(call)}")


async def _kept(stage: Scene, call: str) -> RecordingRecord:
    await _journalled(stage, call, "kept")
    await stage.hotline.writer.drain()
    async with stage.hotline.store.reading() as uow:
        (record,) = [one for one in await uow.recordings.of_call(call) if one.purpose == "talk"]
    return record


def _sides(stage: Scene, record: RecordingRecord) -> tuple[Samples, Samples]:
    assert stage.hotline.rendered is not None
    path = stage.hotline.rendered.recordings / record.path
    assert path.stat().st_mode & 0o077 == 0
    samples, rate = soundfile.read(path, dtype="int16")
    assert (rate, samples.shape[1]) == (PHONE_RATE, 2)
    return samples[:, 0], samples[:, 1]


def _parts(stage: Scene) -> list[Path]:
    assert stage.hotline.rendered is not None
    return list(stage.hotline.rendered.recordings.glob("*.raw"))


def _lag_s(left: Samples, right: Samples) -> float:
    """By how much the right side is behind, by cross-correlation of the loudness; they hold the same bursts."""
    step = 40
    both = [
        np.abs(side[: len(side) // step * step].astype(float)).reshape(-1, step).mean(1)
        for side in (left, right)
    ]
    one, other = (side - side.mean() for side in both)
    return (int(np.argmax(np.correlate(other, one, "full"))) - (len(one) - 1)) * step / PHONE_RATE


async def test_the_citizen_is_left_the_agent_right_and_both_are_in_step(stage: Scene) -> None:
    citizen, agent, conversation = await talking(stage)
    both = [silence(0.1), *[tone(CITIZEN_HZ, 0.25), silence(0.35), tone(CITIZEN_HZ, 0.1), silence(0.2)] * 2]
    theirs = [silence(0.1), *[tone(AGENT_HZ, 0.25), silence(0.35), tone(AGENT_HZ, 0.1), silence(0.2)] * 2]
    heard = len(agent.received_audio()), len(citizen.received_audio())
    await asyncio.gather(citizen.play(np.concatenate(both)), agent.play(np.concatenate(theirs)))
    await stage.hears_for(citizen, 2.5)
    apart_s = _lag_s(agent.received_audio()[heard[0] :][:20000], citizen.received_audio()[heard[1] :][:20000])
    await citizen.hangup()
    record = await _kept(stage, conversation.call)
    left, right = _sides(stage, record)
    assert tone_present(left, CITIZEN_HZ)
    assert not tone_present(left, AGENT_HZ, at_least_s=0.1)
    assert tone_present(right, AGENT_HZ)
    assert not tone_present(right, CITIZEN_HZ, at_least_s=0.1)
    assert abs(_lag_s(left, right)) <= ALIGNED_S, f"the two phones themselves were {apart_s} s apart"
    assert record.seconds == pytest.approx(len(left) / PHONE_RATE, abs=0.01)
    assert (record.retention, record.data["ended_by"], record.data["queue"]) == (
        "ordinary",
        "hangup",
        "general",
    )
    assert [one["agent"] for one in record.data["agents"]] == ["a1001"]
    assert record.data["entry"] == conversation.entry
    (verified,) = [one async for one in stage.hotline.overseeing.stored.verify([record.id])]
    assert verified.verdict == "good"
    assert _parts(stage) == []


async def test_what_is_private_is_in_no_file_and_the_pause_is_marked(stage: Scene) -> None:
    citizen, agent, conversation = await talking(stage)
    recordings = stage.hotline.overseeing.recordings
    await asyncio.gather(citizen.play(tone(CITIZEN_HZ, 0.6)), agent.play(tone(AGENT_HZ, 0.6)))
    await stage.hears_for(citizen, 1.0)
    assert await recordings.pause(conversation.call, by="a1001", why="card number")
    await asyncio.gather(citizen.play(tone(700, 0.8)), agent.play(tone(1300, 0.8)))
    await stage.hears_for(citizen, 1.2)
    (part,) = _parts(stage)
    assert not tone_present(np.frombuffer(part.read_bytes(), dtype="<i2")[::2], 700, at_least_s=0.05)
    assert await recordings.resume(conversation.call, by="a1001")
    await asyncio.gather(citizen.play(tone(800, 0.6)), agent.play(tone(1500, 0.6)))
    await stage.hears_for(citizen, 1.0)
    await citizen.hangup()
    record = await _kept(stage, conversation.call)
    for side, (before, during, after) in zip(
        _sides(stage, record), ((CITIZEN_HZ, 700, 800), (AGENT_HZ, 1300, 1500)), strict=True
    ):
        assert tone_present(side, before)
        assert not tone_present(side, during, at_least_s=0.05)
        assert tone_present(side, after)
        (pause,) = [one for one in record.data["silences"] if one["why"] == "private"]
        assert pause["by"] == "a1001"
        quiet = side[round((pause["from_s"] + 0.1) * PHONE_RATE) : round((pause["to_s"] - 0.1) * PHONE_RATE)]
        assert len(quiet) > PHONE_RATE
        assert not quiet.any(), "a pause is silence, and as long as it was"
    acts = await stage.hotline.overseeing.stored.acts(record.id)
    assert [(act.act, act.author) for act in acts] == [("resume", "a1001"), ("pause", "a1001")]


async def test_one_file_across_hold_and_transfer_and_nothing_of_who_waits(stage: Scene) -> None:
    citizen, agent, conversation = await talking(stage)
    talks = TalkService(stage.hotline.front_door._services.in_talk)
    await asyncio.gather(citizen.play(tone(CITIZEN_HZ, 0.6)), agent.play(tone(AGENT_HZ, 0.6)))
    await stage.hears_for(citizen, 1.0)
    assert await talks.hold("a1001") == Done("held")
    await citizen.play(tone(700, 0.8))
    await stage.hears_for(citizen, 1.2)
    assert await talks.resume("a1001") == Done("talking")
    other = await stage.agent("a1002", answers_after_s=0.1)
    assert isinstance(await talks.transfer("a1001", ToAgent("a1002")), Done)
    await stage.until(lambda: _agents(stage, conversation) == ["a1002"], "the next agent has the call")
    await asyncio.gather(citizen.play(tone(800, 0.6)), other.play(tone(1500, 0.6)))
    await stage.hears_for(citizen, 1.0)
    await citizen.hangup()
    record = await _kept(stage, conversation.call)
    left, right = _sides(stage, record)
    for side, heard, unheard in ((left, (CITIZEN_HZ, 800), 700), (right, (AGENT_HZ, 1500), 450)):
        assert all(tone_present(side, hz) for hz in heard)
        assert not tone_present(side, unheard, at_least_s=0.05)
    assert [one["agent"] for one in record.data["agents"]] == ["a1001", "a1002"]
    held, *rest = record.data["silences"]
    assert held["why"] == "apart"
    assert held["to_s"] - held["from_s"] > 1.0
    assert not left[
        round((held["from_s"] + 0.1) * PHONE_RATE) : round((held["to_s"] - 0.1) * PHONE_RATE)
    ].any()
    assert rest, "it was silent while the next agent was rung too"


def _agents(stage: Scene, conversation: Conversation) -> list[str]:
    return [one.agent for one in _conversations(stage, conversation.call)]


async def test_a_citizen_who_refused_is_not_recorded_and_the_call_goes_on(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = stage.hotline.overseeing.recordings
    monkeypatch.setattr(recordings, "_variables", lambda call: {"recording": "refused"})
    agent = await stage.agent("a1001", answers_after_s=0.1)
    citizen = await stage.citizen()
    call = stage.live_call()
    await stage.until(lambda: _node(stage) == "parts.choose", "the menu")
    await citizen.send_digits("5")
    await _journalled(stage, call, "refused")
    await citizen.play(tone(CITIZEN_HZ, 0.5))
    await stage.hears_for(agent, 1.0)
    assert tone_present(agent.received_audio(), CITIZEN_HZ)
    assert _parts(stage) == []
    await citizen.hangup()


async def test_after_the_controller_died_the_part_becomes_a_file_that_is_linked(stage: Scene) -> None:
    """Asterisk goes on writing when nobody of ours is there any more: what the next start finds is finished then."""
    citizen, agent, conversation = await talking(stage)
    recordings = stage.hotline.overseeing.recordings
    (recording,) = recordings.being_made()
    # As after a kill -9: the task is gone, with none of its cleaning up.
    tasks = [task for task in asyncio.all_tasks() if recording in task.get_name()]

    async def nothing(*_: object) -> None: ...

    with pytest.MonkeyPatch.context() as dead:
        dead.setattr(OneRecording, "_finish", nothing)
        dead.setattr("ivr.talk.recording_path._close", nothing)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    await asyncio.gather(citizen.play(tone(CITIZEN_HZ, 0.8)), agent.play(tone(AGENT_HZ, 0.8)))
    await stage.hears_for(citizen, 1.2)
    recovery = _recovery(stage)
    assert not await recovery.look(), "it is still being written"
    await citizen.hangup()
    for _ in range(100):
        if await recovery.look():
            break
        await asyncio.sleep(0.05)
    await _clear(stage)
    await stage.hotline.writer.drain()
    async with stage.hotline.store.reading() as uow:
        (record,) = await uow.recordings.of_call(conversation.call)
    left, right = _sides(stage, record)
    assert tone_present(left, CITIZEN_HZ)
    assert tone_present(right, AGENT_HZ)
    assert (record.state, record.data["ended_by"]) == ("kept", "recovered")
    assert record.sha256
    assert record.data["agents"][0]["to_s"] == record.seconds


async def _clear(stage: Scene) -> None:
    """The bridge that the dead controller left; the reconciler would end it some seconds later."""
    bridges = await stage.hotline.ari.bridges.list()
    assert isinstance(bridges, Sent)
    for bridge in bridges.value:
        if ".rec" in bridge.id:
            await stage.hotline.ari.bridges.destroy(bridge_id=bridge.id)


def _recovery(stage: Scene) -> Recovery:
    recovery = stage.hotline.overseeing._recovery
    assert recovery is not None
    return recovery
