"""Texts made ready to be read aloud: what engines would misread is written out as words. Pure."""

from __future__ import annotations

import re

_ZH_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
EN_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SPACED_DIGITS = re.compile(r"(?<![\w.])\d(?:[ -]\d)+(?![\w.])")
_NUMBER_NAME = re.compile(r"(?<![\d.])\d{3,}(?![\d.])")
"""Telephone-like: three digits and more are read one by one (12345, 110), fewer as a number (24 小时)."""
_ZH_TENS = re.compile(r"(?<![\d.])\d{1,2}(?![\d.])")
_EN_WORDS = {"a.m.": "A M", "p.m.": "P M", "oh": "oh"}


def readable(text: str, language: str) -> str:
    """The same sentence without figures that an engine would read as something else.

    Only for the languages whose figures we write out: in others the voice knows better.
    """
    if language == "zh":
        return _readable_zh(text)
    return _readable_en(text) if language == "en" else text


def _readable_zh(text: str) -> str:
    text = _SPACED_DIGITS.sub(lambda match: re.sub(r"[ -]", "", match.group()), text)
    text = _NUMBER_NAME.sub(lambda match: match.group().translate(_ZH_DIGITS).replace("一", "幺"), text)
    return _ZH_TENS.sub(lambda match: _zh_tens(int(match.group())), text)


def _zh_tens(number: int) -> str:
    tens, ones = divmod(number, 10)
    last = str(ones).translate(_ZH_DIGITS)
    if tens == 0:
        return last
    return ("" if tens == 1 else str(tens).translate(_ZH_DIGITS)) + "十" + (last if ones else "")


def _readable_en(text: str) -> str:
    def spelled(match: re.Match[str]) -> str:
        return " ".join(EN_DIGITS[int(figure)] for figure in match.group() if figure.isdigit())

    text = _SPACED_DIGITS.sub(spelled, text)
    text = _NUMBER_NAME.sub(spelled, text)
    for written, said in _EN_WORDS.items():
        text = re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", said, text)
    return text
