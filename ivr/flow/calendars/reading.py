"""What an author wrote of a calendar -> the calendar, or all that is wrong with it. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivr.flow.calendar_model import CalendarModel, HolidaysModel
from ivr.flow.calendars.calendar import Calendar
from ivr.flow.calendars.countries import read_country, read_subdivision
from ivr.flow.calendars.dates import DateTable, read_dates
from ivr.flow.calendars.day import Day
from ivr.flow.calendars.faults import CalendarError, CalendarFault, Faults, Path
from ivr.flow.calendars.holiday_data import CHINA, holiday_year, known_names, prepare
from ivr.flow.calendars.holiday_rules import HolidayRules, english, plain
from ivr.flow.calendars.hours import ALL_DAY, DAYS, Spans, read_hours, read_week
from ivr.flow.calendars.zones import read_zone
from ivr.flow.findings import did_you_mean, quoted

DEFAULT_ZONE = "Asia/Shanghai"
MAX_BASES = 10
MAX_NAME = 200
"""Characters of a date's name."""
NO_HOLIDAYS = "none"
IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class _Holidays:
    """Holidays whose make-up hours may still name a day of the week: of the calendar, not of its base."""

    rules: HolidayRules
    makeup: Spans | int | None


@dataclass(frozen=True, slots=True)
class _Parts:
    timezone: dt.tzinfo
    weekly: tuple[Day, ...]
    dates: tuple[DateTable[Day], ...]
    holidays: _Holidays | None


def make_calendar(name: str, model: CalendarModel, others: Mapping[str, CalendarModel]) -> Calendar:
    """The calendar of that name. others: all of the hotline's, for `base`. Raises CalendarError with every fault."""
    parts = _parts(model, others, (name,))
    holidays = None
    if parts.holidays is not None:
        rules, makeup = parts.holidays.rules, parts.holidays.makeup
        hours = parts.weekly[makeup].spans if isinstance(makeup, int) else makeup
        holidays = HolidayRules(
            rules.country, rules.subdivision, rules.hours, hours, rules.without, rules.also
        )
    return Calendar(name, parts.timezone, parts.weekly, parts.dates, holidays)


def coverage_warning(calendar: Calendar, year: int) -> CalendarFault | None:
    """Says so when the holidays of that year are not known, or not all of them: a warning for the linter."""
    rules = calendar.holidays
    doubt = holiday_year(rules.country, rules.subdivision, year).doubt if rules is not None else ""
    if not doubt:
        return None
    if rules is not None and rules.country == CHINA:
        mend = "when they are announced, update the package chinese-calendar or write them under `dates`"
    else:
        mend = "update the package holidays, or write them under `dates`"
    return CalendarFault(("holidays",), doubt, mend)


def _parts(model: CalendarModel, others: Mapping[str, CalendarModel], chain: tuple[str, ...]) -> _Parts:
    faults = Faults()
    base = _base(model, others, chain, faults)
    if model.timezone is not None or base is None:
        zone = DEFAULT_ZONE if model.timezone is None else model.timezone
        timezone: dt.tzinfo = read_zone(zone, ("timezone",), faults)
    else:
        timezone = base.timezone
    weekly = _weekly(model, base, faults)
    days = {key: _date(key, written, faults) for key, written in model.dates.items()}
    dates = (read_dates(days, ("dates",), faults),) if days else ()
    holidays = base.holidays if base is not None else None
    if model.holidays is not None:
        holidays = None if model.holidays.country == NO_HOLIDAYS else _holidays(model.holidays, faults)
    faults.raise_if_any()
    return _Parts(timezone, weekly, dates + (base.dates if base is not None else ()), holidays)


def _base(
    model: CalendarModel, others: Mapping[str, CalendarModel], chain: tuple[str, ...], faults: Faults
) -> _Parts | None:
    if model.base is None:
        return None
    if model.base in chain:
        faults.add(("base",), f"{' -> '.join((*chain, model.base))} goes in a circle", "take one `base` out")
    elif model.base not in others:
        hint = did_you_mean(model.base, others) or "the name of another calendar"
        faults.add(("base",), f"there is no calendar `{model.base}`", hint)
    elif len(chain) > MAX_BASES:
        faults.add(("base",), f"more than {MAX_BASES} calendars build on each other", "fewer steps")
    else:
        try:
            return _parts(others[model.base], others, (*chain, model.base))
        except CalendarError:
            faults.add(("base",), f"its base `{model.base}` cannot be read", "see there")
    return None


