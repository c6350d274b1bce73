"""American English: numbers below 100 are one fragment each, joined to "one hundred" and the like without "and".

Times on the twelve-hour clock ("three twenty p.m."), dates as "November twenty-second, twenty twenty-six".
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

LARGEST = 999_999_999
MINUS = "minus"
POINT = "point"

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_ODD_ORDINALS = dict(
    one="first",
    two="second",
    three="third",
    five="fifth",
    eight="eighth",
    nine="ninth",
    twelve="twelfth",
    twenty="twentieth",
    thirty="thirtieth",
)


def _below_hundred(number: int) -> str:
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + ("-" + _ONES[ones] if ones else "")


def _below_thousand(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    said = [_ONES[hundreds] + " hundred"] if hundreds else []
    return [*said, _below_hundred(rest)] if rest or not hundreds else said


def cardinal(number: int) -> list[str]:
    """0 to LARGEST."""
    if number == 0:
        return [_ONES[0]]
    said: list[str] = []
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (1, "")):
        count, number = divmod(number, size)
        if count:
            said += [*_below_thousand(count), *([name] if name else [])]
    return said


def digit(key: str) -> str:
    return _ONES[int(key)]


def ordinal(number: int) -> str:
    """1-99: "twenty-second"."""
    head, _, last = _below_hundred(number).rpartition("-")
    last = _ODD_ORDINALS.get(last, last + "th")
    return f"{head}-{last}" if head else last


def date(day: dt.date, with_year: bool) -> list[str]:
    return [_MONTHS[day.month - 1], ordinal(day.day), *(_year(day.year) if with_year else [])]


def _year(year: int) -> list[str]:
    """1998: nineteen ninety-eight; 1905: nineteen oh five; 1900: nineteen hundred; 2000-2009: two thousand (six)."""
    century, rest = divmod(year, 100)
    if century % 10 == 0 and rest < 10:
        return cardinal(year)
    if rest == 0:
        return [_below_hundred(century), "hundred"]
    return [_below_hundred(century), "oh " + _ONES[rest] if rest < 10 else _below_hundred(rest)]


def time(moment: dt.time) -> list[str]:
    """three twenty p.m.; noon and midnight by name; on the hour without minutes."""
    if moment.minute == 0 and moment.hour in (0, 12):
        return ["noon" if moment.hour else "midnight"]
    said = [_below_hundred((moment.hour - 1) % 12 + 1)]
    if moment.minute:
        said.append("oh " + _ONES[moment.minute] if moment.minute < 10 else _below_hundred(moment.minute))
    return [*said, "a.m." if moment.hour < 12 else "p.m."]


def money(amount: Decimal, currency: Literal["CNY", "USD"]) -> list[str]:
    whole, cents = divmod(int(amount * 100), 100)
    if currency == "CNY":
        pennies = [POINT, *(_ONES[int(figure)] for figure in f"{cents:02d}".rstrip("0"))] if cents else []
        return [*cardinal(whole), *pennies, "yuan"]
    said = [*cardinal(whole), "dollar" if whole == 1 else "dollars"] if whole or not cents else []
    if not cents:
        return said
    return [*said, *(["and"] if said else []), _below_hundred(cents), "cent" if cents == 1 else "cents"]


FRAGMENTS: tuple[str, ...] = (
    *(_below_hundred(number) for number in range(100)),
    *("oh " + _ONES[number] for number in range(1, 10)),
    *("a.m.", "p.m.", "noon", "midnight"),
    *_MONTHS,
    *(ordinal(number) for number in range(1, 32)),
    *(_ONES[number] + " hundred" for number in range(1, 10)),
    *("thousand", "million", "hundred", POINT, MINUS, "yes", "no"),
    *("yuan", "dollar", "dollars", "cent", "cents", "and"),
)
