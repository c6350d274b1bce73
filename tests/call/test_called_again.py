"""Who calls again: the old place, the last agent; and what is told of the place while waiting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ivr.callers_known import CallerKeys, ReturningCallers
from routing.board_events import Decided
from routing.decisions import Overtaken
from routing.ids import EntryId, QueueName
from routing.rules import Rules
from tests.call.scenes import SEEDS, inputs, play
from tests.call.test_callback import line, party
from tests.support.call_house import House
from tests.support.virtual_time import VirtualClock

GENERAL = QueueName("general")


def known(here: House, redial_s: float = 300.0) -> ReturningCallers:
    """Callers are known again from now on."""
    rules = here.dispatcher.board.rules
    queue = replace(rules.queues[GENERAL], redial_s=redial_s, max_wait_s=None)
    here.dispatcher.use_rules(Rules({GENERAL: queue}, rules.skills, rules.languages))
    here.dispatcher.known = ReturningCallers(CallerKeys(bytes(32)), VirtualClock())
    return here.dispatcher.known


async def waits(here: House, channel: str, caller: str) -> str:
    here.ari.world.call("call", "12345", "trunk", channel_id=channel, caller=caller)
    await here.until(1.5)
    return channel


def standing(here: House) -> list[str]:
    """The calls in line, by place."""
    board = here.dispatcher.board
    places = [(place.place, one.call_id) for one in board.entries() if (place := board.place(one.id))]
    names = {str(session.call): session.facts.caller for session in here.front_door.registry}
    return [names[call] for _, call in sorted(places)]


def returned(here: House) -> list[Any]:
    return [data for _, _, kind, data in here.memory.events if kind == "place_returned"]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_hangs_up_and_calls_again_has_the_old_place(seed: int) -> None:
    async def scene(here: House) -> None:
        known(here)
        await waits(here, "one", "111")
        await waits(here, "two", "222")
        here.ari.world.hang_up("one")
        await here.until(60)
        await waits(here, "three", "333")
        assert standing(here) == ["222", "333"]
        await waits(here, "again", "111")
        assert standing(here) == ["111", "222", "333"]
        (told,) = returned(here)
        assert (told["queue"], told["why"]) == ("general", "called again after hanging up or being cut off")
        assert 60 <= told["away_s"] <= 65
        await waits(here, "third", "111")
        assert standing(here)[-1] == "111", "one place was given to two calls"
        assert len(returned(here)) == 1
        for channel in ("two", "three", "again", "third"):
            here.ari.world.hang_up(channel)

    play(scene, seed, entry="promise")


@pytest.mark.parametrize(("redial_s", "caller"), [(30.0, "111"), (0.0, "111"), (300.0, "444"), (300.0, "")])
def test_too_late_or_somebody_else_stands_at_the_end(redial_s: float, caller: str) -> None:
    async def scene(here: House) -> None:
        known(here, redial_s)
        await waits(here, "one", caller if caller == "" else "111")
        await waits(here, "two", "222")
        here.ari.world.hang_up("one")
        await here.until(60)
        await waits(here, "again", caller)
        assert standing(here) == ["222", caller]
        assert returned(here) == []
        for channel in ("two", "again"):
            here.ari.world.hang_up(channel)

    play(scene, entry="promise")


def test_a_place_that_was_given_up_for_a_promise_is_not_given_twice() -> None:
    async def scene(here: House) -> None:
        known(here)
        await waits(here, "one", "111")
        here.ari.world.press("one", "1")
        await here.until(0.5)
        here.ari.world.press("one", "13800000001#", between_s=0.05)
        await here.until(6)
        await waits(here, "again", "111")
        assert line(here) == ["promise", "caller"]
        assert returned(here) == []
        here.ari.world.hang_up("again")
        (shown,) = here.callbacks.lines()
        here.callbacks.cancel(shown.id, by="test")

    play(scene, entry="promise")


def test_the_agent_of_the_last_call_is_preferred() -> None:
    async def scene(here: House) -> None:
        known(here)
        here.log_in("a1")
        await waits(here, "one", "111")
        await here.until(2)
        here.ari.world.hang_up(party(here, "PJSIP/a1").id)
        await here.until(2)
        here.pause("a1")
        await waits(here, "again", "111")
        await waits(here, "other", "222")
        entries = {one.call_id: one.preferred for one in here.dispatcher.board.entries()}
        assert sorted(entries.values(), key=str) == [None, "a1"]
        here.ari.world.hang_up("again")
        here.ari.world.hang_up("other")

    play(scene, entry="promise")


def test_the_place_that_is_told_never_grows() -> None:
    """The place grows: a complaint of others' users. Who comes before by priority changes nothing that is told."""

    async def scene(here: House) -> None:
        known(here)
        await waits(here, "one", "111")
        (entry,) = here.dispatcher.board.entries()
        here.dispatcher.told(entry.id, 1, None)
        board = here.dispatcher.board
        board_entry = board.entry(entry.id)
        assert board_entry is not None
        assert board_entry.announced == 1
        await waits(here, "two", "222")
        (urgent,) = [one for one in board.entries() if one.id != entry.id]
        here.ari.world.hang_up("two")
        await here.until(1)
        # Comes back before the first, by an age that the first has not.
        early = replace(
            urgent,
            id=EntryId("early"),
            enqueued_at=entry.enqueued_at - (urgent.enqueued_at - entry.enqueued_at),
        )
        seat = _Seat()
        here.dispatcher.put(early, "", seat)
        place = board.place(entry.id)
        assert place is not None
        assert place.place == 2
        telling = board.telling(entry.id)
        assert telling is not None
        assert telling.say == 1
        assert telling.why, "worse, and no reason is known"
        await here.until(2)
        assert all(event["place"] == 1 for event in inputs(here, "queue_progress")[-1:]), (
            "a worse place was told"
        )
        reasons = [
            fact.decision
            for fact in here.memory.routed
            if isinstance(fact, Decided) and isinstance(fact.decision, Overtaken)
        ]
        assert [one.entry for one in reasons] == [entry.id], "a worse place without its reason on record"
        here.dispatcher.leave(EntryId("early"), "left")
        here.ari.world.hang_up("one")

    play(scene, entry="promise")


class _Seat:
    rings_several = False

    def offered(self, offer: Any) -> None: ...
    def withdrawn(self, offer: Any) -> None: ...
    def progressed(self, place: int, waiting: int, wait_s: Any) -> None: ...
    def rejected(self, outcome: Any) -> None: ...


def test_a_number_cannot_be_read_from_its_key() -> None:
    keys, others = CallerKeys(bytes(32)), CallerKeys(b"x" * 32)
    assert keys.of("13800000001") == keys.of("+8613800000001") == keys.of("0086 138-0000-0001")
    assert keys.of("13800000001") != others.of("13800000001")
    assert len({keys.of(number) for number in ("13800000001", "13800000002", "051912345")}) == 3
    assert (keys.of(""), keys.of("anonymous")) == ("", "")
