"""Names of a hotline (streets, bureaus) that a recogniser wrote as words that sound like them. Pure.

A recogniser that has never read `甬江` writes 永江. Each stretch of the text that sounds nearly like one of the names
gives a proposal; the engine weighs text and proposals on the audio, and a name is taken unless that speaks clearly
against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from asr.sound import likeness
from asr.text import CJK, spoken

LEAST_LIKE: Final = 0.8
LEAST_LIKE_WORDS: Final = 0.72
"""In languages with spaces: their recognisers cut unknown names into odd words."""

SHORT: Final = 2
LEAST_LIKE_SHORT: Final = 0.94
"""Two syllables that sound nearly so are in many a sentence."""

AT_MOST: Final = 4
"""Proposals that are weighed; each costs an engine the forcing of a whole text, twice."""

NATS_A_SYLLABLE: Final = 6.0
"""So much worse than what was written a name may explain the audio that sounds exactly like it: rare names are unlikely
to a recogniser whatever is said (measured on names it has not read: 1 to 4.5 nats a syllable)."""

UNLIKE: Final = 0.6
"""A name that sounds no more than this like what was written may explain the audio no worse at all."""

SOUNDS_A_SYLLABLE: Final = 2.5


@dataclass(frozen=True, slots=True)
class Proposal:
    """text: with the name put in. sound: how much what it replaces sounds like it, 0..1."""

    text: str
    name: str
    sound: float


def proposals(text: str, hot_words: Sequence[str], language: str) -> list[Proposal]:
    """The likeliest first, `AT_MOST`; none for a name that is in the text already."""
    found: dict[str, Proposal] = {}
    said = spoken(text, language)
    for name in dict.fromkeys(hot_words):
        if not spoken(name, language) or spoken(name, language) in said:
            continue
        stretches = _characters(text, name) if language == "zh" else _words(text, name)
        least = LEAST_LIKE if language == "zh" else LEAST_LIKE_WORDS
        if language == "zh" and len(name) <= SHORT:
            least = LEAST_LIKE_SHORT
        alike = [(likeness(text[begin:end], name, language).whole, begin, end) for begin, end in stretches]
        sound, begin, end = max(alike, default=(0.0, 0, 0))
        if sound >= least:
            changed = text[:begin] + name + text[end:]
            found.setdefault(changed, Proposal(changed, name, sound))
    return sorted(found.values(), key=lambda one: one.sound, reverse=True)[:AT_MOST]


def taken(text_gain: float, gains: Sequence[tuple[Proposal, float]]) -> Proposal | None:
    """Which proposal the audio does not speak against. text_gain, gains: as `asr.phrases.gain`, of whole texts."""
    open_to = [(one, gain) for one, gain in gains if gain >= text_gain - _allowed(one)]
    best = max(open_to, key=lambda pair: pair[1] + _allowed(pair[0]), default=None)
    return best[0] if best is not None else None


def _allowed(proposal: Proposal) -> float:
    letters = len(proposal.name.replace(" ", ""))
    syllables = letters if re.match(rf"[{CJK}]", proposal.name) else letters / SOUNDS_A_SYLLABLE
    return NATS_A_SYLLABLE * syllables * max(0.0, proposal.sound - UNLIKE) / (1.0 - UNLIKE)


def _characters(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Stretches of as many Chinese characters as the name has, without punctuation within."""
    size = len(name)
    for begin in range(len(text) - size + 1):
        if re.fullmatch(rf"[{CJK}]+", text[begin : begin + size]):
            yield begin, begin + size


def _words(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Stretches of about as many words as the name has."""
    words = [found.span() for found in re.finditer(r"[\w'-]+", text)]
    width = len(name.split())
    for size in {max(1, width - 1), width, width + 1, width + 2}:
        for first in range(len(words) - size + 1):
            yield words[first][0], words[first + size - 1][1]
