"""American English: numbers below 100 are one fragment each, joined to "one hundred" and the like without "and".

Times on the twelve-hour clock ("three twenty p.m."), dates as "November twenty-second, twenty twenty-six".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from ivr.flow.prompt_text import SayAs
from ivr.flow.prompt_values import Unit

LARGEST = 999_999_999
MINUS = "minus"
POINT = "point"
JOIN = " "
YES_NO = ("yes", "no")

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LONGEST_MONTH = 31
"""Ordinals up to this are one fragment each, for dates."""
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_WEEK = 6
"""A day so far ahead at most is called by the day of the week."""
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


def cardinal(number: int, _counted: bool = False) -> list[str]:
    """0 to LARGEST. English counts things with the same words."""
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


def _ordinal_word(number: int) -> str:
    """1-99: "twenty-second"."""
    head, _, last = _below_hundred(number).rpartition("-")
    last = _ODD_ORDINALS.get(last, last[:-1] + "ieth" if last.endswith("ty") else last + "th")
    return f"{head}-{last}" if head else last


def ordinal(number: int) -> list[str]:
    """1 to LARGEST: third; one hundred, forty, second; one, hundredth."""
    *said, last = cardinal(number)
    rest = number % 100
    if not rest:
        *head, unit = last.split(" ")
        return [*said, *head, unit + "th"]
    if rest <= _LONGEST_MONTH or rest % 10 == 0:
        return [*said, _ordinal_word(rest)]
    return [*said, _TENS[rest // 10], _ordinal_word(rest % 10)]


def date(day: dt.date, with_year: bool) -> list[str]:
    return [_MONTHS[day.month - 1], _ordinal_word(day.day), *(_year(day.year) if with_year else [])]


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


def at(day: list[str], moment: list[str]) -> list[str]:
    return [*day, "at", *moment]


def near_day(day: dt.date, ahead: int) -> list[str]:
    """tomorrow; Friday."""
    if ahead in _NEAR:
        return [_NEAR[ahead]]
    return [_DAYS[day.weekday()]] if 0 < ahead <= _WEEK else []


def duration(parts: tuple[tuple[int, Unit], ...]) -> list[str]:
    """one hour, two minutes."""
    said: list[str] = []
    for count, unit in parts:
        said += [*cardinal(count), unit if count == 1 else unit + "s"]
    return said


def percent(number: list[str]) -> list[str]:
    return [*number, "percent"]


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
    *(_ordinal_word(number) for number in range(1, _LONGEST_MONTH + 1)),
    *(_ONES[number] + " hundred" for number in range(1, 10)),
    *("thousand", "million", "hundred", POINT, MINUS, "yes", "no"),
    *("yuan", "dollar", "dollars", "cent", "cents", "and"),
)

_NEAR_DAYS = (*_NEAR.values(), *_DAYS, "at")
MORE: Mapping[SayAs, tuple[str, ...]] = {
    "ordinal": (
        *(_ordinal_word(tens) for tens in range(40, 100, 10)),
        "hundredth",
        "thousandth",
        "millionth",
    ),
    "datetime": ("at",),
    "relative": _NEAR_DAYS,
    "duration": ("seconds", "minute", "minutes", "hour", "hours", "day", "days"),
    "percent": ("percent",),
}
"""What a way of saying needs beside FRAGMENTS ("second" is there, as an ordinal)."""
