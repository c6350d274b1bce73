"""Dates as they are said, for Chinese, English and Spanish: `dates_said`. Pure.

What is said without a year, month or week is completed towards the past or the future, as the question asks.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from ivr.flow.values import chinese, spoken_dates_words
from ivr.flow.values.days import (
    When,
    completed,
    completed_month,
    days_on,
    make,
    months_on,
    weekday_near,
    weekday_of_week,
    whole_year,
)
from ivr.flow.values.plain import family, plain

_ISO = re.compile(r"(?<![0-9])([0-9]{4})\s?[-/.]\s?([0-9]{1,2})\s?[-/.]\s?([0-9]{1,2})(?![0-9])")
_MONTH_DAY = re.compile(r"(?<![0-9./-])([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9]|[./-][0-9])")

_WRONG = re.compile(r".*(?:不对|错了|不是[^是]{1,12}?而?是)[,，]?|不是")
_LUNAR = re.compile(r"农历|阴历|腊月|正月|初[0-9]")
_YEARS = {"前年": -2, "去年": -1, "今年": 0, "本年": 0, "明年": 1, "后年": 2}
_MONTHS = {"上个月": -1, "上月": -1, "这个月": 0, "这月": 0, "本月": 0, "当月": 0, "下个月": 1, "下月": 1}
_DAYS = {
    name: days
    for days, names in {
        -3: ("大前天",),
        -2: ("前天", "前日"),
        -1: ("昨天", "昨日", "昨儿"),
        0: ("今天", "今日", "今儿"),
        1: ("明天", "明日", "明儿"),
        3: ("大后天",),
        2: ("后天", "后日"),
    }.items()
    for name in names
}
"""Longer names before those that they end with."""
_FULL = re.compile(
    rf"(?:(?:(?P<year>(?:1[89]|20)[0-9]{{2}}|[0-9]{{2}}(?=年))年?|(?P<near_year>{'|'.join(_YEARS)}))的?)?"
    rf"(?:(?P<month>[0-9]{{1,2}})月份?|(?P<near_month>{'|'.join(_MONTHS)}))的?(?P<day>[0-9]{{1,2}})(?![0-9?])[号日]?"
)
_DAY = re.compile(r"(?<![0-9年月?])(?P<day>[0-9]{1,2})[号日]")
_WEEKDAY = re.compile(r"(?P<week>[上下]{1,2}个?|[这本]个?)?(?:星期|礼拜|周)(?P<day>[1-6日天])(?![0-9个])")
_OFFSET = re.compile(
    r"(?P<count>[0-9]{1,3})个?(?P<unit>天|日|周|星期|礼拜|月|年)(?:之|以)?(?P<way>前|后)"
    r"|再?过(?P<count2>[0-9]{1,3})个?(?P<unit2>天|日|周|星期|礼拜|月|年)"
)


def dates_said(
    text: str, language: str, today: dt.date, *, when: When = "any", order: str = "ymd"
) -> list[dt.date | None]:
    """The dates that may have been meant, likeliest first; None, last, for a day that no calendar has (二月三十号).

    order: of figures such as `11/26` (`dmy`: the day first).
    """
    spoken = family(language)
    found: list[dt.date | None] = [make(*map(int, match)) for match in _ISO.findall(plain(text))]
    if spoken == "zh":
        found += _chinese(chinese.figured(text), today, when)
    elif spoken in spoken_dates_words.CALENDARS:
        words = spoken_dates_words.CALENDARS[spoken]
        found += spoken_dates_words.read(text, words, today, when, day_first=order == "dmy")
    return sorted(dict.fromkeys(found), key=lambda day: day is None)


def _chinese(text: str, today: dt.date, when: When) -> Iterator[dt.date | None]:
    text = _WRONG.sub("", text)
    if _LUNAR.search(text):
        return
    for match in _FULL.finditer(text):
        yield _full(match, today, when)
    for match in _DAY.finditer(text):
        yield completed_month(int(match["day"]), today, when)
    for match in _OFFSET.finditer(text):
        count, unit = int(match["count"] or match["count2"]), match["unit"] or match["unit2"]
        yield _offset(today, -count if match["way"] == "前" else count, unit)
    for match in _WEEKDAY.finditer(text):
        yield from _weekday(match, today, when)
    near = re.search("|".join(_DAYS), text)
    if near is not None:
        yield days_on(today, _DAYS[near[0]])
    for month, day in _MONTH_DAY.findall(text):
        yield completed(int(month), int(day), today, when)


def _full(match: re.Match[str], today: dt.date, when: When) -> dt.date | None:
    day = int(match["day"])
    if match["near_month"]:
        first = months_on(today.replace(day=1), _MONTHS[match["near_month"]])
        return None if first is None else make(first.year, first.month, day)
    month = int(match["month"])
    if match["near_year"]:
        return make(today.year + _YEARS[match["near_year"]], month, day)
    if match["year"]:
        return make(whole_year(match["year"], today, when), month, day)
    return completed(month, day, today, when)


def _offset(today: dt.date, count: int, unit: str) -> dt.date | None:
    if unit in "天日":
        return days_on(today, count)
    if unit in ("周", "星期", "礼拜"):
        return days_on(today, 7 * count)
    return months_on(today, count if unit == "月" else 12 * count)


def _weekday(match: re.Match[str], today: dt.date, when: When) -> Iterator[dt.date | None]:
    day = 6 if match["day"] in "日天" else int(match["day"]) - 1
    week = (match["week"] or "").rstrip("个")
    if not week:
        yield weekday_near(today, day, when)
    else:
        weeks = {"上": -1, "上上": -2, "下": 1, "下下": 2}.get(week, 0)
        yield weekday_of_week(today, day, weeks)
