"""Supervisors on the fake Asterisk: whom they hear and how a whisper goes, at every step of the talk, in any order of
events; afterwards nothing may be left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from ivr.talk.results import Done
from ivr.talk.service import TalkService
from ivr.talk.supervising import Supervising
from ivr.talk.supervising_state import Mode, NotSupervised, Outcome, Supervised
from ivr.talk.targets import ToAgent
from routing.board_events import AgentChanged
from tests.call.scenes import SEEDS, play, sent
from tests.support.call_house import House
from tests.support.fake_ari_objects import Fault, Phone

BOSS, CITIZEN = "boss", "caller"


def supervised(scene: Callable[[House, Supervising], Coroutine[Any, Any, None]], seed: int) -> None:
    """Agent a1 and the citizen talk; `boss` has a telephone, a2 is logged in."""

    async def within(here: House) -> None:
        services = here.front_door._services
        by = Supervising(
            services.ari,
            services.clock,
            services.talks,
            services.in_talk,
            services.queues,
            here.memory.stored.append,
            lambda who: f"PJSIP/{who}",
        )
        running = asyncio.create_task(by.run())
        here.log_in("a1")
        caller = here.ari.world.call("call", "12345", "trunk", channel_id=CITIZEN)
        await here.until(3)
        here.ari.world.press(caller, "2")
        await here.until(4)
        assert here.states()["a1"] == "talking"
        here.log_in("a2")
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=1)
        await scene(here, by)
        here.ari.world.hang_up(caller)
        await here.until(5)
        assert by.now() == ()
        running.cancel()
        await asyncio.wait([running])

    play(within, seed)


def talks(here: House) -> TalkService:
    return TalkService(here.front_door._services.in_talk)


def mode_of(outcome: Outcome) -> Mode:
    assert isinstance(outcome, Supervised)
    return outcome.mode


def name_of(here: House, channel: str) -> str:
    """`citizen`, or whose telephone it is."""
    return (
        "citizen" if channel == CITIZEN else here.ari.world.channels[channel].endpoint.removeprefix("PJSIP/")
    )


def snoops(here: House) -> dict[str, dict[str, Any]]:
    """The parameters of those that there are now, by id."""
    made = {one["snoopId"]: one for one in sent(here, "channels.snoop_channel_with_id")}
    return {id: one for id, one in made.items() if id in here.ari.world.channels}


def heard(here: House) -> set[str]:
    """Whose voices come into the bridge of the supervisor's telephone. Nobody in there can be heard elsewhere."""
    world, made = here.ari.world, snoops(here)
    (leg,) = [one for one in world.channels.values() if one.endpoint == f"PJSIP/{BOSS}"]
    inside = set(world.bridges[leg.bridge].channels) - {leg.id}
    assert all(made[one]["spy"] == "in" and made[one]["whisper"] == "none" for one in inside)
    return {name_of(here, made[one]["channelId"]) for one in inside}


def whispered(here: House) -> tuple[str, str] | None:
    """At whose channel, and into what it says or hears."""
    world, made = here.ari.world, snoops(here)
    ways = {id: one for id, one in made.items() if one["whisper"] != "none"}
    if not ways:
        return None
    ((id, way),) = ways.items()
    (other,) = set(world.bridges[world.channels[id].bridge].channels) - {id}
    assert name_of(here, made[other]["channelId"]) == BOSS, "nothing but the supervisor's voice is whispered"
    assert (made[other]["spy"], way["spy"]) == ("in", "none")
    return name_of(here, way["channelId"]), way["whisper"]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_listens_hears_whom_the_agent_hears_at_every_step(seed: int) -> None:
    async def scene(here: House, by: Supervising) -> None:
        assert mode_of(await by.listen(BOSS, "a1", why="?")) == "listen"
        assert heard(here) == {"a1", "citizen"}
        agent = next(id for id, one in snoops(here).items() if name_of(here, one["channelId"]) == "a1")
        assert isinstance(await talks(here).consult("a1", ToAgent("1002")), Done)
        await here.until(0.5)
        assert heard(here) == {"a1"}, "who waits is not heard"
        await here.until(2)
        assert heard(here) == {"a1", "a2"}
        await talks(here).swap("a1")
        await here.until(0.5)
        assert heard(here) == {"a1", "citizen"}
        await talks(here).three_way("a1")
        await here.until(0.5)
        assert heard(here) == {"a1", "a2", "citizen"}
        await talks(here).hold("a1")
        assert agent in snoops(here), "whoever is heard all the time is listened to without a break"
        assert whispered(here) is None
        here.ari.world.hang_up(next(one.id for one in phones(here, "a1")))
        await here.until(1)
        assert heard(here) == {"a2", "citizen"}, "the call is the next one's"
        assert mode_of(await by.stop(BOSS)) == "listen"
        await here.until(1)
        assert snoops(here) == {}

    supervised(scene, seed)


