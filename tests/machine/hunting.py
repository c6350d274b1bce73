"""Plays drawn shifts for a while, and shortens each that fails by leaving out steps: for longer runs than a test's."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import hypothesis
from hypothesis import HealthCheck, Phase

from tests.machine.drawing import shifts
from tests.machine.playing import Broken, Played, play
from tests.machine.steps import Shift, Step

SHORTENED_S = 60.0
"""So long for each failure."""


@dataclass(slots=True)
class Harvest:
    """broken: by what does not hold, each with its shortest shift and story."""

    shifts: int = 0
    steps: int = 0
    calls: int = 0
    killed: int = 0
    repairs: int = 0
    joins: int = 0
    acts: int = 0
    commands: int = 0
    failed: int = 0
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, played: Played) -> None:
        self.shifts += 1
        self.steps += played.steps
        self.calls += played.calls
        self.killed += played.lives - 1
        self.repairs += played.repairs
        self.joins += played.joins
        self.acts += played.acts
        self.commands += played.commands


class _Enough(BaseException):
    pass


def hunt(seed: int, minutes: float, say: Callable[[str], None], most: int = 40) -> Harvest:
    """Until the time is over."""
    harvest = Harvest()
    ends = time.monotonic() + 60 * minutes

    def one(shift: Shift) -> None:
        if time.monotonic() > ends:
            raise _Enough
        try:
            harvest.add(play(shift))
        except Broken as broken:
            harvest.failed += 1
            kind = kind_of(broken)
            if kind not in harvest.broken:
                harvest.broken[kind] = ""
                harvest.broken[kind] = str(shortened(shift, broken))
                say(f"=== {kind}\n{harvest.broken[kind]}\n")

    while True:
        drawn = hypothesis.seed(seed)(
            hypothesis.settings(
                max_examples=1000,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )(hypothesis.given(shifts(most))(one))
        )
        try:
            drawn()
        except _Enough:
            return harvest
        seed += 1


def kind_of(broken: Broken) -> str:
    """The first thing that does not hold, without ids and numbers; of an error its last line."""
    said = str(broken).partition("\n\nThe shift:")[0]
    first = said.partition("\n- ")[0]
    if "Traceback" in first:
        first = first.rstrip().rpartition("\n")[2]
    first = re.sub(r"c-n1-[0-9a-f]+-[0-9a-f]+[.\w-]*|cb-n1-[0-9a-f]+", "ID", first.removeprefix("- "))
    return re.sub(r"\b(?:a[123]|[\d.]+)\b", "N", first)[:160]


def shortened(shift: Shift, broken: Broken, for_s: float = SHORTENED_S) -> Broken:
    """The same fault with fewer steps, as few as are found in that time."""
    kind, ends = kind_of(broken), time.monotonic() + for_s

    def fails(steps: tuple[Step, ...]) -> Broken | None:
        try:
            play(replace(shift, steps=steps))
        except Broken as again:
            return again if kind_of(again) == kind else None
        return None

    steps, size = shift.steps, max(1, len(shift.steps) // 2)
    while size and time.monotonic() < ends:
        begin = 0
        while begin < len(steps) and time.monotonic() < ends:
            fewer = steps[:begin] + steps[begin + size :]
            if (again := fails(fewer)) is not None:
                steps, broken = fewer, again
            else:
                begin += size
        size //= 2
    return broken
