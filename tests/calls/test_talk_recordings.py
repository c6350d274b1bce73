"""Talks recorded by a real Asterisk: both sides apart and in step, silent where they must be, whole whatever dies."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ivr.demo.lightphone import LightPhone
from ivr.ids import CallId
from ivr.main import Hotline, RunningHotline
from ivr.recordings.files import sha256
from ivr.talk.conversations import Conversation
from ivr.talk.recording_notes import TalkNotes
from ivr.talk.results import Done
from ivr.talk.service import TalkService
from ivr.talk.targets import ToAgent
from storage.promises import RecordingRecord
from tests.calls.test_supervisors import agent_of
from tests.calls.test_transfers import choosing
from tests.support import parts_house
from tests.support.audio import PHONE_RATE, Samples, silence, tone, tone_present
from tests.support.citizens import Caller, Scene
from tests.support.mortal import external, mortal
from tests.support.softphone import agent_phone, citizen_phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

CITIZEN_HZ, AGENT_HZ = 600, 1000
ALIGNED_S = 0.04
WAIT_S = 30.0


async def talking(stage: Scene) -> tuple[Caller, Caller, Conversation]:
    """A citizen and an agent who have just been joined, and the file has begun."""
    agent = await agent_of(stage, "a1001")
    citizen = await choosing(stage, "5")
    call = stage.live_call()
    await stage.until(lambda: _conversations(stage, call), "they talk")
    await _journalled(stage, call, "began")
    return citizen, agent, _conversations(stage, call)[0]


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


async def test_both_sides_are_apart_and_in_step_and_what_is_private_is_in_no_file(stage: Scene) -> None:
    citizen, agent, conversation = await talking(stage)
    recordings = stage.hotline.overseeing.recordings
    heard = len(agent.received_audio()), len(citizen.received_audio())
    await asyncio.gather(citizen.play(_bursts(CITIZEN_HZ)), agent.play(_bursts(AGENT_HZ)))
    await stage.hears_for(citizen, 1.4)
    phones_s = _lag_s(
        agent.received_audio()[heard[0] :][:11000], citizen.received_audio()[heard[1] :][:11000]
    )
    assert await recordings.pause(conversation.call, by="a1001", why="card number")
    await asyncio.gather(citizen.play(tone(700, 0.6)), agent.play(tone(1300, 0.6)))
    await stage.hears_for(citizen, 1.0)
    (part,) = _parts(stage)
    assert not tone_present(np.frombuffer(part.read_bytes(), dtype="<i2")[::2], 700, at_least_s=0.05)
    assert await recordings.resume(conversation.call, by="a1001")
    await asyncio.gather(citizen.play(tone(800, 0.4)), agent.play(tone(1500, 0.4)))
    await stage.hears_for(citizen, 0.7)
    await citizen.hangup()

    record = await _kept(stage, conversation.call)
    sides = left, right = _sides(stage, record)
    (pause,) = [one for one in record.data["silences"] if one["why"] == "private"]
    assert pause["by"] == "a1001"
    for side, (before, during, after, others) in zip(
        sides, ((CITIZEN_HZ, 700, 800, AGENT_HZ), (AGENT_HZ, 1300, 1500, CITIZEN_HZ)), strict=True
    ):
        assert tone_present(side, before)
        assert tone_present(side, after)
        assert not tone_present(side, during, at_least_s=0.05)
        assert not tone_present(side, others, at_least_s=0.05)
        quiet = side[round((pause["from_s"] + 0.1) * PHONE_RATE) : round((pause["to_s"] - 0.1) * PHONE_RATE)]
        assert len(quiet) > 0.7 * PHONE_RATE
        assert not quiet.any(), "a pause is silence, and as long as it was"
    began = slice(0, round(pause["from_s"] * PHONE_RATE))
    lag_s = _lag_s(left[began], right[began])
    # The phones themselves may have begun apart, on a busy machine.
    assert min(abs(lag_s), abs(lag_s - phones_s)) <= ALIGNED_S, (lag_s, phones_s)
    assert record.seconds == pytest.approx(len(left) / PHONE_RATE, abs=0.01)
    assert (record.retention, record.data["ended_by"], record.data["queue"], record.data["entry"]) == (
        "ordinary",
        "hangup",
        "general",
        conversation.entry,
    )
    assert [one["agent"] for one in record.data["agents"]] == ["a1001"]
    (verified,) = [one async for one in stage.hotline.overseeing.stored.verify([record.id])]
    assert verified.verdict == "good"
    assert _parts(stage) == []
    acts = await stage.hotline.overseeing.stored.acts(record.id)
    assert [(act.act, act.author) for act in acts] == [("resume", "a1001"), ("pause", "a1001")]


def _bursts(hz: float) -> Samples:
    return np.concatenate([silence(0.1), tone(hz, 0.25), silence(0.35), tone(hz, 0.1), silence(0.2)])


async def test_one_file_across_hold_and_transfer_and_nothing_of_who_waits(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each telephone's packets begin far below those of the one before: Asterisk takes them for late ones, if it may.
    falling = itertools.count(60_000, -3_000)
    monkeypatch.setattr("ivr.demo.rtp.first_sequence", lambda: next(falling) & 0xFFFF)
    citizen, agent, conversation = await talking(stage)
    talks = TalkService(stage.hotline.front_door._services.in_talk)
    await _converse((citizen, CITIZEN_HZ), (agent, AGENT_HZ))
    assert await talks.hold("a1001") == Done("held")
    await citizen.play(tone(700, 0.8))
    await stage.hears_for(citizen, 1.2)
    assert await talks.resume("a1001") == Done("talking")
    other = await agent_of(stage, "a1002")
    await stage.until(lambda: stage.states()["a1002"] == "available", "the next agent is ready")
    assert isinstance(await talks.transfer("a1001", ToAgent("a1002")), Done)
    await stage.until(lambda: _agents(stage, conversation) == ["a1002"], "the next agent has the call")
    # On hold, and while the next one was rung; then it is over.
    await _until(lambda: _silences(stage, conversation) >= 2 and not _notes(stage, conversation).silent)
    await _converse((citizen, 800), (other, 1500))
    await citizen.hangup()
    record = await _kept(stage, conversation.call)
    left, right = _sides(stage, record)
    for side, heard, unheard in ((left, (CITIZEN_HZ, 800), 700), (right, (AGENT_HZ, 1500), 450)):
        assert [hz for hz in heard if not tone_present(side, hz)] == []
        assert not tone_present(side, unheard, at_least_s=0.05)
    assert [one["agent"] for one in record.data["agents"]] == ["a1001", "a1002"]
    held, *rest = record.data["silences"]
    assert held["why"] == "apart"
    assert held["to_s"] - held["from_s"] > 1.0
    assert not left[
        round((held["from_s"] + 0.1) * PHONE_RATE) : round((held["to_s"] - 0.1) * PHONE_RATE)
    ].any()
    assert rest, "it was silent while the next agent was rung too"


def _notes(stage: Scene, conversation: Conversation) -> TalkNotes:
    notes = stage.hotline.overseeing.recordings.of_call(conversation.call)
    assert notes is not None
    return notes


def _silences(stage: Scene, conversation: Conversation) -> int:
    return len(_notes(stage, conversation).silences)


async def _converse(one: tuple[Caller, float], other: tuple[Caller, float]) -> None:
    """Each says a tone until the other has heard it: on a busy machine the first may be broken by lost packets."""

    def heard() -> bool:
        return _hears(one[0], other[1]) and _hears(other[0], one[1])

    for _ in range(5):
        await asyncio.gather(*(phone.play(tone(hz, 0.8)) for phone, hz in (one, other)))
        with contextlib.suppress(AssertionError):
            await _until(heard, within_s=4.0)
            return
    raise AssertionError("they do not hear each other")


def _agents(stage: Scene, conversation: Conversation) -> list[str]:
    return [one.agent for one in _conversations(stage, conversation.call)]


async def test_a_citizen_who_refused_in_the_dialogue_is_not_recorded(stage: Scene) -> None:
    agent = await agent_of(stage, "a1001")
    citizen = await choosing(stage, "0")
    call = stage.live_call()
    assert (await _journalled(stage, call, "refused"))["why"] == "the caller"
    await citizen.play(tone(CITIZEN_HZ, 0.4))
    await stage.hears_for(agent, 0.7)
    assert tone_present(agent.received_audio(), CITIZEN_HZ)
    assert _parts(stage) == []
    await citizen.hangup()


async def test_the_controller_is_killed_and_the_talk_is_on_file(tmp_path: Path) -> None:
    """Asterisk goes on writing; the next start makes the file and links it."""
    port = parts_house.free_port()
    settings = parts_house.settings(tmp_path / "state", parts_house.copy_flows(tmp_path / "flows"), port)
    async with mortal(tmp_path, port) as (controller, rendered):
        folder = rendered.recordings
        async with (
            agent_phone(rendered, "a1001", auto_answer_after_s=0.1, kind=LightPhone) as agent,
            citizen_phone(rendered, "13800000001", kind=LightPhone) as citizen,
        ):
            await agent.register()
            await agent.dial(f"sip:*45@{rendered.sip_host}:{rendered.ports.sip}")
            await agent.events.next("closed", timeout=15)
            await citizen.dial(rendered.hotline_uri)
            await citizen.events.next("established", timeout=10)
            await _until(lambda: len(citizen.received_audio()) > PHONE_RATE // 2)
            await citizen.send_digits("5")
            await _until(lambda: _sizes(folder) > 0)
            await asyncio.gather(citizen.play(tone(CITIZEN_HZ, 0.6)), agent.play(tone(AGENT_HZ, 0.6)))
            await _until(lambda: _hears(agent, CITIZEN_HZ) and _hears(citizen, AGENT_HZ))
            controller.kill()
            await controller.wait()
            await asyncio.gather(citizen.play(tone(800, 0.6)), agent.play(tone(1500, 0.6)))
            await _until(lambda: _hears(agent, 800) and _hears(citizen, 1500))
            await citizen.hangup()
        again = RunningHotline(external(settings, rendered))
        hotline = await again.start()
        try:
            seen = -1
            async with asyncio.timeout(WAIT_S):
                while not (rows := await _rows(hotline)):
                    seen = await hotline.status.changed(seen)
        finally:
            await again.stop()
        (record,) = rows
        samples, _ = soundfile.read(folder / record.path, dtype="int16")
    for side, said in ((0, (CITIZEN_HZ, 800)), (1, (AGENT_HZ, 1500))):
        assert all(tone_present(samples[:, side], hz) for hz in said)
    assert (record.data["ended_by"], record.data["queue"]) == ("recovered", "general")
    assert record.data["agents"] == [{"agent": "a1001", "from_s": 0.0, "to_s": record.seconds}]
    assert record.sha256 == sha256(folder / record.path)


async def _rows(hotline: Hotline) -> list[RecordingRecord]:
    await hotline.writer.drain()
    async with hotline.store.reading() as uow:
        return await uow.recordings.listed(purpose="talk")


def _sizes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.raw"))


def _hears(phone: Caller, hz: float) -> bool:
    return tone_present(phone.received_audio(), hz, at_least_s=0.5) is not None


async def _until(reached: Callable[[], bool], within_s: float = WAIT_S) -> None:
    """What no signal tells."""
    for _ in range(round(within_s / 0.05)):
        if await asyncio.to_thread(reached):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {within_s} s")
