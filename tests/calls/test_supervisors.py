"""Supervisors at a talk on a real Asterisk: who hears whom in each mode is told by tones on all ends."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from ivr.demo.lightphone import LightPhone
from ivr.ids import CallId
from ivr.talk.results import Done
from ivr.talk.service import TalkService
from ivr.talk.supervising import Supervising
from ivr.talk.supervising_state import NotSupervised, Supervised
from ivr.talk.targets import ToAgent
from tests.calls.test_transfers import choosing
from tests.support.audio import tone, tone_present
from tests.support.citizens import Scene
from tests.support.softphone import agent_phone

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

HZ = {"citizen": 600, "agent": 1000, "supervisor": 1500, "second": 2100, "other": 800}
SAY_S = 0.4
TOLD_HZ = 1400
"""What an agent hears when somebody begins to listen, where the settings want that."""
SUPERVISOR = "s1001"

Phones = dict[str, LightPhone]


@pytest.fixture(autouse=True)
def falling_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each telephone's packets begin far below those of the one before: Asterisk takes them for late ones, if it may
    (docs/decisions/0211)."""
    falling = itertools.count(60_000, -3_000)
    monkeypatch.setattr("ivr.demo.rtp.first_sequence", lambda: next(falling) & 0xFFFF)


async def phone_of(stage: Scene, name: str, answers_after_s: float | None = 0.1) -> LightPhone:
    """Registered, and not logged in."""
    made = agent_phone(stage.rendered, name, auto_answer_after_s=answers_after_s, kind=LightPhone)
    phone = await stage._stack.enter_async_context(made)
    await phone.register()
    await stage.until(lambda: name in stage.hotline.telephony.phones.online, f"{name} is seen")
    assert isinstance(phone, LightPhone)
    return phone


async def agent_of(stage: Scene, name: str) -> LightPhone:
    """Registered, and logged in at once."""
    phone = await phone_of(stage, name)
    stage.log_in(name)
    return phone


async def talk(stage: Scene) -> tuple[CallId, Phones]:
    """Citizen and agent talk; the supervisor's telephone is there."""
    supervisor = await phone_of(stage, SUPERVISOR)
    agent = await agent_of(stage, "a1001")
    citizen = await choosing(stage, "5")
    call = CallId(stage.live_call())
    await stage.until(lambda: stage.hotline.overseeing.talks.of_call(call), "they talk")
    assert isinstance(citizen, LightPhone)
    return call, {"citizen": citizen, "agent": agent, "supervisor": supervisor}


def supervisors(stage: Scene) -> Supervising:
    return stage.hotline.overseeing.supervisors


async def followed(stage: Scene) -> None:
    """The supervisor hears whom the agent hears now."""
    await stage.until(lambda: supervisors(stage)._now[SUPERVISOR].settled, "the supervisor follows")


async def hearing(stage: Scene, phones: Phones) -> dict[str, set[str]]:
    """Everybody speaks at once, each a tone of its own. Who hears whom."""
    before = {name: len(phone.received_audio()) for name, phone in phones.items()}
    for name, phone in phones.items():
        await phone.play(tone(HZ[name], SAY_S, level=0.15))
    await stage.hears_for(phones["citizen"], SAY_S + 0.4)
    return {
        name: {
            other
            for other in phones
            if tone_present(phone.received_audio()[before[name] :], HZ[other], at_least_s=0.1, purity=0.15)
        }
        for name, phone in phones.items()
    }


LISTEN = {"citizen": {"agent"}, "agent": {"citizen"}, "supervisor": {"citizen", "agent"}}
WHISPER = {"citizen": {"agent"}, "agent": {"citizen", "supervisor"}, "supervisor": {"citizen", "agent"}}
JOIN = {
    "citizen": {"agent", "supervisor"},
    "agent": {"citizen", "supervisor"},
    "supervisor": {"citizen", "agent"},
}
CONSULT = {"agent": {"other", "supervisor"}, "other": {"agent"}, "supervisor": {"agent", "other"}}
"""While the supervisor whispers. The citizen hears music."""


