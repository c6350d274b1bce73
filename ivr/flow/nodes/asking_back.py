"""Asking back: "Did you say complaint? Press 1 for yes, 2 for no." The hotline's `confirm`, compiled. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.flow.actions import JsonValue
from ivr.flow.model import PromptList, append_run
from ivr.flow.state import Run

if TYPE_CHECKING:
    from ivr.flow.turn import Turn

ASKED_BACK = "asked_back"
"""The name in a node's memory of the answers that may have been meant, the first of which is asked for."""

_PHRASES: Mapping[str, tuple[str, ...]] = {
    "zh": ("是的", "是", "对", "对的", "没错", "好的", "可以", "不是", "不对", "不", "没有", "不用"),
    "en": ("yes", "yeah", "yes please", "correct", "that's right", "okay", "no", "nope", "not that", "wrong"),
    "es": ("sí", "claro", "correcto", "está bien", "no", "incorrecto"),
}


def yes_no_phrases(language: str) -> tuple[str, ...]:
    """What a recogniser has to expect; () = anything."""
    return _PHRASES.get(language, ())


@dataclass(frozen=True, slots=True)
class AskingBack:
    before: PromptList
    after: PromptList
    value: PromptList
    """Says a value (`{value:digits}`) that was spoken."""
    yes: str
    no: str

    def runs(self, turn: Turn, label: Iterable[Run]) -> tuple[Run, ...]:
        runs = list(self.before.runs(turn))
        for run in (*label, *self.after.runs(turn)):
            append_run(runs, run)
        return tuple(runs)

    def value_runs(self, turn: Turn, value: JsonValue) -> tuple[Run, ...]:
        return self.value.runs(turn, {"value": value})

    def by_key(self, digit: str) -> bool | None:
        """True for the key of yes, False for that of no."""
        return {self.yes: True, self.no: False}.get(digit)
