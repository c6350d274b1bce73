"""Runs of digits as people write and speak them: `138 0013`, `一三八，零零幺三`, `five double oh one`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_CHINESE: Final[Mapping[str, str]] = dict(
    zip("零〇洞一幺壹二两贰三叁四肆五伍六陆七拐柒八捌九玖", "000111222334455667778899", strict=True)
)
_UNITS: Final[Mapping[str, str]] = {
    "zero": "0",
    "oh": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
}
_TEENS: Final = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_TWO_DIGITS: Final[Mapping[str, str]] = {word: str(value) for value, word in enumerate(_TEENS, start=10)} | {
    word: str(value * 10) for value, word in enumerate(_TENS, start=2)
}
_TIMES: Final[Mapping[str, int]] = {"double": 2, "triple": 3}

_WORDS: Final = "|".join([*_UNITS, *_TWO_DIGITS, *_TIMES])
_TOKEN: Final = re.compile(
    rf"(?P<digits>[0-9０-９]+)|(?P<chinese>[{''.join(_CHINESE)}])|\b(?P<word>{_WORDS})\b", re.IGNORECASE
)
_BETWEEN: Final = re.compile(
    r"(?:[\s\-－–—‐_,，、.。·()（）+]|嗯|呃|额|啊|然后|(?i:\b(?:uh|um|er|and|then|dash|hyphen|space)\b)){0,6}"
)
"""What parts the groups of one number."""
_MAGNITUDE: Final = re.compile(r"\s*(?:[十拾百佰千仟万亿]|(?i:hundred|thousand|million|billion)\b)")

_LETTER: Final = re.compile(r"\s*(?:[xXＸｘ叉×]|艾克斯)(?![A-Za-z])")


@dataclass(frozen=True, slots=True)
class Group:
    """Digits without a gap: text[start:end]."""

    start: int
    end: int
    digits: str


@dataclass(frozen=True, slots=True)
class Run:
    """Groups that belong together. letter: an X follows the last of 17 digits (identity cards), end is behind it."""

    groups: tuple[Group, ...]
    end: int
    letter: bool = False

    @property
    def start(self) -> int:
        return self.groups[0].start

    @property
    def digits(self) -> str:
        return "".join(group.digits for group in self.groups)

    def part(self, first: int, last: int) -> Run:
        """Only the groups [first:last]."""
        groups = self.groups[first:last]
        return Run(groups, groups[-1].end)


def runs(text: str) -> Iterator[Run]:
    """All of a text, in order. Quantities (三百, two hundred) are none."""
    place = 0
    while (first := _TOKEN.search(text, place)) is not None:
        tokens = [first]
        while (following := _next(text, tokens[-1].end())) is not None:
            tokens.append(following)
        place = tokens[-1].end()
        if _MAGNITUDE.match(text, place):
            # The last digit says how many hundreds; what precedes it may still be a number of its own.
            tokens.pop()
        if tokens and text[max(0, tokens[0].start() - 1) : tokens[0].start()] in tuple("十百千万"):
            tokens = tokens[1:]
        groups = tuple(_groups(tokens))
        if groups:
            yield _with_letter(text, groups)


def _next(text: str, place: int) -> re.Match[str] | None:
    between = _BETWEEN.match(text, place)
    return _TOKEN.match(text, between.end() if between else place)


def _groups(tokens: list[re.Match[str]]) -> Iterator[Group]:
    """`double two` is 22, `twenty three` is 23."""
    group: Group | None = None
    times, tens, begins = 1, False, -1
    for token in tokens:
        word = (token["word"] or "").lower()
        if word in _TIMES:
            times, begins = _TIMES[word], token.start()
            continue
        if tens and group is not None and _UNITS.get(word, "0") != "0":
            group = Group(group.start, token.end(), group.digits[:-1] + _UNITS[word])
        elif group is not None and not word and token.start() == group.end:
            group = Group(group.start, token.end(), group.digits + _read(token, word))
        else:
            if group is not None:
                yield group
            group = Group(begins if times > 1 else token.start(), token.end(), _read(token, word) * times)
        times, tens = 1, word in _TENS
    if group is not None:
        yield group


def _read(token: re.Match[str], word: str) -> str:
    if token["digits"] is not None:
        return "".join(str(int(character)) for character in token["digits"])
    if token["chinese"] is not None:
        return _CHINESE[token["chinese"]]
    return _UNITS.get(word) or _TWO_DIGITS[word]


def _with_letter(text: str, groups: tuple[Group, ...]) -> Run:
    run = Run(groups, groups[-1].end)
    letter = _LETTER.match(text, run.end)
    if letter is None or len(run.digits) != 17:
        return run
    return Run(groups, letter.end(), letter=True)
