"""What callers hear while they wait in a queue: their place and wait, words of comfort, an offer. Words only; when they
are said is the queue's matter (queue.py)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from pydantic import Field

from ivr.flow.actions import JsonValue
from ivr.flow.model import NO_PROMPTS, PromptList
from ivr.flow.schema import Prompts, Seconds, Strict
from ivr.flow.state import Run
from ivr.flow.turn import Turn

if TYPE_CHECKING:
    from ivr.flow.build_node import NodeBuilder

SOON_S = 60.0
"""A wait that ends within this is told as `soon`, without figures."""
_TOLD = ("place", "waiting", "low", "high")


class AnnounceModel(Strict):
    first: Prompts = Field(None, description="said to the first in line")
    place: Prompts = Field(description="said to the others: `{place}`, `{waiting}`")
    wait: Prompts = Field(None, description="added when the wait can be told: `{low}` to `{high}` minutes")
    soon: Prompts = Field(None, description="added when it is under a minute")
    every_s: Seconds = Field(30.0, description="no two places closer together than this")


class ComfortModel(Strict):
    prompts: list[Any] = Field(min_length=1, description="one after the other, the last one again and again")
    every_s: Seconds = Field(45.0, description="seconds between them")


class OfferModel(Strict):
    prompt: Prompts = Field(description="says what the options are")
    after_s: Seconds = Field(60.0, description="said after so long a wait")
    every_s: Seconds | None = Field(None, description="and again so often (default: once)")


class Announcement:
    """Place and wait. every_s: 0 = they are not told."""

    __slots__ = ("_first", "_place", "_soon", "_wait", "every_s")

    def __init__(self, build: NodeBuilder, model: AnnounceModel | None) -> None:
        def say(field: str) -> PromptList:
            return build.prompts(getattr(model, field, None), ("announce", field), _TOLD)

        self._place, self._first, self._wait, self._soon = map(say, ("place", "first", "wait", "soon"))
        self.every_s = model.every_s if model is not None else 0.0

    def runs(self, turn: Turn, place: int, known: dict[str, JsonValue]) -> tuple[Run, ...]:
        """known: `waiting`, and `low_s` and `high_s` (seconds) where the wait can be told."""
        values: dict[str, JsonValue] = {"place": place, "waiting": known.get("waiting")}
        runs = (self._first if place <= 1 and self._first.items else self._place).runs(turn, values)
        low, high = known.get("low_s"), known.get("high_s")
        if not (_is_time(low) and _is_time(high)):
            return runs
        if high <= SOON_S:
            return runs + self._soon.runs(turn, values)
        least = max(1, math.floor(low / 60))
        values |= {"low": least, "high": max(least + 1, math.ceil(high / 60))}
        return runs + self._wait.runs(turn, values)

    def wait(self, known: Mapping[str, JsonValue]) -> tuple[float | None, float | None]:
        """Least and most of the wait that `runs` tells (s); None where it tells none."""
        low, high = known.get("low_s"), known.get("high_s")
        if not (_is_time(low) and _is_time(high)):
            return None, None
        prompts = self._soon if high <= SOON_S else self._wait
        return (float(low), float(high)) if prompts.items else (None, None)


class Comfort:
    """every_s: 0 = nothing is said."""

    __slots__ = ("_prompts", "every_s")

    def __init__(self, build: NodeBuilder, model: ComfortModel | None) -> None:
        prompts = model.prompts if model is not None else []
        self._prompts = tuple(
            build.prompts(prompt, ("comfort", "prompts", index)) for index, prompt in enumerate(prompts)
        ) or (NO_PROMPTS,)
        self.every_s = model.every_s if model is not None else 0.0

    def runs(self, turn: Turn, said: int) -> tuple[Run, ...]:
        """said: how often before."""
        return self._prompts[min(said, len(self._prompts) - 1)].runs(turn)


class Offer:
    """after_s: 0 = none is made. again_s: None = once."""

    __slots__ = ("after_s", "again_s", "prompts")

    def __init__(self, build: NodeBuilder, model: OfferModel | None) -> None:
        self.prompts = build.prompts(model.prompt if model is not None else None, ("offer", "prompt"))
        self.after_s = model.after_s if model is not None else 0.0
        self.again_s = model.every_s if model is not None else None


def _is_time(value: JsonValue) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and math.isfinite(value)
