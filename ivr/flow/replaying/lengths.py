"""How long plays last by the lengths of their prompts: measured on their audio, else by pace. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ivr.flow.actions import PAUSE_PROMPT, Play, Prompt
from ivr.flow.model import FlowLibrary
from ivr.flow.pace import seconds_of
from ivr.flow.prompt_text import parse, render

Measured = Callable[[Prompt, str], float | None]
"""Prompt and language -> seconds of its audio; None: there is none."""

LEAST_S = 0.2
MOST_KEPT = 20_000

Key = tuple[object, ...]
"""What is said: language, ids, values."""


class Said(NamedTuple):
    """Words that are played. names: of their prompts; one of several forms (`calls.one`) has that of all too."""

    key: Key
    seconds: float
    names: tuple[str, ...]


def names_of(prompts: tuple[Prompt, ...]) -> tuple[str, ...]:
    return tuple(name for one in prompts for name in (one.id, one.id.rpartition(".")[0]))


class Lengths:
    """Of one version. What was asked for is kept."""

    __slots__ = ("_by_key", "_by_prompts", "_library", "_measured")

    def __init__(self, library: FlowLibrary, measured: Measured | None = None) -> None:
        self._library = library
        self._measured = measured
        self._by_key: dict[Key, float] = {}
        self._by_prompts: dict[tuple[int, str], tuple[tuple[Prompt, ...], Said]] = {}
        """Words without values are the same object in all calls, which is known sooner than equal words are."""

    def of(self, play: Play) -> Said:
        prompts = play.prompts
        known = self._by_prompts.get((id(prompts), play.language))
        if known is not None and known[0] is prompts:
            return known[1]
        key: Key = (play.language, *[one.id if not one.values else _spelt(one) for one in prompts])
        seconds = self._by_key.get(key)
        if seconds is None:
            if len(self._by_key) >= MOST_KEPT:
                self._by_key.clear()
            total = sum(self._one(prompt, play.language) for prompt in prompts)
            seconds = self._by_key[key] = max(LEAST_S, total)
        said = Said(key, seconds, names_of(prompts))
        if len(self._by_prompts) >= MOST_KEPT:
            self._by_prompts.clear()
        self._by_prompts[id(prompts), play.language] = (prompts, said)
        return said

    def _one(self, prompt: Prompt, language: str) -> float:
        if prompt.id == PAUSE_PROMPT:
            pause = prompt.values.get("seconds")
            return float(pause) if isinstance(pause, int | float) else 0.0
        if self._measured is not None:
            seconds = self._measured(prompt, language)
            if seconds is not None:
                return seconds
        text = self._library.prompts.get(prompt.id, {}).get(language, "")
        return seconds_of(render(parse(text), prompt.values, language), language)


def _spelt(prompt: Prompt) -> str:
    return f"{prompt.id} {sorted(prompt.values.items())}"
