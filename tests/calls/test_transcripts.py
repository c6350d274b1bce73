"""A talk on a real Asterisk, written down while it lasts: both ends, the right words, in the order they were said."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest

from ivr.demo.sayings import SAYINGS
from ivr.prompts.review import misheard
from tests.support.citizens import Caller, Scene

pytestmark = [
    pytest.mark.real,
    pytest.mark.voice,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]

MISHEARD = 0.35
"""At most, by sound: it is Whisper base that listens, over a telephone."""
GAP_S = 0.4


async def at_the_question(scene: Scene) -> Caller:
    citizen = await scene.citizen()
    await scene.until(lambda: _node(scene).startswith("greeting."), "the greeting")
    await citizen.send_digits("1")
    await scene.until(lambda: _node(scene) == "main.question", "the question")
    return citizen


async def to_an_agent(scene: Scene) -> tuple[Caller, Caller, str]:
    """A citizen, an agent, and their call; the two have just been joined."""
    agent, citizen = await asyncio.gather(scene.agent("a1001"), scene.citizen())
    await scene.until(lambda: _node(scene).startswith("greeting."), "the greeting")
    call = scene.live_call()
    await citizen.send_digits("0")
    await scene.until(lambda: scene.states()["a1001"] == "talking", "an agent has the caller")
    return citizen, agent, call


def _node(scene: Scene) -> str:
    return next((session.node for session in scene.hotline.front_door.registry), "")


async def say(phone: Caller, saying: str) -> None:
    """Returns when it has been said."""
    samples = SAYINGS[saying].samples()
    await phone.play(samples)
    await asyncio.sleep(len(samples) / 8000 + GAP_S)


async def conversation(scene: Scene, call: str, lines: int) -> list[Any]:
    """What is on record of the talk, once there are so many lines."""
    seen = -1
    try:
        async with asyncio.timeout(15):
            while True:
                said = [line for line in await scene.transcript(call) if line.source == "conversation"]
                if len(said) >= lines:
                    return said
                seen = await scene.hotline.status.changed(seen)
    except TimeoutError:
        raise AssertionError(f"not {lines} lines: {[(line.speaker, line.text) for line in said]}") from None


async def test_both_sides_of_a_talk_are_on_record_in_order(scene: Scene) -> None:
    citizen, agent, call = await to_an_agent(scene)
    said = (("agent", "zh-hello"), ("caller", "zh-lamp"), ("agent", "zh-else"))
    for speaker, saying in said:
        await say(agent if speaker == "agent" else citizen, saying)
    lines = await conversation(scene, call, len(said))
    assert [line.speaker for line in lines] == [speaker for speaker, _ in said]
    for line, (_, saying) in zip(lines, said, strict=True):
        assert misheard(SAYINGS[saying].text, line.text, "zh") <= MISHEARD, (saying, line.text)
        assert line.party == ("a1001" if line.speaker == "agent" else "")
        assert line.engine
        assert line.engine_version
        assert line.ended_at - line.began_at > 0.5 * lasts(saying)
    assert all(one.began_at < other.began_at for one, other in zip(lines, lines[1:], strict=False))
    await citizen.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")
    assert "transcript" not in [kind for kind, _ in await scene.journal(call)], "it had no gap"


async def test_a_message_is_in_writing_after_the_call(scene: Scene) -> None:
    citizen = await at_the_question(scene)
    call = scene.live_call()
    await citizen.send_digits("3")
    await scene.until(lambda: _recording(scene), "the recording")
    await scene.hears_for(citizen, 0.8)  # the tone
    await say(citizen, "zh-thanks")
    await citizen.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")
    (line,) = await written(scene, call)
    assert misheard(SAYINGS["zh-thanks"].text, line.text, "zh") <= MISHEARD, line.text
    async with scene.hotline.store.reading() as uow:
        (recording,) = await uow.recordings.of_call(call)
    assert line.party == recording.id
    assert line.engine_version
    assert 0 <= (line.began_at - recording.created_at).total_seconds() < recording.seconds
    assert recording.data["transcript"] == {"state": "done", "attempts": 1, "lines": 1}


def _recording(scene: Scene) -> bool:
    return any(session._parts is not None and session._parts.recorder.busy for session in _calls(scene))


def _calls(scene: Scene) -> list[Any]:
    return list(scene.hotline.front_door.registry)


async def written(scene: Scene, call: str) -> list[Any]:
    """What was said onto the machine, once it is on record."""
    async with asyncio.timeout(30):
        while True:
            async with scene.hotline.store.reading() as uow:
                found = await uow.recordings.of_call(call)
            if found and "transcript" in found[-1].data:
                return [line for line in await scene.transcript(call) if line.source == "recording"]
            await asyncio.sleep(0.2)


def lasts(saying: str) -> dt.timedelta:
    return dt.timedelta(seconds=len(SAYINGS[saying].samples()) / 8000)
