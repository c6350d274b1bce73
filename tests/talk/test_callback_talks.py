"""What agents do with a citizen whom they have called back: all that they can do with one from a queue."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest

from ivr.talk.results import Done, Refused
from ivr.talk.targets import ToAgent, ToNumber, ToQueue
from routing.ids import EntryId
from storage.records import TranscriptLine
from tests.call.scenes import SEEDS, play
from tests.call.test_callback import CITIZEN, NOW, party
from tests.call.test_called_back import answered, asked, kept
from tests.support.call_house import House
from tests.support.fake_ari_objects import Phone
from tests.support.scripted_ears import Utterance
from tests.talk.test_talks_played import phone_of, service, together


async def called_back(here: House) -> Any:
    """The citizen's channel, in a talk with the agent a1."""
    citizen = await answered(here)
    here.ari.world.press(citizen.id, "1")
    await here.until(4)
    assert here.states()["a1"] == "talking"
    return citizen


def places(here: House) -> list[tuple[str, dt.datetime, str]]:
    """State, age and agent of the promise's place."""
    board = here.dispatcher.board
    return [(one.state, one.enqueued_at, one.agent or "") for one in board.entries() if one.callback]


ORDERS = pytest.mark.parametrize("order", ["agent_first", "citizen_first"])
PLACED = NOW - dt.timedelta(minutes=9)


@pytest.mark.parametrize("seed", SEEDS[:2])
@ORDERS
def test_hold_with_music_and_a_third_party(order: str, seed: int) -> None:
    async def scene(here: House) -> None:
        citizen = await called_back(here)
        assert await service(here).hold("a1") == Done("held")
        assert citizen.music and not citizen.bridge
        assert here.states()["a1"] == "hold"
        assert await service(here).resume("a1") == Done("talking")
        assert await service(here).mute("a1", True) == Done("talking")
        here.ari.world.phones["PJSIP/110@trunk"] = Phone(rings_s=1.0)
        assert isinstance(await service(here).add("a1", ToNumber("police")), Done)
        await here.until(3)
        assert service(here).of_agent("a1").stage == "three_way"  # type: ignore[union-attr]
        assert await service(here).send_keys("a1", "12#") == Done("three_way")
        assert await service(here).drop("a1") == Done("talking")
        assert together(here, citizen.id, phone_of(here, "a1").id)
        assert await service(here).to_flow("a1", "none") == Refused("unknown_flow")
        here.ari.world.hang_up(citizen.id)
        await here.until(1)
        assert (kept(here).state, here.states()["a1"]) == ("done", "wrap_up")

    play(scene, seed, entry="promise", earlier=asked(order))


@pytest.mark.parametrize("seed", SEEDS[:2])
@ORDERS
@pytest.mark.parametrize("how", ["blind", "consulted"])
def test_another_agent_gets_the_citizen(how: str, order: str, seed: int) -> None:
    async def scene(here: House) -> None:
        citizen = await called_back(here)
        here.log_in("a2")
        if how == "blind":
            assert isinstance(await service(here).transfer("a1", ToAgent("a2")), Done)
            assert here.states()["a1"] == "wrap_up", "free at once"
        else:
            assert isinstance(await service(here).consult("a1", ToAgent("a2")), Done)
            assert citizen.music
            await here.until(3)
            assert isinstance(await service(here).complete("a1"), Done)
        await here.until(3)
        assert here.states() == {"a1": "wrap_up", "a2": "talking"}
        assert together(here, citizen.id, phone_of(here, "a2").id)
        assert kept(here) is None, "the promise is not kept before the talk is over"
        await here.until(12)
        assert here.states()["a1"] == "available"
        here.ari.world.hang_up(phone_of(here, "a2").id if how == "blind" else citizen.id)
        await here.until(1)
        assert (kept(here).state, kept(here).data["outcome"]) == ("done", "talked")
        assert here.states()["a2"] == "wrap_up"
        assert party(here, CITIZEN) is None
        assert here.promises.kinds()[-1] == "done"

    play(scene, seed, entry="promise", earlier=asked(order))


@pytest.mark.parametrize("seed", SEEDS[:2])
@ORDERS
@pytest.mark.parametrize("how", ["nobody answers", "queue", "telephone lost on hold", "parked"])
def test_whom_nobody_takes_waits_on_the_line_in_the_old_place(how: str, order: str, seed: int) -> None:
    async def scene(here: House) -> None:
        citizen = await called_back(here)
        if how == "nobody answers":
            here.ari.world.phones["PJSIP/a2"] = Phone(then="never")
            here.log_in("a2")
            assert isinstance(await service(here).transfer("a1", ToAgent("a2")), Done)
            assert [state for state, _, _ in places(here)] == ["waiting"]
            await here.until(1)
            assert here.states()["a1"] == "wrap_up"
            here.log_out("a1")
            await here.until(30)
            here.log_out("a2")
        elif how == "queue":
            assert isinstance(await service(here).transfer("a1", ToQueue("general")), Done)
            here.log_out("a1")
        elif how == "parked":
            assert isinstance(await service(here).park("a1"), Done)
            assert citizen.music
            here.log_out("a1")
            await here.until(65)
        else:
            await service(here).hold("a1")
            here.log_out("a1")
            here.ari.world.hang_up(phone_of(here, "a1").id)
        await here.until(11)
        assert party(here, CITIZEN) is citizen and citizen.music and not citizen.bridge
        assert [(state, age) for state, age, _ in places(here)] == [("waiting", PLACED)]
        assert kept(here) is None
        here.ari.world.phones["PJSIP/a2"] = Phone(rings_s=1.0)
        here.log_in("a2")
        await here.until(3)
        assert here.states()["a2"] == "talking"
        assert together(here, citizen.id, phone_of(here, "a2").id)
        here.ari.world.hang_up(citizen.id)
        await here.until(1)
        assert (kept(here).state, kept(here).data["agent"]) == ("done", "a2")

    play(scene, seed, entry="promise", earlier=asked(order))