def _weekly(model: CalendarModel, base: _Parts | None, faults: Faults) -> tuple[Day, ...]:
    if model.always is not None and model.weekly is not None:
        faults.add(("always",), "`weekly` and `always` at once", "keep one")
    if model.always is not None:
        every = Day(ALL_DAY, "weekly", "day and night") if model.always == "open" else Day((), "weekly", "")
        return (every,) * 7
    if model.weekly is None and model.base is None:
        faults.add((), "nothing says when it is open", "write `weekly`, `always: open` or `base`")
    inherited = base.weekly if base is not None else (Day((), "weekly", ""),) * 7
    week = read_week(model.weekly or {}, faults)
    return tuple(
        before if spans is None else Day(spans, "weekly", "")
        for spans, before in zip(week, inherited, strict=True)
    )


def _date(key: str, written: object, faults: Faults) -> Day:
    path: Path = ("dates", key)
    names: Mapping[str, str] = {}
    if isinstance(written, dict):
        for unknown in sorted(set(written) - {"hours", "why"}):
            hint = did_you_mean(unknown, ("hours", "why")) or "{hours: closed, why: National Day}"
            faults.add((*path, unknown), f"`{unknown}` means nothing here", hint)
        if written.get("why") is not None:
            names = _names(written["why"], (*path, "why"), faults)
        if "hours" not in written:
            faults.add(path, "a date has `hours`", "{hours: closed, why: National Day}")
            return Day((), "date", key, names)
        written, path = written["hours"], (*path, "hours")
    return Day(read_hours(written, path, faults), "date", english(names) or key, names)


def _names(written: object, path: Path, faults: Faults) -> Mapping[str, str]:
    """A name for all languages, or names by language."""
    by_language: dict[str, object] = written if isinstance(written, dict) else {"zh": written, "en": written}
    names = {language: name.strip() for language, name in by_language.items() if isinstance(name, str)}
    if len(names) < len(by_language) or not all(0 < len(name) <= MAX_NAME for name in names.values()):
        faults.add(path, "no name", f"1 to {MAX_NAME} characters, for all languages or by language")
        return {}
    if not names:
        faults.add(path, "no name", "{zh: 国庆节, en: National Day}")
    return names


def _holidays(model: HolidaysModel, faults: Faults) -> _Holidays | None:
    path: Path = ("holidays",)
    code, _, part = model.country.partition("-")
    country = read_country(code, (*path, "country"), faults)
    written = model.subdivision or part
    subdivision = ""
    if part and model.subdivision:
        faults.add((*path, "subdivision"), f"`{model.country}` names a part already", "keep one")
    elif written and country:
        where = "country" if part else "subdivision"
        subdivision = read_subdivision(written, country, (*path, where), faults)
    also = {key: _names(names, (*path, "also", key), faults) for key, names in model.also.items()}
    rules = HolidayRules(
        country,
        subdivision,
        read_hours(model.hours, (*path, "hours"), faults),
        None,
        _without(model.without, country, subdivision, faults),
        read_dates(also, (*path, "also"), faults),
    )
    makeup = _makeup(model.makeup, (*path, "makeup"), faults)
    if not country:
        return None
    prepare(country, subdivision)
    return _Holidays(rules, makeup)


def _makeup(written: object, path: Path, faults: Faults) -> Spans | int | None:
    """Hours, a day of the week whose hours they are, or None for `ignore`."""
    if written == IGNORE:
        return None
    if written in DAYS:
        return DAYS.index(str(written))
    if isinstance(written, str) and written.isalpha() and written not in ("open", "closed"):
        faults.add(path, f"{quoted(written)} are no hours", f"`09:00-17:00`, a day (`mon`), or `{IGNORE}`")
        return None
    return read_hours(written, path, faults)


def _without(written: Sequence[str], country: str, subdivision: str, faults: Faults) -> frozenset[str]:
    """Holidays that do not count: each in all the languages that it is known in."""
    if not written or not country:
        return frozenset()
    known = known_names(country, subdivision)
    chosen: set[str] = set()
    for index, name in enumerate(written):
        same = [names for names in known if plain(name) in map(plain, names)]
        for names in same:
            chosen |= set(map(plain, names))
        if not same:
            all_names = {each for names in known for each in names}
            hint = (
                did_you_mean(name, all_names) or f"one of {', '.join(sorted({names[0] for names in known}))}"
            )
            faults.add(("holidays", "except", index), f"`{country}` has no holiday `{name}`", hint)
    return frozenset(chosen)
