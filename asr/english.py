"""English words as they sound: the lexicon that comes with misaki (Apache-2.0), spelling rules for other words.

Loading the lexicon takes a fifth of a second once: `load` does it where nobody waits.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

VOWELS = frozenset("aeiouæɑəɛɪɔʊʌɜᵊᵻAIOQWY")
"""Among them misaki's letters for diphthongs: A (day), I (my), O (go), W (now), Y (boy), Q (British go)."""

_MARKS = str.maketrans("", "", "ˈˌːʔ")

_ENDINGS = (
    ("ies", "y", "z"), ("es", "e", "z"), ("es", "", "ᵻz"), ("'s", "", "z"), ("s", "", "z"), ("ing", "", "ɪŋ"),
    ("ing", "e", "ɪŋ"), ("ied", "y", "d"), ("ed", "e", "d"), ("ed", "", "d"), ("er", "", "əɹ"), ("er", "e", "əɹ"),
    ("ly", "", "li"),
)  # fmt: skip
"""(ending, what it replaces, its sound): inflected words that the lexicon lacks."""

_SPELT: Mapping[str, str] = {
    "tion": "ʃən", "sion": "ʒən", "ture": "ʧəɹ", "eigh": "A", "tch": "ʧ", "sch": "sk", "igh": "I", "dge": "ʤ",
    "eau": "O", "ch": "ʧ", "sh": "ʃ", "th": "θ", "ph": "f", "ck": "k", "qu": "kw", "kn": "n", "wr": "ɹ", "wh": "w",
    "gh": "", "ng": "ŋ", "ee": "i", "ea": "i", "ie": "i", "oo": "u", "ou": "W", "ow": "O", "oa": "O", "ai": "A",
    "ay": "A",
    "ei": "A", "ey": "i", "oi": "Y", "oy": "Y", "au": "ɔ", "aw": "ɔ", "ew": "u", "ue": "u", "er": "əɹ", "ir": "ɜɹ",
    "ur": "ɜɹ", "ar": "ɑɹ", "or": "ɔɹ", "ce": "s", "ci": "sɪ", "cy": "si", "ge": "ʤ", "gy": "ʤi", "x": "ks", "c": "k",
    "a": "æ", "e": "ɛ", "i": "ɪ", "o": "ɑ", "u": "ʌ", "y": "i", "g": "ɡ", "r": "ɹ", "j": "ʤ", "q": "k",
}  # fmt: skip
_LONGEST = max(len(spelt) for spelt in _SPELT)

_NEAR_CONSONANTS = (
    "pb", "td", "kɡ", "fv", "sz", "θf", "θs", "θt", "ðd", "ðz", "ðv", "mn", "nŋ", "ʃʧ", "ʃs", "ʒʤ", "ʒʃ", "ʤʧ", "zʒ",
    "ɹl", "ɹw", "vb", "vw", "ɾt", "ɾd", "pf", "tk", "hf", "lw", "ðθ",
)  # fmt: skip
_NEAR_VOWELS = (
    "ɪi", "ɛɪ", "æɛ", "ɑɔ", "ɑʌ", "ʌə", "əɪ", "ʊu", "ɔO", "Ou", "ɜə", "Aɛ", "Ai", "Iɑ", "Wɑ", "Wæ", "QO", "əᵊ",
    "ᵻɪ", "ᵻə", "OW", "ɔʌ", "IA", "YI", "ɛə", "eɛ", "aæ", "oO",
)  # fmt: skip
_NEAR = frozenset(frozenset(pair) for pair in (*_NEAR_CONSONANTS, *_NEAR_VOWELS))
_WEAK = frozenset("əᵊᵻhɾ")
"""Hardly heard: cheap to miss."""

NEAR, OTHER_VOWEL, WEAK, VOWEL = 0.3, 0.6, 0.4, 0.8


@functools.cache
def load() -> Mapping[str, str]:
    """Word -> how it sounds. Takes 0.2 s the first time."""
    raw = json.loads(files("misaki").joinpath("data", "us_gold.json").read_text(encoding="utf-8"))
    return {word.lower(): _plain(sound) for word, sound in raw.items()}


def _plain(sound: str | Mapping[str, str | None]) -> str:
    if not isinstance(sound, str):
        sound = sound.get("DEFAULT") or next((one for one in sound.values() if one), "")
    return sound.translate(_MARKS).replace("ɾ", "t")


@functools.lru_cache(maxsize=8192)
def sounds(word: str) -> str:
    """One sound a letter of the International Phonetic Alphabet, or of misaki's. word: lower case."""
    lexicon = load()
    if word in lexicon:
        return lexicon[word]
    for ending, instead, heard in _ENDINGS:
        stem = word[: -len(ending)] + instead
        if word.endswith(ending) and len(stem) > 2 and stem in lexicon:
            return lexicon[stem] + heard
    return _by_spelling(word)


def _by_spelling(word: str) -> str:
    if len(word) > 3 and word.endswith("e") and word[-2] not in "aeiou":
        word = word[:-1]
    found, index = "", 0
    while index < len(word):
        for size in range(min(_LONGEST, len(word) - index), 0, -1):
            spelt = word[index : index + size]
            if spelt in _SPELT or size == 1:
                sound = _SPELT.get(spelt, spelt if spelt.isalpha() else "")
                found += sound if not found.endswith(sound) else ""
                index += size
                break
    return found


@functools.lru_cache(maxsize=16384)
def substitution(left: str, right: str) -> float:
    """What it costs to hear one sound for the other, 0..1."""
    if left == right:
        return 0.0
    if frozenset((left, right)) in _NEAR:
        return NEAR
    return OTHER_VOWEL if left in VOWELS and right in VOWELS else 1.0


def missing(sound: str) -> float:
    return WEAK if sound in _WEAK else VOWEL if sound in VOWELS else 1.0


def distance(heard: Sequence[str], wanted: Sequence[str]) -> float:
    """Weighted edit distance of two rows of sounds."""
    row = [0.0]
    for sound in wanted:
        row.append(row[-1] + missing(sound))
    for sound in heard:
        above, row = row, [row[0] + missing(sound)]
        for index, target in enumerate(wanted, start=1):
            row.append(
                min(
                    above[index - 1] + substitution(sound, target),
                    above[index] + missing(sound),
                    row[index - 1] + missing(target),
                )
            )
    return row[-1]
