"""Which of the allowed phrases was said, and how sure that is. Pure.

Evidence for a phrase: how much the recognised text sounds like it (`asr/sound.py`) and, where an engine can say so,
how much likelier its model finds the phrase on this audio than on silence (`fit`: mean log probability per token;
above 1 for what was said, below 0 for what was not). That difference matters: frequent words are likely on any audio.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from asr.sound import likeness
from asr.text import spoken

WEIGH_ALL = 12
"""A menu with no more phrases than this is weighed as a whole: each costs an engine about 30 ms."""

SHORTLIST = 8
"""Of a longer one, the phrases that sound most like the text."""

CLEAR = 0.7
OUT_OF_REACH = 0.4
"""When the best phrase sounds clearly like the text, one that sounds so much less alike is not weighed."""

CONTAINED = 0.93
"""A phrase that is within a longer answer sound for sound counts as said (`我要人工服务` -> 人工)."""

MOSTLY = 0.7

ACCEPTED = 0.4
"""Below this confidence the answer is out of the grammar."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """sound: 0..1 of the whole text. contained: the phrase is within a longer text. fit: None = not weighed."""

    phrase: str
    sound: float
    contained: bool = False
    fit: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """phrase "" = none of them. confidence 0..1 of that phrase, or of the best one refused."""

    phrase: str
    confidence: float
    others: tuple[tuple[str, float], ...] = ()


def candidates(text: str, phrases: Sequence[str], language: str) -> list[Candidate]:
    """Every phrase with its likeness, the most alike first. Text without words: all of likeness 0."""
    found: list[Candidate] = []
    whole: dict[str, float] = {}
    for phrase in dict.fromkeys(phrases):
        alike = likeness(text, phrase, language)
        contained = len(phrase) >= 2 and alike.inside >= CONTAINED and alike.inside > alike.whole
        whole[phrase] = alike.whole
        found.append(Candidate(phrase, alike.inside if contained else alike.whole, contained))
    if _nothing_but(text, [one.phrase for one in found if one.contained], language):
        # One digit is not the answer that a row of digits gave.
        found = [Candidate(one.phrase, whole[one.phrase]) for one in found]
    # Of two that are contained, the longer says more.
    return sorted(found, key=lambda one: (one.sound, len(one.phrase)), reverse=True)


def _nothing_but(text: str, phrases: Sequence[str], language: str) -> bool:
    """Is the text made up of several of the phrases, with hardly a word between?"""
    # `进度查询` and the `查询` within it are one.
    apart = [one for one in phrases if not any(one != other and one in other for other in phrases)]
    said = sum(_length(one, language) for one in apart)
    return len(apart) > 1 and said >= MOSTLY * _length(text, language)


def _length(text: str, language: str) -> int:
    words = spoken(text, language)
    return len(words.replace(" ", "")) if language == "zh" else len(words.split())


def shortlist(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Those worth weighing; many while the text itself may be wrong, since short answers often are."""
    worth = ranked if len(ranked) <= WEIGH_ALL else ranked[:SHORTLIST]
    least = ranked[0].sound - OUT_OF_REACH if ranked and ranked[0].sound >= CLEAR else 0.0
    return [one for one in worth if one.sound >= least]


def confidence(candidate: Candidate, ahead: float = 0.0) -> float:
    """0..1, calibrated so that 0.5 is as often right as wrong on short telephone answers (docs/speech.md).

    ahead: by how much its credit exceeds that of the next one weighed.
    """
    return _logistic(_credit(candidate) + (0.5 * min(ahead, 4.0) - 0.5 if _weighed(candidate) else 0.0))


def choose(weighed: Sequence[Candidate]) -> Choice:
    """The most credible phrase, if any is credible enough; rivals close to it make it less so."""
    ranked = sorted(weighed, key=_credit, reverse=True)
    if not ranked:
        return Choice("", 0.0)
    credits = [_credit(one) for one in ranked]
    ahead = credits[0] - credits[1] if len(ranked) > 1 else math.inf
    best = confidence(ranked[0], ahead)
    rival = confidence(ranked[1]) if len(ranked) > 1 else 0.0
    others = tuple((one.phrase, round(confidence(one), 3)) for one in ranked[1:4])
    if best < ACCEPTED:
        return Choice("", round(best, 3), others)
    # Two that are alike: what is known is that it was one of them.
    share = best / (best + rival) if rival > 0.5 * best else 1.0
    sure = best if share == 1.0 else best * min(1.0, 2.0 * share - 0.15)
    return Choice(ranked[0].phrase, round(max(sure, 0.0), 3), others)


def _credit(candidate: Candidate) -> float:
    if candidate.contained:
        # Two syllables that sound nearly so are in many a sentence.
        return 40.0 * (candidate.sound - 0.93)
    if candidate.fit is None:
        return 14.0 * (candidate.sound - 0.72)
    return candidate.sound + 2.0 * candidate.fit - 1.0


def _weighed(candidate: Candidate) -> bool:
    return candidate.fit is not None and not candidate.contained


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, value))))
