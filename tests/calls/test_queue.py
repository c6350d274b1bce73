"""Queue and agents on real telephones: who is rung, who follows, whose turn it is, and the codes agents dial."""

from __future__ import annotations

import pytest

from ivr.demo.softphone import Softphone
from tests.calls.test_hangup import to_the_question
from tests.support.audio import contains
from tests.support.citizens import Caller, Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def waiting_citizen(scene: Scene) -> tuple[Caller, str]:
    """A citizen who asked for a person. Returns the phone and the call's id."""
    before = {session.call for session in scene.hotline.front_door.registry}
    citizen = await scene.citizen()
    (session,) = [one for one in scene.hotline.front_door.registry if one.call not in before]
    await scene.until(lambda: session.node in ("greeting.welcome", "greeting.language"), "the greeting")
    await citizen.send_digits("1")
    await scene.until(lambda: session.node == "main.question", "the question")
    await citizen.send_digits("0")
    await scene.until(lambda: session.stage != "menu", "the caller is in the queue")
    return citizen, session.call


async def test_feature_codes_by_telephone(scene: Scene) -> None:
    """*45 in, *47 pause, *47 back, *46 out: each changes the state and says so in a voice."""
    agent = await scene.agent("a1002")
    assert contains(agent.received_audio(), scene.clip("agent.logged_in"))
    for code, state, prompt in [
        ("*47", "paused", "agent.paused"),
        ("*47", "available", "agent.resumed"),
        ("*46", "offline", "agent.logged_out"),
    ]:
        said = await scene.dial_code(agent, code)
        assert scene.states()["a1002"] == state
        assert contains(said, scene.clip(prompt))


async def test_a_busy_agent_is_passed_over(scene: Scene) -> None:
    busy = await scene.agent("a1001", answers_after_s=None)
    await scene.agent("a1002")
    citizen, _ = await waiting_citizen(scene)
    await busy.events.next("incoming", timeout=10)
    await busy.reject()
    await scene.until(lambda: scene.states()["a1002"] == "talking", "the next agent has the call")
    assert scene.states()["a1001"] != "talking"
    await citizen.hangup()


async def test_an_agent_who_does_not_answer_is_followed_by_the_next(scene: Scene) -> None:
    """And the caller keeps the place: somebody who came later is not served before."""
    silent = await scene.agent("a1001", answers_after_s=None)
    first, first_call = await waiting_citizen(scene)
    await silent.events.next("incoming", timeout=10)
    second, second_call = await waiting_citizen(scene)
    await silent.events.next("closed", timeout=20)
    await scene.agent("a1002")
    await scene.until(lambda: scene.states()["a1002"] == "talking", "the other agent has a call")
    await scene.until_journalled(first_call, "joined")
    assert "joined" not in [kind for kind, _ in await scene.journal(second_call)]
    await first.hangup()
    await second.hangup()


async def test_two_callers_for_one_agent_keep_their_order(scene: Scene) -> None:
    first, first_call = await waiting_citizen(scene)
    second, second_call = await waiting_citizen(scene)
    await scene.hears(second, "queue.place", place=2)
    agent = await scene.agent("a1001", kind=Softphone)
    await scene.until(lambda: scene.states()["a1001"] == "talking", "the first has the agent")
    assert [(await scene.record(call)).state for call in (first_call, second_call)] == ["live", "live"]
    # The agent talks from the answer on, and the join follows.
    await scene.until_journalled(first_call, "joined")
    assert "joined" not in [kind for kind, _ in await scene.journal(second_call)]
    await first.hangup()
    await agent.events.next("closed", timeout=10)
    await agent.events.next("established", timeout=20)
    await scene.until(lambda: scene.stages() == ["talking"], "the second has the agent")
    await second.hangup()


async def test_an_agent_without_a_telephone_is_offered_nothing(scene: Scene) -> None:
    agent = await scene.agent("a1003", kind=Softphone)
    await scene.agent("a1001")
    await agent.__aexit__(None, None, None)
    await scene.until(lambda: scene.states()["a1003"] == "paused", "the agent without a telephone is away")
    citizen, call = await waiting_citizen(scene)
    await scene.until(lambda: scene.states()["a1001"] == "talking", "the other agent has the call")
    await citizen.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")
    async with scene.hotline.store.reading() as uow:
        decisions = await uow.decisions.of_call(call)
    assert {decision.agent for decision in decisions if decision.kind == "offer"} == {"a1001"}


async def test_music_is_heard_while_waiting(scene: Scene) -> None:
    """Something is heard all the time: after the announcements there is music, not silence."""
    citizen, _ = await waiting_citizen(scene)
    await scene.hears(citizen, "queue.next")
    before = len(citizen.received_audio())
    await scene.hears_for(citizen, seconds=3.0)
    assert not scene.silent(citizen, since=before)
    await citizen.hangup()


async def test_two_questions_are_open_for_nobody(scene: Scene) -> None:
    """The question after the greeting is the same for the next caller: no state is shared between calls."""
    first = await scene.citizen()
    await to_the_question(scene, first)
    await first.hangup()
    await scene.until(lambda: not scene.stages(), "the call is over")
    second = await scene.citizen()
    await scene.hears(second, "greeting.welcome")
    await second.hangup()
