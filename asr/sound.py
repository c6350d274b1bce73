"""How alike two texts sound, 0..1. Pure.

A recogniser that has not learnt a name writes another one that sounds like it (大理 -> 大礼), so a caller's answer is
compared with a menu's phrases by sound. Chinese: pinyin syllables, with the pairs that dialects and narrow lines
do not keep apart counted as near (n/l, zh/z, in/ing ...). English: phonemes (`asr/english.py`). Other languages:
words in a spelling reduced to what is heard.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asr import english
from asr.text import spoken

Syllable = tuple[str, str, str]
"""(initial, final, tone); a letter of a script that is neither Chinese nor Latin stands as an initial alone."""

_NEAR = 0.25
"""Cost of a pair that is easily mistaken, where a wholly different one costs 1."""

_INITIAL_PAIRS = "n/l zh/z ch/c sh/s r/l f/h j/zh q/ch x/sh j/q z/c zh/ch b/p d/t g/k x/s j/z q/c"
_FINAL_PAIRS = """
in/ing en/eng an/ang ian/iang uan/uang un/ong uo/o e/o u/v ie/ve en/un eng/ong ei/ui an/ian i/v ian/in ang/ong e/uo
ao/ou iao/iu ua/a uan/an ai/ei
"""
_NEAR_INITIALS = frozenset(frozenset(pair.split("/")) for pair in _INITIAL_PAIRS.split())
_NEAR_FINALS = frozenset(frozenset(pair.split("/")) for pair in _FINAL_PAIRS.split())

_LETTER_NAMES = """
a -ei, b b-i, c x-i, d d-i, e y-i, f -ai f-u, g j-i, h -ei ch-i, i -ai, j zh-ei, k k-ei, l -ai l-e, m -ai m-u, n -en,
o -ou, p p-i, q q-iu, r -a -er, s -ai s-i, t t-i, u y-ou, v w-ei, w d-a b-u l-iu, x -ai k-e s-i, y w-ai, z z-ei
"""
_LETTERS: Mapping[str, tuple[Syllable, ...]] = {
    name.split()[0]: tuple(
        (initial, final, "1") for initial, final in (one.split("-") for one in name.split()[1:])
    )
    for name in _LETTER_NAMES.split(",")
}
"""How Mandarin speakers say the letters of CZF or 5G."""

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
    heard_words, meant_words = (
        [_heard(word, language) for word in said],
        [_heard(word, language) for word in meant],
    )
    alike = _alike_english if language == "en" else _alike
    whole = alike(heard_words, meant_words)
    width = len(meant_words)
    inside = max(
        alike(heard_words[begin : begin + size], meant_words)
        # A recogniser may have cut a word in two, or made one of two.
        for size in {max(1, width - 1), width, width + 1}
        for begin in range(max(1, len(heard_words) - size + 1))
    )
    return Likeness(whole, max(whole, inside))


def warm(language: str) -> None:
    """Load what `likeness` needs for this language: up to half a second, better not while somebody waits."""
    likeness("一" if language == "zh" else "one", "二" if language == "zh" else "two", language)


def found_by_sound(text: str, phrase: str, language: str) -> float:
    """How much some stretch of the text, whole words of it where there are words, sounds like the phrase: 0..1."""
    return likeness(text, phrase, language).inside


def _heard(word: str, language: str) -> str:
    return english.sounds(word) if language == "en" else reduced(word)


def _alike_english(heard: Sequence[str], wanted: Sequence[str]) -> float:
    left, right = "".join(heard), "".join(wanted)
    longest = max(sum(map(english.missing, left)), sum(map(english.missing, right)))
    return max(0.0, 1.0 - english.distance(left, right) / longest) if longest else 0.0


def _alike(heard: Sequence[str], wanted: Sequence[str]) -> float:
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(" ".join(heard), " ".join(wanted)))


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
    """Chinese text as pinyin; Latin letters by their names, as they are said."""
    from pypinyin import Style, pinyin
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    found: list[Syllable] = []
    for piece in pinyin(spoken(text, "zh").replace(" ", ""), style=Style.TONE3, neutral_tone_with_five=True):
        syllable = piece[0]
        if syllable and syllable[-1].isdigit() and syllable[:-1].isalpha():
            plain, tone = syllable[:-1], syllable[-1]
            found.append((to_initials(plain, strict=False), to_finals(plain, strict=False), tone))
        else:
            found.extend(one for letter in syllable for one in _letter(letter))
    return tuple(found)


def _letter(letter: str) -> tuple[Syllable, ...]:
    """A Latin letter as Mandarin speakers say it; another script's as an initial alone."""
    return _LETTERS.get(letter, ((letter, "", ""),))


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
