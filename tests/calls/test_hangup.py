"""The caller hangs up at every stage of a real call. Afterwards nothing is left: the fixture looks."""

from __future__ import annotations

import pytest

from ivr.demo.sayings import SAYINGS
from tests.support.citizens import Caller, Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


def node(scene: Scene) -> str:
    return next((session.node for session in scene.hotline.front_door.registry), "")


async def to_the_question(scene: Scene, citizen: Caller) -> None:
    await scene.until(lambda: node(scene) in ("greeting.welcome", "greeting.language"), "the greeting")
    await citizen.send_digits("1")
    await scene.until(lambda: node(scene) == "main.question", "the question")


async def test_before_the_answer(scene: Scene) -> None:
    """CANCEL races the answer: either the call never was, or it was and is over."""
    citizen = await scene.citizen_dialling()
    await citizen.hangup()
    await citizen.events.next("closed", timeout=10)


async def test_in_the_greeting(scene: Scene) -> None:
    citizen = await scene.citizen()
    await scene.until(lambda: node(scene) in ("greeting.welcome", "greeting.language"), "the greeting")
    await citizen.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")


async def test_in_the_menu(scene: Scene) -> None:
    citizen = await scene.citizen()
    await to_the_question(scene, citizen)
    await citizen.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")


async def test_while_speaking(scene: Scene) -> None:
    citizen = await scene.citizen()
    call = scene.live_call()
    await to_the_question(scene, citizen)
    await scene.hears(citizen, "greeting.recording")
    await citizen.play(SAYINGS["zh-story"].samples())
    await scene.until_journalled(call, "speech_started")
    await citizen.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")


async def test_while_waiting(scene: Scene) -> None:
    citizen = await scene.citizen()
    call = scene.live_call()
    await to_the_question(scene, citizen)
    await citizen.send_digits("0")
    await scene.until(lambda: scene.stages() == ["queue"], "the caller waits")
    await citizen.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")
    record = await scene.record(call)
    assert record.data["outcome"] == "abandoned"
    assert record.data["queue"] == "general"


async def test_while_the_agent_rings(scene: Scene) -> None:
    agent = await scene.agent("a1001", answers_after_s=None)
    citizen = await scene.citizen()
    await to_the_question(scene, citizen)
    await citizen.send_digits("0")
    await agent.events.next("incoming", timeout=10)
    await citizen.hangup()
    await agent.events.next("closed", timeout=10)
    await scene.until(lambda: scene.states()["a1001"] == "available", "the agent is free")


async def test_while_talking(scene: Scene) -> None:
    agent = await scene.agent("a1001")
    citizen = await scene.citizen()
    await to_the_question(scene, citizen)
    await citizen.send_digits("0")
    await scene.until(lambda: scene.stages() == ["talking"], "they talk")
    await citizen.hangup()
    await agent.events.next("closed", timeout=10)
    await scene.until(lambda: scene.states()["a1001"] == "available", "the wrap-up is over")


async def test_in_the_survey(scene: Scene) -> None:
    agent = await scene.agent("a1001")
    citizen = await scene.citizen()
    call = scene.live_call()
    await to_the_question(scene, citizen)
    await citizen.send_digits("0")
    await scene.until(lambda: scene.stages() == ["talking"], "they talk")
    await agent.hangup()
    await scene.until(lambda: node(scene) == "survey.ask", "the survey")
    await citizen.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")
    assert (await scene.record(call)).data["outcome"] == "completed"
