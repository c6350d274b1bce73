"""What an open answer is about: one of the hotline's categories, how sure that is, and why. Pure.

`Classifier` is what the dialogue knows; `RuleClassifier` goes by the words and patterns of categories.yaml, and a
trained one can take its place. The rules: what is found in the text adds its weight to its category; what only sounds
so adds less; words that speak against a category take away. The most weight wins, and is the surer the more it is and
the less the next one has.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ivr.flow.match import contains, normalise
from ivr.flow.understanding.alike import letters_said, places, sounds_in, words_said
from ivr.flow.understanding.ready import is_hurry
from ivr.flow.understanding.segments import crossed, is_word, segments

BY_SOUND = 0.7
"""Of its weight, what a word has that only sounds so: the same syllables in other characters."""
LIKE_EXAMPLE = 0.5
"""From this share of common words on, a text is like an example."""
EXAMPLE_WEIGHT = 1.0
AGAINST = 2.0
_SLOPE = 1.2
_SMALL_ZH = frozenset(
    [
        "的",
        "了",
        "我",
        "我们",
        "你",
        "你们",
        "是",
        "在",
        "有",
        "要",
        "想",
        "说",
        "请",
        "问",
        "吗",
        "呢",
        "吧",
        "啊",
        "就",
        "都",
        "也",
        "很",
        "这",
        "那",
        "个",
        "一个",
        "这个",
        "那个",
        "怎么",
        "什么",
        "没有",
        "不",
    ]
)
_SMALL_EN = frozenset(
    [
        "a",
        "an",
        "the",
        "i",
        "my",
        "me",
        "we",
        "our",
        "you",
        "your",
        "is",
        "are",
        "was",
        "were",
        "be",
        "to",
        "of",
        "in",
        "on",
        "at",
        "for",
        "and",
        "or",
        "it",
        "this",
        "that",
        "there",
        "have",
        "has",
        "had",
        "do",
        "does",
        "not",
        "no",
        "please",
        "want",
        "would",
        "like",
        "need",
        "can",
        "could",
        "with",
        "from",
    ]
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """confidence: 0..1. why: what spoke for it, the weightiest first, in the words of the file: no caller's."""

    category: str
    confidence: float
    why: tuple[str, ...] = ()


class Classifier(Protocol):
    def classify(self, text: str, language: str, among: frozenset[str] | None = None) -> tuple[Ranked, ...]:
        """The categories that something speaks for, the likeliest first. among: those possible; None = all.

        Pure, and no text makes it raise.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """Of one category in one language. words: normalised text -> weight. against: normalised texts."""

    words: Mapping[str, float] = field(default_factory=dict)
    patterns: Sequence[tuple[re.Pattern[str], float]] = ()
    against: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Category:
    """title, department: by language. queue: "" = none of its own."""

    name: str
    title: Mapping[str, str] = field(default_factory=dict)
    department: Mapping[str, str] = field(default_factory=dict)
    queue: str = ""
    rules: Mapping[str, Rules] = field(default_factory=dict)


class RuleClassifier:
    __slots__ = ("_categories", "_examples")

    def __init__(self, categories: Sequence[Category]) -> None:
        self._categories = tuple(categories)
        self._examples: dict[tuple[str, str], tuple[tuple[str, frozenset[str]], ...]] = {}
        for category in categories if not is_hurry() else ():
            for language, rules in category.rules.items():
                self._told(category.name, language, rules)

    def classify(self, text: str, language: str, among: frozenset[str] | None = None) -> tuple[Ranked, ...]:
        plain = comparable(text, language)
        weights: dict[str, tuple[float, tuple[str, ...]]] = {}
        for category in self._categories:
            rules = category.rules.get(language)
            if plain and rules is not None and (among is None or category.name in among):
                weight, why = self._weigh(category.name, rules, plain, language)
                if weight > 0:
                    weights[category.name] = weight, why
        ordered = sorted(weights.items(), key=lambda item: -item[1][0])
        return tuple(
            Ranked(name, _confidence(weight, [other for each, (other, _) in ordered if each != name]), why)
            for name, (weight, why) in ordered
        )

    def _told(self, name: str, language: str, rules: Rules) -> tuple[tuple[str, frozenset[str]], ...]:
        """Each example with the words that tell of it: looked up once."""
        found = self._examples.get((name, language))
        if found is None:
            found = tuple((example, _telling(example, language)) for example in rules.examples)
            self._examples[name, language] = found
        return found

    def _weigh(self, name: str, rules: Rules, plain: str, language: str) -> tuple[float, tuple[str, ...]]:
        found: list[tuple[float, str]] = []
        for word, weight in rules.words.items():
            if contains(plain, word):
                found.append((weight, word))
            elif language == "zh" and _sounds_in(plain, word):
                found.append((weight * BY_SOUND, f"{word}, by sound"))
        # A word within another one that was found says nothing more.
        found = [
            each for each in found if not any(each[1] != other and each[1] in other for _, other in found)
        ]
        for pattern, weight in rules.patterns:
            if pattern.search(plain):
                found.append((weight, pattern.pattern))
        for example, words in self._told(name, language, rules):
            common = words & _telling(plain, language)
            if words and len(common) / len(words) >= LIKE_EXAMPLE and len(common) >= min(2, len(words)):
                found.append((EXAMPLE_WEIGHT * len(common) / len(words), f"as: {example}"))
                break
        against = AGAINST * sum(contains(plain, word) for word in rules.against)
        found.sort(reverse=True)
        return sum(weight for weight, _ in found) - against, tuple(reason for _, reason in found)


def comparable(text: str, language: str) -> str:
    """As a file's words and a caller's are compared: simplified, numbers in words, without punctuation."""
    return normalise(words_said(text)) if language == "zh" else normalise(text)


def _confidence(weight: float, others: Sequence[float]) -> float:
    """One plain word: 0.7; with as much for another category: 0.35."""
    next_best = max(others, default=0.0)
    share = weight / (weight + next_best)
    return round((1.0 - math.exp(-_SLOPE * weight)) * (share if next_best else 1.0), 3)


def _sounds_in(plain: str, word: str) -> bool:
    """Whether the text has the word's syllables, in characters that make no words of their own."""
    said, wanted = words_said(plain), words_said(word)
    if len(wanted) < 2:
        return False
    return sounds_in(said, wanted) and any(
        not place.different
        and not is_word(said[place.begin : place.end])
        and not crossed(said, place.begin, place.end)
        for place in places(said, wanted)
    )


def _telling(text: str, language: str) -> frozenset[str]:
    """Its words that tell something."""
    if language == "zh":
        return frozenset(
            word for word in segments(words_said(text)) if word.strip() and word not in _SMALL_ZH
        )
    return frozenset(word for word in letters_said(text) if word not in _SMALL_EN)
