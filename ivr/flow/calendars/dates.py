"""Values by date: single dates, ranges, dates of every year. Pure."""

from __future__ import annotations

import bisect
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from ivr.flow.calendars.faults import Faults, Path

T = TypeVar("T")

HOW = "`2026-10-01`, `2026-10-01..2026-10-07`, `12-24` (every year) or `12-24..01-02`"

MonthDay = tuple[int, int]

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
_YEARLY = re.compile(r"(\d{2})-(\d{2})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class DateTable(Generic[T]):
    """Of all that fit a date, the most exact counts: the date, a range, the date of every year, a range of every year.

    ranges, yearly_ranges: first and last day with their value, in order, not overlapping.
    """

    dates: Mapping[dt.date, T]
    ranges: tuple[tuple[dt.date, dt.date, T], ...] = ()
    yearly: Mapping[MonthDay, T] | None = None
    yearly_ranges: tuple[tuple[MonthDay, MonthDay, T], ...] = ()

    def find(self, date: dt.date) -> T | None:
        found = self.dates.get(date)
        if found is None and self.ranges:
            index = bisect.bisect_right(self.ranges, date, key=lambda each: each[0]) - 1
            found = self.ranges[index][2] if index >= 0 and date <= self.ranges[index][1] else None
        day = (date.month, date.day)
        if found is None and self.yearly:
            found = self.yearly.get(day)
        if found is None and self.yearly_ranges:
            index = bisect.bisect_right(self.yearly_ranges, day, key=lambda each: each[0]) - 1
            within = index >= 0 and day <= self.yearly_ranges[index][1]
            found = self.yearly_ranges[index][2] if within else None
        return found


def read_dates(written: Mapping[str, T], path: Path, faults: Faults) -> DateTable[T]:
    """A table of the values by what their keys say. Faults: no date, a date twice, a range backwards or overlapping."""
    dates: dict[dt.date, T] = {}
    ranges: list[tuple[dt.date, dt.date, str]] = []
    yearly: dict[MonthDay, T] = {}
    yearly_ranges: list[tuple[MonthDay, MonthDay, str]] = []
    for key, value in written.items():
        where = (*path, key)
        ends = [part.strip() for part in key.split("..")]
        first, last = _read(ends[0]), _read(ends[-1])
        if first is None or last is None or len(ends) > 2:
            faults.add(where, f"`{key}` is no date", HOW)
        elif isinstance(first, dt.date) and isinstance(last, dt.date):
            if len(ends) == 1:
                _once(dates, first, value, where, faults)
            elif last < first:
                faults.add(where, f"`{key}` ends before it begins", f"`{last}..{first}`")
            else:
                ranges.append((first, last, key))
        elif isinstance(first, tuple) and isinstance(last, tuple):
            if len(ends) == 1:
                _once(yearly, first, value, where, faults)
            elif first <= last:
                yearly_ranges.append((first, last, key))
            else:
                yearly_ranges += [(first, (12, 31), key), ((1, 1), last, key)]
        else:
            faults.add(where, f"`{key}` has a year at one end only", HOW)
    return DateTable(
        dates,
        tuple((first, last, written[key]) for first, last, key in _apart(ranges, path, faults)),
        yearly,
        tuple((first, last, written[key]) for first, last, key in _apart(yearly_ranges, path, faults)),
    )


def _read(text: str) -> dt.date | MonthDay | None:
    try:
        if match := _DATE.match(text):
            return dt.date(int(match[1]), int(match[2]), int(match[3]))
        if match := _YEARLY.match(text):
            # A leap year, so that 29 February can be written.
            day = dt.date(2000, int(match[1]), int(match[2]))
            return day.month, day.day
    except ValueError:
        pass
    return None


Key = TypeVar("Key", dt.date, MonthDay)


def _once(known: dict[Key, T], key: Key, value: T, path: Path, faults: Faults) -> None:
    if key in known:
        faults.add(path, f"`{path[-1]}` stands here twice", "keep one")
    known[key] = value


def _apart(ranges: list[tuple[Key, Key, str]], path: Path, faults: Faults) -> list[tuple[Key, Key, str]]:
    """In order; a fault where two of them share a day."""
    ranges.sort()
    for (_, last, key), (first, _, other) in zip(ranges, ranges[1:], strict=False):
        if first <= last:
            faults.add((*path, other), f"`{other}` overlaps `{key}`", "a date can be in one range only")
    return ranges
