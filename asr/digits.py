"""Telephone numbers and other answers said digit by digit. Pure.

Whisper likes to write a number in figures, several to a token, and then loses one of two equal digits or a zero
(1377531 for 一三零七三七零五三二一). Held to one word for each digit it loses hardly any: telephone numbers of eight
voices, CER 10 % -> 3 %. But held to digits it makes digits of anything, so its free reading of the same audio judges:
said were digits when that one sounds like them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from asr.sound import likeness
from asr.text import spoken

KINDS: Final = frozenset({"digits", "phone", "extension", "postcode", "id_card"})
"""Of `ListenRequest.expects`."""

_ZH_WORDS: Final = "零 一 二 三 四 五 六 七 八 九 幺 要 两"
"""要 is how Whisper writes 幺, the one of telephone numbers."""

_ZH_NAMES: Final = "零一二三四五六七八九"
_EN_NAMES: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_ZH_DIGITS: Final = str.maketrans("幺要两〇", "一一二零")

WORDS: Final[Mapping[str, frozenset[str]]] = {
    "zh": frozenset(_ZH_WORDS.split()),
    "en": frozenset((*_EN_NAMES, "oh")),
}
"""What may be written, one word for each digit; languages that are not here are read freely."""

FASTEST: Final = 6.0
"""Digits in a second; more is a loop."""


LIKE_ENOUGH: Final = 0.5
"""In sound: the free reading of sentences and commands stays below 0.35 of the digits forced upon them."""


def pieces(language: str) -> frozenset[str]:
    """What may be written, as a recogniser writes it: the first word of an answer may have a capital."""
    return WORDS[language] | {word.capitalize() for word in WORDS[language]}


def expected(expects: str, language: str) -> bool:
    """Is an answer of digits expected that can be held to them? expects: `digits`, `digits:6`, `phone` ..."""
    return expects.partition(":")[0] in KINDS and language in WORDS


def said_digits(text: str, language: str) -> str:
    """The digits of a text that was held to them, in the language's own words; half characters are dropped."""
    if language == "zh":
        return re.sub(r"[^零一二三四五六七八九]", "", text.translate(_ZH_DIGITS))
    return " ".join(word for word in spoken(text, language).split() if word in WORDS[language])


def evidence(free: str, held: str, language: str, likelihood: float) -> dict[str, float]:
    """What speaks for digits, for the model `digits`. free, held: the free reading and that of digits only.

    alike: in sound, 0..1. held: how likely the digits are among digits. count: of the digits.
    """
    count = len(held) if language == "zh" else len(held.split())
    alike = likeness(digit_by_digit(free, language), digit_by_digit(held, language), language).whole
    return {"alike": alike, "held": likelihood, "count": float(count)}


def whole(held: str, free: str, language: str) -> str:
    """Held to digits a reading may end early: where the free one is of digits too and goes on, it is believed."""
    more = digit_by_digit(free, language)
    if language == "zh":
        rest = re.sub(r"[\s,.，。、-]", "", more)
        return rest if rest.startswith(held) and not re.sub(rf"[{_ZH_NAMES}]", "", rest) else held
    words = re.findall(r"[a-z']+", more)
    goes_on = words[: len(held.split())] == digit_by_digit(held, language).split()
    return " ".join(words) if goes_on and all(word in WORDS[language] for word in words) else held


def too_fast(digits: str, language: str, spoken_s: float) -> bool:
    count = len(digits) if language == "zh" else len(digits.split())
    return count > 2 + FASTEST * spoken_s


def digit_by_digit(text: str, language: str) -> str:
    """Figures as one word each (`239` is no quantity here), the English 0 always in the same word."""
    if language == "zh":
        return re.sub(r"\d", lambda found: _ZH_NAMES[int(found[0])], text).translate(_ZH_DIGITS)
    text = re.sub(r"\d", lambda found: f" {_EN_NAMES[int(found[0])]} ", text)
    return re.sub(r"\boh?\b", "zero", text.lower())
