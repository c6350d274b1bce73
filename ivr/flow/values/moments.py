"""The formats of dates, times of day and years. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from ivr.flow.digits import Verdict
from ivr.flow.inputs import JsonValue
from ivr.flow.values.days import When, completed, make, whole_year
from ivr.flow.values.format import Format, FormatInfo, Options
from ivr.flow.values.plain import family, plain_chinese
from ivr.flow.values.said import dates_said, digit_strings, number_said, times_said

Order = Literal["ymd", "mdy", "dmy"]
_CENTURIES = ("19", "20", "21")
"""What a year begins with and no month does, so that `ymd` needs no word on whether a year is typed."""


class DateOptions(Options):
    order: Order = Field(
        "ymd", description="of the keys: `ymd` (MMDD or YYYYMMDD), `mdy` (MMDD or MMDDYYYY), `dmy`"
    )
    year: Literal["optional", "required"] = Field(
        "optional", description="`optional`: without one, it is the nearest such date"
    )
    when: When = Field(
        "any",
        description="`past` or `future` (today is both): no other is taken, and one without its year lies there",
    )
    within: int | None = Field(None, ge=1, le=100_000, description="days from today, at most")


@dataclass(frozen=True, slots=True)
class Date(Format):
    """Value: `2026-11-26`."""

    order: Order
    year_required: bool
    when: When
    within: int | None

    def verdict(self, keys: str) -> Verdict:
        if len(keys) > 8 or not all(key in "0123456789" for key in keys):
            return "invalid"
        if len(keys) == 8:
            return "complete" if self._may_be_long(keys) else "invalid"
        if len(keys) == 4 and self._may_be_short(keys):
            return "complete"
        return "incomplete" if len(keys) < 4 or self._may_be_long(keys) else "invalid"

    def full(self, keys: str) -> bool:
        if self.verdict(keys) != "complete":
            return False
        return len(keys) == 8 or not self._may_be_long(keys)

    def _may_be_short(self, keys: str) -> bool:
        return not self.year_required and not (self.order == "ymd" and keys.startswith(_CENTURIES))

    def _may_be_long(self, keys: str) -> bool:
        return self.year_required or self.order != "ymd" or keys.startswith(_CENTURIES)

    def _date(self, keys: str, today: dt.date) -> dt.date | None:
        if len(keys) == 8 and self.order == "ymd":
            return make(int(keys[:4]), int(keys[4:6]), int(keys[6:]))
        first, second = int(keys[:2]), int(keys[2:4])
        month, day = (second, first) if self.order == "dmy" else (first, second)
        return make(int(keys[4:]), month, day) if len(keys) == 8 else completed(month, day, today, self.when)

    def content_fault(self, keys: str, now: dt.datetime) -> str:
        today = now.date()
        date = self._date(keys, today)
        if date is None:
            return "no_such_date"
        if self.when == "future" and date < today:
            return "past"
        if self.when == "past" and date > today:
            return "future"
        return "too_far" if self.within is not None and abs((date - today).days) > self.within else ""

    def value(self, keys: str, now: dt.datetime) -> JsonValue:
        date = self._date(keys, now.date())
        return keys if date is None else date.isoformat()

    def candidates(self, text: str, language: str, now: dt.datetime) -> Sequence[str]:
        dates = dates_said(text, language, now.date(), when=self.when, order=self.order)
        return [self._keys(date) for date in dates] + digit_strings(text, language)

    def _keys(self, date: dt.date | None) -> str:
        if date is None:
            return "0" * self.least
        year, day = f"{date.year:04}", f"{date.day:02}"
        month = f"{date.month:02}"
        match self.order:
            case "ymd":
                return year + month + day
            case "mdy":
                return month + day + year
            case "dmy":
                return day + month + year


def make_date(options: DateOptions) -> Date:
    required = options.year == "required"
    return Date("date", 8 if required else 4, 8, options.order, required, options.when, options.within)


_NO_TIME = "9999"
"""The keys for what was said of a time that no clock shows."""


class TimeOptions(Options):
    pass


@dataclass(frozen=True, slots=True)
class Time(Format):
    """Three keys are a one-figure hour. Value: `14:30`."""

    def content_fault(self, keys: str, now: dt.datetime) -> str:
        return "" if int(keys[:-2]) < 24 and int(keys[-2:]) < 60 else "no_such_time"

    def value(self, keys: str, now: dt.datetime) -> JsonValue:
        return f"{int(keys[:-2]):02}:{keys[-2:]}"

    def candidates(self, text: str, language: str, now: dt.datetime) -> Sequence[str]:
        times = times_said(text, language)
        keys = [_NO_TIME if time is None else f"{time.hour:02}{time.minute:02}" for time in times]
        return keys + digit_strings(text, language)


def make_time(options: TimeOptions) -> Time:
    return Time("time", 3, 4)


class YearOptions(Options):
    least: int = Field(1900, ge=1000, le=9999, description="the earliest year")
    most: int = Field(2100, ge=1000, le=9999, description="the latest year")

    @model_validator(mode="after")
    def _fitting(self) -> YearOptions:
        if self.least > self.most:
            raise ValueError("`least` is more than `most`")
        return self


_NEAR_YEARS = {
    "zh": {"大前年": -3, "前年": -2, "去年": -1, "今年": 0, "明年": 1, "后年": 2},
    "en": {"last year": -1, "this year": 0, "next year": 1},
    "es": {"ano pasado": -1, "este ano": 0, "proximo ano": 1, "ano que viene": 1},
}


@dataclass(frozen=True, slots=True)
class Year(Format):
    """Value: a whole number."""

    earliest: int
    latest: int

    def content_fault(self, keys: str, now: dt.datetime) -> str:
        if int(keys) < self.earliest:
            return "too_small"
        return "too_large" if int(keys) > self.latest else ""

    def value(self, keys: str, now: dt.datetime) -> JsonValue:
        return int(keys)

    def candidates(self, text: str, language: str, now: dt.datetime) -> Sequence[str]:
        near = _NEAR_YEARS.get(family(language), {})
        plain = plain_chinese(text).replace("ñ", "n")
        said = [str(now.year + near[words]) for words in re.findall("|".join(near) or "(?!)", plain)]
        for keys in digit_strings(text, language):
            when: When = "past" if self.latest <= now.year else "any"
            short = len(keys) == 2 and keys.isdigit()
            said.append(str(whole_year(keys, now.date(), when)) if short else keys)
        number = number_said(text, language)
        return said + ([str(number)] if isinstance(number, int) and number > 0 else [])


def make_year(options: YearOptions) -> Year:
    return Year("year", 4, 4, options.least, options.most)


DATE = FormatInfo(
    "date",
    "A date: `1126` or `20261126`; said as 下周三, tomorrow, the 26th.",
    DateOptions,
    make_date,
    ("20261126", "2026-11-26"),
)
TIME = FormatInfo("time", "A time of day: `1430`.", TimeOptions, make_time, ("1430", "14:30"))
YEAR = FormatInfo("year", "A year of four digits.", YearOptions, make_year, ("1984", 1984))
