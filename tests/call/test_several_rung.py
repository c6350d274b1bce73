"""Several agents rung for one caller, and several telephones of one agent, as a call carries it out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.board_events import RulesChanged
from routing.ids import AgentId
from tests.call.scenes import play
from tests.support.call_house import House
from tests.support.fake_ari_objects import FakeChannel, Phone

SEEDS = range(2)
AGENTS = ("a1", "a2", "a3")
NEVER = Phone(then="never")


def ring_at_once(here: House, number: int) -> None:
    rules = here.dispatcher.board.rules
    queues = {name: replace(queue, ring=number, ring_s=20.0) for name, queue in rules.queues.items()}
    here.dispatcher.apply(RulesChanged(replace(rules, queues=queues)))


def ringing(here: House) -> dict[str, FakeChannel]:
    return {
        channel.endpoint.removeprefix("PJSIP/"): channel
        for channel in here.ari.world.channels.values()
        if channel.dialled_out and channel.state != "Up"
    }


async def waiting(here: House, caller: str = "call", **phones: Phone) -> str:
    """A caller who wants a person, with these telephones; the others ring and nobody answers."""
    for agent in AGENTS:
        here.ari.world.phones.setdefault(f"PJSIP/{agent}", NEVER)
    for name, phone in phones.items():
        here.ari.world.phones[f"PJSIP/{name}"] = phone
    channel = here.ari.world.call("call", "12345", "trunk", channel_id=caller)
    await here.until(2.5)
    here.ari.world.press(channel, "2")
    await here.until(1.5)
    return channel


def misses(here: House) -> dict[str, int]:
    return {agent.id: agent.no_answers for agent in here.dispatcher.board.agents.values()}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_second_of_three_answers_and_the_others_stop(seed: int) -> None:
    async def scene(here: House) -> None:
        ring_at_once(here, 3)
        for agent in AGENTS:
            here.log_in(agent)
        caller = await waiting(here)
        rung = ringing(here)
        assert sorted(rung) == ["a1", "a2", "a3"]
        here.ari.world.answer(rung["a2"].id)
        await here.until(0.2)
        assert here.states() == {"a1": "available", "a2": "talking", "a3": "available"}
        assert misses(here) == {"a1": 0, "a2": 0, "a3": 0}
        assert ringing(here) == {}
        assert here.ari.world.channels[caller].bridge == here.ari.world.channels[rung["a2"].id].bridge != ""
        here.ari.world.hang_up(caller)
        await here.until(1)
        here.ari.world.assert_empty()

    play(scene, seed, agents=AGENTS)


@pytest.mark.parametrize("seed", range(6))
def test_two_who_answer_in_one_moment_are_one_talk(seed: int) -> None:
    async def scene(here: House) -> None:
        ring_at_once(here, 3)
        for agent in AGENTS:
            here.log_in(agent)
        caller = await waiting(here)
        rung = ringing(here)
        for agent in ("a3", "a1"):
            here.ari.world.answer(rung[agent].id)
            await here.until(0.001 * (seed % 4))
        await here.until(0.5)
        states = here.states()
        assert sorted(states.values()) == ["available", "available", "talking"]
        assert misses(here) == {"a1": 0, "a2": 0, "a3": 0}
        assert sorted(here.ari.world.channels) == sorted(
            [caller, *(channel.id for agent, channel in rung.items() if states[agent] == "talking")]
        )
        here.ari.world.hang_up(caller)

    play(scene, seed, agents=AGENTS)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_rejects_and_the_others_ring_on(seed: int) -> None:
    """Complaint: ring-all restarts the round, and the call loops on the agent who rejects it."""

    async def scene(here: House) -> None:
        ring_at_once(here, 3)
        for agent in AGENTS:
            here.log_in(agent)
        caller = await waiting(here, a2=Phone(then="reject"))
        before = {agent: channel.id for agent, channel in ringing(here).items()}
        assert sorted(before) == ["a1", "a3"]
        assert (here.states()["a2"], misses(here)) == ("available", {"a1": 0, "a2": 1, "a3": 0})
        await here.until(6)
        assert {agent: channel.id for agent, channel in ringing(here).items()} == before
        assert here.states()["a2"] == "available", "rung again in the same round"
        here.ari.world.answer(before["a3"])
        await here.until(0.5)
        assert here.states() == {"a1": "available", "a2": "available", "a3": "talking"}
        here.ari.world.hang_up(caller)

    play(scene, seed, agents=AGENTS)


@pytest.mark.parametrize("at_ms", range(0, 3000, 290))
def test_a_caller_who_hangs_up_at_any_moment_leaves_nobody_ringing(at_ms: int) -> None:
    async def scene(here: House) -> None:
        ring_at_once(here, 3)
        for agent in AGENTS:
            here.log_in(agent)
        phones = {"a1": Phone(then="reject"), "a2": Phone(rings_s=1.5), "a3": NEVER}
        here.ari.world.phones.update({f"PJSIP/{name}": phone for name, phone in phones.items()})
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(at_ms / 1000)
        here.ari.world.hang_up(caller)
        await here.until(1.0)
        here.ari.world.assert_empty()
        assert not here.dispatcher.board.entries()
        assert here.states()["a3"] == "available"
        assert misses(here)["a2"] == misses(here)["a3"] == 0

    play(scene, seed=at_ms, agents=AGENTS)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_given_up_for_another_caller_is_rung_when_the_telephone_is_free(seed: int) -> None:
    async def scene(here: House) -> None:
        ring_at_once(here, 3)
        here.log_in("a1")
        here.log_in("a2")
        first = await waiting(here, "first")
        (first_entry,) = [entry.id for entry in here.dispatcher.board.entries()]
        (before,) = [channel.id for agent, channel in ringing(here).items() if agent == "a2"]
        # Its end is known late: until then the telephone would be busy.
        here.ari.world.fault("channels.hangup", delay_s=0.6, times=20)
        second = here.ari.world.call("call", "12345", "trunk", channel_id="second")
        await here.until(2.5)
        here.ari.world.press(second, "2")
        while before in here.ari.world.channels:
            await here.until(0.01)
        await here.until(0.3)
        assert here.dispatcher.board.agents[AgentId("a2")].entry != first_entry
        assert sorted(ringing(here)) == ["a1"]
        await here.until(1)
        now = ringing(here)
        assert sorted(now) == ["a1", "a2"]
        assert now["a2"].id != before
        here.ari.world.answer(now["a2"].id)
        here.ari.world.answer(now["a1"].id)
        await here.until(0.5)
        world = here.ari.world.channels
        assert world[second].bridge == world[now["a2"].id].bridge != ""
        assert world[first].bridge == world[now["a1"].id].bridge != ""
        assert misses(here) == {"a1": 0, "a2": 0, "a3": 0}
        for caller in (first, second):
            here.ari.world.hang_up(caller)

    play(scene, seed, agents=AGENTS)


# --- several telephones of one agent


def two_telephones(here: House) -> None:
    here.dispatcher.seats.endpoints_of = lambda agent: [f"PJSIP/{agent}", f"PJSIP/{agent}-web"]
    here.ari.world.phones.setdefault("PJSIP/a1-web", NEVER)


@pytest.mark.parametrize("which", ["a1", "a1-web"])
@pytest.mark.parametrize("seed", SEEDS)
def test_all_telephones_of_an_agent_ring_and_the_first_has_the_call(seed: int, which: str) -> None:
    async def scene(here: House) -> None:
        two_telephones(here)
        here.log_in("a1")
        caller = await waiting(here)
        rung = ringing(here)
        assert sorted(rung) == ["a1", "a1-web"]
        here.ari.world.answer(rung[which].id)
        await here.until(0.3)
        assert here.states()["a1"] == "talking"
        assert ringing(here) == {}
        assert sorted(here.ari.world.channels) == sorted([caller, rung[which].id])
        here.ari.world.hang_up(rung[which].id)
        await here.until(0.5)
        assert (here.states()["a1"], misses(here)["a1"]) == ("wrap_up", 0)
        here.ari.world.hang_up(caller)

    play(scene, seed, agents=("a1",))


@pytest.mark.parametrize("seed", SEEDS)
def test_one_that_is_busy_or_away_leaves_the_other_ringing_and_a_no_is_a_no(seed: int) -> None:
    async def scene(here: House) -> None:
        two_telephones(here)
        here.ari.world.phones["PJSIP/a1-web"] = Phone(registered=False)
        here.log_in("a1")
        caller = await waiting(here, a1=NEVER)
        assert sorted(ringing(here)) == ["a1"]
        assert misses(here)["a1"] == 0
        here.ari.world.hang_up(ringing(here)["a1"].id, cause=21)
        await here.until(0.3)
        assert misses(here)["a1"] == 1
        here.ari.world.phones["PJSIP/a1-web"] = NEVER
        await here.until(3.5)
        rung = ringing(here)
        assert sorted(rung) == ["a1", "a1-web"], "asked again after the pause"
        here.ari.world.hang_up(rung["a1-web"].id, cause=17)
        await here.until(0.3)
        assert sorted(ringing(here)) == ["a1"]
        here.ari.world.hang_up(caller)
        await here.until(1)
        here.ari.world.assert_empty()

    play(scene, seed, agents=("a1",))


@pytest.mark.parametrize("at_ms", range(0, 1500, 310))
def test_a_caller_who_hangs_up_leaves_no_telephone_ringing(at_ms: int) -> None:
    async def scene(here: House) -> None:
        two_telephones(here)
        here.log_in("a1")
        here.ari.world.phones["PJSIP/a1"] = Phone(rings_s=1.0)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(at_ms / 1000)
        here.ari.world.hang_up(caller)
        await here.until(1.0)
        here.ari.world.assert_empty()

    play(scene, seed=at_ms, agents=("a1",))