def phones(here: House, agent: str) -> list[Any]:
    return [one for one in here.ari.world.channels.values() if one.endpoint == f"PJSIP/{agent}"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_whisper_is_the_agents_only_whoever_comes_and_goes(seed: int) -> None:
    async def scene(here: House, by: Supervising) -> None:
        assert mode_of(await by.whisper(BOSS, "a1", why="?")) == "whisper"
        assert whispered(here) == ("citizen", "in")
        await talks(here).hold("a1")
        await here.until(0.5)
        assert whispered(here) is None, "it would be kept until the agent hears somebody again"
        await talks(here).resume("a1")
        await here.until(0.5)
        assert whispered(here) == ("citizen", "in")
        (way,) = [id for id, one in snoops(here).items() if one["whisper"] == "in"]
        assert isinstance(await talks(here).add("a1", ToAgent("1002")), Done)
        await here.until(2)
        assert whispered(here) == ("a1", "out")
        (added,) = phones(here, "a2")
        commands = here.ari.world.commands
        ended = commands.index(("channels.hangup", {"channelId": way, "reason_code": "16"}))
        came = [
            at
            for at, (name, values) in enumerate(commands)
            if name == "bridges.add_channel" and added.id in values["channel"]
        ]
        assert ended < came[-1], "the one who comes in hears nothing of it"
        assert mode_of(await by.listen(BOSS, "a1", why="?")) == "listen"
        assert whispered(here) is None
        assert heard(here) == {"a1", "a2", "citizen"}

    supervised(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_from_within_the_talk_back_to_its_edge(seed: int) -> None:
    async def scene(here: House, by: Supervising) -> None:
        assert mode_of(await by.whisper(BOSS, "a1", why="?")) == "whisper"
        assert mode_of(await by.join(BOSS, "a1", why="?")) == "join"
        assert snoops(here) == {}
        assert mode_of(await by.whisper(BOSS, "a1", why="?")) == "whisper"
        assert heard(here) == {"a1", "citizen"}, "and not the supervisor"
        await here.until(1)
        assert whispered(here) == ("citizen", "in")

    supervised(scene, seed)


@pytest.mark.parametrize("mode", ["listen", "whisper"])
@pytest.mark.parametrize("seed", SEEDS)
def test_it_ends_with_the_talk_though_the_call_goes_on(seed: int, mode: str) -> None:
    async def scene(here: House, by: Supervising) -> None:
        assert mode_of(await getattr(by, mode)(BOSS, "a1", why="?")) == mode
        here.ari.world.hang_up(phones(here, "a1")[0].id)
        await here.until(1)
        assert CITIZEN in here.ari.world.channels
        assert by.now() == ()
        assert phones(here, BOSS) == []

    supervised(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_who_answered_and_heard_nobody_is_on_record(seed: int) -> None:
    async def scene(here: House, by: Supervising) -> None:
        here.ari.world.fault("channels.snoop_channel_with_id", status=500, times=9)
        assert await by.listen("a2", "a1", why="?") == NotSupervised("not_now")
        here.ari.world.faults.clear()
        noted = [data for _, _, kind, data in here.memory.events if kind == "supervised"]
        assert noted == [{"by": "a2", "mode": "answered", "agent": "a1"}]
        answers = [one for one in here.memory.routed if isinstance(one, AgentChanged)]
        assert ("a2", "talking") in [(one.after.id, one.after.state) for one in answers]

    supervised(scene, seed)


async def second_talk(here: House) -> str:
    """The other citizen's channel; a2 has that call."""
    other = here.ari.world.call("call", "12345", "trunk")
    await here.until(3)
    here.ari.world.press(other, "2")
    await here.until(4)
    assert here.states()["a2"] == "talking"
    return other


@pytest.mark.parametrize("seed", SEEDS)
def test_the_other_talk_is_over_before_the_telephone_has_been_let_go(seed: int) -> None:
    async def scene(here: House, by: Supervising) -> None:
        other = await second_talk(here)
        await by.listen(BOSS, "a1", why="?")
        (telephone,) = phones(here, BOSS)
        going = asyncio.create_task(by.whisper(BOSS, "a2", why="?"))
        here.ari.world.fault("channels.hangup", delay_s=1, times=9)
        await here.until(0.1)
        here.ari.world.hang_up(other)
        assert await going == NotSupervised("gone")
        here.ari.world.faults.clear()
        await here.until(1)
        assert telephone.id not in here.ari.world.channels
        assert phones(here, BOSS) == []

    supervised(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_acts_at_once_for_another_talk_ring_once(seed: int) -> None:
    async def scene(here: House, by: Supervising) -> None:
        other = await second_talk(here)
        await by.listen(BOSS, "a1", why="?")
        acts = [by.listen(BOSS, "a2", why="?"), by.whisper(BOSS, "a2", why="?")]
        outcomes = await asyncio.gather(*acts)
        assert [type(one) for one in outcomes] == [Supervised, NotSupervised]
        assert len(phones(here, BOSS)) == 1
        await by.stop(BOSS)
        assert mode_of(await by.whisper(BOSS, "a2", why="?")) == "whisper", "rung anew"
        here.ari.world.hang_up(other)
        await here.until(1)
        assert phones(here, BOSS) == []

    supervised(scene, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mode_that_asterisk_refuses_leaves_the_one_before(seed: int) -> None:
    async def scene(here: House, by: Supervising) -> None:
        assert mode_of(await by.listen(BOSS, "a1", why="?")) == "listen"
        here.ari.world.faults.append(Fault("bridges.create_with_id", status=500))
        assert await by.whisper(BOSS, "a1", why="?") == NotSupervised("not_now")
        assert heard(here) == {"a1", "citizen"}
        assert whispered(here) is None
        assert mode_of(await by.whisper(BOSS, "a1", why="?")) == "whisper"

    supervised(scene, seed)
