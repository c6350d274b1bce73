"""What agents hear before the caller is there, the music of a queue, and keys for the other party."""

from __future__ import annotations

import pytest

from storage.records import EntryRecord
from tests.call.scenes import SEEDS, inputs, nodes, play, sent
from tests.call.test_transfer import POLICE, choosing, party
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone

AGENT = "PJSIP/a1"


async def _waiting(here: House) -> str:
    caller = here.ari.world.call("call", "12345", "trunk")
    await here.until(1)
    return caller


def _bridge(here: House, channel: str) -> str:
    return str(here.ari.world.channels[channel].bridge)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_agent_hears_it_first_and_the_caller_meanwhile_the_music_of_the_queue(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await _waiting(here)
        assert [each["mohClass"] for each in sent(here, "channels.start_moh")] == ["calm"]
        here.ari.world.phones[AGENT] = Phone(rings_s=1.0)
        here.log_in("a1")
        await here.until(1.7)
        agent = party(here, AGENT)
        assert len(here.heard(agent.id)) == 1
        assert not here.heard(caller)
        assert _bridge(here, caller) != agent.bridge
        assert not sent(here, "channels.stop_moh")
        await here.until(1)
        assert _bridge(here, caller) == agent.bridge != ""
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(agent.id)
        await here.until(1)
        assert "whispered.bye" in nodes(here)

    play(scene, seed, entry="whispered")


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_who_hangs_up_on_it_costs_the_caller_nothing(seed: int) -> None:
    async def scene(here: House) -> None:
        caller = await _waiting(here)
        here.ari.world.phones[AGENT] = Phone(rings_s=1.0)
        here.log_in("a1")
        await here.until(1.5)
        here.ari.world.hang_up(party(here, AGENT).id)
        await here.until(0.5)
        assert here.dispatcher.board.entries()
        assert not inputs(here, "agent_joined")
        here.log_in("a2")
        await here.until(4)
        assert _bridge(here, caller) == party(here, "PJSIP/a2").bridge != ""
        here.ari.world.hang_up(caller)

    play(scene, seed, entry="whispered")


@pytest.mark.parametrize("seed", SEEDS)
def test_who_hangs_up_before_the_agent_is_there_was_not_served(seed: int) -> None:
    """On record as having given up everywhere: the place can be had again, and somebody owes a call."""

    async def scene(here: House) -> None:
        caller = await _waiting(here)
        here.ari.world.phones[AGENT] = Phone(rings_s=1.0)
        here.log_in("a1")
        await here.until(1.6)
        assert here.states()["a1"] == "talking"
        here.ari.world.hang_up(caller)
        await here.until(1)
        (summary,) = here.memory.calls.values()
        (entry,) = [one for one in here.facts if isinstance(one, EntryRecord)][-1:]
        assert summary.outcome == entry.outcome == "abandoned"
        assert entry.joined_at is None and summary.agent == ""
        (note,) = [data for _, _, kind, data in here.memory.events if kind == "not_joined"]
        assert note == {"agent": "a1", "why": "abandoned"}
        assert here.states()["a1"] == "wrap_up"

    play(scene, seed, entry="whispered")


@pytest.mark.parametrize("after_s", [0.2, 1.1, 1.6, 2.1])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_caller_who_hangs_up_meanwhile_leaves_nothing(seed: int, after_s: float) -> None:
    async def scene(here: House) -> None:
        caller = await _waiting(here)
        here.ari.world.phones[AGENT] = Phone(rings_s=1.0)
        here.log_in("a1")
        await here.until(after_s)
        here.ari.world.hang_up(caller)
        await here.until(1)
        assert here.states()["a1"] in ("available", "wrap_up")

    play(scene, seed, entry="whispered")


@pytest.mark.parametrize("seed", SEEDS)
def test_keys_are_pressed_for_the_other_party_once_it_has_answered(seed: int) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[POLICE] = Phone(rings_s=1.0)
        caller = await choosing(here, "9")
        await here.until(0.8)
        other = party(here, POLICE)
        assert other.digits_sent == ""
        await here.until(1)
        assert other.digits_sent == "201#"
        assert _bridge(here, caller) == other.bridge != ""
        here.ari.world.hang_up(other.id)

    play(scene, seed, entry="connect")
