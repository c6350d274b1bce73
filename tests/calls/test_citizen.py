"""A citizen's call on a real Asterisk: keys, voice, silence, the talk, the end. What is heard is checked by content."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ivr.demo.sayings import SAYINGS
from ivr.demo.softphone import Softphone
from tests.support.audio import Samples, load_recording, silence, tone, tone_present
from tests.support.citizens import Caller, Scene

pytestmark = [
    pytest.mark.real,
    pytest.mark.voice,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="session"),
]

RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "audio"


async def to_the_question(scene: Scene, citizen: Caller, language: str = "zh") -> None:
    """Greeted, language chosen by key."""
    await scene.hears(citizen, "greeting.welcome")
    await citizen.send_digits("1" if language == "zh" else "2")


async def to_the_queue(scene: Scene, citizen: Caller) -> None:
    await to_the_question(scene, citizen)
    await scene.until(
        lambda: scene.hotline.front_door.registry and _nodes(scene) == ["main.question"], "the question"
    )
    await citizen.send_digits("0")


def _nodes(scene: Scene) -> list[str]:
    return [session.node for session in scene.hotline.front_door.registry]


async def test_the_whole_way_by_key(scene: Scene) -> None:
    """Greeting, keys, an agent, both hear each other, the survey, and all of it in the database."""
    agent = await scene.agent("a1001", answers_after_s=8.0, kind=Softphone)
    citizen = await scene.citizen(kind=Softphone)
    call = scene.live_call()
    await to_the_question(scene, citizen)
    await scene.hears(citizen, "greeting.recording")
    await scene.hears(citizen, "question.open")
    await citizen.send_digits("2")
    await scene.hears(citizen, "complaint.transfer")
    await scene.until(lambda: scene.states()["a1001"] == "talking", "the agent answers")
    await citizen.play(tone(600, 2.0))
    await agent.play(tone(1000, 2.0))
    await asyncio.sleep(2.5)  # as long as the two tones last: what is said cannot be heard sooner
    assert tone_present(agent.received_audio(), 600)
    assert tone_present(citizen.received_audio(), 1000)
    assert not tone_present(agent.received_audio(), 1000)
    await agent.hangup()
    await scene.hears(citizen, "survey.scale")
    assert scene.states()["a1001"] in ("wrap_up", "available")
    await citizen.send_digits("1")
    await scene.hears(citizen, "survey.thanks")
    await citizen.events.next("closed", timeout=15)
    await scene.until(lambda: not scene.stages(), "the call is over")
    record = await scene.record(call)
    assert record.state == "ended"
    assert record.ended_by == "system"
    assert record.data["agent"] == "a1001"
    assert record.data["survey"] == 1
    assert record.data["outcome"] == "completed"
    assert record.data["talked_s"] > 1
    # The recording of the talk may be finished after the call.
    kinds = [kind for kind, _ in await scene.journal(call) if kind != "recording"]
    assert kinds[0] == "arrived"
    assert kinds[-1] == "ended"
    assert "joined" in kinds
    assert "survey" in kinds


def spoken(name: str) -> Samples:
    return SAYINGS[name].samples()


@pytest.mark.parametrize(
    ("language", "saying", "node", "prompt"),
    [
        ("zh", "zh-noise", "complaint.known", "complaint.transfer"),
        ("en", "en-lamp", "complaint.known", "complaint.transfer"),
        ("zh", "zh-person", "person.transfer", "person.transfer"),
        ("en", "en-person", "person.transfer", "person.transfer"),
    ],
)
async def test_a_menu_by_voice_over_the_prompt(
    scene: Scene, language: str, saying: str, node: str, prompt: str
) -> None:
    """The citizen talks into the prompt: it stops, the words are understood, and they are on record."""
    citizen = await scene.citizen()
    call = scene.live_call()
    await to_the_question(scene, citizen, language)
    await scene.until(lambda: _nodes(scene) == ["main.question"], "the question")
    await scene.hears(citizen, "greeting.recording", language)
    await citizen.play(spoken(saying))
    await scene.hears(citizen, prompt, language)
    assert not scene.heard(citizen, "question.keys_more", language), "the prompt was not stopped"
    assert node in [data["node"] for kind, data in await scene.journal(call) if kind == "node"]
    (line,) = await scene.transcript(call)
    assert (line.speaker, line.language) == ("caller", language)
    assert line.text
    await citizen.hangup()


@pytest.mark.parametrize("rate", ["8k"])
async def test_a_recorded_voice_is_written_down(scene: Scene, rate: str) -> None:
    """An open question answered by somebody's real recording (or our own stand-in): the transcript is stored."""
    found = sorted((RECORDINGS / "zh" / rate).glob("*.wav"))
    said = load_recording(found[0]) if found else spoken("zh-story")
    citizen = await scene.citizen()
    call = scene.live_call()
    await to_the_question(scene, citizen)
    await scene.until(lambda: _nodes(scene) == ["main.question"], "the question")
    await citizen.play(said)
    await scene.until(
        lambda: "main.question" not in _nodes(scene) or _heard_something(scene), "something was heard"
    )
    lines = await scene.transcript(call)
    assert lines
    assert lines[0].text
    await citizen.hangup()


def _heard_something(scene: Scene) -> bool:
    return any(session.last_heard for session in scene.hotline.front_door.registry)


async def test_silence_twice_leads_to_a_person(scene: Scene) -> None:
    citizen = await scene.citizen()
    await to_the_question(scene, citizen)
    await scene.hears(citizen, "question.no_input", timeout_s=60)
    await scene.hears(citizen, "person.after_errors", timeout_s=60)
    await scene.agent("a1001")
    await scene.until(lambda: scene.states()["a1001"] == "talking", "a person answers", timeout_s=30)
    await citizen.hangup()


async def test_a_wrong_key_is_told(scene: Scene) -> None:
    citizen = await scene.citizen()
    await to_the_question(scene, citizen)
    await scene.until(lambda: _nodes(scene) == ["main.question"], "the question")
    await citizen.send_digits("9")
    await scene.hears(citizen, "question.no_match")
    await citizen.hangup()


async def test_a_key_stops_the_prompt_at_once(scene: Scene) -> None:
    citizen = await scene.citizen()
    await to_the_question(scene, citizen)
    await scene.until(lambda: _nodes(scene) == ["main.question"], "the question")
    await scene.hears(citizen, "greeting.recording")
    await citizen.send_digits("3")
    await scene.hears(citizen, "suggestion.record")
    assert not scene.heard(citizen, "question.keys_more")
    await citizen.hangup()


async def test_the_page_shows_the_call(scene: Scene) -> None:
    """The number is masked on the page, and the call is on it while it lasts."""
    import aiohttp

    citizen = await scene.citizen()
    await to_the_question(scene, citizen)
    async with (
        aiohttp.ClientSession() as session,
        session.get(scene.hotline.page_url + "api/v1/status") as response,
    ):
        status = await response.json()
    (call,) = status["calls"]
    (live,) = scene.hotline.front_door.registry
    assert live.facts.caller.startswith("138") and live.facts.caller not in str(status)
    assert call["state"] == "menu"
    await citizen.hangup()
    await citizen.play(silence(0.1))
