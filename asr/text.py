"""Text as people and grammars compare it: one script, one spacing, numbers read out. Pure.

Recognisers write the same words in many ways: traditional characters, `133 0780`, `一三三`, full-width punctuation,
spaces between Chinese words. `tidy` gives the text a person reads; `spoken` the words that were said.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_BETWEEN_CJK = re.compile(rf"(?<=[{CJK}，。？！、：；])\s+(?=[{CJK}，。？！、：；])")
_NOT_SPOKEN = re.compile(r"[^\w\s']|_")
_NUMBER = re.compile(r"\d+")
_GROUPED = re.compile(r"\d(?:[\s.,-]{0,2}\d){6,}")
"""A telephone number written in groups; shorter runs are numbers of their own."""

_YAO = re.compile(r"(?<=[零一二三四五六七八九])[要腰夭邀](?=[零一二三四五六七八九])")
"""幺, the one of telephone numbers, written as a word that sounds like it."""

_ZH_DIGITS = "零一二三四五六七八九"
_ZH_UNITS = ("", "十", "百", "千")
_ZH_GROUPS = ("", "万", "亿")
_EN_NAMES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
"""
_EN_SMALL = _EN_NAMES.split()[:20]
_EN_TENS = ["zero", "ten", *_EN_NAMES.split()[20:]]


@functools.lru_cache(maxsize=1)
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def simplified(text: str) -> str:
    """Traditional characters to simplified ones."""
    return str(_simplifier().convert(text)) if re.search(rf"[{CJK}]", text) else text


def tidy(text: str, language: str) -> str:
    """For reading: no spaces between Chinese characters, simplified in `zh`, single spaces elsewhere."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if language == "zh":
        text = simplified(text)
    return _BETWEEN_CJK.sub("", text)


def spoken(text: str, language: str) -> str:
    """For comparing: lower case, no punctuation, numbers as words (`29` -> 二十九, `0780` -> 零七八零)."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = _GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), text)
    if language == "zh":
        text = _NUMBER.sub(lambda found: zh_number(found[0]), simplified(text)).replace("幺", "一")
        text = _YAO.sub("一", text)
    elif language == "en":
        text = _NUMBER.sub(lambda found: f" {en_number(found[0])} ", text)
    return tidy(_NOT_SPOKEN.sub(" ", text), language)


def zh_number(digits: str) -> str:
    """How it is most likely said: a quantity up to four digits, longer ones or a leading zero digit by digit."""
    if len(digits) > 4 or (len(digits) > 1 and digits[0] == "0"):
        return "".join(_ZH_DIGITS[int(digit)] for digit in digits)
    return zh_quantity(int(digits))


def zh_quantity(value: int) -> str:
    """Up to 999,999,999,999: 29 -> 二十九, 105 -> 一百零五."""
    if value == 0:
        return "零"
    groups = []
    for group in _ZH_GROUPS:
        value, part = divmod(value, 10_000)
        if part:
            groups.append(_zh_below_10000(part, leading=value > 0) + group)
    text = "".join(reversed(groups))
    return text[1:] if text.startswith("一十") else text


def _zh_below_10000(value: int, *, leading: bool) -> str:
    text, pending_zero = "", leading and value < 1000
    for power in (3, 2, 1, 0):
        digit = value // 10**power % 10
        if digit:
            text += ("零" if pending_zero else "") + _ZH_DIGITS[digit] + _ZH_UNITS[power]
            pending_zero = False
        elif text:
            pending_zero = True
    return text


def en_number(digits: str) -> str:
    """Up to 99 as a quantity, longer ones or a leading zero digit by digit."""
    value = int(digits)
    if len(digits) > 2 or (len(digits) > 1 and digits[0] == "0"):
        return " ".join(_EN_SMALL[int(digit)] for digit in digits)
    if value < 20:
        return _EN_SMALL[value]
    tens, ones = divmod(value, 10)
    return _EN_TENS[tens] + (f" {_EN_SMALL[ones]}" if ones else "")


def with_figures(text: str, language: str) -> str:
    """Number words up to nineteen as figures, the way recognisers write them: `two five` -> `2 5`. English only."""
    if language != "en":
        return text
    return " ".join(
        str(_EN_SMALL.index(word)) if word in _EN_SMALL else word for word in text.lower().split()
    )


_REPEATED = re.compile(r"(.{2,40}?)\1{2,}.{0,40}$", re.DOTALL)


def cut_repeats(text: str) -> str:
    """A decoder caught in a loop says the same thing three times and more: once is what was said.

    Digits do repeat in telephone numbers: only several of them, four times and more, are a loop.
    """
    found = _REPEATED.search(text)
    if found is None:
        return text
    if re.fullmatch(r"[\d\s,.一二三四五六七八九零幺-]+", found[1]):
        digits = re.sub(r"[\s,.-]", "", found[1])
        if len(set(digits)) < 2 or found[0].count(found[1]) < 4:
            return text
    tail = found[0][len(found[1]) :]
    rest = tail[: len(tail) - len(tail) % len(found[1])] if tail else ""
    after = tail[len(rest) :]
    return text[: found.start()] + found[1] + ("" if found[1].startswith(after) else after)
