"""What a dialogue still does when the caller has gone: silently, not for ever; the call's end is the hang-up's."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.flow.actions import Enqueue, Hangup, Listen, Note, Play, Record, Request, Transfer
from ivr.flow.inputs import (
    OpId,
    PromptEnded,
    QueueEnded,
    RecordingEnded,
    SpeechFailed,
    TransferEnded,
)
from tests.call.scenes import SEEDS, nodes, play, sent, summary_of, under_way
from tests.support.call_house import House


def asked(here: House) -> list[str]:
    """The commands that Asterisk got; the reconciler only looks."""
    return [name for name, _ in here.ari.world.commands if not name.endswith(".list")]


@pytest.mark.parametrize("seed", SEEDS)
def test_outside_is_asked_and_told_and_a_callback_promised(seed: int) -> None:
    async def scene(here: House) -> None:
        here.outside.takes_s = 4.0
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2)
        here.ari.world.hang_up(caller)
        await here.until(1)
        assert here.outside.asked == [("request", "https://outside.example/missed")]
        assert len(here.front_door.registry) == 1
        commands = asked(here)
        await here.until(6)
        assert len(here.front_door.registry) == 0
        assert [one.channel for one in here.outside.told] == ["webhook"]
        assert [one.number for one in here.promises.records.values()] == ["13800000000"]
        assert nodes(here)[-4:] == ["tail.ask", "tail.tell", "tail.promise", "tail.bye"]
        assert asked(here) == commands, "something was asked of Asterisk after the hang-up"
        summary = summary_of(here)
        assert (summary.ended_by, summary.cause, summary.outcome) == ("caller", 16, "completed")
        (call,) = here.memory.calls
        assert here.memory.ended_at[call] - summary.arrived_at < dt.timedelta(seconds=2.2)
        for one in here.callbacks.lines():
            here.callbacks.cancel(one.id, by="test")

    play(scene, seed, entry="tail")


@pytest.mark.parametrize("key", ["", "1", "2", "3"])
@pytest.mark.parametrize("at_ms", range(0, 8000, 610))
def test_whatever_was_open_ends_with_the_caller(key: str, at_ms: int) -> None:
    """Waiting, recording, ringing another party: nobody is rung for a caller who has gone, and the dialogue goes on."""

    async def scene(here: House) -> None:
        caller = await under_way(here, key, at_ms, rings_s=3.0)
        if caller in here.ari.world.channels:
            here.ari.world.hang_up(caller)
        await here.until(1.0)
        here.ari.world.assert_empty()
        assert here.states()["a1"] in ("available", "wrap_up")
        # Else the agent is rung for the callback that the dialogue promises at last.
        here.log_out("a1")
        await here.until(20)
        assert len(here.front_door.registry) == 0
        assert summary_of(here).ended_by == "caller"
        for one in here.callbacks.lines():
            here.callbacks.cancel(one.id, by="test")

    play(scene, seed=at_ms, entry="tail")


def test_a_dialogue_that_does_not_end_is_ended() -> None:
    async def scene(here: House) -> None:
        here.outside.takes_s = 1000.0
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2)
        here.ari.world.hang_up(caller)
        await here.until(55)
        assert len(here.front_door.registry) == 1
        await here.until(10)
        assert len(here.front_door.registry) == 0
        assert summary_of(here).ended_by == "caller"

    play(scene, entry="tail")


def test_a_call_that_the_system_ends_has_nothing_to_do_afterwards() -> None:
    async def scene(here: House) -> None:
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(1.5)
        here.ari.world.press(caller, "1")
        await here.until(120)
        assert summary_of(here).ended_by == "system"
        assert here.outside.asked == []
        assert sent(here, "channels.hangup") != []

    play(scene, entry="tail")


@pytest.mark.parametrize(
    ("action", "completion"),
    [
        (Play(OpId("1"), (), "zh"), PromptEnded(OpId("1"), "failed")),
        (Listen(OpId("1"), "zh"), SpeechFailed(OpId("1"), "lost")),
        (Record(OpId("1"), "zh"), RecordingEnded(OpId("1"), "failed", ended_by="hangup")),
        (Enqueue(OpId("1"), "general", "zh"), QueueEnded(OpId("1"), "failed")),
        (Transfer(OpId("1"), "agent", "a1", "zh"), TransferEnded(OpId("1"), "failed")),
        (Request(OpId("1"), "GET", "https://outside.example"), None),
        (Note("x"), None),
        (Hangup(), None),
    ],
)
def test_what_needs_the_caller_is_over_at_once(action: object, completion: object) -> None:
    from ivr.call.silently import refusal

    assert refusal(action) == completion  # type: ignore[arg-type]