async def test_one_mode_after_the_other_on_the_same_telephone_until_the_talk_is_over(stage: Scene) -> None:
    call, phones = await talk(stage)
    by = supervisors(stage)
    assert await by.listen(SUPERVISOR, "a1001", why="new here") == Supervised(call, "listen")
    assert await hearing(stage, phones) == LISTEN
    assert await by.whisper(SUPERVISOR, "a1001", why="a hint") == Supervised(call, "whisper")
    assert await hearing(stage, phones) == WHISPER
    assert await by.join(SUPERVISOR, call, why="help") == Supervised(call, "join")
    assert await hearing(stage, phones) == JOIN
    assert await by.listen(SUPERVISOR, call, why="goes on alone") == Supervised(call, "listen")
    assert await hearing(stage, phones) == LISTEN
    assert await by.whisper(SUPERVISOR, "a1001", why="a hint") == Supervised(call, "whisper")
    assert await hearing(stage, phones) == WHISPER
    assert await by.listen(SUPERVISOR, call, why="goes on alone") == Supervised(call, "listen")
    (at,) = by.now()
    assert (at.supervisor, at.agent, at.mode) == (SUPERVISOR, "a1001", "listen")
    await phones["citizen"].hangup()
    await phones["supervisor"].events.next("closed", timeout=10)
    await stage.until(lambda: not by._now, "it has ended with the talk")
    await stage.hotline.writer.drain()
    async with stage.hotline.store.reading() as uow:
        acts = [one for one in await uow.acts.of_call(call) if one.kind == "talk"]
    assert [(one.author, one.act, one.subject, one.why) for one in acts] == [
        (SUPERVISOR, "listen", "a1001", "new here"),
        (SUPERVISOR, "whisper", "a1001", "a hint"),
        (SUPERVISOR, "join", "a1001", "help"),
        (SUPERVISOR, "listen", "a1001", "goes on alone"),
        (SUPERVISOR, "whisper", "a1001", "a hint"),
        (SUPERVISOR, "listen", "a1001", "goes on alone"),
    ]
    noted = [data["mode"] for kind, data in await stage.journal(call) if kind == "supervised"]
    assert noted == ["answered", "listen", "whisper", "join", "listen", "whisper", "listen", "ended"]


async def test_a_consultation_is_heard_and_then_the_citizen_again(stage: Scene) -> None:
    call, phones = await talk(stage)
    by = supervisors(stage)
    assert await by.whisper(SUPERVISOR, "a1001", why="training") == Supervised(call, "whisper")
    phones["other"] = await agent_of(stage, "a1002")
    talks = TalkService(stage.hotline.front_door._services.in_talk)
    assert isinstance(await talks.consult("a1001", ToAgent("a1002")), Done)
    await stage.until(lambda: stage.states()["a1002"] == "talking", "the colleague has answered")
    await followed(stage)
    heard = await hearing(stage, phones)
    assert {name: heard[name] for name in CONSULT} == CONSULT
    assert await talks.back("a1001") == Done("talking")
    await phones.pop("other").events.next("closed", timeout=10)
    await followed(stage)
    assert await hearing(stage, phones) == WHISPER
    await phones["citizen"].hangup()


