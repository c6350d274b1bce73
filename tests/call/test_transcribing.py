"""Talks written down while they last: both ends, in order, and never at the cost of a call."""

from __future__ import annotations

from typing import Any

import pytest

from asr.protocol import LineQuality
from ivr.call.ports import TalksWrittenDown
from ivr.flow.actions import Transfer
from ivr.flow.inputs import OpId
from tests.call.scenes import SEEDS, TO_HEAR, play, press_if_there, sent, summary_of
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone
from tests.support.scripted_ears import Utterance

CITIZEN = [Utterance("路灯坏了", after_s=2.0, lasts_s=1.0), Utterance("谢谢", after_s=3.0, lasts_s=0.5)]
AGENT = [Utterance("您好", after_s=0.5, lasts_s=1.0), Utterance("记下来了", after_s=2.5, lasts_s=1.5)]
IN_ORDER = ["您好", "路灯坏了", "记下来了", "谢谢"]


async def talking(here: House, agent: str = "a1") -> str:
    """A caller and an agent who have just been joined."""
    here.log_in(agent)
    caller = here.ari.world.call("call", "12345", "trunk")
    await here.until(2.5)
    here.ari.world.press(caller, "2")
    for _ in range(100):
        if here.states()[agent] == "talking":
            return caller
        await here.until(0.1)
    raise AssertionError("nobody was joined")


def agents_channel(here: House, agent: str = "a1") -> str:
    (found,) = [one.id for one in here.ari.world.channels.values() if one.endpoint == f"PJSIP/{agent}"]
    return found


def spoken(here: House) -> list[str]:
    """What was said in talks, as it was spoken."""
    lines = [(line.began_at, line.text) for line in here.memory.said if line.source == "conversation"]
    return [text for began_at, text in sorted(lines) if began_at is not None]


def notes(here: House) -> list[tuple[Any, ...]]:
    return [
        (data["speaker"], data["state"], data.get("cause"))
        for _, _, kind, data in here.memory.events
        if kind == "transcript"
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_both_ends_in_order(seed: int) -> None:
    async def scene(here: House) -> None:
        here.ears.talks = [CITIZEN, AGENT]
        caller = await talking(here)
        await here.until(1)
        opened = [request for request in here.ears.opened if request.continuous]
        assert [(request.language, request.phrases) for request in opened] == [("zh", ())] * 2
        assert [request.hot_words for request in opened] == [("人民路",)] * 2
        assert here.ears.open_now == 2
        await here.until(8)
        assert spoken(here) == IN_ORDER
        assert {(line.speaker, line.party) for line in here.memory.said} == {("caller", ""), ("agent", "a1")}
        assert here.memory.said_seq == list(range(1, 5))
        assert notes(here) == []
        here.ari.world.hang_up(agents_channel(here))
        await here.until(1)
        assert here.ears.open_now <= 1, "at most the dialogue listens after the talk"
        here.ari.world.hang_up(caller)

    play(scene, seed, written_down="agents")


@pytest.mark.parametrize("at_ms", range(0, 4_000, 250))
def test_a_hangup_at_every_moment_of_a_talk_leaves_nothing(at_ms: int) -> None:
    async def scene(here: House) -> None:
        here.ears.talks = [CITIZEN, AGENT]
        here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=0.5)
        caller = await talking(here)
        await here.until(at_ms / 1000)
        here.ari.world.hang_up(caller if at_ms % 500 else agents_channel(here))
        await here.until(1)
        if caller in here.ari.world.channels:
            here.ari.world.hang_up(caller)

    play(scene, seed=at_ms, written_down="agents", jitter_s=0.05)


def test_a_worker_that_dies_costs_a_gap() -> None:
    async def scene(here: House) -> None:
        here.ears.talks = [CITIZEN, [*AGENT[:1], Utterance("", after_s=1.0, fails=True)], AGENT[1:]]
        caller = await talking(here)
        await here.until(12)
        assert set(spoken(here)) == set(IN_ORDER)
        assert notes(here) == [("agent", "gap", "lost"), ("agent", "goes_on", None)]
        assert here.ears.open_now == 2
        here.ari.world.hang_up(caller)

    play(scene, written_down="agents")


@pytest.mark.parametrize("operation", TO_HEAR)
@pytest.mark.parametrize("how", [{"status": 500}, {"unanswered": True}])
def test_a_transcript_that_cannot_be_made_is_tried_again_and_the_talk_goes_on(
    operation: str, how: dict[str, Any]
) -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        here.ears.talks = [CITIZEN, AGENT]
        before = len(here.ears.opened)
        here.ari.world.put_on_hold(caller, held=True)
        await here.until(1)
        here.ari.world.fault(operation, times=2, **how)
        here.ari.world.put_on_hold(caller, held=False)
        await here.until(15)
        assert here.states()["a1"] == "talking"
        assert len(here.ears.opened) - before >= 3
        assert here.ears.open_now == 2
        assert [state for _, state, _ in notes(here)].count("goes_on") >= 1
        here.ari.world.hang_up(caller)

    play(scene, written_down="agents")


