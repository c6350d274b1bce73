"""A citizen leaves a message on a real Asterisk: what the file holds is what was said, and it is heard again."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import pytest

from ivr.asterisk.running import read_mark
from storage.promises import RecordingRecord
from tests.support.audio import Samples, load_recording, loudness, silence, tone, tone_present
from tests.support.citizens import Caller, Scene
from tests.support.faults_processes import no_room

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

SAID_HZ = 700
BEEP_S = 0.5


async def at_the_tone(stage: Scene) -> Caller:
    citizen = await stage.citizen()
    await stage.until(lambda: _node(stage) == "parts.choose", "the menu")
    await citizen.send_digits("1")
    await stage.hears(citizen, "speak")
    await stage.until(lambda: _recorder_busy(stage), "the recording has begun")
    return citizen


def _node(stage: Scene) -> str:
    return next((session.node for session in stage.hotline.front_door.registry), "")


def _recorder_busy(stage: Scene) -> bool:
    return any(session._parts.recorder.busy for session in stage.hotline.front_door.registry)


def _file(stage: Scene, record: RecordingRecord) -> Samples:
    assert stage.hotline.rendered is not None
    return load_recording(stage.hotline.rendered.recordings / record.path)


async def _records(stage: Scene, call: str) -> list[RecordingRecord]:
    await stage.hotline.writer.drain()
    async with stage.hotline.store.reading() as uow:
        return await uow.recordings.of_call(call)


async def _ended(stage: Scene, call: str) -> dict[str, Any]:
    await stage.until_journalled(call, "recording_ended")
    (only,) = [data for _, data in await stage.journal(call) if data.get("type") == "recording_ended"]
    return only


async def test_the_file_holds_what_was_said_and_it_is_played_back(stage: Scene) -> None:
    citizen = await at_the_tone(stage)
    call = stage.live_call()
    await citizen.play(np.concatenate([silence(1.0), tone(SAID_HZ, 3.0)]))
    end = await _ended(stage, call)
    assert (end["outcome"], end["ended_by"]) == ("recorded", "silence")
    (record,) = await _records(stage, call)
    assert (record.state, record.purpose, record.data["ended_by"]) == ("kept", "message", "silence")
    span = tone_present(_file(stage, record), SAID_HZ)
    assert span is not None
    assert span.length_s == pytest.approx(3.0, abs=0.15)
    assert record.seconds == pytest.approx(len(_file(stage, record)) / 8000, abs=0.05)
    before = len(citizen.received_audio())
    await stage.hears(citizen, "back")
    again = tone_present(citizen.received_audio()[before:], SAID_HZ)
    assert again is not None, "the message was not played back"
    assert again.length_s == pytest.approx(3.0, abs=0.2)
    await citizen.events.next("closed", timeout=15)


async def test_a_tone_is_heard_before_it_records(stage: Scene) -> None:
    citizen = await at_the_tone(stage)
    call = stage.live_call()
    heard = citizen.received_audio()
    prompt = stage.heard(citizen, "speak")
    after = round((prompt.at_s + len(stage.clip("speak")) / 8000) * 8000)
    await stage.hears_for(citizen, BEEP_S)
    beep = citizen.received_audio()[after : after + 8000]
    assert max(loudness(beep[at : at + 400]) for at in range(0, len(beep) - 400, 400)) > 500, len(heard)
    await citizen.send_digits("#")
    await _ended(stage, call)
    await citizen.hangup()


async def test_a_key_ends_it(stage: Scene) -> None:
    citizen = await at_the_tone(stage)
    call = stage.live_call()
    await citizen.play(tone(SAID_HZ, 4.0))
    await stage.hears_for(citizen, 2.5)
    await citizen.send_digits("#")
    end = await _ended(stage, call)
    assert (end["outcome"], end["ended_by"]) == ("recorded", "key")
    assert 1.0 < end["seconds"] < 4.0
    assert not [1 for _, data in await stage.journal(call) if data.get("digit") == "#"]
    await citizen.hangup()


async def test_silence_is_empty_and_nothing_is_kept(stage: Scene) -> None:
    citizen = await at_the_tone(stage)
    call = stage.live_call()
    end = await _ended(stage, call)
    assert end["outcome"] == "empty"
    await stage.hears(citizen, "nothing")
    (record,) = await _records(stage, call)
    assert record.state == "deleted"
    assert stage.hotline.rendered is not None
    assert not (stage.hotline.rendered.recordings / record.path).exists()
    await citizen.events.next("closed", timeout=15)


async def test_a_short_word_is_not_taken_for_silence(stage: Scene) -> None:
    citizen = await at_the_tone(stage)
    call = stage.live_call()
    await citizen.play(np.concatenate([silence(0.8), tone(SAID_HZ, 0.35)]))
    assert (await _ended(stage, call))["outcome"] == "recorded"
    await citizen.hangup()


async def test_who_hangs_up_has_left_the_message(stage: Scene) -> None:
    citizen = await at_the_tone(stage)
    call = stage.live_call()
    await citizen.play(tone(SAID_HZ, 5.0))
    await stage.hears_for(citizen, 2.5)
    await citizen.hangup()
    await stage.until(lambda: not stage.stages(), "the call is over")
    end = await _ended(stage, call)
    assert (end["outcome"], end["ended_by"]) == ("recorded", "hangup")
    (record,) = await _records(stage, call)
    assert record.state == "kept"
    span = tone_present(_file(stage, record), SAID_HZ)
    assert span is not None
    assert span.length_s > 1.0
    assert (await stage.record(call)).ended_by == "caller"


async def test_a_message_is_accepted_while_the_database_takes_nothing(stage: Scene) -> None:
    """The whole call: nothing of it waits for the database, and all of it is there afterwards."""
    hotline = stage.hotline
    writing = sqlite3.connect(str(hotline.store.url.database), isolation_level=None)
    writing.execute("BEGIN IMMEDIATE")
    try:
        citizen = await at_the_tone(stage)
        call = stage.live_call()
        await citizen.play(tone(SAID_HZ, 4.0))
        await stage.hears_for(citizen, 2.0)
        await citizen.send_digits("#")
        await stage.hears(citizen, "back")
        await citizen.events.next("closed", timeout=15)
        await stage.until(lambda: not stage.stages(), "the call is over")
        assert hotline.writer.waiting > 20
    finally:
        writing.execute("ROLLBACK")
        writing.close()
    (record,) = await _records(stage, call)
    assert record.state == "kept"
    assert (await stage.record(call)).state == "ended"
    async with hotline.store.reading() as uow:
        numbers = [event.seq for event in await uow.journal.of(call)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert hotline.writer.figures.lost == 0


async def test_a_full_disk_is_told_to_the_caller_and_what_there_is_is_kept(stage: Scene) -> None:
    """Of Asterisk itself: no file of it grows beyond some seconds of a message."""
    citizen = await at_the_tone(stage)
    call = stage.live_call()
    assert stage.hotline.rendered is not None
    mark = read_mark(stage.hotline.rendered.folder)
    assert mark is not None
    with no_room(mark.pid, beyond=40_000):
        await citizen.play(tone(SAID_HZ, 9.0))
        assert (await _ended(stage, call))["outcome"] == "failed"
        await stage.hears(citizen, "sorry")
    await citizen.events.next("closed", timeout=15)
    (record,) = await _records(stage, call)
    assert (record.state, record.data["ended_by"]) == ("kept", "cut")
    assert 2.0 < record.seconds < 3.0
    assert (await stage.record(call)).ended_by == "system"


async def test_only_the_hotline_can_read_it(stage: Scene) -> None:
    assert stage.hotline.rendered is not None
    for folder in (stage.hotline.rendered.recordings, stage.hotline.rendered.folder):
        assert folder.stat().st_mode & 0o077 == 0
