"""Asterisk killed, out of hearing or failing at any moment of a call: nobody is dropped where it lives, nobody is stuck
where it does not, and another controller's calls are left alone."""

from __future__ import annotations

import asyncio

import pytest

from ivr.ari.generated.events import EVENTS
from ivr.call.callers_channel import CUT_OFF
from ivr.ids import ChannelId
from tests.call.scenes import SEEDS, inputs, play, press_if_there, sent, summary_of, under_way
from tests.call.test_callback import CITIZEN, party
from tests.call.test_called_again import known, returned, standing, waits
from tests.call.test_called_back import answered, asked, citizen_hears, kept
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone

MOMENTS = range(0, 8000, 2310)
WAYS = ("", "1", "2", "3")
"""What the dialogue `tail` does: wait in line, record, ring another party."""


def out_of_promises(here: House) -> None:
    for one in here.callbacks.lines():
        here.callbacks.cancel(one.id, by="test")


@pytest.mark.parametrize("key", WAYS)
@pytest.mark.parametrize("at_ms", MOMENTS)
def test_killed_at_any_moment(key: str, at_ms: int) -> None:
    async def scene(here: House) -> None:
        await under_way(here, key, at_ms)
        was_live = len(here.front_door.registry) == 1
        await here.ari.killed(away_s=4.0)
        await here.until(2)
        assert here.states()["a1"] in ("available", "wrap_up")
        here.log_out("a1")
        await here.until(20)
        assert len(here.front_door.registry) == 0
        summary = summary_of(here)
        if was_live and summary.ended_by == "system" and summary.cause == 41:
            assert summary.outcome == "failed"
            assert {"why": CUT_OFF} in [data for _, _, kind, data in here.memory.events if kind == "failed"]
        else:
            assert not was_live or summary.cause != 41
        out_of_promises(here)
        # And the next one is served.
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2)
        assert here.front_door.registry.owns(caller)
        here.ari.world.hang_up(caller)
        await here.until(20)
        out_of_promises(here)

    play(scene, seed=at_ms, repairs=True, entry="tail")


@pytest.mark.parametrize("key", WAYS)
@pytest.mark.parametrize("at_ms", MOMENTS)
def test_out_of_hearing_for_ten_seconds_the_call_goes_on(key: str, at_ms: int) -> None:
    """What Asterisk said meanwhile is gone for good: ends of prompts, answers, keys."""

    async def scene(here: House) -> None:
        caller = await under_way(here, key, at_ms)
        before = [session.call for session in here.front_door.registry]
        await here.ari.gap(10.0)
        await here.until(1)
        if before:
            assert [session.call for session in here.front_door.registry] == before
        assert not sent(here, "channels.continue_in_dialplan")
        assert not sent(here, "channels.hangup") or caller in here.ari.world.channels
        here.ari.world.hang_up(caller)
        await here.until(4)
        assert here.states()["a1"] in ("available", "wrap_up")
        here.log_out("a1")
        await here.until(20)
        assert summary_of(here).outcome in ("completed", "abandoned")
        out_of_promises(here)

    play(scene, seed=at_ms, repairs=True, entry="tail")


@pytest.mark.parametrize("key", ["", "2"])
@pytest.mark.parametrize("at_ms", range(0, 6000, 1530))
def test_while_every_command_fails_nobody_is_sent_away(key: str, at_ms: int) -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(at_ms / 1000)
        press_if_there(here, caller, key)
        failing = here.ari.world.fault("*", status=500, times=1_000_000)
        await here.until(5)
        here.ari.world.faults.remove(failing)
        assert caller in here.ari.world.channels
        assert len(here.front_door.registry) == 1
        await here.until(3)
        here.ari.world.hang_up(caller)
        await here.until(5)
        assert summary_of(here).outcome in ("completed", "abandoned")

    play(scene, seed=at_ms, repairs=True)