@ORDERS
def test_who_hangs_up_while_waiting_again_has_the_place_still(order: str) -> None:
    async def scene(here: House) -> None:
        citizen = await called_back(here)
        assert isinstance(await service(here).transfer("a1", ToQueue("general")), Done)
        here.log_out("a1")
        await here.until(12)
        here.ari.world.hang_up(citizen.id)
        await here.until(1)
        assert (kept(here).state, kept(here).data["outcome"]) == ("waiting", "citizen_left")
        assert [(state, age) for state, age, _ in places(here)] == [("waiting", PLACED)]
        assert here.dispatcher.board.entry(EntryId(kept(here).entry_id)) is not None
        assert here.callbacks.cancel("cb-1", by="test")

    play(scene, entry="promise", earlier=asked(order))


@pytest.mark.parametrize("seed", SEEDS[:2])
@ORDERS
@pytest.mark.parametrize("come_back", [True, False])
@pytest.mark.parametrize("whose", ["a1", "a2"])
def test_the_citizen_is_sent_to_a_dialogue(whose: str, come_back: bool, order: str, seed: int) -> None:
    """With the agent who called back, or with one to whom that agent handed the citizen."""

    async def scene(here: House) -> None:
        citizen = await called_back(here)
        if whose == "a2":
            here.log_in("a2")
            assert isinstance(await service(here).transfer("a1", ToAgent("a2")), Done)
            await here.until(3)
            assert together(here, citizen.id, phone_of(here, "a2").id)
        assert isinstance(await service(here).to_flow(whose, "identity", come_back=come_back), Done)
        await here.until(0.5)
        assert (kept(here).state, kept(here).data["outcome"]) == ("done", "talked")
        (session,) = here.front_door.registry
        assert (session.channel, kept(here).data["call"]) == (citizen.id, session.call)
        (facts,) = here.memory.arrivals
        assert (facts.caller, facts.handed_from) == (CITIZEN.split("/")[1].split("@")[0], "cb-1")
        await here.until(6)
        assert here.heard(citizen.id)[-1].startswith("text."), "the question"
        assert here.states()[whose] == ("hold" if come_back else "wrap_up")
        here.ari.world.press(citizen.id, "1234")
        await here.until(2)
        if come_back:
            assert together(here, citizen.id, phone_of(here, whose).id)
            assert here.states()[whose] == "talking"
            here.log_out("a1")
            assert isinstance(await service(here).transfer(whose, ToQueue("general")), Done)
            if whose == "a2":
                here.log_out("a2")
            await here.until(15)
            (entry,) = here.dispatcher.board.entries()
            assert (entry.state, entry.enqueued_at) == ("waiting", PLACED)
            here.ari.world.hang_up(citizen.id)
        await here.until(12)
        assert here.memory.calls[session.call].notes["agents"] == [whose]
        assert party(here, CITIZEN) is None

    play(scene, seed, entry="promise", earlier=asked(order))


@ORDERS
@pytest.mark.parametrize("who", ["agent", "citizen"])
@pytest.mark.parametrize("after_ms", [0, 2, 4, 6, 9, 13, 20])
def test_whoever_hangs_up_on_the_way_to_a_dialogue(after_ms: int, who: str, order: str) -> None:
    async def scene(here: House) -> None:
        citizen = await called_back(here)
        agent = phone_of(here, "a1")
        asked_for = asyncio.ensure_future(service(here).to_flow("a1", "identity", come_back=True))
        await here.until(after_ms / 1000)
        here.ari.world.hang_up(agent.id if who == "agent" else citizen.id)
        await asked_for
        await here.until(2)
        assert here.states()["a1"] in ("wrap_up", "hold")
        if party(here, CITIZEN) is not None:
            here.ari.world.hang_up(citizen.id)
        await here.until(2)
        assert kept(here).state == "done"

    play(scene, entry="promise", earlier=asked(order))


@ORDERS
def test_what_is_said_is_written_down_as_in_any_talk(order: str) -> None:
    """Under the id that the talk has, numbered on after the next agent has the citizen; nothing while on hold."""

    async def scene(here: House) -> None:
        here.ears.talks = [[Utterance("one", 1.0)], [Utterance("two", 1.5)], [Utterance("three", 1.0)]]
        citizen = await called_back(here)
        (talking,) = here.front_door._services.in_talk
        await here.until(3)
        assert {one.text for one in here.memory.said} == {"one", "two"}
        assert {(one.speaker, one.party) for one in here.memory.said} == {("caller", ""), ("agent", "a1")}
        here.log_out("a1")
        assert isinstance(await service(here).transfer("a1", ToQueue("general")), Done)
        await here.until(12)
        assert here.ears.open_now == 0, "nobody talks"
        here.log_in("a2")
        await here.until(12)
        assert here.states()["a2"] == "talking"
        assert [one.text for one in here.memory.said[2:]] == ["three"]
        assert here.memory.said_seq == [1, 2, 3]
        lines = [fact for fact in here.facts if isinstance(fact, TranscriptLine)]
        assert {line.call_id for line in lines} == {talking.call}
        here.ari.world.hang_up(citizen.id)
        await here.until(2)

    play(scene, entry="promise", earlier=asked(order), written_down="agents")
