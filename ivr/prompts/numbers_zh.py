"""Mandarin: numbers below 100 are one fragment each, above that hundreds, thousands and 万 are joined to them.

The rules: 两 counts things and stands before 百 (at the head), 千 and 万; 零 bridges a gap (一百零三, 一千零三十);
ten inside a larger number is 一十 (一百一十二); a telephone's 1 is 幺.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from ivr.flow.prompt_text import SayAs
from ivr.flow.prompt_values import Unit

LARGEST = 99_999_999
MINUS = "负"
POINT = "点"
JOIN = ""
YES_NO = ("是", "否")

_DIGITS = "零一二三四五六七八九"
_PERIODS = ((0, "凌晨"), (5, "早上"), (8, "上午"), (12, "中午"), (13, "下午"), (18, "晚上"))
"""From this hour on, the part of the day is called so."""

_DAYS = tuple(f"星期{day}" for day in "一二三四五六天")
_NEAR = {-2: "前天", -1: "昨天", 0: "今天", 1: "明天", 2: "后天"}
_WEEK = 6
"""A day so far ahead at most is called by the day of the week."""
_UNITS: Mapping[Unit, str] = {"day": "天", "hour": "小时", "minute": "分钟", "second": "秒"}

_MEASURES = frozenset("位个名人件条分秒小天周年张份块元角斤公米里倍辆台只家种起次项户通")
"""What things are counted by: 两位, 两分钟, 两小时, 两公里."""
_RANGE_WORDS = frozenset({"到", "至", "或", "或者"})


def _below_hundred(number: int) -> str:
    tens, ones = divmod(number, 10)
    if tens == 0:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def _after_gap(number: int) -> list[str]:
    """1-99 after a missing digit: 零三; 零 三十."""
    if number < 10:
        return ["零" + _DIGITS[number]]
    return ["零", _inside(number)]


def _inside(number: int) -> str:
    """10-99 below a hundred or more: 一十二, 三十."""
    return ("一" if number < 20 else "") + _below_hundred(number)


def _with_unit(digit: int, unit: str, *, head: bool = True) -> str:
    return ("两" if digit == 2 and head else _DIGITS[digit]) + unit


def _section(number: int) -> list[str]:
    """1-9999 at the head of a number."""
    if number < 100:
        return [_below_hundred(number)]
    thousands, below_thousand = divmod(number, 1000)
    hundreds, rest = divmod(below_thousand, 100)
    said: list[str] = []
    if thousands:
        said.append(_with_unit(thousands, "千"))
    if hundreds:
        said.append(_with_unit(hundreds, "百", head=not thousands))
    if rest:
        said += [_inside(rest)] if hundreds and rest >= 10 else _after_gap(rest)
    return said


def cardinal(number: int, counted: bool) -> list[str]:
    """0 to LARGEST."""
    if number == 0:
        return [_DIGITS[0]]
    if number == 2 and counted:
        return ["两"]
    high, low = divmod(number, 10_000)
    said: list[str] = []
    if 0 < high < 10:
        said.append(_with_unit(high, "万"))
    elif high:
        said += [*_section(high), "万"]
    if not low:
        return said
    if not high or low >= 1000:
        return said + _section(low)
    return said + (_after_gap(low) if low < 100 else ["零", *_inner_hundreds(low)])


def _inner_hundreds(number: int) -> list[str]:
    """100-999 after 万 and 零: 零 二百 零三."""
    hundreds, rest = divmod(number, 100)
    said = [_with_unit(hundreds, "百", head=False)]
    if rest:
        said += [_inside(rest)] if rest >= 10 else _after_gap(rest)
    return said


def ordinal(number: int) -> list[str]:
    return ["第", *cardinal(number, False)]


def digit(key: str) -> str:
    return "幺" if key == "1" else _DIGITS[int(key)]


def date(day: dt.date, with_year: bool) -> list[str]:
    year = [*(_DIGITS[int(figure)] for figure in str(day.year)), "年"] if with_year else []
    return [*year, _below_hundred(day.month) + "月", _below_hundred(day.day), "号"]


def time(moment: dt.time) -> list[str]:
    """下午 三点 二十 分; on the hour without minutes."""
    period = next(name for start, name in reversed(_PERIODS) if moment.hour >= start)
    said = [period, _hour(moment.hour if moment.hour <= 12 else moment.hour - 12)]
    if moment.minute:
        said += ["零" + _DIGITS[moment.minute] if moment.minute < 10 else _below_hundred(moment.minute), "分"]
    return said


def _hour(hour: int) -> str:
    return ("两" if hour == 2 else _below_hundred(hour)) + "点"


def at(day: list[str], moment: list[str]) -> list[str]:
    return [*day, *moment]


def near_day(day: dt.date, ahead: int) -> list[str]:
    """明天, 星期五."""
    if ahead in _NEAR:
        return [_NEAR[ahead]]
    return [_DAYS[day.weekday()]] if 0 < ahead <= _WEEK else []


def duration(parts: tuple[tuple[int, Unit], ...]) -> list[str]:
    """两小时 三分钟; 三分 二十秒."""
    said: list[str] = []
    for index, (count, unit) in enumerate(parts):
        with_seconds = unit == "minute" and index + 1 < len(parts)
        said += [*cardinal(count, True), "分" if with_seconds else _UNITS[unit]]
    return said


def percent(number: list[str]) -> list[str]:
    return ["百分之", *number]


def money(amount: Decimal, currency: Literal["CNY", "USD"]) -> list[str]:
    whole, cents = divmod(int(amount * 100), 100)
    if currency == "USD":
        said = [*cardinal(whole, True), "美元"] if whole or not cents else []
        return [*said, *cardinal(cents, True), "美分"] if cents else said
    tenths, hundredths = divmod(cents, 10)
    said = [*cardinal(whole, True), "元"] if whole or not cents else []
    if tenths:
        said += [*cardinal(tenths, True), "角"]
    elif hundredths and whole:
        said.append("零")
    if hundredths:
        said += [*cardinal(hundredths, not said), "分"]
    return said


def counted(before: str, after: str, after_next: str = "") -> bool:
    """Whether a number between these words counts things: 两位, 两到三分钟, but 第二位.

    after_next: the words after the next value, where `after` only joins two values.
    """
    if before.rstrip().endswith("第"):
        return False
    following = after_next if after.strip() in _RANGE_WORDS else after
    return following.lstrip()[:1] in _MEASURES


def _all_fragments() -> tuple[str, ...]:
    ones = range(1, 10)
    return (
        *(_below_hundred(number) for number in range(100)),
        "幺",
        "两",
        *("零" + _DIGITS[one] for one in ones),
        *(_below_hundred(number) + "月" for number in range(1, 13)),
        *(name for _, name in _PERIODS),
        *(_hour(hour) for hour in range(13)),
        *(_with_unit(one, "百") for one in ones),
        *("一" + _below_hundred(number) for number in range(10, 20)),
        *("分", "号", "年", "元", "角", "是", "否", MINUS, POINT),
        *(_with_unit(one, "千") for one in ones),
        *(_with_unit(one, "万") for one in ones),
        *("二百", "万", "美元", "美分"),
    )


FRAGMENTS: tuple[str, ...] = _all_fragments()

MORE: Mapping[SayAs, tuple[str, ...]] = {
    "ordinal": ("第",),
    "relative": (*_NEAR.values(), *_DAYS),
    "duration": tuple(_UNITS.values()),
    "percent": ("百分之",),
}
"""What a way of saying needs beside FRAGMENTS."""
