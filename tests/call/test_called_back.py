"""The citizen's word when called back, citizen first, hours and expiry: the place is kept through all of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from ivr.callback.settings import CallbackSettings
from ivr.errors import CallbackError
from storage.missed_records import MissedCallRecord
from tests.call.scenes import SEEDS, play, sent
from tests.call.test_callback import CITIZEN, NOW, kept_earlier, line, party, waiting
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone

QUESTION = {
    "prompts": [{"id": "here"}],
    "accept": "1",
    "later": "2",
    "later_s": 600,
    "later_said": [{"id": "later"}],
    "cancel": "3",
    "cancelled_said": [{"id": "cancelled"}],
}


def asked(order: str, **plan: Any) -> Any:
    """A promise of an earlier run whose citizen is asked."""
    return (kept_earlier(1, plan={"order": order, "question": QUESTION, "hold": [{"id": "hold"}], **plan}),)


def kept(here: House) -> Any:
    """The promise as the database has it; None: unchanged since the last run."""
    return here.promises.records.get("cb-1")


def citizen_hears(here: House) -> list[str]:
    return [media.removesuffix(".zh") for media in here.heard(party(here, CITIZEN).id)]


async def answered(here: House) -> Any:
    """An agent is there; the citizen has been rung, has answered and hears the question."""
    here.ari.world.phones[CITIZEN] = Phone(rings_s=1.0)
    here.log_in("a1")
    await here.until(3.0)
    citizen = party(here, CITIZEN)
    assert citizen.state == "Up"
    assert citizen_hears(here) == ["here"]
    return citizen


@pytest.mark.parametrize("seed", SEEDS)
def test_agent_first_the_two_are_joined_when_the_citizen_accepts(seed: int) -> None:
    async def scene(here: House) -> None:
        citizen = await answered(here)
        agent = party(here, "PJSIP/a1")
        assert agent.ringing, "the agent does not hear that the citizen is being asked"
        assert citizen.bridge != agent.bridge, "the agent hears the question"
        here.ari.world.press(citizen.id, "9")
        await here.until(0.3)
        assert citizen.bridge != agent.bridge, "a key that means nothing"
        here.ari.world.press(citizen.id, "1")
        await here.until(0.5)
        assert citizen.bridge == agent.bridge != ""
        assert not agent.ringing
        await here.until(5)
        here.ari.world.hang_up(agent.id)
        await here.until(1)
        assert (kept(here).state, kept(here).data["outcome"]) == ("done", "talked")
        assert here.promises.kinds() == [
            "restored",
            "attempt",
            "citizen_rung",
            "citizen_answered",
            "joined",
            "talk",
            "done",
        ]

    play(scene, seed, entry="promise", earlier=asked("agent_first"))


@pytest.mark.parametrize("order", ["agent_first", "citizen_first"])
def test_who_presses_later_is_called_later_in_the_same_place(order: str) -> None:
    async def scene(here: House) -> None:
        citizen = await answered(here)
        here.ari.world.press(citizen.id, "2")
        await here.until(0.5)
        assert citizen_hears(here) == ["here", "later"]
        await here.until(4)
        again = kept(here)
        assert (again.state, again.attempts, again.data["outcome"]) == ("waiting", 0, "later")
        assert again.enqueued_at == NOW - dt.timedelta(minutes=9)
        here.log_out("a1")
        await waiting(here)
        assert line(here) == ["promise", "caller"]
        here.ari.world.hang_up("one")
        await here.until(580)
        here.log_in("a1")
        await here.until(5)
        assert party(here, CITIZEN) is None, "called before the time that was asked for"
        await here.until(25)
        here.ari.world.press(party(here, CITIZEN).id, "1")
        await here.until(4)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(party(here, CITIZEN).id)

    play(scene, entry="promise", earlier=asked(order))


@pytest.mark.parametrize("order", ["agent_first", "citizen_first"])
def test_who_presses_cancel_is_never_called_again(order: str) -> None:
    async def scene(here: House) -> None:
        citizen = await answered(here)
        here.ari.world.press(citizen.id, "3")
        await here.until(0.5)
        assert citizen_hears(here) == ["here", "cancelled"]
        await here.until(3)
        assert (kept(here).state, kept(here).data["by"]) == ("cancelled", "caller")
        assert line(here) == []
        assert here.callbacks.lines() == []
        await here.until(15)
        assert here.states()["a1"] == "available"

    play(scene, entry="promise", earlier=asked(order))


@pytest.mark.parametrize("order", ["agent_first", "citizen_first"])
def test_an_answering_machine_presses_nothing_and_was_not_reached(order: str) -> None:
    async def scene(here: House) -> None:
        await answered(here)
        await here.until(8)
        assert citizen_hears(here) == ["here", "here"]
        await here.until(10)
        assert party(here, CITIZEN) is None
        assert (kept(here).state, kept(here).attempts, kept(here).data["outcome"]) == (
            "waiting",
            1,
            "no_key",
        )
        assert line(here) == ["promise"]
        assert here.callbacks.cancel("cb-1", by="test")

    play(scene, entry="promise", earlier=asked(order))


@pytest.mark.parametrize("seed", SEEDS)
def test_citizen_first_no_agent_waits_for_a_telephone(seed: int) -> None:
    """The only agent talks; the citizen is rung meanwhile, waits, and has that agent next, before who came later."""

    async def scene(here: House) -> None:
        here.ari.world.phones[CITIZEN] = Phone(rings_s=2.0)
        await here.until(30)
        assert party(here, CITIZEN) is None, "rung though nobody is there to talk to"
        await waiting(here, "first")
        here.log_in("a1")
        await here.until(1)
        await waiting(here, "second")
        citizen = party(here, CITIZEN)
        assert (here.states()["a1"], line(here)) == ("talking", ["promise", "caller"])
        await here.until(2)
        here.ari.world.press(citizen.id, "1")
        await here.until(2)
        assert citizen_hears(here) == ["here", "hold"]
        assert citizen.music
        here.ari.world.hang_up("first")
        await here.until(15)
        agent = party(here, "PJSIP/a1")
        assert citizen.bridge == agent.bridge != ""
        assert not citizen.music
        assert line(here) == ["caller"]
        here.ari.world.hang_up(citizen.id)
        await here.until(15)
        assert here.ari.world.channels["second"].bridge == party(here, "PJSIP/a1").bridge != ""
        assert kept(here).state == "done"
        here.ari.world.hang_up("second")

    play(scene, seed, entry="promise", earlier=(late_promise(),))


def late_promise() -> Any:
    """Made a moment from now: who waits already is before it."""
    (one,) = asked("citizen_first")
    record = replace(one.record, enqueued_at=NOW + dt.timedelta(seconds=31.5))
    return replace(one, record=record)


def test_who_accepts_and_hangs_up_before_an_agent_comes_is_called_again() -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=4.0)
        citizen = await answered(here)
        here.ari.world.press(citizen.id, "1")
        await here.until(2)
        assert here.states()["a1"] == "ringing"
        here.ari.world.hang_up(citizen.id)
        await here.until(1)
        assert here.states()["a1"] == "available", "an agent is rung for a citizen who has gone"
        assert (kept(here).attempts, kept(here).data["outcome"]) == (1, "citizen_left")
        assert line(here) == ["promise"]
        assert here.callbacks.cancel("cb-1", by="test")

    play(scene, entry="promise", earlier=asked("citizen_first"))


def test_an_agent_who_does_not_answer_costs_the_waiting_citizen_nothing() -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones["PJSIP/a1"] = Phone(then="busy")
        citizen = await answered(here)
        here.ari.world.press(citizen.id, "1")
        await here.until(4)
        assert party(here, CITIZEN) is not None
        here.log_in("a2")
        await here.until(3)
        assert here.states()["a2"] == "talking"
        assert citizen.bridge == party(here, "PJSIP/a2").bridge != ""
        here.ari.world.hang_up(party(here, "PJSIP/a2").id)
        await here.until(1)
        assert kept(here).state == "done"
        here.log_out("a1")

    play(scene, entry="promise", earlier=asked("citizen_first"))


@pytest.mark.parametrize("at_ms", range(0, 9000, 430))
@pytest.mark.parametrize("who", ["PJSIP/a1", CITIZEN])
def test_citizen_first_a_hangup_at_every_moment(at_ms: int, who: str) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=2.0)
        here.ari.world.phones[CITIZEN] = Phone(rings_s=2.0)
        here.log_in("a1")
        await here.until(min(at_ms, 4000) / 1000)
        if at_ms > 4000 and party(here, CITIZEN) is not None:
            here.ari.world.press(party(here, CITIZEN).id, "1")
            await here.until((at_ms - 4000) / 1000)
        if (gone := party(here, who)) is not None:
            here.ari.world.hang_up(gone.id)
        await here.until(3)
        here.log_out("a1")
        for endpoint in ("PJSIP/a1", CITIZEN):
            if (other := party(here, endpoint)) is not None:
                here.ari.world.hang_up(other.id)
        await here.until(20)
        here.ari.world.assert_empty()
        assert here.states()["a1"] == "offline"
        for shown in here.callbacks.lines():
            assert not shown.calling
            assert shown.place == 1, "the place was lost"
            assert here.callbacks.cancel(shown.id, by="test")

    play(scene, seed=at_ms, entry="promise", earlier=asked("citizen_first"))


def from_ten_to_eleven(calendar: str, moment: dt.datetime) -> tuple[dt.datetime | None, dt.datetime | None]:
    opens, closes = NOW.replace(hour=10), NOW.replace(hour=11)
    if calendar != "desk":
        return moment, None
    if moment < opens:
        return opens, opens
    return (moment, closes) if moment < closes else (opens + dt.timedelta(days=1), None)


@pytest.mark.parametrize("order", ["agent_first", "citizen_first"])
def test_nobody_is_called_outside_the_hours(order: str) -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        await here.until(3500)
        assert (party(here, CITIZEN), here.states()["a1"]) == (None, "available")
        await here.until(110)
        assert party(here, CITIZEN) is not None
        here.ari.world.hang_up(party(here, CITIZEN).id)
        await here.until(20)
        assert kept(here).attempts == 1
        here.log_out("a1")
        await here.until(3600)
        here.log_in("a1")
        await here.until(3000)
        assert (party(here, CITIZEN), here.states()["a1"]) == (None, "available"), "called after closing"
        assert line(here) == ["promise"]
        assert here.callbacks.cancel("cb-1", by="test")

    play(scene, entry="promise", earlier=asked(order, hours="desk"), callback_hours=from_ten_to_eleven)


def test_a_promise_that_nobody_could_keep_in_time_is_given_up() -> None:
    async def scene(here: House) -> None:
        await here.until(3000)
        assert line(here) == ["promise"]
        await here.until(400)
        assert line(here) == []
        assert (kept(here).state, kept(here).data["why"]) == ("failed", "expired")
        assert here.callbacks.lines() == []

    # Made eight minutes before the start.
    play(scene, entry="promise", earlier=asked("agent_first"), promised_by=CallbackSettings(expires_h=1.05))


def test_citizen_first_may_be_the_rule_of_the_house() -> None:
    async def scene(here: House) -> None:
        here.log_in("a1")
        await here.until(3)
        first, *_ = [one["endpoint"] for one in sent(here, "channels.create")]
        assert first == CITIZEN
        here.ari.world.hang_up(party(here, CITIZEN).id)

    play(
        scene,
        entry="promise",
        earlier=(kept_earlier(1),),
        promised_by=CallbackSettings(order="citizen_first"),
    )


def test_who_was_missed_is_called_at_the_end_of_the_line() -> None:
    async def scene(here: House) -> None:
        await waiting(here)
        owed = MissedCallRecord(
            "m-1",
            "key",
            "13800000001",
            "abandoned",
            {"abandoned": 1},
            1,
            NOW,
            NOW,
            NOW,
            "c-1",
            "general",
            "zh",
        )
        id = await here.callbacks.owe(owed, "Wang")
        assert line(here) == ["caller", "promise"]
        with pytest.raises(CallbackError, match="do not allow"):
            await here.callbacks.owe(replace(owed, number="0900123"), "Wang")
        here.log_in("a1")
        await here.until(4)
        here.ari.world.hang_up("one")
        await here.until(15)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(party(here, CITIZEN).id)
        await here.until(1)
        assert here.promises.records[id].state == "done"
        assert here.promises.events[id][0].data["owed"] == "m-1"

    play(scene, entry="promise")
