"""Several outside numbers, at once or one after the other; a party that has to press a key to take the call; a caller
who ends the talk by one."""

from __future__ import annotations

import pytest

from tests.call.scenes import SEEDS, inputs, nodes, play, press_if_there, sent
from tests.call.test_transfer import CRISIS, POLICE, choosing, party
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone


def _outcomes(here: House) -> list[str]:
    return [each["outcome"] for each in inputs(here, "transfer_ended")]


@pytest.mark.parametrize("seed", SEEDS)
def test_all_ring_and_when_one_answers_the_others_ring_no_more(seed: int) -> None:
    async def scene(here: House) -> None:
        phones = here.ari.world.phones
        phones[POLICE], phones[CRISIS] = Phone(then="never"), Phone(rings_s=2.0)
        caller = await choosing(here, "6")
        await here.until(1.2)
        assert party(here, POLICE).state == party(here, CRISIS).state == "Ringing"
        assert here.ari.world.channels[caller].ringing
        await here.until(2)
        other = party(here, CRISIS)
        assert party(here, POLICE) is None
        assert here.ari.world.channels[caller].bridge == other.bridge != ""
        await here.until(3)
        here.ari.world.hang_up(other.id)
        await here.until(2.5)
        assert _outcomes(here) == ["completed"]
        assert "connect.back" in nodes(here)

    play(scene, seed, entry="connect")


@pytest.mark.parametrize("seed", SEEDS)
def test_two_that_answer_in_the_same_moment_are_one_talk(seed: int) -> None:
    async def scene(here: House) -> None:
        phones = here.ari.world.phones
        phones[POLICE] = phones[CRISIS] = Phone(rings_s=1.0, talks_s=3.0)
        await choosing(here, "6")
        await here.until(2.5)
        assert len([one for one in (POLICE, CRISIS) if party(here, one) is not None]) == 1
        await here.until(5)
        assert _outcomes(here) == ["completed"]

    play(scene, seed, entry="connect")


@pytest.mark.parametrize("seed", SEEDS)
def test_when_none_answers_the_last_one_tells_why(seed: int) -> None:
    async def scene(here: House) -> None:
        phones = here.ari.world.phones
        phones[POLICE], phones[CRISIS] = Phone(registered=False), Phone(rings_s=1.0, then="busy")
        await choosing(here, "6")
        await here.until(4)
        assert _outcomes(here) == ["busy"]
        assert "connect.sorry" in nodes(here)

    play(scene, seed, entry="connect")


@pytest.mark.parametrize("hangs_up_after_s", [0.05, 0.5, 1.1, 1.6, 2.2])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_caller_who_hangs_up_at_any_moment_leaves_nobody_ringing(
    seed: int, hangs_up_after_s: float
) -> None:
    async def scene(here: House) -> None:
        phones = here.ari.world.phones
        phones[POLICE], phones[CRISIS] = Phone(then="never"), Phone(rings_s=1.5)
        caller = await choosing(here, "6")
        await here.until(hangs_up_after_s)
        here.ari.world.hang_up(caller)

    play(scene, seed, entry="connect")


@pytest.mark.parametrize("seed", SEEDS)
def test_in_turn_the_second_rings_when_the_first_did_not_answer(seed: int) -> None:
    async def scene(here: House) -> None:
        phones = here.ari.world.phones
        phones[POLICE], phones[CRISIS] = Phone(then="never"), Phone(rings_s=1.0, talks_s=2.0)
        await choosing(here, "7")
        await here.until(3)
        assert party(here, POLICE).state == "Ringing"
        assert party(here, CRISIS) is None
        await here.until(9)
        assert _outcomes(here) == ["no_answer", "completed"]
        assert "connect.back" in nodes(here)

    play(scene, seed, entry="connect")


@pytest.mark.parametrize(("key", "outcome"), [("1", "completed"), ("2", "refused"), ("", "refused")])
@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_key_takes_the_call(seed: int, key: str, outcome: str) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[CRISIS] = Phone(rings_s=1.0)
        caller = await choosing(here, "8")
        await here.until(1.8)
        other = party(here, CRISIS)
        assert here.ari.world.channels[caller].bridge != other.bridge
        if key:
            press_if_there(here, other.id, key)
        await here.until(1)
        joined = here.ari.world.channels[caller].bridge == other.bridge
        assert joined == (outcome == "completed")
        assert bool(sent(here, "playbacks.stop")) == joined
        await here.until(15)
        if joined:
            here.ari.world.hang_up(other.id)
            await here.until(1)
        assert _outcomes(here) == [outcome]

    play(scene, seed, entry="connect")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_caller_leaves_the_talk_by_a_key_that_only_the_caller_can_press(seed: int) -> None:
    async def scene(here: House) -> None:
        here.ari.world.phones[CRISIS] = Phone(rings_s=1.0)
        caller = await choosing(here, "2")
        await here.until(4)
        other = party(here, CRISIS)
        assert here.ari.world.channels[caller].bridge == other.bridge
        here.ari.world.press(caller, "7")
        here.ari.world.press(other.id, "*")
        await here.until(2)
        assert here.ari.world.channels[caller].bridge == other.bridge
        here.ari.world.press(caller, "*")
        await here.until(2)
        assert party(here, CRISIS) is None
        assert _outcomes(here) == ["completed"]
        assert "connect.back" in nodes(here)

    play(scene, seed, entry="connect")
