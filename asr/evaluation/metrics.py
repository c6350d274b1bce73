"""Error rates and what was mistaken for what. Pure.

Texts are compared as they are spoken (`asr.text.spoken`): no punctuation, numbers as words, simplified characters. In
languages written without spaces a unit is a character (CER), in others a word (WER); `by_sound` compares Chinese by
pinyin syllables without tones, as a menu does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from rapidfuzz.distance import Levenshtein

from asr.sound import syllables
from asr.text import spoken

BY_CHARACTER = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my"})
RESAMPLED = 1000
"""Draws for an interval."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Of one text or many. of: units that were said."""

    substituted: int = 0
    deleted: int = 0
    inserted: int = 0
    of: int = 0

    @property
    def wrong(self) -> int:
        return self.substituted + self.deleted + self.inserted

    @property
    def rate(self) -> float:
        """May exceed 1.0: what was never said counts too. 0.0 of nothing."""
        return self.wrong / self.of if self.of else float(self.wrong > 0)

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            self.substituted + other.substituted,
            self.deleted + other.deleted,
            self.inserted + other.inserted,
            self.of + other.of,
        )


Confusions = Counter[tuple[str, str]]
"""(said, heard) -> how often; "" = nothing."""


def measure_of(language: str) -> str:
    return "CER" if language in BY_CHARACTER else "WER"


def units(text: str, language: str) -> list[str]:
    words = spoken(text, language)
    return list(words.replace(" ", "")) if language in BY_CHARACTER else words.split()


def sounds(text: str, language: str) -> list[str]:
    """Units as they sound; where that is not known, as they are written."""
    if language != "zh":
        return units(text, language)
    return [initial + final for initial, final, _ in syllables(text)]


def compare(said: Sequence[str], heard: Sequence[str]) -> tuple[Errors, Confusions]:
    """Of two rows of units, by the least changes from one to the other."""
    substituted = deleted = inserted = 0
    confusions: Confusions = Counter()
    for step in Levenshtein.editops(said, heard):
        match step.tag:
            case "replace":
                substituted += 1
                confusions[said[step.src_pos], heard[step.dest_pos]] += 1
            case "delete":
                deleted += 1
                confusions[said[step.src_pos], ""] += 1
            case _:
                inserted += 1
                confusions["", heard[step.dest_pos]] += 1
    return Errors(substituted, deleted, inserted, len(said)), confusions


def interval(each: Sequence[Errors], seed: int = 7) -> tuple[float, float]:
    """The 95 % interval of the rate over these recordings, by bootstrap: would others like them give the same?"""
    if not each:
        return (0.0, 0.0)
    wrong = np.array([one.wrong for one in each])
    of = np.array([one.of for one in each])
    drawn = np.random.default_rng(seed).integers(len(each), size=(RESAMPLED, len(each)))
    rates = wrong[drawn].sum(axis=1) / np.maximum(of[drawn].sum(axis=1), 1)
    low, high = np.percentile(rates, [2.5, 97.5])
    return (float(low), float(high))


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds."""

    each: tuple[float, ...] = field(default=(), repr=False)

    def percentile(self, share: float) -> float:
        """share 0..100; 0.0 without any."""
        return float(np.percentile(self.each, share)) if self.each else 0.0
