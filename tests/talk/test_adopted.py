"""A talk whose controller is killed: who talks goes on talking, and afterwards everything works as before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ivr.talk.results import Done
from ivr.talk.service import TalkService
from ivr.talk.targets import ToAgent, ToNumber, ToQueue
from routing.invariants import faults
from storage.live_records import LiveCallRecord
from storage.records import Fact
from tests.support.fake_ari_objects import Phone
from tests.support.killed_house import LastingHouse, lasting
from tests.support.virtual_time import run_virtual

SEEDS = range(2)
CALLER = "caller"


def play(scene: Callable[[LastingHouse], Coroutine[Any, Any, None]], seed: int, **how: Any) -> None:
    async def main() -> None:
        async with lasting(seed, **how) as here:
            await scene(here)
            await here.until(30)
            here.assert_nothing_left()

    run_virtual(main)


def service(here: LastingHouse) -> TalkService:
    return TalkService(here.front_door._services.in_talk)


def phone_of(here: LastingHouse, agent: str) -> str:
    (found,) = [one.id for one in here.world.channels.values() if one.endpoint == f"PJSIP/{agent}"]
    return found


def together(here: LastingHouse, *channels: str) -> bool:
    bridges = {here.world.channels[one].bridge for one in channels}
    (bridge,) = bridges if len(bridges) == 1 else ("",)
    return bool(bridge) and sorted(here.world.bridges[bridge].channels) == sorted(channels)


def bridges(here: LastingHouse) -> dict[str, str]:
    """Of the telephones: what listens is begun anew."""
    return {
        one.id: one.bridge
        for one in here.world.channels.values()
        if one.endpoint.startswith("PJSIP") or one.id == CALLER
    }


def stage_of(here: LastingHouse, agent: str) -> str:
    talk = service(here).of_agent(agent)
    return "" if talk is None else talk.stage


def node_of(here: LastingHouse) -> str:
    (session,) = here.front_door.registry
    return session.node


async def talking(here: LastingHouse) -> None:
    """The caller and a1; a2 is logged in and free."""
    here.log_in("a1")
    here.world.call("call", "12345", "trunk", channel_id=CALLER)
    await here.until(3)
    here.world.press(CALLER, "2")
    await here.until(4)
    assert here.states()["a1"] == "talking"
    here.log_in("a2")
    here.world.phones["PJSIP/a2"] = Phone(rings_s=1)


def kill(here: LastingHouse) -> None:
    assert here.now is not None
    here.kill(here.now.ari)


async def killed(here: LastingHouse) -> None:
    """And there again; the board is true."""
    kill(here)
    before = list(here.world.commands)
    await here.until(4)
    assert here.world.commands[len(before) :], "nobody came back"
    board = here.dispatcher.board
    assert [str(fault) for fault in faults(board, here.dispatcher._clock.now())] == []


def asked(here: LastingHouse, since: int) -> list[str]:
    return [
        name for name, _ in here.world.commands[since:] if not name.endswith((".list", ".get", ".get_info"))
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pair_is_not_touched_and_can_do_everything_afterwards(seed: int) -> None:
    async def scene(here: LastingHouse) -> None:
        await talking(here)
        agent, before = phone_of(here, "a1"), len(here.world.commands)
        await killed(here)
        assert asked(here, before) == [], "somebody was moved"
        assert together(here, CALLER, agent)
        assert here.states() == {"a1": "talking", "a2": "available"}
        assert await service(here).hold("a1") == Done("held")
        assert here.world.channels[CALLER].music and here.states()["a1"] == "hold"
        assert await service(here).resume("a1") == Done("talking")
        assert isinstance(await service(here).consult("a1", ToAgent("a2")), Done)
        await here.until(3)
        assert await service(here).complete("a1") == Done("talking")
        assert together(here, CALLER, phone_of(here, "a2"))
        assert here.states() == {"a1": "wrap_up", "a2": "talking"}
        here.world.hang_up(phone_of(here, "a2"))
        await here.until(2)
        assert node_of(here) == "main.rate"
        here.world.hang_up(CALLER)
        await here.until(1)
        (record,) = here.calls()
        assert record.data["agents"] == ["a1", "a2"] and record.data["talked_s"] > 5

    play(scene, seed)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("entry", ["main", "connect"])
def test_a_pair_stays_together_also_when_the_next_controller_is_killed_at_once(
    entry: str, number: int
) -> None:
    """Its talk was kept before the talk was taken over."""

    async def scene(here: LastingHouse) -> None:
        if entry == "main":
            await talking(here)
        else:
            here.log_in("a1")
            here.world.call("call", "12345", "trunk", channel_id=CALLER)
            await here.until(2)
            here.world.press(CALLER, "3")
            await here.until(4)
        agent = phone_of(here, "a1")
        assert together(here, CALLER, agent)
        kill(here)
        here.die_after(number)
        await here.until(6)
        assert len(here.adoptions) >= 2 and together(here, CALLER, agent)
        assert here.states()["a1"] == "talking"
        here.world.hang_up(CALLER)

    play(scene, 1, entry=entry)


def test_who_waits_keeps_the_place_also_when_a_third_controller_takes_the_call_that_a_second_is_opening() -> (
    None
):
    async def scene(here: LastingHouse) -> None:
        here.world.call("call", "12345", "trunk", channel_id=CALLER)
        await here.until(3)
        here.world.press(CALLER, "2")
        await here.until(0.5)
        (before,) = here.dispatcher.board.entries()
        here.world.fault("playbacks.get", delay_s=1.0)
        kill(here)
        await here.until(0.5)
        (session,) = here.front_door.registry
        session.keep_unread()
        kill(here)
        await here.until(3)
        (entry,) = here.dispatcher.board.entries()
        assert (entry.id, entry.state) == (before.id, "waiting")
        here.log_in("a1")
        await here.until(5)
        assert together(here, CALLER, phone_of(here, "a1"))
        here.world.hang_up(CALLER)

    play(scene, 1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("who", ["agent", "caller", "both"])
def test_who_hangs_up_while_nobody_watches_has_ended_the_talk(seed: int, who: str) -> None:
    async def scene(here: LastingHouse) -> None:
        await talking(here)
        agent = phone_of(here, "a1")
        kill(here)
        await here.until(0.5)
        if who != "caller":
            here.world.hang_up(agent)
        if who != "agent":
            here.world.hang_up(CALLER)
        await here.until(4)
        assert here.states()["a1"] == "wrap_up"
        assert agent not in here.world.channels
        if who == "agent":
            assert node_of(here) == "main.rate", "the dialogue does not go on"
            here.world.hang_up(CALLER)
        await here.until(12)
        assert here.states()["a1"] == "available"
        (record,) = here.calls()
        assert 3 < record.data["talked_s"] < 5

    play(scene, seed, away_s=1.0)


async def held(here: LastingHouse) -> None:
    assert await service(here).hold("a1") == Done("held")


async def consulting(here: LastingHouse) -> None:
    await service(here).consult("a1", ToAgent("a2"))
    await here.until(3)
    assert stage_of(here, "a1") == "consulting"


async def swapped(here: LastingHouse) -> None:
    await consulting(here)
    assert await service(here).swap("a1") == Done("swapped")


async def three_way(here: LastingHouse) -> None:
    await consulting(here)
    assert await service(here).three_way("a1") == Done("three_way")


async def outside(here: LastingHouse) -> None:
    here.world.phones["PJSIP/110@trunk"] = Phone(rings_s=1)
    await service(here).add("a1", ToNumber("110"))
    await here.until(3)
    assert await service(here).leave("a1") == Done("outside")


async def parked(here: LastingHouse) -> None:
    assert await service(here).park("a1") == Done("parked", "701")


async def away(here: LastingHouse) -> None:
    assert await service(here).to_flow("a1", "identity", come_back=True) == Done("away")
    await here.until(2)


async def calling(here: LastingHouse) -> None:
    here.world.phones["PJSIP/a2"] = Phone(then="never")
    await service(here).consult("a1", ToAgent("a2"))
    await here.until(1)
    assert here.states()["a2"] == "ringing"


async def adding(here: LastingHouse) -> None:
    here.world.phones["PJSIP/a2"] = Phone(then="never")
    await service(here).add("a1", ToAgent("a2"))
    await here.until(1)


async def transferring(here: LastingHouse) -> None:
    here.world.phones["PJSIP/a2"] = Phone(then="never")
    await service(here).transfer("a1", ToAgent("a2"))
    await here.until(1)
    assert here.states()["a2"] == "ringing"


async def to_queue(here: LastingHouse) -> None:
    await service(here).transfer("a1", ToQueue("general"))


Way = Callable[[LastingHouse], Coroutine[Any, Any, None]]
AFTER: dict[Way, tuple[str, dict[str, str]]] = {
    held: ("held", {"a1": "hold", "a2": "available"}),
    consulting: ("consulting", {"a1": "consulting", "a2": "talking"}),
    swapped: ("swapped", {"a1": "talking", "a2": "talking"}),
    three_way: ("three_way", {"a1": "talking", "a2": "talking"}),
    outside: ("outside", {"a1": "wrap_up", "a2": "available"}),
    parked: ("parked", {"a1": "wrap_up", "a2": "available"}),
    away: ("away", {"a1": "hold", "a2": "available"}),
    # Who was rung is let go.
    calling: ("talking", {"a1": "talking", "a2": "available"}),
    adding: ("talking", {"a1": "talking", "a2": "available"}),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", AFTER, ids=lambda way: way.__name__)
def test_every_stage_is_gone_on_with(way: Way, seed: int) -> None:
    async def scene(here: LastingHouse) -> None:
        await talking(here)
        await way(here)
        rooms = bridges(here)
        await killed(here)
        stage, states = AFTER[way]
        assert here.states() == states
        (talk,) = list(here.front_door._services.in_talk)
        assert talk.state.stage == stage
        now = bridges(here)
        if way in (calling, adding):
            assert together(here, CALLER, phone_of(here, "a1"))
            assert here.dispatcher.board.agents["a2"].no_answers == 0  # type: ignore[index]
        else:
            assert now == rooms, "somebody was moved"
        if way is parked:
            assert list(service(here).parked()) == ["701"]
        if way is away:
            here.world.press(CALLER, "1234")
            await here.until(2)
            assert together(here, CALLER, phone_of(here, "a1"))
        here.world.hang_up(CALLER)
        await here.until(12)
        assert set(here.states().values()) == {"available"}

    play(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", [transferring, to_queue], ids=lambda way: way.__name__)
def test_a_caller_whom_nobody_has_is_in_line_in_the_old_place(way: Way, seed: int) -> None:
    async def scene(here: LastingHouse) -> None:
        await talking(here)
        (before,) = here.dispatcher.board.entries()
        await way(here)
        here.world.phones["PJSIP/a2"] = Phone(rings_s=30)
        await killed(here)
        waits = [one for one in here.dispatcher.board.entries() if one.only is None]
        assert [one.enqueued_at for one in waits] == [before.enqueued_at]
        await here.until(20)
        here.world.hang_up(CALLER)

    play(scene, seed)


async def taken_by_nobody(here: LastingHouse) -> None:
    here.world.phones["PJSIP/a2"] = Phone(rings_s=0.5, then="reject")
    await service(here).transfer("a1", ToAgent("a2"))


def facts_after_the_talk(number: int, outcome: str) -> Callable[[Fact], bool]:
    """That many facts after it is on record that the talk is over, with that outcome."""
    seen = 0

    def is_it(fact: Fact) -> bool:
        nonlocal seen
        parts = fact.data.get("parts", {}) if isinstance(fact, LiveCallRecord) else {}
        talk = parts.get("waiting", {}).get("talk")
        seen += bool(seen or (talk and talk["state"]["outcome"] == outcome))
        return seen == number + 1

    return is_it


@pytest.mark.parametrize("number", [0, 2, 5, 10])
@pytest.mark.parametrize("way", [taken_by_nobody, to_queue], ids=lambda way: way.__name__)
def test_killed_while_a_talk_ends_its_caller_is_in_line_once_and_the_dialogue_knows(
    way: Way, number: int
) -> None:
    async def scene(here: LastingHouse) -> None:
        await talking(here)
        (before,) = here.dispatcher.board.entries()
        here.dies_at = facts_after_the_talk(number, "line")
        acts = asyncio.ensure_future(way(here))
        await here.died.wait()
        acts.cancel()
        here.world.phones["PJSIP/a2"] = Phone(then="reject")
        await here.until(4)
        waits = [one for one in here.dispatcher.board.entries() if one.only is None]
        assert [one.enqueued_at for one in waits] == [before.enqueued_at]
        assert "waits_again" in [kind for kind, _ in here.events()]
        await here.until(20)
        assert together(here, CALLER, phone_of(here, "a1")), "nobody takes the caller"
        here.world.hang_up(CALLER)

    play(scene, 1)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_killed_while_a_talk_ends_the_citizen_is_in_the_flow_to_which_the_agent_sent_them(
    number: int,
) -> None:
    async def scene(here: LastingHouse) -> None:
        await talking(here)
        here.dies_at = facts_after_the_talk(number, "flow")
        acts = asyncio.ensure_future(service(here).to_flow("a1", "identity", come_back=False))
        await here.died.wait()
        acts.cancel()
        await here.until(4)
        assert node_of(here).startswith("identity."), "the agent's wish is forgotten"
        here.world.hang_up(CALLER)
        await here.until(12)
        assert here.states() == {"a1": "available", "a2": "available"}

    play(scene, 1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("ends", ["agent", "caller", "while nobody is there"])
def test_an_agent_whom_the_dialogue_asked_for_talks_on(ends: str, seed: int) -> None:
    """A transfer by the dialogue: no queue, and the dialogue goes on after the talk."""

    async def scene(here: LastingHouse) -> None:
        here.log_in("a1")
        here.world.call("call", "12345", "trunk", channel_id=CALLER)
        await here.until(2)
        here.world.press(CALLER, "3")
        await here.until(4)
        assert here.states()["a1"] == "talking"
        agent, before = phone_of(here, "a1"), len(here.world.commands)
        kill(here)
        await here.until(0.5)
        if ends == "while nobody is there":
            here.world.hang_up(agent)
        await here.until(5)
        if ends != "while nobody is there":
            assert asked(here, before) == [], "somebody was moved or rung"
            assert together(here, CALLER, agent)
            assert await service(here).hold("a1") == Done("held")
            assert await service(here).resume("a1") == Done("talking")
            here.world.hang_up(agent if ends == "agent" else CALLER)
            await here.until(2)
        assert here.states()["a1"] in ("wrap_up", "available")
        if ends != "caller":
            nodes = [data["node"] for kind, data in here.events() if kind == "node"]
            assert nodes[-1] != "connect.agent", "the dialogue does not go on"

    play(scene, seed, entry="connect", away_s=1.0)


@pytest.mark.parametrize("after", range(1, 80, 2))
def test_killed_at_any_moment_nobody_is_dropped_and_the_board_is_true(after: int) -> None:
    """Somewhere between the call and the end of a consultation; the caller is on the line until the end."""

    async def scene(here: LastingHouse) -> None:
        async def acts() -> None:
            await talking(here)
            await three_way(here)
            await service(here).leave("a1")
            await here.until(2)

        here.die_after(after)
        both = [asyncio.ensure_future(acts()), asyncio.ensure_future(here.died.wait())]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for one in both:
            one.cancel()
        await asyncio.wait(both)
        await here.until(20)
        board = here.dispatcher.board
        assert [str(fault) for fault in faults(board, here.dispatcher._clock.now())] == []
        if CALLER in here.world.channels:
            assert len(here.front_door.registry) == 1, "the caller has no session"
            here.world.hang_up(CALLER)
        await here.until(40)
        assert set(here.states().values()) <= {"available", "offline", "paused"}

    play(scene, 1)
