"""Codes that agents dial as flows of the dialogue, and the calls that agents make with them, on the fake Asterisk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from ivr.desk.people import Author
from routing.agents import AgentState
from storage.wrap_up_records import WrapUpRecord
from tests.support.call_house import House, house
from tests.support.fake_ari_objects import Phone
from tests.support.scripted_ears import Utterance
from tests.support.virtual_time import run_virtual

CITIZEN = "13800000001"
TRUNK = f"PJSIP/{CITIZEN}@trunk"
SOUNDS = {"done": "text.50ef8a4b6cbe.zh", "refused": "text.9be05f66a015.zh", "over": "text.cb79d2833299.zh"}
"""Of the texts in flows/agent_codes.yaml: named by their content."""


def play(scene: Callable[[House], Awaitable[None]], seeds: int = 2, written: bool = False) -> None:
    """The same scene with events in several orders; whatever happened, nothing may be left."""
    for seed in range(seeds):

        async def everything(seed: int = seed) -> None:
            async with house(seed, codes=True, written_down="agents" if written else "off") as here:
                await scene(here)
                here.assert_nothing_left()
                assert list(here.talks) == []

        run_virtual(everything)


@pytest.mark.parametrize(
    ("dialled", "before", "after", "says"),
    [
        ("*45", "offline", "available", "done"),
        ("*46", "available", "offline", "done"),
        ("*471", "available", "paused", "done"),
        ("*47", "offline", "offline", "refused"),
        ("*48", "available", "available", "refused"),
        ("*99", "available", "available", "refused"),
    ],
)
def test_codes(dialled: str, before: str, after: str, says: str) -> None:
    async def scene(here: House) -> None:
        if before == "available":
            here.log_in("a1")
        channel = here.ari.world.call("feature", dialled, "a1")
        await here.until(5)
        assert here.states()["a1"] == after
        assert channel not in here.ari.world.channels
        assert here.heard(channel) == [SOUNDS[says]]
        assert here.memory.arrivals == [] and here.memory.calls == {}, "a code is no call"

    play(scene)


def test_a_pin() -> None:
    async def scene(here: House) -> None:
        for dialled, state in (("*45", "offline"), ("*454712", "offline"), ("*454711", "available")):
            here.ari.world.call("feature", dialled, "a2")
            await here.until(5)
            assert here.states()["a2"] == state

    play(scene)


def test_somebody_who_is_no_agent_changes_nothing() -> None:
    async def scene(here: House) -> None:
        channel = here.ari.world.call("feature", "*45", "stranger")
        await here.until(5)
        assert set(here.states().values()) == {"offline"}
        assert len(here.heard(channel)) == 1

    play(scene)


def test_what_was_done_stands_when_the_agent_hangs_up_at_once() -> None:
    async def scene(here: House) -> None:
        for after_ms in range(0, 40, 4):
            channel = here.ari.world.call("feature", "*45", "a1")
            await here.until(after_ms / 1000)
            here.ari.world.hang_up(channel)
            await here.until(3)
            assert here.states()["a1"] in ("available", "offline")
            here.ari.world.assert_empty()
        here.ari.world.call("feature", "*45", "a1")
        await here.until(3)
        assert here.states()["a1"] == "available"

    play(scene)


async def call_out(here: House, until: AgentState = "talking", number: str = CITIZEN) -> str:
    here.log_in("a1")
    channel = here.ari.world.call("feature", f"*49{number}", "a1")
    while here.states()["a1"] != until:
        await here.until(0.01)
    return channel


def test_an_agent_calls_a_citizen() -> None:
    """A call with a record of its own, state talking from the first ring, a conversation while it lasts, wrap-up."""

    async def scene(here: House) -> None:
        here.ari.world.phones[TRUNK] = Phone(rings_s=2.0, talks_s=20.0)
        await call_out(here)
        await here.until(1)
        assert list(here.talks) == [], "it still rings"
        await here.until(5)
        (talk,) = here.talks
        assert (talk.kind, talk.agent, talk.entry) == ("outbound", "a1", None)
        assert here.desk.agent("a1").on_call == talk.call
        assert len(here.front_door.registry) == 0, "no citizen's call"
        await here.until(20)
        assert here.states()["a1"] == "wrap_up"
        (facts,) = here.memory.arrivals
        assert (facts.agent, facts.called) == ("a1", f"*49{CITIZEN}")
        (summary,) = here.memory.calls.values()
        assert (summary.agent, summary.outcome) == ("a1", "completed")
        assert summary.talked_s == pytest.approx(20, abs=1)
        assert "called_out" in here.memory.kinds() and "joined" in here.memory.kinds()
        here.desk.wrap_up_done(Author.of_agent("a1"), "sold")
        (kept,) = [fact for fact in here.memory.stored if isinstance(fact, WrapUpRecord)]
        assert (kept.call_id, kept.code) == (talk.call, "sold")

    play(scene)


def test_after_the_talk_the_telephone_is_back_with_the_dialogue() -> None:
    """Which may have something to say, and hangs up by itself."""

    async def scene(here: House) -> None:
        here.ari.world.phones[TRUNK] = Phone(rings_s=1.0, talks_s=5.0)
        channel = await call_out(here)
        await here.until(12)
        assert here.heard(channel) == [SOUNDS["over"]]
        (summary,) = here.memory.calls.values()
        assert (summary.outcome, summary.ended_by) == ("completed", "system")

    play(scene)


@pytest.mark.parametrize("after_s", [0.005, 0.5, 1.0, 2.0, 2.01, 2.02, 5.0])
def test_an_agent_who_hangs_up_at_any_moment_leaves_nothing(after_s: float) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[TRUNK] = Phone(rings_s=2.0)
        channel = await call_out(here)
        await here.until(after_s)
        here.ari.world.hang_up(channel)
        await here.until(3)
        assert here.states()["a1"] in ("wrap_up", "available")
        here.ari.world.assert_empty()
        assert len(here.memory.calls) == 1

    play(scene)


@pytest.mark.parametrize(("phone", "number"), [(Phone(rings_s=60.0), CITIZEN), (Phone(then="busy"), CITIZEN)])
def test_nobody_answers(phone: Phone, number: str) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[TRUNK] = phone
        channel = await call_out(here)
        await here.until(20)
        assert len(here.heard(channel)) == 1, "the agent is told"
        assert here.states()["a1"] in ("wrap_up", "available")

    play(scene)


def test_only_numbers_that_are_listed_are_called() -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        channel = here.ari.world.call("feature", "*49001234567", "a1")
        await here.until(5)
        assert (here.states()["a1"], len(here.heard(channel))) == ("available", 1)
        assert here.memory.arrivals == []

    play(scene)


def test_who_is_logged_out_calls_nobody() -> None:
    async def scene(here: House) -> None:
        channel = here.ari.world.call("feature", f"*49{CITIZEN}", "a1")
        await here.until(5)
        assert (here.states()["a1"], len(here.heard(channel))) == ("offline", 1)
        assert here.memory.arrivals == []

    play(scene)


def test_an_own_call_is_written_down() -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[TRUNK] = Phone(rings_s=1.0, talks_s=20.0)
        here.ears.talks = [[Utterance("喂，你好。")], [Utterance("喂，你好。")]]
        await call_out(here)
        await here.until(30)
        said = sorted((line.speaker, line.party, line.text) for line in here.memory.said)
        assert said == [("agent", "a1", "喂，你好。"), ("caller", "", "喂，你好。")]

    play(scene, written=True)