async def test_a_supervisor_takes_over_and_the_agent_wraps_up(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, phones = await talk(stage)
    by = supervisors(stage)
    monkeypatch.setattr(by, "_tell_agent", True)
    assert await by.whisper(SUPERVISOR, "a1001", why="a hint") == Supervised(call, "whisper")
    assert tone_present(phones["agent"].received_audio(), TOLD_HZ, at_least_s=0.1), "the agent is not told"
    assert not tone_present(phones["citizen"].received_audio(), TOLD_HZ, at_least_s=0.1)
    assert await by.take_over(SUPERVISOR, "a1001", why="complaint") == Supervised(call, "take_over")
    await phones["agent"].events.next("closed", timeout=10)
    await stage.until(lambda: stage.states()["a1001"] in ("wrap_up", "available"), "the agent wraps up")
    assert await by.listen(SUPERVISOR, call, why="?") == NotSupervised("not_now")
    del phones["agent"]
    assert await hearing(stage, phones) == {"citizen": {"supervisor"}, "supervisor": {"citizen"}}
    await phones["citizen"].hangup()
    await phones["supervisor"].events.next("closed", timeout=10)
    await stage.until(lambda: not stage.stages(), "the call is over")
    record = await stage.record(call)
    assert record.data["agents"][-1] == SUPERVISOR
    assert any(data.get("act") == "came_in" for kind, data in await stage.journal(call) if kind == "talk")


async def test_who_listens_follows_the_call_to_the_next_agent(stage: Scene) -> None:
    call, phones = await talk(stage)
    by = supervisors(stage)
    assert await by.listen(SUPERVISOR, "a1001", why="quality") == Supervised(call, "listen")
    other = await agent_of(stage, "a1002")
    talks = TalkService(stage.hotline.front_door._services.in_talk)
    assert isinstance(await talks.transfer("a1001", ToAgent("a1002")), Done)
    await stage.until(lambda: [one.agent for one in by.now()] == ["a1002"], "the next agent has the call")
    await followed(stage)
    phones = {"citizen": phones["citizen"], "other": other, "supervisor": phones["supervisor"]}
    assert await hearing(stage, phones) == {
        "citizen": {"other"},
        "other": {"citizen"},
        "supervisor": {"citizen", "other"},
    }
    assert await talks.hold("a1002") == Done("held")
    assert await by.join(SUPERVISOR, call, why="?") == NotSupervised("not_now"), "the citizen is on hold"
    assert await talks.resume("a1002") == Done("talking")
    await followed(stage)
    assert (await hearing(stage, phones))["supervisor"] == {"citizen", "other"}, "it is as it was before"
    await phones["citizen"].hangup()


async def test_what_is_refused_leaves_the_talk_alone(stage: Scene) -> None:
    call, phones = await talk(stage)
    by = supervisors(stage)
    assert await by.listen(SUPERVISOR, "a1002", why="?") == NotSupervised("no_talk")
    assert await by.listen("a1001", call, why="?") == NotSupervised("own_call")
    assert await by.listen("nobody", call, why="?") == NotSupervised("unknown_phone")
    supervisor = phones["supervisor"]
    supervisor.auto_answer_after_s = None
    asked = asyncio.create_task(by.listen(SUPERVISOR, call, why="?"))
    await supervisor.events.next("incoming", timeout=10)
    assert await by.whisper(SUPERVISOR, call, why="?") == NotSupervised("not_now"), "it still rings"
    await supervisor.reject()
    assert await asked == NotSupervised("no_answer")
    assert by.now() == ()
    del phones["supervisor"]
    assert await hearing(stage, phones) == {"citizen": {"agent"}, "agent": {"citizen"}}
    await phones["citizen"].hangup()


async def test_two_supervisors_at_once_and_one_who_hangs_up(stage: Scene) -> None:
    call, phones = await talk(stage)
    phones["second"] = await agent_of(stage, "a1002")
    by = supervisors(stage)
    both = await asyncio.gather(
        by.listen(SUPERVISOR, "a1001", why="quality"), by.whisper("a1002", "a1001", why="training")
    )
    assert both == [Supervised(call, "listen"), Supervised(call, "whisper")]
    assert await hearing(stage, phones) == {
        "citizen": {"agent"},
        "agent": {"citizen", "second"},
        "supervisor": {"citizen", "agent"},
        "second": {"citizen", "agent"},
    }
    assert stage.states()["a1002"] == "talking", "an agent who supervises is offered no citizen"
    await phones.pop("second").hangup()
    await stage.until(lambda: len(by.now()) == 1, "one has left")
    await stage.until(lambda: stage.states()["a1002"] in ("wrap_up", "available"), "it is over for the board")
    assert await hearing(stage, phones) == LISTEN
    assert await by.stop(SUPERVISOR) == Supervised(call, "listen")
    await phones.pop("supervisor").events.next("closed", timeout=10)
    assert await hearing(stage, phones) == {"citizen": {"agent"}, "agent": {"citizen"}}
    assert await by.stop(SUPERVISOR) == NotSupervised("not_supervising")
    await phones["citizen"].hangup()
