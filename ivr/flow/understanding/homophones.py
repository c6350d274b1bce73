"""Which everyday words sound like a phrase of two syllables: for the linter, before a caller finds out. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from ivr.flow.match import normalise
from ivr.flow.understanding.segments import frequency
from ivr.flow.understanding.urgent import Sound

SHORTEST = 5
"""Letters of an English phrase of one word."""
COMMON = 3500
"""Occurrences in the dictionary's texts; a word as frequent as this is said in many calls (活动 27,526; 相似 3,295)."""
_TONELESS = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ", "aaaaeeeeiiiioooouuuuüüüünnnm")


def sounding_like(phrase: str) -> tuple[str, ...]:
    """The common words of the same syllables, whatever tones, the commonest first; only of two characters."""
    if len(phrase) != 2:
        return ()
    first, second = (_characters().get(sign, ()) for sign in map(_reading, phrase))
    words = {left + right: frequency(left + right) for left in first for right in second}
    found = [word for word, count in words.items() if count >= COMMON and word != phrase]
    return tuple(sorted(found, key=lambda word: -words[word]))


def too_common(phrase: str, language: str, sound: Sound) -> str:
    """Why an urgent phrase would be heard in what is none; "" = it would hardly be."""
    plain = normalise(phrase)
    if language != "zh":
        short = " " not in plain and len(plain) < SHORTEST
        return "is one short word, which is said in many calls" if short else ""
    if len(plain) < 2:
        return "is one syllable, which is part of many words"
    like = sounding_like(plain) if sound != "off" else ()
    return f"sounds like {', '.join(like[:3])}" if like else ""


def _reading(character: str) -> str:
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(character, style=Style.NORMAL, v_to_u=True))


@functools.lru_cache(maxsize=1)
def _characters() -> Mapping[str, tuple[str, ...]]:
    """Syllable without its tone -> the characters in use that have it, as one of their readings."""
    from pypinyin.pinyin_dict import pinyin_dict

    found: dict[str, list[str]] = {}
    for code, readings in pinyin_dict.items():
        if frequency(chr(code)):
            for reading in set(readings.translate(_TONELESS).split(",")):
                found.setdefault(reading, []).append(chr(code))
    return {reading: tuple(characters) for reading, characters in found.items()}
