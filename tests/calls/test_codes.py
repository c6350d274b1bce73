"""Codes that agents dial from real SIP telephones, and the calls that agents make with them, heard by their content."""

from __future__ import annotations

import pytest

from ivr.desk.people import Author
from ivr.explain.reading import facts_of
from ivr.explain.story import story
from ivr.talk.results import Done
from tests.calls.test_queue import waiting_citizen
from tests.calls.test_talks import agent_of, audited, each_other, hears_music, second_line, talks
from tests.calls.test_transfers import RINGBACK_HZ, both_hear
from tests.support.audio import contains, tone_present
from tests.support.citizens import Scene
from tests.support.parts_house import Trunk

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]
SUPERVISOR = Author("sue", "supervisor")
CITIZEN = "13800000077"


async def test_a_shift_by_codes(scene: Scene) -> None:
    """Pause for a reason, status, back, a caller, the wrap-up code; the explanation of that call; logged out."""
    agent = await scene.agent("a1002")
    desk = scene.hotline.desk
    for code, state, prompt in [
        ("*472", "paused", "agent.paused"),
        ("*40", "paused", "agent.waiting"),
        ("*48", "available", "agent.resumed"),
        ("*479", "available", "agent.no_such_code"),
        ("*99", "available", "agent.no_such_code"),
    ]:
        said = await scene.dial_code(agent, code)
        view = desk.agent("a1002")
        assert (view.state, view.pause_reason) == (state, "meal" if state == "paused" else ""), code
        values = {"agent.waiting": 0} if prompt == "agent.waiting" else {}
        assert contains(said, scene.clip(prompt, **values)), code
    citizen, call = await waiting_citizen(scene)
    await scene.until(lambda: scene.states()["a1002"] == "talking", "the agent has the call")
    await citizen.hangup()
    await scene.until(lambda: scene.states()["a1002"] == "wrap_up", "the wrap-up")
    desk.extend_wrap_up(SUPERVISOR, 60, agent="a1002")
    await agent.events.next("closed", timeout=20)
    said = await scene.dial_code(agent, "*482")
    assert contains(said, scene.clip("agent.resumed"))
    assert desk.agent("a1002").state == "available"
    assert contains(await scene.dial_code(agent, "*46"), scene.clip("agent.logged_out"))
    await scene.hotline.writer.drain()
    async with scene.hotline.store.reading() as uow:
        (kept,) = await uow.wrap_ups.of_call(call)
        (act,) = await uow.acts.listed(subject="a1002")
    assert (kept.code, kept.ended_by, kept.agent_id) == ("work_order", "agent", "a1002")
    assert (act.author, act.act) == ("sue", "extend")
    kinds = [line.kind for line in story(await facts_of(scene.hotline.store, call), "en")]
    assert [kind for kind in kinds if kind in ("arrived", "entered", "offer", "answered", "wrapped_up")] == [
        "arrived",
        "entered",
        "offer",
        "answered",
        "wrapped_up",
    ]


async def test_an_agent_calls_a_citizen(stage: Scene, trunk: Trunk) -> None:
    """Both hear each other; the state is talking from the first ring; the call has a record; then wrap-up."""
    agent = await stage.agent("a1001")
    async with trunk.phone(CITIZEN, answers_after_s=2.0) as citizen:
        await agent.dial(f"sip:*49{CITIZEN}@{stage.rendered.sip_host}:{stage.rendered.ports.sip}")
        await citizen.events.next("incoming", timeout=10)
        assert stage.states()["a1001"] == "talking"
        view = stage.hotline.desk.agent("a1001")
        await citizen.events.next("established", timeout=10)
        talks = stage.hotline.overseeing.talks
        await stage.until(lambda: bool(list(talks)), "they talk")
        assert tone_present(agent.received_audio(), RINGBACK_HZ), "the agent hears that it rings"
        await both_hear(stage, agent, citizen)
        await citizen.hangup()
        await agent.events.next("closed", timeout=15)
    await stage.until(lambda: stage.states()["a1001"] == "wrap_up", "wrap-up")
    stage.hotline.desk.wrap_up_done(Author.of_agent("a1001"))
    record = await stage.record(view.on_call)
    assert (record.state, record.data["kind"], record.data["agent"]) == ("ended", "outbound", "a1001")
    assert record.data["talked_s"] > 1
    async with stage.hotline.store.reading() as uow:
        assert [one.purpose for one in await uow.recordings.of_call(view.on_call)] == ["talk"]
    (line, *_) = story(await facts_of(stage.hotline.store, view.on_call), "en")
    assert line.kind == "called_out"


