"""Where in a text something is that sounds like a phrase, and how nearly. Pure.

Coarser than `asr.sound.likeness`, which weighs: here each syllable is the same, near, or another one. What counts as
near is what Whisper base made of urgent words on telephone audio (tests/flow/understanding/heard.tsv): 着火 -> 缴户,
晕倒 -> 赢到, 救命 -> 秀命.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from asr.sound import Syllable, reduced, syllables
from asr.text import spoken

_INITIALS = """
n/l zh/z ch/c sh/s r/l f/h zh/j ch/q sh/x z/j c/q s/x zh/ch z/c j/q j/x q/x q/t d/t b/p g/k g/h b/d sh/ch s/c
"""
_FINALS = """
in/ing en/eng an/ang ian/iang uan/uang un/ong un/ing un/in ing/iong ao/ang ao/iao ao/ou uo/u uo/ou uo/o uo/ui a/an
i/ei i/v ie/e iu/ou a/ia ian/an iang/ang
"""
_NEAR = frozenset(frozenset(pair.split("/")) for pair in (*_INITIALS.split(), *_FINALS.split()))
_ALIKE = 0.8
"""Of two spellings of the same words, in letters: `here is a fire`, `there is a fire`."""
_LETTERS = 8
"""Shorter English is too easily something else."""
_SMALL = frozenset(
    [
        "a",
        "an",
        "the",
        "my",
        "is",
        "it",
        "it's",
        "there",
        "there's",
        "to",
        "on",
        "in",
        "not",
        "call",
        "want",
        "end",
        "this",
    ]
)
_TELLING = 0.76
"""A word that tells what it is about must be as alike as this: `fire` is not `tire`, `die` not `diet`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in `words_said(text)` it is, and how many initials and finals (English: 1 = some letters) are only near.

    literal: whether some of it is written as in the phrase (Chinese).
    """

    begin: int
    end: int
    different: int
    literal: bool = False


@functools.lru_cache(maxsize=2048)
def words_said(text: str) -> str:
    """Simplified characters without punctuation; no spaces but between words of letters."""
    return spoken(text, "zh").replace("著", "着")


@functools.lru_cache(maxsize=2048)
def _sounds(text: str) -> tuple[tuple[int, Syllable], ...]:
    """(place in the text, syllable) of its characters; () where they do not come one for one."""
    kept = [(place, sign) for place, sign in enumerate(text) if sign != " "]
    found = syllables("".join(sign for _, sign in kept))
    if len(found) != len(kept):
        return ()
    return tuple((place, syllable) for (place, _), syllable in zip(kept, found, strict=True))


@functools.lru_cache(maxsize=65536)
def _difference(left: Syllable, right: Syllable) -> int | None:
    """How many of initial and final are only near, whatever the tone; None = it is another syllable."""
    if left[:2] == right[:2]:
        return 0
    if not left[1] or not right[1]:
        return None
    near = 0
    for one, other in zip(left[:2], right[:2], strict=True):
        if one != other:
            if frozenset((one, other)) not in _NEAR:
                return None
            near += 1
    return near


@functools.lru_cache(maxsize=512)
def _runs(text: str, length: int) -> frozenset[tuple[tuple[str, str], ...]]:
    """All runs of so many syllables, without tones."""
    plain = [syllable[:2] for _, syllable in _sounds(text)]
    return frozenset(tuple(plain[begin : begin + length]) for begin in range(len(plain) - length + 1))


def sounds_in(text: str, phrase: str) -> bool:
    """Whether a text has the very syllables of a phrase somewhere, whatever tones: quick, for many phrases."""
    meant = tuple(syllable[:2] for _, syllable in _sounds(phrase))
    return bool(meant) and meant in _runs(text, len(meant))


def places(text: str, phrase: str) -> Iterator[Place]:
    """Those of a Chinese phrase in a text, both as `words_said` gives them."""
    heard, meant = _sounds(text), _sounds(phrase)
    if not meant:
        return
    for start in range(len(heard) - len(meant) + 1):
        window = heard[start : start + len(meant)]
        different = 0
        for (_, syllable), (_, wanted) in zip(window, meant, strict=True):
            difference = _difference(syllable, wanted)
            if difference is None:
                break
            different += difference
        else:
            begin, end = window[0][0], window[-1][0] + 1
            same = any(text[place] == sign for (place, _), sign in zip(window, phrase, strict=False))
            yield Place(begin, end, different, same)


@functools.lru_cache(maxsize=2048)
def letters_said(text: str) -> tuple[str, ...]:
    """The words of a text of letters, without punctuation and numbers in words."""
    return tuple(spoken(text, "en").split())


def word_places(words: tuple[str, ...], phrase: tuple[str, ...]) -> Iterator[Place]:
    """Those of an English phrase; begin and end count words. A word more or less may have been made of them."""
    wanted = "".join(map(reduced, phrase))
    telling = [reduced(word) for word in phrase if word not in _SMALL]
    for width in (len(phrase), len(phrase) - 1, len(phrase) + 1):
        for begin in range(len(words) - width + 1 if width > 0 else 0):
            window = [reduced(word) for word in words[begin : begin + width]]
            heard = "".join(window)
            if heard == wanted:
                yield Place(begin, begin + width, 0)
            elif len(wanted) >= _LETTERS and _alike(heard, wanted) >= _ALIKE:
                pairs = [*window, *(left + right for left, right in zip(window, window[1:], strict=False))]
                if all(any(_alike(one, word) >= _TELLING for one in pairs) for word in telling):
                    yield Place(begin, begin + width, 1)


def _alike(left: str, right: str) -> float:
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(left, right))
