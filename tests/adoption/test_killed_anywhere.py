"""The controller is killed at every single moment of a call at which something was written down, and started again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from ivr.adoption import adopting
from storage.live_records import LiveCallRecord
from tests.adoption.scripted import SCRIPTS, SPOKEN, Played, played
from tests.support.killed_house import lasting
from tests.support.virtual_time import run_virtual

AWAY_S = 7.0
MICROSECONDS = {
    # Killed between two lines of one and the same step of the program, before any of it was kept:
    ("talk", "joined"): "the agent answered, and is rung once more",
    (
        "after the hang-up",
        "request",
    ): "it was not sent, and nobody can know: the dialogue is told that it failed",
    ("after the hang-up", "notify"): "somebody is told twice rather than never",
}
"""What is not as if nothing had happened, and why. Each at one moment of the call at most."""


@pytest.mark.parametrize("name", SCRIPTS)
def test_nothing_is_lost_and_nothing_is_done_twice(name: str) -> None:
    """The next controller comes at once: the caller must not hear that anything happened."""
    script = SCRIPTS[name]
    undisturbed = run_virtual(lambda: played(script))
    different: dict[int, str] = {}
    for moment in range(1, undisturbed.written + 1):
        again = run_virtual(lambda moment=moment: played(script, die_after=moment))  # type: ignore[misc]
        assert len(again.adoptions) == 1
        if difference := _difference(undisturbed, again):
            different[moment] = difference
    allowed = sum(1 for script_name, _ in MICROSECONDS if script_name == name)
    assert len(different) <= allowed, different


def _difference(undisturbed: Played, again: Played) -> str:
    for what in ("heard", "outcome", "agents", "asked", "told", "events"):
        if getattr(undisturbed, what) != getattr(again, what):
            return f"{what}: {getattr(again, what)}"
    return ""


@pytest.mark.parametrize("name", [*SCRIPTS, *SPOKEN])
def test_after_a_while_the_call_goes_on_and_ends(name: str) -> None:
    """Nobody is there for a while, and the caller and Asterisk go on meanwhile: prompts end, people hang up."""
    script = {**SCRIPTS, **SPOKEN}[name]
    undisturbed = run_virtual(lambda: played(script))
    for moment in range(1, undisturbed.written + 1, 2):
        again = run_virtual(lambda moment=moment: played(script, die_after=moment, away_s=AWAY_S))  # type: ignore[misc]
        (adopted,) = again.adoptions
        assert adopted.given_up == 0
        assert again.record.data["outcome"] in ("completed", "abandoned")
        asked_again = sum(1 for kind, data in again.events if kind == "event")
        heard = again.heard
        twice = len(heard) - len(set(heard))
        assert twice <= asked_again, f"{moment}: heard twice: {heard}"


def test_who_cannot_be_gone_on_with_gets_the_fallback_and_is_on_record() -> None:
    """What was kept is of another shape (a release that is too new, damage): no caller is left in silence."""

    async def scene() -> None:
        async with lasting(away_s=0.5) as here:
            caller = here.world.call("call", "12345", "trunk")
            await here.soon(lambda: len(here.heard(caller)) == 2)
            assert here.now is not None
            here.kill(here.now.ari)
            here.database.facts = [
                replace(fact, version=99) if isinstance(fact, LiveCallRecord) else fact
                for fact in here.database.facts
            ]
            await here.soon(lambda: len(here.adoptions) == 2)
            assert here.adoptions[1].given_up == 1
            (channel,) = here.world.channels.values()
            assert not channel.in_stasis, "the dialplan has the caller"
            here.world.hang_up(caller)
            await here.until(5)
            here.assert_nothing_left()
            (record,) = here.calls()
            assert record.data["outcome"] == "failed"

    run_virtual(scene)


def test_whoever_was_cut_off_with_the_asterisk_of_before_is_so_on_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both were killed: it was not the caller who hung up."""

    async def since_a_moment(_: object) -> dt.datetime:
        return dt.datetime(2026, 11, 24, tzinfo=dt.UTC)

    async def scene() -> None:
        async with lasting(away_s=2.0) as here:
            caller = here.world.call("call", "12345", "trunk")
            await here.soon(lambda: len(here.heard(caller)) == 2)
            assert here.now is not None
            here.kill(here.now.ari)
            here.world.hang_up(caller)
            await here.soon(lambda: len(here.adoptions) == 2)
            await here.until(30)
            here.assert_nothing_left()
            (record,) = here.calls()
            assert (record.data["outcome"], record.ended_by, record.cause) == ("failed", "system", 41)

    monkeypatch.setattr(adopting, "_started_at", since_a_moment)
    run_virtual(scene)
