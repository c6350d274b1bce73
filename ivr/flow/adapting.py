"""A dialogue that adapts to its caller: who struggles is spoken to more slowly, with more time, and helped. Pure.

A struggle is a `no_input`, a `no_match` or a `help` where something was asked, the `repeat` command there ("pardon?"),
and an answer that was begun late. They are counted in the call (`FlowState.struggles`). From `Pace.slow_after` on the
call is slow: timers are stretched, a silence stands between the prompts of a question, a question has its `slow` form
where its author wrote one; and what happens next to such a caller may be said under the event `struggling`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ivr.flow.actions import PAUSE_PROMPT, Prompt
from ivr.flow.expressions import Expression
from ivr.flow.state import Run

if TYPE_CHECKING:
    from ivr.flow.turn import Turn

STRUGGLES: Final = frozenset({"no_input", "no_match", "help"})
"""The events that are struggles."""
STRUGGLING: Final = "struggling"


@dataclass(frozen=True, slots=True)
class Pace:
    """The hotline's `pace`, compiled. slow_after: struggles in the call, 0 = never. slow_answer: share of the
    first-input timer. stretch: of timers. pause_s: between prompts. slow_if: slow from the beginning."""

    slow_after: int = 2
    slow_answer: float = 0.75
    stretch: float = 1.5
    pause_s: float = 0.6
    slow_if: Expression | None = None


def struggled(turn: Turn, why: str) -> None:
    """why: the event, "repeat" or "late"."""
    turn.struggles += 1
    turn.note("struggle", {"node": turn.node, "why": why, "times": turn.struggles})
    look(turn)


def look(turn: Turn) -> None:
    """Whether the call is slow now."""
    pace = turn.library.pace
    slow = 0 < pace.slow_after <= turn.struggles
    if not slow and pace.slow_if is not None:
        slow = turn.evaluate(pace.slow_if) is True
    if slow != turn.slow:
        turn.slow = slow
        turn.note("pace", {"pace": "slow" if slow else "normal", "struggles": turn.struggles})


def with_pauses(runs: tuple[Run, ...], pause_s: float) -> tuple[Run, ...]:
    """A silence after each prompt but the last."""
    if pause_s <= 0:
        return runs
    pause = Prompt(PAUSE_PROMPT, {"seconds": pause_s})
    spaced = [Run(run.language, tuple(_spaced(run.prompts, pause))) for run in runs]
    if spaced:
        spaced[-1] = Run(spaced[-1].language, spaced[-1].prompts[: len(spaced[-1].prompts) - 1])
    return tuple(spaced)


def _spaced(prompts: tuple[Prompt, ...], pause: Prompt) -> Iterator[Prompt]:
    for prompt in prompts:
        yield prompt
        if prompt.id != PAUSE_PROMPT:
            yield pause