async def test_a_citizen_whom_an_agent_called_is_handed_on(stage: Scene, trunk: Trunk) -> None:
    """Consulted about with music by the telephone's own keys, handed to the colleague, sent by that one to a dialogue:
    all hear whom they should."""
    first, second = await agent_of(stage, "a1001"), await agent_of(stage, "a1002")
    async with trunk.phone(CITIZEN) as citizen:
        await first.dial(f"sip:*49{CITIZEN}@{stage.rendered.sip_host}:{stage.rendered.ports.sip}")
        await citizen.events.next("established", timeout=10)
        await stage.until(lambda: talks(stage).of_agent("a1001") is not None, "they talk")
        own = stage.hotline.desk.agent("a1001").on_call
        await first.hold(on=True)
        await stage.until(lambda: stage.states()["a1001"] == "hold", "the citizen is on hold")
        async with second_line(stage, "a1001") as line:
            await line.dial(f"sip:1002@{stage.rendered.sip_host}:{stage.rendered.ports.sip}")
            await second.events.next("established", timeout=10)
            await stage.until(lambda: stage.states()["a1001"] == "consulting", "the first asks the second")
            call = stage.live_call()
            await each_other(line, second)
            await hears_music(stage, citizen, line)
            await first.refer("1002", replaces=line.call)
            await first.events.next("closed", timeout=10)
            await line.events.next("closed", timeout=10)
        await stage.until(lambda: stage.states()["a1001"] == "wrap_up", "the first wraps up")
        await each_other(second, citizen)
        assert isinstance(await talks(stage).to_flow("a1002", "checked"), Done)
        await second.events.next("closed", timeout=10)
        await stage.hears(citizen, "number")
        await citizen.send_digits("12")
        await citizen.events.next("closed", timeout=10)
    record = await audited(stage, call)
    assert (record["handed_from"], record["agents"]) == (own, ["a1001", "a1002"])
    assert (await audited(stage, own))["transfers"][0]["act"] == "handed_on"
    async with stage.hotline.store.reading() as uow:
        assert [one.purpose for one in await uow.recordings.of_call(call)] == ["talk"]


async def test_a_number_that_is_not_listed_and_one_that_does_not_answer(stage: Scene, trunk: Trunk) -> None:
    agent = await stage.agent("a1001")
    said = await stage.dial_code(agent, "*490013800000077")
    assert contains(said, stage.clip("agent.not_allowed"))
    assert stage.states()["a1001"] == "available"
    async with trunk.phone(CITIZEN, answers_after_s=None) as citizen:
        await agent.dial(f"sip:*49{CITIZEN}@{stage.rendered.sip_host}:{stage.rendered.ports.sip}")
        await citizen.events.next("incoming", timeout=10)
        await citizen.reject()
        await stage.hears(agent, "agent.not_reached")
        await agent.events.next("closed", timeout=15)
    stage.hotline.desk.wrap_up_done(Author.of_agent("a1001"))


async def test_a_force_ends_the_talk_on_the_real_telephone(stage: Scene, trunk: Trunk) -> None:
    agent = await stage.agent("a1001")
    async with trunk.phone(CITIZEN, answers_after_s=0.5) as citizen:
        await agent.dial(f"sip:*49{CITIZEN}@{stage.rendered.sip_host}:{stage.rendered.ports.sip}")
        await citizen.events.next("established", timeout=10)
        talks = stage.hotline.overseeing.talks
        await stage.until(lambda: bool(list(talks)), "they talk")
        view = stage.hotline.desk.force(SUPERVISOR, "a1001", "offline", "fell ill")
        assert view.state == "offline"
        await agent.events.next("closed", timeout=10)
        await citizen.events.next("closed", timeout=10)


async def test_an_agent_forced_out_of_a_talk_leaves_the_citizen_to_the_dialogue(scene: Scene) -> None:
    agent = await scene.agent("a1002")
    citizen, _ = await waiting_citizen(scene)
    await scene.until(lambda: scene.stages() == ["talking"], "they talk")
    assert scene.hotline.desk.force(SUPERVISOR, "a1002", "paused", "needed elsewhere").state == "paused"
    await agent.events.next("established", timeout=10)
    await agent.events.next("closed", timeout=10)
    await scene.hears(citizen, "survey.invite")
    assert scene.states()["a1002"] == "paused"
    await citizen.hangup()
