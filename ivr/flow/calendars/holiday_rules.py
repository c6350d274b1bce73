"""What a calendar makes of the holidays of its country: which count, and their hours. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from ivr.flow.calendars.dates import DateTable
from ivr.flow.calendars.day import Day
from ivr.flow.calendars.holiday_data import Holiday, holiday_year
from ivr.flow.calendars.hours import Spans

MAKE_UP = {"zh": "调休上班日", "en": "make-up working day"}

_JOINED = {"zh": "、", "en": " and "}


@dataclass(frozen=True, slots=True)
class HolidayRules:
    """hours: those of a holiday. makeup: those of a make-up working day; None: it stays the day of the week that it is.

    without: holidays that do not count, as `plain` writes them. also: further holidays with their names.
    """

    country: str
    subdivision: str
    hours: Spans
    makeup: Spans | None
    without: frozenset[str]
    also: DateTable[Mapping[str, str]]

    def day(self, date: dt.date) -> Day | None:
        """A holiday, or a make-up working day; None for any other day."""
        own = self.also.find(date)
        if own is not None:
            return Day(self.hours, "holiday", english(own), own)
        year = holiday_year(self.country, self.subdivision, date.year)
        holiday = year.off.get(date)
        if holiday is not None:
            names = self._counting(holiday)
            if names is None:
                return None
            note = f" ({holiday.note})" if holiday.note else ""
            return Day(self.hours, "holiday", names["en"] + note, names)
        if self.makeup is None or date not in year.worked:
            return None
        due = year.worked[date]
        cause = self._counting(due) if due is not None else {}
        if cause is None:
            return None
        label = f"{MAKE_UP['en']} for {cause['en']}" if cause else MAKE_UP["en"]
        return Day(self.makeup, "makeup", label, MAKE_UP)

    def _counting(self, holiday: Holiday) -> Mapping[str, str] | None:
        """The names by language, without those that do not count; None when none is left."""
        if any(all(plain(name) in self.without for name in names) for names in holiday.names.values()):
            return None
        return {
            language: _JOINED.get(language, ", ").join(
                name for name in names if plain(name) not in self.without
            )
            for language, names in holiday.names.items()
        }


def plain(name: str) -> str:
    """As names are compared."""
    return name.strip().casefold()


def english(names: Mapping[str, str]) -> str:
    """For the explanation: the English name, else the first."""
    return names.get("en") or next(iter(names.values()), "")
