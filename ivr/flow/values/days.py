"""Days counted from today: the next 26th, the Wednesday after, three months on. Pure."""

from __future__ import annotations

import calendar
import datetime as dt
from typing import Literal

When = Literal["any", "past", "future"]
"""Which way an incomplete date is completed. past and future both include today; any looks ahead."""


def make(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def completed(month: int, day: int, today: dt.date, when: When) -> dt.date | None:
    """The nearest such day of a year: 29 February waits for a leap year. None: no year has it."""
    step = -1 if when == "past" else 1
    for years in range(9):
        found = make(today.year + step * years, month, day)
        if found is not None and (found <= today if when == "past" else found >= today):
            return found
    return None


def completed_month(day: int, today: dt.date, when: When) -> dt.date | None:
    """The nearest month's day of that number: "the 26th"."""
    step = -1 if when == "past" else 1
    for months in range(13):
        first = months_on(today.replace(day=1), step * months)
        found = None if first is None else make(first.year, first.month, day)
        if found is not None and (found <= today if when == "past" else found >= today):
            return found
    return None


def months_on(day: dt.date, months: int) -> dt.date | None:
    """The same day so many months on, or the last of a shorter month."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= years <= 9999:
        return None
    last = calendar.monthrange(years, month + 1)[1]
    return dt.date(years, month + 1, min(day.day, last))


def days_on(day: dt.date, days: int) -> dt.date | None:
    try:
        return day + dt.timedelta(days=days)
    except OverflowError:
        return None


def weekday_of_week(today: dt.date, weekday: int, weeks: int) -> dt.date | None:
    """weekday: 0 is Monday. weeks: 0 is the week of today, which begins on its Monday."""
    return days_on(today, 7 * weeks + weekday - today.weekday())


def weekday_near(today: dt.date, weekday: int, when: When) -> dt.date | None:
    """The nearest such weekday, today included."""
    if when == "past":
        return days_on(today, -((today.weekday() - weekday) % 7))
    return days_on(today, (weekday - today.weekday()) % 7)


def whole_year(figures: str, today: dt.date, when: When) -> int:
    """`84` -> 1984 where the past is meant; a century ahead of ten years on is not meant either."""
    year = int(figures)
    if len(figures) > 2:
        return year
    year += today.year // 100 * 100
    latest = today.year if when == "past" else today.year + 10
    return year - 100 if year > latest else year
