"""How alike two texts sound, 0..1. Pure.

A recogniser that has not learnt a name writes another one that sounds like it (大理 -> 大礼), so a caller's answer is
compared with a menu's phrases by sound. Chinese: pinyin syllables, with the pairs that dialects and narrow lines
do not keep apart counted as near (n/l, zh/z, in/ing ...). Other languages: words in a spelling reduced to what is
heard.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from asr.text import spoken

Syllable = tuple[str, str, str]
"""(initial, final, tone); a Latin letter or another script's word stands as an initial alone."""

_NEAR = 0.25
"""Cost of a pair that is easily mistaken, where a wholly different one costs 1."""

_INITIAL_PAIRS = "n/l zh/z ch/c sh/s r/l f/h j/zh q/ch x/sh j/q z/c zh/ch b/p d/t g/k x/s j/z q/c"
_FINAL_PAIRS = """
in/ing en/eng an/ang ian/iang uan/uang un/ong uo/o e/o u/v ie/ve en/un eng/ong ei/ui an/ian i/v ian/in ang/ong e/uo
ao/ou iao/iu ua/a uan/an ai/ei
"""
_NEAR_INITIALS = frozenset(frozenset(pair.split("/")) for pair in _INITIAL_PAIRS.split())
_NEAR_FINALS = frozenset(frozenset(pair.split("/")) for pair in _FINAL_PAIRS.split())

_REDUCED = (
    ("ght", "t"),
    ("kn", "n"),
    ("wr", "r"),
    ("wh", "w"),
    ("ph", "f"),
    ("sch", "sk"),
    ("tch", "C"),
    ("ch", "C"),
    ("sh", "S"),
    ("th", "T"),
    ("ck", "k"),
    ("qu", "kw"),
    ("x", "ks"),
    ("ce", "se"),
    ("ci", "si"),
    ("cy", "sy"),
    ("c", "k"),
    ("z", "s"),
    ("dg", "j"),
)
_VOWEL_GROUPS = (("ee", "i"), ("ea", "i"), ("oo", "u"), ("ou", "u"), ("ow", "u"), ("ai", "e"), ("ay", "e"))


@dataclass(frozen=True, slots=True)
class Likeness:
    """whole: the texts as they are. inside: the phrase somewhere within the text (1.0 = it is there word for word)."""

    whole: float
    inside: float


def likeness(text: str, phrase: str, language: str) -> Likeness:
    """How much `text` (what was heard) sounds like `phrase` (what may be said)."""
    if language == "zh":
        heard, wanted = syllables(text), syllables(phrase)
        if not heard or not wanted:
            return Likeness(0.0, 0.0)
        whole = 1.0 - _distance(heard, wanted) / max(len(heard), len(wanted))
        inside = 1.0 - _distance(heard, wanted, anywhere=True) / len(wanted)
        return Likeness(max(0.0, whole), max(0.0, inside))
    said, meant = spoken(text, language).split(), spoken(phrase, language).split()
    if not said or not meant:
        return Likeness(0.0, 0.0)
    heard_words, meant_words = [reduced(word) for word in said], [reduced(word) for word in meant]
    whole = _alike(" ".join(heard_words), " ".join(meant_words))
    width = len(meant_words)
    inside = max(
        _alike(" ".join(heard_words[begin : begin + width]), " ".join(meant_words))
        for begin in range(max(1, len(heard_words) - width + 1))
    )
    return Likeness(whole, max(whole, inside))


def _alike(left: str, right: str) -> float:
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(left, right))


@functools.lru_cache(maxsize=4096)
def reduced(word: str) -> str:
    """An English spelling made nearer to its sound: `phone` -> `fon`, `night` -> `nit`."""
    for spelt, heard in (*_REDUCED, *_VOWEL_GROUPS):
        word = word.replace(spelt, heard)
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return "".join(letter for index, letter in enumerate(word) if index == 0 or letter != word[index - 1])


@functools.lru_cache(maxsize=4096)
def syllables(text: str) -> tuple[Syllable, ...]:
    """Chinese text as pinyin; each Latin letter is a syllable of its own, since it is said alone."""
    from pypinyin import Style, pinyin
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    found: list[Syllable] = []
    for piece in pinyin(spoken(text, "zh").replace(" ", ""), style=Style.TONE3, neutral_tone_with_five=True):
        syllable = piece[0]
        if syllable and syllable[-1].isdigit() and syllable[:-1].isalpha():
            plain, tone = syllable[:-1], syllable[-1]
            found.append((to_initials(plain, strict=False), to_finals(plain, strict=False), tone))
        else:
            found.extend((letter, "", "") for letter in syllable)
    return tuple(found)


@functools.lru_cache(maxsize=65536)
def _substitution(left: Syllable, right: Syllable) -> float:
    if left == right:
        return 0.0
    if not left[1] or not right[1]:
        return 0.0 if left[:2] == right[:2] else 1.0
    initial = _part(left[0], right[0], _NEAR_INITIALS)
    final = _part(left[1], right[1], _NEAR_FINALS)
    tone = 0.0 if left[2] == right[2] else 0.05
    return min(1.0, 0.45 * initial + 0.55 * final + tone)


def _part(left: str, right: str, near: frozenset[frozenset[str]]) -> float:
    if left == right:
        return 0.0
    return _NEAR if frozenset((left, right)) in near else 1.0


def _distance(heard: Sequence[Syllable], wanted: Sequence[Syllable], *, anywhere: bool = False) -> float:
    """Weighted edit distance. anywhere: what comes before and after `wanted` within `heard` costs nothing."""
    row = [float(index) for index in range(len(wanted) + 1)]
    best = row[-1]
    for position, syllable in enumerate(heard, start=1):
        above = row
        row = [0.0 if anywhere else float(position)]
        for index, target in enumerate(wanted, start=1):
            row.append(
                min(
                    above[index - 1] + _substitution(syllable, target),
                    above[index] + 1.0,
                    row[index - 1] + 1.0,
                )
            )
        best = min(best, row[-1])
    return best if anywhere else row[-1]
