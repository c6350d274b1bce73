"""Which dialogue a call gets, and what it is told of the caller, at the front door."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ivr.flow.actions import JsonValue
from tests.call.scenes import play, sent
from tests.support.call_house import House

KNOWN = {"known": True, "calls": 3, "calls_7d": 1, "last_topic": "complaint"}


def test_the_callers_earlier_calls_are_known_when_the_dialogue_begins() -> None:
    asked: list[str] = []

    async def history(number: str) -> Mapping[str, JsonValue]:
        asked.append(number)
        await asyncio.sleep(0.1)
        return KNOWN

    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        number = here.ari.world.channels[caller].caller
        await here.until(0.05)
        # Nobody else takes it for a channel that belongs to no call meanwhile.
        assert len(here.front_door.registry) == 0 and here.front_door.registry.owns(caller)
        await here.reconciler.reconcile()
        await here.until(0.5)
        (session,) = here.front_door.registry
        assert asked == [number]
        assert session.facts.history == KNOWN
        assert here.memory.arrivals[0].history == KNOWN
        here.ari.world.hang_up(caller)

    play(scene, history=history)


def test_who_hangs_up_meanwhile_is_missed_by_nobody() -> None:
    async def history(number: str) -> Mapping[str, JsonValue]:
        await asyncio.sleep(0.15)
        return {}

    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(0.05)
        here.ari.world.hang_up(caller)
        await here.until(5)
        (summary,) = here.memory.calls.values()
        assert summary.ended_by == "caller"

    play(scene, history=history)


def test_who_is_still_asked_about_is_counted_among_the_calls() -> None:
    async def history(number: str) -> Mapping[str, JsonValue]:
        await asyncio.sleep(0.15)
        return {}

    async def scene(here: House) -> None:
        callers = [here.ari.world.call("call", "12345", "trunk", caller=f"1380000000{n}") for n in range(3)]
        await here.until(1)
        assert len(here.front_door.registry) == 2
        (handed_on,) = (values["channelId"] for values in sent(here, "channels.continue_in_dialplan"))
        for caller in callers:
            if caller != handed_on:
                here.ari.world.hang_up(caller)
        await here.until(1)
        again = here.ari.world.call("call", "12345", "trunk")
        await here.until(1)
        assert len(here.front_door.registry) == 1, "whoever has come in is counted once"
        here.ari.world.hang_up(again)
        here.ari.world.hang_up(handed_on)

    play(scene, history=history, max_calls=2)


def test_a_dialogue_that_does_not_look_is_not_told() -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(0.5)
        assert here.memory.arrivals[0].history == {}
        here.ari.world.hang_up(caller)

    play(scene)


def test_every_call_of_a_dialogue_is_counted_until_nothing_of_it_is_left() -> None:
    async def scene(here: House) -> None:
        dialogue = here.front_door.dialogues.current
        callers = [here.ari.world.call(f"call-{number}", "12345", "trunk") for number in range(3)]
        await here.until(1)
        assert dialogue.calls == 3
        for caller in callers:
            here.ari.world.hang_up(caller)
        await here.until(5)
        assert dialogue.calls == 0

    play(scene)
