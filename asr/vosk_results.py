"""What Vosk's results mean: words, readings and how sure each is. Pure.

With a grammar it gives one reading, each word with a confidence; without, several readings, each with the logarithm of
its likelihood. Of those, a reading's share is its likelihood among them, and a word's confidence the shares of the
readings that hold it at that time.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from asr.protocol import Word
from asr.vosk_grammar import GARBAGE

ACCEPTED = 0.4
"""Below this confidence an answer is out of the grammar, as with every engine (`asr/phrases.py`)."""

CALIBRATION: tuple[tuple[float, float], ...] = (
    (0.0, 0.0),
    (0.6, 0.1),
    (0.8, 0.25),
    (0.9, 0.45),
    (0.97, 0.8),
    (1.0, 0.9),
)
"""Vosk's mean word confidence within a grammar -> the common scale, straight between. A forced match still gets 0.5 to
0.85 of Vosk's, a real one nearly always 1 (docs/decisions/0108)."""

WITHOUT_REJECTION = 0.85
"""Of that where the model has no `[unk]`: what is said outside the grammar is then forced into it, and mostly looks
sure (bench.asr_vosk), so an answer is worth asking back."""

OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """share: 0..1 of the likelihood of all readings of this piece of speech."""

    words: tuple[Word, ...]
    share: float


Piece = tuple[Reading, ...]
"""The readings of what was said between two of Vosk's own end points, the likeliest first."""


def readings(result: Mapping[str, Any]) -> Piece:
    """Of a result as Vosk writes it; () when nothing was said."""
    if "alternatives" in result:
        given = [(_words(one), float(one.get("confidence", 0.0))) for one in result["alternatives"]]
        given = [(words, score) for words, score in given if words]
        if not given:
            return ()
        highest = max(score for _, score in given)
        weights = [math.exp(score - highest) for _, score in given]
        shares = [weight / sum(weights) for weight in weights]
        piece = [Reading(words, share) for (words, _), share in zip(given, shares, strict=True)]
        return tuple(
            replace(one, words=tuple(_supported(word, piece) for word in one.words)) for one in piece
        )
    words = _words(result)
    return (Reading(words, of_words(words)),) if words else ()


def _words(result: Mapping[str, Any]) -> tuple[Word, ...]:
    return tuple(
        Word(str(word["word"]), float(word["start"]), float(word["end"]), word.get("conf"))
        for word in result.get("result", ())
    )


def _supported(word: Word, piece: Sequence[Reading]) -> Word:
    share = sum(one.share for one in piece if any(_same(word, other) for other in one.words))
    return replace(word, confidence=round(min(1.0, share), 3))


def _same(word: Word, other: Word) -> bool:
    common = min(word.end_s, other.end_s) - max(word.start_s, other.start_s)
    return word.text == other.text and common >= OVERLAP * (word.end_s - word.start_s)


def of_words(words: Sequence[Word]) -> float:
    """The mean of the words' confidences; what was outside the grammar weighs against what was found beside it."""
    scores = [word.confidence or 0.0 for word in words if word.text not in GARBAGE]
    return sum(scores) / len(words) if scores else 0.0


def calibrated(confidence: float, *, rejects: bool) -> float:
    """On the common scale, where 0.5 is as often right as wrong. rejects: the model has a word for all others."""
    share = 1.0 if rejects else WITHOUT_REJECTION
    for (low, low_to), (high, high_to) in itertools.pairwise(CALIBRATION):
        if confidence <= high:
            return share * (low_to + (high_to - low_to) * (confidence - low) / (high - low))
    return share * CALIBRATION[-1][1]


def match(text: str, phrases: Mapping[str, str]) -> str:
    """The one phrase that makes up the text, said once or again; several different ones are no answer.

    phrases: as texts are written -> phrase.
    """
    for readable, phrase in phrases.items():
        if text and readable and not text.replace(readable, "").strip():
            return phrase
    return ""


def with_alternatives(pieces: Sequence[Piece], limit: int) -> list[Reading]:
    """The likeliest readings of the whole, out of those of its pieces; share: the product of theirs."""
    whole = [Reading((), 1.0)] if pieces else []
    for piece in pieces:
        longer = (
            Reading((*before.words, *after.words), before.share * after.share)
            for before in whole
            for after in piece
        )
        whole = heapq.nlargest(limit, longer, key=lambda one: one.share)
    return whole
