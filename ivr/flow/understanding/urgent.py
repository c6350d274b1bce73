"""Urgent words in what was heard, also where the recogniser wrote something that only sounds like them. Pure.

A recogniser writes 着火 as 找火 or 缴户. Such words must be understood, and 找火锅店 must not ring the fire brigade.
What is found is `sure` (acted upon) or a doubt (asked back, or taken as the hotline says):

| written                                  | is                                                              |
|------------------------------------------|-----------------------------------------------------------------|
| the phrase itself                        | sure; a doubt when negated, calmed, or part of another word     |
| the same syllables, whatever tone        | sure; a doubt when it is a word, or nothing else speaks for it  |
| as many syllables, one of them nearly so | a doubt; sure with a sign, when some of it is written alike     |
| more of them nearly so                   | a doubt with a sign, else nothing                               |

A sign is one of the words that the hotline lists as speaking for it (快来人, 受伤), or that little else was said.
Calming words (演习, 保险) speak against it. In unfinished speech only what is sure counts, and what only sounds so must
have been followed by something: 找火 may become 找火锅.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivr.flow.match import bare, contains, normalise
from ivr.flow.understanding.alike import Place, letters_said, places, word_places, words_said
from ivr.flow.understanding.segments import crossed, is_word

Sound = Literal["strict", "near", "off"]
"""strict: the same syllables only. near: similar ones too. off: as written."""
Written = Literal["words", "sound", "near"]

MOST_KNOWN = 256
SHORT_MORE = 3
"""So many syllables (English: words) beside the phrase are little else."""
MOST_DIFFERENT = 3
"""So many initials and finals of a phrase may be only near ones, if something else speaks for it."""
_NOT_ZH = (
    "没有",
    "没",
    "不是",
    "并非",
    "不会",
    "不算",
    "别",
    "没人",
    "没有人",
    "不是要",
    "不是想",
    "不想",
    "不要",
)
_NOT_EN = frozenset(
    ["not", "no", "isn't", "never", "don't", "without", "nobody", "wasn't", "aren't", "didn't", "won't"]
)
_NOT_WITHIN = 3
"""English: so many words before the phrase may negate it (`not an emergency`)."""


@dataclass(frozen=True, slots=True)
class UrgentRules:
    """What an author says of one urgent command. phrases, signs, calming: language -> texts."""

    name: str
    phrases: Mapping[str, tuple[str, ...]]
    sound: Sound = "near"
    signs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    calming: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Urgent:
    """name: the command. phrase: as its author wrote it. sure: else it is a doubt."""

    name: str
    phrase: str
    written: Written
    sure: bool


class UrgentWords:
    """Of several commands, the first in the order written goes first among equals."""

    __slots__ = ("_known", "_rules")

    def __init__(self, rules: Iterable[UrgentRules]) -> None:
        self._rules = tuple(map(_Compiled, rules))
        self._known: dict[tuple[str, bool], Urgent | None] = {}
        """What was found of late: partial results repeat each other."""

    def __bool__(self) -> bool:
        return any(rules.phrases for rules in self._rules)

    def find(self, text: str, *, unfinished: bool = False) -> Urgent | None:
        """What is sure before what is a doubt; the longest phrase, and what is written before what sounds so."""
        if not text.strip():
            return None
        key = text, unfinished
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._find(text, unfinished)
        return self._known[key]

    def _find(self, text: str, unfinished: bool) -> Urgent | None:
        found = [urgent for rules in self._rules for urgent in rules.find(text, unfinished)]
        if unfinished:
            found = [urgent for urgent in found if urgent.sure]
        ranks = ("words", "sound", "near")
        return min(
            found, key=lambda one: (not one.sure, ranks.index(one.written), -len(one.phrase)), default=None
        )


class _Compiled:
    __slots__ = ("_calming", "_name", "_signs", "_sound", "phrases")

    def __init__(self, rules: UrgentRules) -> None:
        self._name = rules.name
        self._sound = rules.sound
        self.phrases = tuple(
            (phrase, normalise(phrase), language == "zh" and not normalise(phrase).isascii())
            for language, texts in rules.phrases.items()
            for phrase in texts
        )
        self._signs = _all(rules.signs)
        self._calming = _all(rules.calming)

    def find(self, text: str, unfinished: bool) -> Iterator[Urgent]:
        plain = normalise(text)
        said, words = words_said(text), letters_said(text)
        calm = any(contains(plain, each) or contains(said, each) for each in self._calming)
        sign = any(contains(plain, each) or contains(said, each) for each in self._signs)
        for phrase, wanted, chinese in self.phrases:
            if chinese:
                yield from self._chinese(phrase, said, words_said(phrase), sign, calm, unfinished)
            elif contains(plain, wanted):
                negated = _negated_en(plain, wanted)
                yield Urgent(self._name, phrase, "words", sure=not (calm or negated))
            elif self._sound != "off" and not calm and wanted.isascii():
                yield from self._english(phrase, words, letters_said(phrase), unfinished)

    def _chinese(
        self, phrase: str, said: str, wanted: str, sign: bool, calm: bool, unfinished: bool
    ) -> Iterator[Urgent]:
        begin = said.find(wanted)
        while begin >= 0:
            end = begin + len(wanted)
            # 不想活 in 不想|活下去 is what it says; 起火 in 一起|火车站 is not.
            other = crossed(said, begin, end) > (1 if len(wanted) > 2 else 0)
            doubtful = calm or other or _negated_zh(said[:begin])
            # 报警 may become 报警器.
            open_end = unfinished and end == len(said)
            if not (open_end and any(each.startswith(wanted) for each in self._calming)):
                yield Urgent(self._name, phrase, "words", sure=not doubtful)
            begin = said.find(wanted, end)
        if self._sound == "off" or (calm and not sign):
            return
        short = len(bare(said).replace(" ", "")) <= len(wanted) + SHORT_MORE
        for place in places(said, wanted):
            if said[place.begin : place.end] == wanted or (unfinished and place.end == len(said)):
                continue
            if calm and is_word(said[place.begin : place.end]):
                continue
            sure = _judge(said, wanted, place, sign, short, near=self._sound == "near")
            if sure is not None:
                written: Written = "near" if place.different else "sound"
                yield Urgent(self._name, phrase, written, sure and not calm)

    def _english(
        self, phrase: str, words: tuple[str, ...], wanted: tuple[str, ...], unfinished: bool
    ) -> Iterator[Urgent]:
        for place in word_places(words, wanted):
            negated = bool(_NOT_EN.intersection(words[max(0, place.begin - _NOT_WITHIN) : place.begin]))
            if unfinished and place.end == len(words):
                continue
            if not place.different:
                yield Urgent(self._name, phrase, "sound", sure=not negated)
            elif self._sound == "near" and not negated:
                # Recognisers write English well: what only sounds so is likelier something else.
                yield Urgent(self._name, phrase, "near", sure=False)


def _judge(said: str, wanted: str, place: Place, sign: bool, short: bool, *, near: bool) -> bool | None:
    """Of Chinese that sounds like the phrase: whether it is sure; None = it is something else."""
    if place.different and not near:
        return None
    written = said[place.begin : place.end]
    long, close = len(wanted) > 2, place.different <= 1
    if _negated_zh(said[: place.begin]):
        return None if place.different else False
    if crossed(said, place.begin, place.end):
        # 找|火锅店, 出车|后来
        return False if long and close and (sign or short) else None
    if is_word(written):
        # 轻声 may be 轻生; 找回 (着火) and 交货 are what callers say.
        same = not place.different
        return False if (sign and (same or (close and place.literal))) or (short and same) else None
    if not place.different:
        return place.literal or sign or long
    if not close:
        return False if sign and place.different <= MOST_DIFFERENT else None
    if place.literal:
        return sign
    return False if sign or short else None


def _negated_zh(before: str) -> bool:
    return before.endswith(_NOT_ZH) and not before.endswith(("是不是", "有没有"))


def _negated_en(plain: str, wanted: str) -> bool:
    before = plain[: plain.index(wanted)].split()
    return bool(_NOT_EN.intersection(before[-_NOT_WITHIN:]))


def _all(texts: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(normalise(text) for each in texts.values() for text in each)
