"""Recordings: how each ends, what is kept, and that nothing is left whenever the caller hangs up."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.call.recorded import contents
from tests.call.scenes import SEEDS, inputs, nodes, play, press_if_there, sent, summary_of
from tests.support.call_house import House
from tests.support.fake_ari_objects import FakeRecording, recording_file

PROMPT_S = 1.2
"""The prompt before the tone sounds one second."""


async def speaking(here: House, seconds: float = 4.0) -> str:
    """A caller who has heard the prompt and speaks."""
    caller = here.ari.world.call("call", "12345", "trunk")
    await here.until(PROMPT_S)
    if seconds:
        here.ari.world.say(caller, seconds)
    return caller


def ended(here: House) -> dict[str, Any]:
    (only,) = inputs(here, "recording_ended")
    return only


def kept(here: House) -> Any:
    (only,) = here.memory.recorded_now.values()
    return only


@pytest.mark.parametrize("seed", SEEDS)
def test_silence_ends_it_and_it_is_played_back(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await speaking(here)
        await here.until(12)
        end = ended(here)
        assert (end["outcome"], end["ended_by"]) == ("recorded", "silence")
        assert end["recording"] in here.ari.world.stored
        assert f"recording:{end['recording']}" in here.heard(caller)
        fact = kept(here)
        assert (fact.state, fact.purpose, fact.ended_by) == ("kept", "message", "silence")
        assert fact.seconds == pytest.approx(7, abs=0.3)
        assert fact.path == f"{fact.id}.wav"
        assert summary_of(here).outcome == "completed"

    play(scene, seed, entry="message")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("key", ["#", "1"])
def test_a_finish_key_ends_it_and_means_nothing_else(seed: int, key: str) -> None:
    async def scene(here: House) -> None:
        caller = await speaking(here)
        await here.until(2)
        here.ari.world.press(caller, key)
        await here.until(5)
        assert (ended(here)["outcome"], ended(here)["ended_by"]) == ("recorded", "key")
        assert inputs(here, "digit") == []
        assert kept(here).seconds == pytest.approx(2, abs=0.4)

    play(scene, seed, entry="message")


def test_another_key_does_not_end_it() -> None:
    async def scene(here: House) -> None:
        caller = await speaking(here)
        await here.until(2)
        here.ari.world.press(caller, "5")
        await here.until(9)
        assert ended(here)["ended_by"] == "silence"
        assert [one["digit"] for one in inputs(here, "digit")] == ["5"]

    play(scene, entry="message")


def test_the_longest_time_ends_it() -> None:
    async def scene(here: House) -> None:
        await speaking(here, 100)
        await here.until(26)
        assert (ended(here)["outcome"], ended(here)["ended_by"]) == ("recorded", "limit")

    play(scene, entry="message")


def test_what_holds_nothing_is_empty_and_deleted() -> None:
    async def scene(here: House) -> None:
        await speaking(here, 0)
        await here.until(10)
        assert (ended(here)["outcome"], ended(here).get("recording", "")) == ("empty", "")
        assert here.ari.world.stored == {}
        assert kept(here).state == "deleted"
        assert "message.nothing" in nodes(here)

    play(scene, entry="message")


def test_what_breaks_off_is_no_accepted_message_and_what_there_is_of_it_is_kept() -> None:
    """As where the disk is full: Asterisk says that it is done."""

    async def scene(here: House) -> None:
        await speaking(here, 10)
        await here.until(4)
        (recording,) = here.ari.world.recordings.values()
        here.ari.world._recorded(recording, "done")
        await here.until(5)
        assert (ended(here)["outcome"], kept(here).state, kept(here).ended_by) == ("failed", "kept", "cut")
        assert kept(here).seconds == pytest.approx(4.2, abs=0.1)
        assert list(here.ari.world.stored) == [kept(here).id]
        await here.until(45)
        assert summary_of(here).outcome == "completed"

    play(scene, entry="message")


@pytest.mark.parametrize("later_s", [0.0, 0.3])
def test_a_finish_key_after_what_broke_off_makes_no_message_of_it(later_s: float) -> None:
    """It was meant for the recording, and means nothing else either."""

    async def scene(here: House) -> None:
        caller = await speaking(here, 10)
        await here.until(4)
        (recording,) = here.ari.world.recordings.values()
        here.ari.world.fault("recordings.get_stored_file", delay_s=0.2)
        here.ari.world._recorded(recording, "done")
        await here.until(later_s)
        here.ari.world.press(caller, "#")
        await here.until(5)
        assert (ended(here)["outcome"], kept(here).state, kept(here).ended_by) == ("failed", "kept", "cut")
        assert inputs(here, "digit") == []
        await here.until(45)

    play(scene, entry="message")


@pytest.mark.parametrize("seed", SEEDS)
def test_who_hangs_up_has_left_the_message(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await speaking(here)
        await here.until(2)
        here.ari.world.hang_up(caller)
        await here.until(5)
        assert (ended(here)["outcome"], ended(here)["ended_by"]) == ("recorded", "hangup")
        assert kept(here).state == "kept"
        assert list(here.ari.world.stored) == [kept(here).id]
        assert summary_of(here).ended_by == "caller"

    play(scene, seed, entry="message")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("later_s", [0.0, 0.3])
def test_a_hangup_that_is_told_of_after_the_end_of_the_recording_leaves_the_message(
    seed: int, later_s: float
) -> None:
    async def scene(here: House) -> None:
        caller = await speaking(here, 10)
        await here.until(2)
        (recording,) = here.ari.world.recordings.values()
        here.ari.world._recorded(recording, "done")
        await here.until(later_s)
        here.ari.world.hang_up(caller)
        await here.until(5)
        assert (ended(here)["outcome"], ended(here)["ended_by"]) == ("recorded", "hangup")
        assert (kept(here).state, kept(here).ended_by) == ("kept", "hangup")
        assert summary_of(here).ended_by == "caller"

    play(scene, seed, entry="message")


def test_the_end_that_nobody_reported_is_found_in_the_file() -> None:
    async def scene(here: House) -> None:
        here.ari.world.lost["RecordingFinished"] = 1
        caller = await speaking(here)
        await here.until(2)
        here.ari.world.hang_up(caller)
        await here.until(10)
        assert (ended(here)["outcome"], kept(here).state) == ("recorded", "kept")

    play(scene, entry="message")


def test_an_end_never_reported_does_not_hold_the_caller_up() -> None:
    async def scene(here: House) -> None:
        here.ari.world.lost["RecordingFinished"] = 1
        await speaking(here)
        await here.until(45)
        assert ended(here)["outcome"] == "recorded"
        assert summary_of(here).outcome == "completed"

    play(scene, entry="message")


@pytest.mark.parametrize(
    ("operation", "how"),
    [
        ("channels.record", {"status": 500}),
        ("channels.record", {"unanswered": True}),
        ("recordings.get_stored_file", {"status": 500}),
        ("recordings.get_stored_file", {"status": 404}),
    ],
)
def test_what_fails_is_told_and_the_dialogue_goes_on(operation: str, how: dict[str, Any]) -> None:
    async def scene(here: House) -> None:
        here.ari.world.fault(operation, times=9, **how)
        await speaking(here, 0 if operation == "channels.record" else 4.0)
        await here.until(30)
        assert ended(here)["outcome"] == "failed"
        assert summary_of(here).outcome == "completed"

    play(scene, entry="message")


@pytest.mark.parametrize("at_ms", range(0, 12_000, 430))
def test_a_hangup_at_every_moment_leaves_nothing(at_ms: int) -> None:
    async def scene(here: House) -> None:
        await here.until(0)
        caller = here.ari.world.call("call", "12345", "trunk")
        here.ari.world.say(caller, 5.0)
        await here.until(at_ms / 1000)
        if caller in here.ari.world.channels:
            here.ari.world.hang_up(caller)
        await here.until(10)
        assert all(one.state in ("kept", "deleted", "failed") for one in here.memory.recorded_now.values())
        assert summary_of(here).ended_by in ("caller", "system")

    play(scene, seed=at_ms, entry="message")


@pytest.mark.parametrize("at_ms", range(1000, 1400, 17))
def test_a_key_while_the_recording_is_being_begun_leaves_nothing(at_ms: int) -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(at_ms / 1000)
        press_if_there(here, caller, "#")
        await here.until(40)
        assert summary_of(here).outcome == "completed"

    play(scene, seed=at_ms, entry="message", jitter_s=0.1)


def test_ids_cannot_be_guessed_and_begin_with_the_call() -> None:
    ids: list[str] = []
    for seed in (1, 2):

        async def scene(here: House) -> None:
            await speaking(here)
            await here.until(12)
            ids.append(kept(here).id)

        play(scene, seed, entry="message")
    tails = [one.rpartition(".rec-")[2] for one in ids]
    assert all(len(tail) == 24 for tail in tails)
    assert tails[0] != tails[1]


def test_a_recording_of_another_call_is_not_played() -> None:
    from ivr.flow.actions import RECORDING_PROMPT, Play, Prompt
    from ivr.flow.inputs import OpId

    async def scene(here: House) -> None:
        caller = await speaking(here)
        (session,) = here.front_door.registry
        for name in ("someone-elses", "../../etc/passwd", ""):
            before = len(here.heard(caller))
            op = OpId(f"x{name}")
            session._parts.player.expect(Play(op, (Prompt(RECORDING_PROMPT, {"id": name}),), "zh"))
            await session._parts.player.play(op)
            assert len(here.heard(caller)) == before
        assert not [one for one in sent(here, "channels.play_with_id") if "recording:" in one["media"]]
        here.ari.world.hang_up(caller)

    play(scene, entry="message")


@pytest.mark.parametrize(
    ("talked_s", "seconds", "said"), [(0, 3.0, False), (0.06, 3.0, False), (0.4, 3.0, True), (2.0, 2.0, True)]
)
def test_a_click_is_nothing_said(talked_s: float, seconds: float, said: bool) -> None:
    found = contents(recording_file(FakeRecording("r", "", "", "wav", seconds=seconds, talked_s=talked_s)))
    assert found is not None
    assert (found.said, found.seconds) == (said, pytest.approx(seconds))


@pytest.mark.parametrize("junk", [b"", b"RIFF", b"no wav at all" * 20])
def test_what_is_no_recording_is_not_read(junk: bytes) -> None:
    assert contents(junk) is None
