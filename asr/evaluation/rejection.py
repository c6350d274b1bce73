"""How a threshold on confidence divides answers: accepted or not, rightly or not. Pure.

Each recording is judged twice: against the menu that has its words (`inside`) and against the same menu without them,
where nothing may be accepted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

THRESHOLDS: Final = tuple(round(step * 0.025, 3) for step in range(41))

WRONG_AT_MOST: Final = 0.02
"""Of the answers within the menu that are taken without asking back."""

OUTSIDE_AT_MOST: Final = 0.10
"""Of the answers outside the menu that are so much as asked back."""

ENOUGH: Final = 20
"""Fewer answers within the menu, or outside it, say nothing about shares of a few per cent."""


@dataclass(frozen=True, slots=True)
class Judged:
    """confidence: of the phrase found, 0.0 without one. right: it is what was said; inside: what was said is in it."""

    confidence: float
    right: bool
    inside: bool


@dataclass(frozen=True, slots=True)
class Point:
    """Shares 0..1 when what is at or above the threshold is accepted.

    right, wrong: of the answers within the menu, taken for what was said, or for something else. false_reject: of
    those, neither. false_accept: of the answers outside the menu.
    """

    threshold: float
    right: float
    wrong: float
    false_reject: float
    false_accept: float


@dataclass(frozen=True, slots=True)
class Advice:
    """Thresholds for these recordings. accept: from here on without asking back; confirm: from here on asked back."""

    accept: float
    confirm: float


def curve(judged: Sequence[Judged]) -> tuple[Point, ...]:
    inside = [one for one in judged if one.inside]
    outside = [one for one in judged if not one.inside]
    points = []
    for threshold in THRESHOLDS:
        least = max(threshold, 1e-9)  # a confidence of 0.0 is no answer
        taken = [one for one in inside if one.confidence >= least]
        right = sum(one.right for one in taken)
        points.append(
            Point(
                threshold,
                _share(right, len(inside)),
                _share(len(taken) - right, len(inside)),
                _share(len(inside) - len(taken), len(inside)),
                _share(sum(one.confidence >= least for one in outside), len(outside)),
            )
        )
    return tuple(points)


def advice(judged: Sequence[Judged]) -> Advice | None:
    """The lowest thresholds that keep what they promise, from the lowest confidence on that was given; the highest
    there is where none does. None: too few answers."""
    inside = sum(one.inside for one in judged)
    if inside < ENOUGH or len(judged) - inside < ENOUGH:
        return None
    given = min((one.confidence for one in judged if one.confidence > 0.0), default=0.0)
    points = [point for point in curve(judged) if point.threshold >= math.floor(given * 40) / 40]
    accept = next(
        (one.threshold for one in points if one.wrong <= WRONG_AT_MOST and one.false_accept <= WRONG_AT_MOST),
        THRESHOLDS[-1],
    )
    confirm = next((one.threshold for one in points if one.false_accept <= OUTSIDE_AT_MOST), accept)
    return Advice(accept, min(confirm, accept))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
