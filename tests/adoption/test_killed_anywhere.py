"""The controller is killed at every single moment of a call at which something was written down, and started again."""

from __future__ import annotations

import pytest

from tests.adoption.scripted import SCRIPTS, SPOKEN, Played, played
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
