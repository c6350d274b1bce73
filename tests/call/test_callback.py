"""Promises to call back: made durably, in the old place, carried out agent first, and put back after a start."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from ivr.callback.promises import Kept
from routing.ids import EntryId
from storage.promises import CallbackRecord
from tests.call.scenes import SEEDS, inputs, nodes, play, press_if_there, sent, summary_of
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone

CITIZEN = "PJSIP/13800000001@trunk"
NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


async def waiting(here: House, channel: str = "one") -> str:
    caller = here.ari.world.call("call", "12345", "trunk", channel_id=channel)
    await here.until(1.5)
    return caller


async def promised(here: House, channel: str = "one") -> str:
    """A caller who wants to be called back, has typed the number, and hears the promise."""
    caller = await waiting(here, channel)
    here.ari.world.press(caller, "1")
    await here.until(0.5)
    here.ari.world.press(caller, "13800000001#", between_s=0.05)
    await here.until(1.0)
    return caller


def record(here: House) -> CallbackRecord:
    (only,) = here.promises.records.values()
    return only


def placed(here: House) -> dict[str, Any]:
    (only,) = inputs(here, "callback_placed")
    return only


def party(here: House, endpoint: str) -> Any:
    return next((one for one in here.ari.world.channels.values() if one.endpoint == endpoint), None)


def line(here: House) -> list[str]:
    """The callers and promises in line, by place."""
    board = here.dispatcher.board
    standing = [(place.place, one) for one in board.entries() if (place := board.place(one.id)) is not None]
    return ["promise" if one.callback else "caller" for _, one in sorted(standing, key=lambda each: each[0])]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_place_is_kept_while_asking_and_after_the_hangup(seed: int) -> None:
    async def scene(here: House) -> None:
        first = await promised(here, "first")
        await waiting(here, "second")
        assert line(here) == ["promise", "caller"]
        assert placed(here)["outcome"] == "placed"
        assert placed(here)["place"] == 1
        kept = record(here)
        assert (kept.id, kept.number, kept.queue, kept.state) == (
            placed(here)["callback"],
            "13800000001",
            "general",
            "waiting",
        )
        await here.until(4)
        assert first not in here.ari.world.channels
        assert line(here) == ["promise", "caller"]
        (shown,) = here.callbacks.lines()
        assert (shown.place, shown.number, shown.calling) == (1, "13800000001", False)
        assert here.memory.calls[record(here).call_id].outcome == "completed"
        here.ari.world.hang_up("second")
        await here.until(1)
        assert here.callbacks.cancel(kept.id, by="test")
        assert record(here).state == "cancelled"

    play(scene, seed, entry="promise")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_agent_is_rung_first_then_the_citizen_and_they_talk(seed: int) -> None:
    async def scene(here: House) -> None:
        await promised(here)
        await here.until(6)
        here.ari.world.phones[CITIZEN] = Phone(rings_s=3.0)
        here.log_in("a1")
        await here.until(2.5)
        agent, citizen = party(here, "PJSIP/a1"), party(here, CITIZEN)
        assert here.states()["a1"] == "talking"
        assert agent.variables["CONNECTEDLINE(num,i)"] == "13800000001"
        assert agent.ringing, "the agent does not hear the citizen's telephone ring"
        assert citizen.state == "Ringing"
        assert here.callbacks.lines()[0].calling
        await here.until(3)
        assert not agent.ringing
        assert agent.bridge == citizen.bridge != ""
        await here.until(5)
        here.ari.world.hang_up(citizen.id)
        await here.until(1)
        assert here.states()["a1"] == "wrap_up"
        done = record(here)
        assert (done.state, done.attempts, done.data["outcome"]) == ("done", 1, "talked")
        assert done.data["talked_s"] > 4
        assert here.callbacks.lines() == []
        here.ari.world.assert_empty()

    play(scene, seed, entry="promise")


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_rung_while_the_citizen_is_still_on_the_line(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await promised(here)
        here.log_in("a1")
        await here.until(0.3)
        assert caller in here.ari.world.channels
        assert here.states()["a1"] == "available"
        await here.until(9)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(party(here, "PJSIP/a1").id)

    play(scene, seed, entry="promise")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_citizen_who_does_not_answer_is_called_three_times(seed: int) -> None:
    async def scene(here: House) -> None:
        await promised(here)
        here.ari.world.phones[CITIZEN] = Phone(then="busy")
        here.log_in("a1")
        await here.until(30)
        assert (record(here).attempts, record(here).state, record(here).data["outcome"]) == (
            1,
            "waiting",
            "busy",
        )
        assert line(here) == ["promise"]
        await here.until(330)
        assert record(here).attempts == 2
        await here.until(930)
        assert (record(here).attempts, record(here).state) == (3, "failed")
        assert line(here) == []
        assert here.states()["a1"] == "available"
        calls = [one for one in sent(here, "channels.create") if one["endpoint"] == CITIZEN]
        assert len(calls) == 3

    play(scene, seed, entry="promise")


def test_an_agent_who_hangs_up_before_the_citizen_answers_costs_no_attempt() -> None:
    async def scene(here: House) -> None:
        await promised(here)
        here.ari.world.phones[CITIZEN] = Phone(rings_s=8.0)
        here.log_in("a1")
        await here.until(9)
        here.ari.world.hang_up(party(here, "PJSIP/a1").id)
        await here.until(1)
        assert party(here, CITIZEN) is None
        assert (record(here).attempts, line(here)) == (0, ["promise"])
        await here.until(45)
        assert record(here).state == "waiting"
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(party(here, CITIZEN).id)
        await here.until(2)
        assert record(here).state == "done"

    play(scene, entry="promise")


@pytest.mark.parametrize("phone", [Phone(then="busy"), Phone(then="never"), Phone(registered=False)])
def test_an_agent_who_does_not_answer_leaves_the_promise_in_its_place(phone: Phone) -> None:
    async def scene(here: House) -> None:
        await promised(here)
        here.ari.world.phones["PJSIP/a1"] = phone
        here.log_in("a1")
        await here.until(8)
        here.log_in("a2")
        await here.until(12)
        assert here.states()["a2"] == "talking"
        here.ari.world.hang_up(party(here, CITIZEN).id)
        await here.until(2)
        assert (record(here).state, record(here).attempts) == ("done", 1)
        here.log_out("a1")

    play(scene, entry="promise")


def test_a_promise_is_made_only_when_the_database_has_it() -> None:
    async def scene(here: House) -> None:
        here.promises.away = True
        caller = await promised(here)
        assert placed(here)["outcome"] == "failed"
        assert "promise.wait" in nodes(here)[-1:]
        assert line(here) == ["caller"]
        here.log_in("a1")
        await here.until(3)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)
        assert here.callbacks.lines() == []

    play(scene, entry="promise")


def test_who_hangs_up_while_it_is_written_has_the_promise() -> None:
    async def scene(here: House) -> None:
        here.promises.takes_s = 2.0
        caller = await promised(here)
        assert here.promises.records == {}
        here.ari.world.hang_up(caller)
        await here.until(3)
        assert record(here).state == "waiting"
        assert line(here) == ["promise"]
        assert summary_of(here).ended_by == "caller"
        here.log_in("a1")
        await here.until(6)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(party(here, CITIZEN).id)

    play(scene, entry="promise")


def test_who_hangs_up_while_it_cannot_be_written_leaves_nothing() -> None:
    async def scene(here: House) -> None:
        here.promises.takes_s, here.promises.away = 2.0, True
        caller = await promised(here)
        here.ari.world.hang_up(caller)
        await here.until(3)
        assert line(here) == []

    play(scene, entry="promise")


def test_a_number_that_may_not_be_called_is_not_promised() -> None:
    async def scene(here: House) -> None:
        caller = await waiting(here)
        here.ari.world.press(caller, "1")
        await here.until(0.5)
        here.ari.world.press(caller, "0900123#", between_s=0.05)
        await here.until(1.5)
        assert placed(here)["outcome"] == "refused"
        assert line(here) == ["caller"]
        assert here.promises.records == {}
        here.ari.world.hang_up(caller)

    play(scene, entry="promise")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_who_comes_while_the_number_is_typed_has_the_caller(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await waiting(here)
        here.ari.world.press(caller, "1")
        await here.until(0.5)
        here.ari.world.press(caller, "138", between_s=0.05)
        here.log_in("a1")
        await here.until(3)
        assert here.states()["a1"] == "talking"
        assert here.ari.world.channels[caller].bridge == party(here, "PJSIP/a1").bridge != ""
        assert nodes(here)[-1] == "promise.wait"
        here.ari.world.hang_up(caller)

    play(scene, seed, entry="promise")


def test_no_music_plays_under_the_question_beside_the_queue() -> None:
    async def scene(here: House) -> None:
        caller = await waiting(here)
        await here.until(1)
        world = here.ari.world
        assert world.channels[caller].music
        here.ari.world.press(caller, "1")
        await here.until(2.5)
        assert nodes(here)[-1] == "promise.number"
        assert not world.channels[caller].music
        await here.until(40)
        assert nodes(here)[-1] == "promise.wait"
        assert world.channels[caller].music, "back in the queue there is music again"
        here.ari.world.hang_up(caller)

    play(scene, entry="promise")


@pytest.mark.parametrize("at_ms", range(0, 6000, 190))
def test_a_hangup_at_every_moment_leaves_a_promise_or_nothing(at_ms: int) -> None:
    async def scene(here: House) -> None:
        here.promises.takes_s = 0.3
        caller = here.ari.world.call("call", "12345", "trunk")
        steps = [(1.5, "1"), (2.0, "138"), (2.2, "0000"), (2.4, "0001"), (2.6, "#")]
        done = 0.0
        for at, keys in steps:
            if at * 1000 > at_ms:
                break
            await here.until(at - done)
            done = at
            press_if_there(here, caller, keys)
        await here.until(at_ms / 1000 - done)
        if caller in here.ari.world.channels:
            here.ari.world.hang_up(caller)
        await here.until(5)
        promises = [one for one in here.promises.records.values() if one.state == "waiting"]
        assert line(here) == ["promise"] * len(promises)
        assert len(promises) <= 1
        for one in promises:
            here.callbacks.cancel(one.id, by="test")

    play(scene, seed=at_ms, entry="promise")


@pytest.mark.parametrize("at_ms", range(0, 14_000, 370))
def test_the_agent_or_the_citizen_hangs_up_at_every_moment_of_the_attempt(at_ms: int) -> None:
    async def scene(here: House) -> None:
        await promised(here)
        await here.until(6)
        here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=2.0)
        here.ari.world.phones[CITIZEN] = Phone(rings_s=3.0)
        here.log_in("a1")
        await here.until(at_ms / 1000)
        gone = party(here, "PJSIP/a1" if at_ms % 740 else CITIZEN)
        if gone is not None:
            here.ari.world.hang_up(gone.id)
        here.log_out("a1")
        await here.until(3)
        for endpoint in ("PJSIP/a1", CITIZEN):
            if (other := party(here, endpoint)) is not None:
                here.ari.world.hang_up(other.id)
        await here.until(20)
        here.ari.world.assert_empty()
        assert here.states()["a1"] == "offline"
        for shown in here.callbacks.lines():
            assert not shown.calling
            assert here.callbacks.cancel(shown.id, by="test")

    play(scene, seed=at_ms, entry="promise")


def kept_earlier(number: int, **changed: Any) -> Kept:
    values: dict[str, Any] = {
        "id": f"cb-{number}",
        "call_id": f"c-n1-old-{number}",
        "entry_id": f"c-n1-old-{number}.entry1",
        "queue": "general",
        "number": "13800000001",
        "enqueued_at": NOW - dt.timedelta(minutes=10 - number),
        "created_at": NOW - dt.timedelta(minutes=9 - number),
        "language": "zh",
        "skills": {"mandarin": 1},
    }
    return Kept(CallbackRecord(**(values | changed)), 3)


def test_promises_of_an_earlier_run_stand_in_line_again_before_later_callers() -> None:
    async def scene(here: House) -> None:
        await waiting(here)
        assert line(here) == ["promise", "promise", "caller"]
        assert [one.place for one in here.callbacks.lines()] == [1, 2]
        stored = here.dispatcher.board.entry(EntryId("c-n1-old-1.entry1"))
        assert stored is not None
        assert stored.revision >= 4
        here.log_in("a1")
        await here.until(8)
        here.ari.world.hang_up(party(here, CITIZEN).id)
        await here.until(15)
        assert here.promises.records["cb-1"].state == "done"
        here.ari.world.hang_up(party(here, CITIZEN).id)
        await here.until(13)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up("one")

    play(scene, entry="promise", earlier=(kept_earlier(1), kept_earlier(2)))


def test_a_time_that_was_asked_for_is_kept() -> None:
    later = NOW + dt.timedelta(minutes=2)

    async def scene(here: House) -> None:
        here.log_in("a1")
        await here.until(60)
        assert here.states()["a1"] == "available"
        await here.until(65)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(party(here, CITIZEN).id)

    play(scene, entry="promise", earlier=(kept_earlier(1, not_before=later),))


def test_a_promise_whose_queue_is_gone_stays_on_the_list() -> None:
    async def scene(here: House) -> None:
        await here.until(1)
        (shown,) = here.callbacks.lines()
        assert (shown.queue, shown.place) == ("closed-down", None)
        assert here.callbacks.cancel(shown.id, by="test")

    play(scene, entry="promise", earlier=(kept_earlier(1, queue="closed-down"),))
