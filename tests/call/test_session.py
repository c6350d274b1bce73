"""Whole calls through session, machine, dispatcher and board, against the fake Asterisk, on virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.call.scenes import SEEDS, TO_HEAR, inputs, play, press_if_there, summary_of
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone
from tests.support.scripted_ears import Utterance


@pytest.mark.parametrize("seed", SEEDS)
def test_a_menu_by_key(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "1")
        await here.until(10)
        assert caller not in here.ari.world.channels
        summary = summary_of(here)
        assert (summary.outcome, summary.ended_by) == ("completed", "system")
        assert len(here.heard(caller)) == 4

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_key_stops_the_prompt(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(1.3)
        stops = len([name for name, _ in here.ari.world.commands if name == "playbacks.stop"])
        here.ari.world.press(caller, "1")
        await here.until(0.3)
        stopped = len([name for name, _ in here.ari.world.commands if name == "playbacks.stop"])
        assert (stops, stopped) == (0, 1)
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_menu_by_voice_while_the_prompt_plays(seed: int) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(0.5)
        # The welcome listens too, for the commands; the menu is the next to listen.
        here.ears.script.append(Utterance("我 要 投 诉", after_s=0.3, phrase="投诉"))
        await here.until(7.5)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)
        await here.until(1)
        (line,) = here.memory.said
        assert (line.text, line.source, line.engine_version) == ("我 要 投 诉", "dialogue", "1")
        assert line.began_at is not None
        assert line.ended_at is not None
        assert (line.ended_at - line.began_at).total_seconds() == pytest.approx(0.5)
        (word,) = line.words
        assert word.start_s == pytest.approx(0.0)
        assert word.end_s == pytest.approx(0.5)
        summary = summary_of(here)
        assert (summary.outcome, summary.agent, summary.ended_by) == ("completed", "a1", "caller")

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_silence_leads_to_a_person(seed: int) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        here.ari.world.call("call", "12345", "trunk")
        await here.until(25)
        assert here.states()["a1"] == "talking"
        agent = next(
            channel for channel in here.ari.world.channels.values() if channel.endpoint == "PJSIP/a1"
        )
        here.ari.world.hang_up(agent.id)
        await here.until(1)
        # Back in the flow: the survey, then the goodbye.
        assert here.states()["a1"] == "wrap_up"
        await here.until(20)
        summary = summary_of(here)
        assert (summary.outcome, summary.agent, summary.queue) == ("completed", "a1", "general")
        assert summary.talked_s is not None
        assert summary.talked_s > 0

    play(scene, seed)


@pytest.mark.parametrize(
    "phone", [Phone(then="busy"), Phone(then="never"), Phone(then="reject"), Phone(registered=False)]
)
@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_who_does_not_answer_is_followed_by_the_next(seed: int, phone: Phone) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones["PJSIP/a1"] = phone
        here.log_in("a1")
        await here.until(1)
        here.log_in("a2")
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(9)
        assert here.states()["a2"] == "talking"
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_callers_for_one_agent_keep_their_order(seed: int) -> None:
    async def scene(here: House) -> None:
        first = here.ari.world.call("call", "12345", "trunk", channel_id="first")
        await here.until(2.5)
        here.ari.world.press(first, "2")
        await here.until(1)
        second = here.ari.world.call("call", "12345", "trunk", channel_id="second")
        await here.until(2.5)
        here.ari.world.press(second, "2")
        await here.until(1)
        here.log_in("a1")
        await here.until(3)
        talking = [session.channel for session in here.front_door.registry if session.stage == "talking"]
        assert talking == [first]
        here.ari.world.hang_up(first)
        await here.until(15)
        talking = [session.channel for session in here.front_door.registry if session.stage == "talking"]
        assert talking == [second]
        here.ari.world.hang_up(second)

    play(scene, seed, agents=("a1",))


@pytest.mark.parametrize("at_ms", range(0, 16_000, 370))
def test_a_hangup_at_every_moment_leaves_nothing(at_ms: int) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=2.0)
        caller = here.ari.world.call("call", "12345", "trunk")
        keys = asyncio.get_running_loop().call_later(2.5, press_if_there, here, caller, "2")
        await here.until(at_ms / 1000)
        if caller in here.ari.world.channels:
            here.ari.world.hang_up(caller)
        await here.until(15)
        keys.cancel()
        assert here.states()["a1"] == "available"
        assert summary_of(here).ended_by == "caller"

    play(scene, seed=at_ms)


@pytest.mark.parametrize("at_ms", range(1000, 1400, 10))
def test_a_key_while_the_recogniser_is_being_attached_leaves_nothing(at_ms: int) -> None:
    """Found on a real call: requests that were given up are carried out all the same, after the cleaning up.

    A slow Asterisk makes the moment long enough to be met.
    """

    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(at_ms / 1000)
        press_if_there(here, caller, "1")
        await here.until(10)
        assert summary_of(here).outcome == "completed"

    play(scene, seed=at_ms, jitter_s=0.1)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_recogniser_that_is_lost_again_and_again_leaves_the_keys(seed: int) -> None:
    async def scene(here: House) -> None:
        here.ears.script += [Utterance("", fails=True) for _ in range(4)]
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(4.5)
        assert len(inputs(here, "speech_failed")) >= 2
        assert here.ears.open_now == 0
        here.ari.world.press(caller, "1")
        await here.until(6)
        assert summary_of(here).outcome == "completed"

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_recogniser_lost_before_a_word_is_asked_again_and_nobody_notices(seed: int) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(0.5)
        here.ears.script += [
            Utterance("", after_s=0.3, fails=True),
            Utterance("我 要 投 诉", after_s=0.3, phrase="投诉"),
        ]
        await here.until(8)
        assert len(inputs(here, "speech_failed")) == 1
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_recogniser_lost_within_a_word_costs_one_pardon(seed: int) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(0.5)
        here.ears.script += [
            Utterance("", after_s=0.3, lasts_s=0.3, fails_within=True),
            Utterance("我 要 投 诉", after_s=1.5, phrase="投诉"),
        ]
        await here.until(10)
        assert len(inputs(here, "speech_failed")) == 1
        assert [heard["text"] for heard in inputs(here, "speech_heard")] == ["我 要 投 诉"]
        assert here.states()["a1"] == "talking"
        assert [line.text for line in here.memory.said] == ["我 要 投 诉"]
        here.ari.world.hang_up(caller)

    play(scene, seed)


def test_without_any_recogniser_keys_do() -> None:
    async def scene(here: House) -> None:
        here.ears.unavailable = True
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "1")
        await here.until(6)
        assert summary_of(here).outcome == "completed"

    play(scene)


@pytest.mark.parametrize("operation", TO_HEAR)
@pytest.mark.parametrize("how", [{"status": 500}, {"unanswered": True}])
def test_a_listening_that_cannot_be_made_costs_only_the_listening(
    operation: str, how: dict[str, Any]
) -> None:
    async def scene(here: House) -> None:
        here.ari.world.fault(operation, times=9, **how)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(4)
        here.ari.world.press(caller, "1")
        await here.until(6)
        assert summary_of(here).outcome == "completed"
        here.ari.world.faults.clear()
        await here.until(40)

    play(scene)


def test_a_waiting_that_is_too_long_ends_in_the_flow() -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        here.ari.world.phones["PJSIP/a1"] = Phone(then="never")
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(90)
        summary = summary_of(here)
        assert (summary.outcome, summary.agent) == ("completed", "")
        assert caller not in here.ari.world.channels

    play(scene)


def test_music_plays_while_waiting_and_never_under_a_prompt() -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(20)
        music = False
        for name, values in here.ari.world.commands:
            if values.get("channelId") != caller:
                continue
            if name == "channels.start_moh":
                music = True
            elif name == "channels.stop_moh":
                music = False
            elif name == "channels.play_with_id":
                assert not music
        assert music
        here.ari.world.hang_up(caller)

    play(scene)


def test_a_broken_session_hands_the_caller_to_the_dialplan(monkeypatch: pytest.MonkeyPatch) -> None:
    from ivr.flow import machine

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a fault of ours")

    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(1.5)
        monkeypatch.setattr(machine, "step", broken)
        here.ari.world.press(caller, "1")
        await here.until(1)
        assert ("fallback", caller) in [
            (values.get("context"), values.get("channelId"))
            for name, values in here.ari.world.commands
            if name == "channels.continue_in_dialplan"
        ]
        assert summary_of(here).outcome == "failed"
        monkeypatch.undo()
        if caller in here.ari.world.channels:
            here.ari.world.hang_up(caller)

    play(scene)


def test_too_many_calls_go_to_the_fallback() -> None:
    async def scene(here: House) -> None:
        first = here.ari.world.call("call", "12345", "trunk")
        await here.until(1)
        second = here.ari.world.call("call", "12345", "trunk")
        await here.until(1)
        continued = [
            v["channelId"] for n, v in here.ari.world.commands if n == "channels.continue_in_dialplan"
        ]
        assert continued == [second]
        for channel in (first, second):
            if channel in here.ari.world.channels:
                here.ari.world.hang_up(channel)

    play(scene, max_calls=1)


def test_a_hangup_that_nobody_reported_is_found() -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(5)
        for event in ("ChannelHangupRequest", "StasisEnd", "ChannelDestroyed", "ChannelLeftBridge"):
            here.ari.world.lost[event] = 1
        here.ari.world.hang_up(caller)
        await here.until(5)
        assert here.reconciler.repairs.as_dict() == {"session_without_channel": 1}
        assert here.states()["a1"] == "wrap_up"
        await here.until(11)
        assert here.states()["a1"] == "available"

    play(scene, repairs=True)


def test_after_a_gap_the_truth_is_looked_up() -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(1.5)
        gap = asyncio.create_task(here.ari.gap(2.0))
        await here.until(0.5)
        here.ari.world.hang_up(caller)
        await gap
        await here.until(1)
        assert len(here.front_door.registry) == 0

    play(scene)


def test_what_nobody_owns_is_ended() -> None:
    async def scene(here: House) -> None:
        from ivr.ari.results import Sent

        made = await here.ari.channels.external_media(
            channel_id="c-n1-gone.media1", app="ivr", external_host="127.0.0.1:9", format="slin16"
        )
        assert isinstance(made, Sent)
        await here.ari.bridges.create_with_id(bridge_id="c-n1-gone.talk2", type="mixing")
        await here.until(40)
        assert here.reconciler.repairs.as_dict() == {"bridge_without_owner": 1}
        assert "c-n1-gone.media1" not in here.ari.world.channels

    play(scene, repairs=True)


@pytest.mark.parametrize(
    ("dialled", "before", "after", "says"),
    [
        ("*45", "offline", "available", "logged_in"),
        ("*46", "available", "offline", "logged_out"),
        ("*47", "available", "paused", "paused"),
        ("*47", "paused", "available", "resumed"),
        ("*48", "paused", "available", "resumed"),
        ("*47", "offline", "offline", "logged_out"),
        ("*48", "offline", "offline", "logged_out"),
        ("*49", "available", "available", "unknown"),
    ],
)
def test_the_codes_of_a_dialogue_that_has_none(dialled: str, before: str, after: str, says: str) -> None:
    async def scene(here: House) -> None:
        if before != "offline":
            here.log_in("a1")
        if before == "paused":
            here.pause("a1")
        channel = here.ari.world.call("feature", dialled, "a1")
        await here.until(5)
        assert here.states()["a1"] == after
        assert channel not in here.ari.world.channels
        assert here.heard(channel) == [f"agent.{says}.zh"]

    play(scene)


def test_a_standard_code_asks_for_the_pin_too() -> None:
    async def scene(here: House) -> None:
        for dialled, state in (("*45", "offline"), ("*454711", "available")):
            here.ari.world.call("feature", dialled, "a2")
            await here.until(5)
            assert here.states()["a2"] == state

    play(scene)


@pytest.mark.parametrize("after_ms", range(0, 30, 2))
def test_a_hangup_just_as_the_agent_answers_leaves_nothing(after_ms: int) -> None:
    """Found on a real call: the leg was ending by itself when the end of the call cut its cleaning up short."""

    async def scene(here: House) -> None:
        here.log_in("a1")
        here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=1.0)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        agent = await _the_agents_channel(here)
        while here.ari.world.channels[agent].state != "Up":
            await here.until(0.001)
        await here.until(after_ms / 1000)
        here.ari.world.hang_up(caller)
        await here.until(1.0)
        here.ari.world.assert_empty()

    play(scene, seed=after_ms)


async def _the_agents_channel(here: House) -> str:
    for _ in range(5000):
        for channel in here.ari.world.channels.values():
            if channel.endpoint == "PJSIP/a1":
                return channel.id
        await here.until(0.001)
    raise AssertionError("the agent is not rung")
