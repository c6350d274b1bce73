"""Quantities in Chinese text: whatever holds a unit (十百千万亿), a decimal point 点, a half or a coin. Pure.

The short form of the last place counts where nothing numeric follows: 三千二 is 3200, 两万五 is 25000; 三千零二 is
3002. Where a last digit has another digit behind it, both belong to what comes after: 一百二三四 is 100 and 234.
"""

from __future__ import annotations

import re

ONES = dict(zip("一二三四五六七八九两壹贰叁肆伍陆柒捌玖", "1234567892123456789", strict=True))
DIGITS = ONES | {"零": "0", "〇": "0", "幺": "1"}
FORMAL = "壹贰叁肆伍陆柒捌玖拾佰仟"
"""As on cheques. Some are names as well, so they count only beside another number character."""
_SMALL_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_BIG_UNITS = {"万": 10**4, "亿": 10**8}
UNITS = _SMALL_UNITS | _BIG_UNITS
NUMERIC = "0-9" + "".join((*DIGITS, *UNITS))
"""For character classes: everything that numbers are written with."""

_ONE = f"[{''.join(ONES)}]"
_ZERO = "[零〇]"
_SMALL = "".join(_SMALL_UNITS)
_FIGURES = r"[0-9]{1,9}(?:\.[0-9]{1,4})?"
_TENS = rf"(?:(?:{_ONE}|[1-9])?[十拾](?:{_ONE}(?![{_SMALL}]))?)"
_LAST = rf"(?:{_ZERO}{_ONE}(?![{_SMALL}0-9零〇幺{''.join(ONES)}])|[1-9{''.join(ONES)}](?![{NUMERIC}]))"
_HUNDREDS = rf"(?:(?:{_ONE}|[1-9])[百佰](?:{_ZERO}?{_TENS}|{_LAST})?)"
_THOUSANDS = rf"(?:(?:{_ONE}|[1-9])[千仟](?:{_ZERO}?{_HUNDREDS}|{_ZERO}?{_TENS}|{_LAST})?)"
_SECTION = rf"(?:{_THOUSANDS}|{_HUNDREDS}|{_TENS})"
_COEFFICIENT = rf"(?:{_SECTION}|{_ONE}|{_FIGURES})"
_TAIL = rf"(?:{_ZERO}?{_SECTION}|{_LAST}|[0-9]{{1,4}}(?![{NUMERIC}]))"
_QUANTITY = re.compile(
    rf"{_COEFFICIENT}亿(?:{_ZERO}?{_COEFFICIENT}万)?{_TAIL}?|{_COEFFICIENT}万{_TAIL}?|{_SECTION}"
)
_TOKEN = re.compile(r"[0-9]+(?:\.[0-9]+)?|.")
_POINT = re.compile(rf"点(?P<after>[{''.join(DIGITS)}0-9]+)(?P<unit>[万亿])?(?![{NUMERIC}钟分刻])")
_HALF = re.compile(r"(?:个|年|天|月|周|里|斤|块|岁|点|小时|公里)?半(?![夜路])")
_COINS = re.compile(
    rf"(?:块钱?|元)(?:(?P<zero>[零〇])?(?P<ten>[{''.join(ONES)}1-9])(?![{NUMERIC}])(?P<mao>[毛角])?"
    rf"(?:(?P<cent>[{''.join(ONES)}1-9])(?![{NUMERIC}])分?|分)?)?"
)
_DIMES = re.compile(rf"[毛角](?:(?P<cent>[{''.join(ONES)}1-9])(?![{NUMERIC}])分?)?")


def quantity(text: str, at: int) -> tuple[int | float, int] | None:
    """The whole quantity that begins at a place, and where it ends."""
    match = _QUANTITY.match(text, at)
    return None if match is None else (_value(match[0]), match.end())


def _value(text: str) -> int | float:
    total: int | float = 0
    group: int | float = 0
    pending: int | float | None = None
    last, zero, short = 1, False, False
    for token in _TOKEN.findall(text):
        if token in "零〇":
            zero = True
        elif token in _SMALL_UNITS:
            last = _SMALL_UNITS[token]
            group += (1 if pending is None else pending) * last
            pending, zero = None, False
        elif token in _BIG_UNITS:
            last = _BIG_UNITS[token]
            total += (group + (pending or 0)) * last
            group, pending, zero = 0, None, False
        else:
            pending = int(ONES[token]) if token in ONES else float(token) if "." in token else int(token)
            short = len(token) == 1
    if pending is not None and short and not zero and last >= 100:
        pending = pending * last // 10
    return round(total + group + (pending or 0), 4)


def continued(text: str, at: int, keys: str, value: int | float) -> tuple[int | float, int] | None:
    """What a number (its figures, its value) becomes through what follows it: 点五, 个半, 块五毛. None: nothing."""
    point = _POINT.match(text, at)
    if point is not None and keys:
        after = "".join(DIGITS.get(character, character) for character in point["after"])
        return round(float(f"{keys}.{after}") * UNITS.get(point["unit"] or "", 1), 6), point.end()
    half = _HALF.match(text, at)
    if half is not None:
        return value + 0.5, half.end()
    coins = _COINS.match(text, at)
    if coins is not None and (coins["ten"] or coins["cent"]):
        ten, cent = int(_figure(coins["ten"])), int(_figure(coins["cent"]))
        if coins["zero"] and not coins["mao"]:
            ten, cent = 0, ten
        return round(value + ten / 10 + cent / 100, 2), coins.end()
    dimes = _DIMES.match(text, at)
    if dimes is not None:
        return round(value / 10 + int(_figure(dimes["cent"])) / 100, 2), dimes.end()
    return None


def _figure(character: str | None) -> str:
    return ONES.get(character, character) if character else "0"