def test_nothing_is_heard_while_somebody_is_on_hold() -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        await here.until(1)
        agent = agents_channel(here)
        here.ari.world.put_on_hold(agent, held=True)
        await here.until(0.5)
        assert here.ears.open_now == 0
        here.ari.world.put_on_hold(caller, held=True)
        here.ari.world.put_on_hold(agent, held=False)
        await here.until(0.5)
        assert here.ears.open_now == 0
        here.ari.world.put_on_hold(caller, held=False)
        await here.until(0.5)
        assert here.ears.open_now == 2
        assert notes(here) == []
        here.ari.world.hang_up(caller)

    play(scene, written_down="agents")


def test_who_answers_the_dialogue_is_heard_before_a_talk_is_written_down() -> None:
    async def scene(here: House) -> None:
        first = await talking(here)
        await here.until(1)
        here.ears.most = 2
        here.ears.script.append(Utterance("我 要 投 诉", after_s=0.3, phrase="投诉"))
        second = here.ari.world.call("call", "12345", "trunk", channel_id="second")
        await here.until(2)
        assert [line.text for line in here.memory.said] == ["我 要 投 诉"]
        assert "speech_failed" not in [data.get("type") for _, _, _, data in here.memory.events]
        assert {note for note in notes(here)} == {
            ("caller", "gap", "overloaded"),
            ("agent", "gap", "overloaded"),
        }
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(second)
        await here.until(20)
        assert here.ears.open_now == 2, "there is room again, and the talk is written down"
        here.ari.world.hang_up(first)

    play(scene, written_down="agents")


def test_switched_off_nothing_is_listened_to() -> None:
    async def scene(here: House) -> None:
        caller = await talking(here)
        await here.until(1)
        here.ari.world.hang_up(caller)
        await here.until(1)
        assert not [request for request in here.ears.opened if request.continuous]
        assert not [
            values
            for values in sent(here, "channels.snoop_channel_with_id")
            if "agent" in values["channelId"]
        ]

    play(scene, written_down="off")


@pytest.mark.parametrize(("which", "ends"), [("agents", 0), ("all", 2)])
def test_outside_parties_only_where_it_is_asked_for(which: TalksWrittenDown, ends: int) -> None:
    async def scene(here: House) -> None:
        here.ears.talks = [CITIZEN, AGENT]
        here.ari.world.phones["PJSIP/110@trunk"] = Phone(rings_s=0.5)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(1.5)
        press_if_there(here, caller, "1")
        await here.until(10)
        assert len([request for request in here.ears.opened if request.continuous]) == ends
        assert spoken(here) == (IN_ORDER if ends else [])
        assert {line.speaker for line in here.memory.said} == ({"caller", "party"} if ends else set())
        here.ari.world.hang_up(caller)

    play(scene, written_down=which, entry="connect")


def test_without_a_recogniser_nothing_is_tried() -> None:
    async def scene(here: House) -> None:
        here.ears.unavailable = True
        caller = await talking(here)
        await here.until(10)
        assert {note[1:] for note in notes(here)} == {("gap", "unavailable")}
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)

    play(scene, written_down="agents")


def test_a_bad_line_is_noted_once_for_each_end_and_in_the_summary() -> None:
    async def scene(here: House) -> None:
        noisy = LineQuality(-28.0, -20.0, 0.0, 0.0, 0.0)
        lossy = LineQuality(-60.0, -20.0, 0.0, 0.0, 0.2)
        here.ears.talks = [
            [Utterance("喂", line=noisy), Utterance("喂", line=noisy), Utterance("听得见吗", line=noisy)],
            [Utterance("您好", line=lossy), Utterance("您好", line=lossy)],
        ]
        caller = await talking(here)
        await here.until(5)
        faults = [(d["speaker"], d["fault"]) for _, _, kind, d in here.memory.events if kind == "line"]
        assert sorted(faults) == [("agent", "lossy"), ("caller", "noisy")]
        here.ari.world.hang_up(caller)
        await here.until(1)
        assert summary_of(here).notes["line"] == ["noisy"]

    play(scene, written_down="agents")


def test_in_a_conference_everybody_is_heard_once() -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones["PJSIP/110@trunk"] = Phone(rings_s=0.5)
        caller = await talking(here)
        await here.until(1)
        (session,) = here.front_door.registry
        assert session._parts is not None
        session._parts.transfers.start(Transfer(OpId("x"), "number", "110", "zh", "conference"))
        await here.until(3)
        assert here.ears.open_now == 3
        (party,) = [one.id for one in here.ari.world.channels.values() if one.endpoint == "PJSIP/110@trunk"]
        here.ari.world.hang_up(party)
        await here.until(1)
        assert here.states()["a1"] == "talking"
        assert here.ears.open_now == 2
        heard = [values["channelId"] for values in sent(here, "channels.snoop_channel_with_id")]
        assert heard[-3:].count(caller) == 1
        here.ari.world.hang_up(caller)

    play(scene, written_down="all")