def test_who_could_not_be_hung_up_is_no_new_caller() -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(3)
        here.ari.world.press(caller, "1")
        here.ari.world.fault("channels.hangup", status=500, times=2)
        await here.until(30)
        assert caller not in here.ari.world.channels
        assert len(here.memory.calls) == 1
        assert summary_of(here).outcome == "completed"

    play(scene, repairs=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_was_cut_off_in_line_has_the_old_place(seed: int) -> None:
    async def scene(here: House) -> None:
        known(here)
        await waits(here, "one", "111")
        await waits(here, "two", "222")
        await here.ari.killed(away_s=100.0)
        await here.until(1)
        assert standing(here) == []
        await waits(here, "three", "333")
        await waits(here, "again", "222")
        await waits(here, "more", "111")
        assert standing(here) == ["111", "222", "333"]
        assert len(returned(here)) == 2
        for channel in ("three", "again", "more"):
            here.ari.world.hang_up(channel)
        await here.until(5)

    play(scene, seed, repairs=True, entry="promise")


def test_a_key_that_came_too_late_for_its_timer_is_not_held_against_the_caller() -> None:
    """Out of hearing the caller does not answer: that is counted once at most, however long it lasts."""

    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(4)
        await here.ari.gap(60.0)
        await here.until(0.5)
        assert len([one for one in inputs(here, "timer_fired")]) <= 1
        here.ari.world.press(caller, "1")
        await here.until(6)
        assert summary_of(here).outcome == "completed"

    play(scene, repairs=True)


@pytest.mark.parametrize("key", WAYS)
def test_another_controller_has_our_calls_from_now_on(key: str) -> None:
    """Nothing is said to Asterisk any more and nothing written: as if this controller had been killed."""

    async def scene(here: House) -> None:
        shut: list[int] = []
        here.front_door.on_replaced = lambda: shut.append(len(here.memory.events))
        caller = await under_way(here, key, 3000)
        was_live = len(here.front_door.registry) == 1
        here.ari.bus.dispatch(
            EVENTS["ApplicationReplaced"].model_validate(
                {
                    "type": "ApplicationReplaced",
                    "application": here.ari.app,
                    "timestamp": "2026-11-26T00:00:00Z",
                }
            )
        )
        await here.until(0.1)
        assert len(shut) == 1
        assert len(here.front_door.registry) == 0
        assert here.memory.calls == {} or not was_live, "no end is on record"
        assert not [one for one in sent(here, "channels.hangup") if one["channelId"] == caller]
        assert not sent(here, "channels.continue_in_dialplan")
        assert await here.ari.channels.get(channel_id=ChannelId(caller)) is not None
        here.log_out("a1")
        here.ari.world.hang_up(caller)
        out_of_promises(here)

    play(scene, repairs=True, entry="tail")


@pytest.mark.parametrize(
    ("when", "away_s"),
    [("rings", 3.0), ("rings", 60.0), ("is asked", 3.0), ("is asked", 60.0), ("waits", 3.0)],
)
def test_a_citizen_who_is_cut_off_before_the_talk_was_not_reached_in_vain(when: str, away_s: float) -> None:
    """It counts as no attempt, and the citizen is called again at once: the third of three would be the last."""

    async def scene(here: House) -> None:
        if when == "rings":
            here.ari.world.phones[CITIZEN] = Phone(rings_s=4.0)
            here.log_in("a1")
            await here.until(2)
        else:
            citizen = await answered(here)
        if when == "waits":
            here.pause("a1")
            here.ari.world.press(citizen.id, "1")
            await here.until(4)
        here.pause("a1")
        await here.ari.killed(away_s)
        await here.until(2)
        assert (kept(here).state, kept(here).data["outcome"], kept(here).attempts) == (
            "waiting",
            "cut_off",
            0,
        )
        here.unpause("a1")
        async with asyncio.timeout(30):
            while party(here, CITIZEN) is None:
                await here.until(0.1)
        assert here.callbacks.lines()[0].attempts == 0
        here.ari.world.hang_up(party(here, CITIZEN).id)
        await here.until(3)
        assert here.callbacks.cancel("cb-1", by="test")

    play(scene, repairs=True, entry="promise", earlier=asked("citizen_first"))


@pytest.mark.parametrize(
    ("order", "last"), [("citizen_first", "channels.stop_moh"), ("agent_first", "channels.ring_stop")]
)
@pytest.mark.parametrize("answers", [True, False])
def test_a_citizen_who_is_cut_off_while_the_two_are_joined_was_reached(
    order: str, last: str, answers: bool
) -> None:
    """last: what is asked of Asterisk before it joins them. answers: it is back before its events are."""

    async def scene(here: House) -> None:
        citizen = await answered(here)
        here.ari.world.fault(last, delay_s=2.0)
        here.ari.world.press(citizen.id, "1")
        async with asyncio.timeout(10):
            while not sent(here, last):
                await here.until(0.1)
        await here.ari.killed(away_s=5.0, answers=answers)
        here.pause("a1")
        await here.until(2)
        assert (kept(here).state, kept(here).data["outcome"], kept(here).attempts) == (
            "waiting",
            "cut_off",
            0,
        )
        assert here.callbacks.cancel("cb-1", by="test")

    play(scene, repairs=True, entry="promise", earlier=asked(order))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_talk_of_a_promised_call_that_was_cut_off_is_called_again(seed: int) -> None:
    async def scene(here: House) -> None:
        citizen = await answered(here)
        here.ari.world.press(citizen.id, "1")
        await here.until(3)
        assert here.states()["a1"] == "talking"
        await here.ari.killed(away_s=4.0)
        await here.until(2)
        assert (kept(here).state, kept(here).data["outcome"], kept(here).attempts) == (
            "waiting",
            "cut_off",
            0,
        )
        async with asyncio.timeout(30):
            # The key counts while the question is heard, and not much longer.
            while (again := party(here, CITIZEN)) is None or citizen_hears(here) != ["here"]:
                await here.until(0.1)
        here.ari.world.press(again.id, "1")
        await here.until(5)
        agent = party(here, "PJSIP/a1")
        assert agent.bridge == again.bridge != "", "the two are not together again"
        here.ari.world.hang_up(again.id)
        await here.until(2)
        assert (kept(here).state, kept(here).data["outcome"]) == ("done", "talked")

    play(scene, seed, repairs=True, earlier=asked("agent_first"))
