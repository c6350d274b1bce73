"""A telephone that refuses calls before it rings: seen at once, told, paused for by the rules of misses."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.desk.people import Author
from ivr.projections.kpi import figures, stays_of
from routing.ids import AgentId
from storage.records import AgentRecord, AgentStateChange
from tests.call.scenes import play
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone

PHONE = "PJSIP/a1"


async def wants_a_person(here: House) -> str:
    caller = here.ari.world.call("call", "12345", "trunk", channel_id="caller")
    await here.until(3)
    here.ari.world.press(caller, "2")
    return caller


def shown(here: House) -> tuple[str, str, str, int]:
    view = here.desk.agent("a1")
    return view.state, view.pause_reason, view.phone, view.no_answers


@pytest.mark.parametrize("phone", [Phone(then="busy"), Phone(then="reject"), Phone(then="busy", cause=19)])
def test_it_is_seen_at_once_and_pauses_after_so_many(phone: Phone) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[PHONE] = phone
        here.log_in("a1")
        caller = await wants_a_person(here)
        while not here.desk.agent("a1").no_answers:
            await here.until(0.01)
        assert shown(here) == ("available", "", "do not disturb", 1)
        await here.until(10)
        assert shown(here) == ("paused", "dnd", "do not disturb", 2)
        kept = [fact for fact in here.facts if isinstance(fact, AgentRecord)][-1]
        assert kept.agent().do_not_disturb, "it outlives the controller"
        here.ari.world.phones[PHONE] = Phone()
        here.desk.unpause(Author.of_agent("a1"))
        assert shown(here)[2:] == ("", 0)
        await here.until(5)
        assert here.states()["a1"] == "talking"
        history = [fact for fact in here.facts if isinstance(fact, AgentStateChange)]
        (shift,) = figures(
            [], {}, stays_of([], history, history[0].at, history[-1].at), by="agent", zone=dt.UTC
        )[:1]
        assert 9.0 <= shift.do_not_disturb_s <= 10.5
        here.ari.world.hang_up(caller)
        await here.until(1)

    play(scene)


def test_who_takes_a_call_disturbs_nobody_any_more() -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[PHONE] = Phone(then="reject")
        here.log_in("a1")
        caller = await wants_a_person(here)
        while not here.desk.agent("a1").phone:
            await here.until(0.01)
        here.ari.world.phones[PHONE] = Phone()
        await here.until(8)
        assert shown(here) == ("talking", "", "", 0)
        here.ari.world.hang_up(caller)
        await here.until(1)

    play(scene)


def test_who_lets_it_ring_has_only_missed_it() -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[PHONE] = Phone(then="never")
        here.log_in("a1")
        caller = await wants_a_person(here)
        await here.until(20)
        assert shown(here) == ("paused", "no_answer", "", 2)
        assert not here.dispatcher.board.agents[AgentId("a1")].do_not_disturb
        here.ari.world.hang_up(caller)
        await here.until(1)

    play(scene)
