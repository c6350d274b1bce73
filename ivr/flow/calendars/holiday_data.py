"""The holidays of a country in a year: what the packages `chinese-calendar` and `holidays` know, in one shape.

China's days off and make-up working days (调休) are decided each November for the year that follows; those decided are
in `chinese-calendar`. For other years the statutory days are computed by `holidays`, and it is told that they are.

Both packages are imported when the first calendar that needs them is read (half a second), and a year is looked up
once.
"""

from __future__ import annotations

import datetime as dt
import functools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

CHINA = "CN"
MAX_YEARS = 256
"""Years kept, over all countries."""
_NAMING_YEARS = range(2020, 2032)
"""Those that `known_names` reads: enough for holidays that fall on a weekday rarely, or come every fourth year."""

_LANGUAGES = {"zh": "zh_CN", "en": "en_US"}
"""Of several forms of one language, the one to take."""

_CHINESE = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-Sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-Autumn Festival": "中秋节",
}
"""China's holidays as they are said; the two packages differ in capitals and in 清明, 清明节."""
_IN_CHINA = {
    "Chinese New Year (Spring Festival)": "Spring Festival",
    "Chinese New Year's Eve": "Spring Festival",
    "Labor Day": "Labour Day",
    "Tomb-sweeping Day": "Tomb-Sweeping Day",
    "Mid-autumn Festival": "Mid-Autumn Festival",
}


@dataclass(frozen=True, slots=True)
class Holiday:
    """Language -> its names (two holidays may fall on one day); "en" is always there. note: for the explanation."""

    names: Mapping[str, tuple[str, ...]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class HolidayYear:
    """off: the holidays. worked: days of a weekend that are worked instead, with the holiday that they make up for,
    or None where it is not known. doubt: what is not known of this year; "" when all is."""

    off: Mapping[dt.date, Holiday]
    worked: Mapping[dt.date, Holiday | None]
    doubt: str = ""


@functools.lru_cache(maxsize=MAX_YEARS)
def holiday_year(country: str, subdivision: str, year: int) -> HolidayYear:
    """country, subdivision: codes as `countries.py` reads them; "" for no part. Empty where nothing is known."""
    if country != CHINA:
        return _of_country(country, subdivision, year)
    first, last = announced_years()
    return _announced(year) if first <= year <= last else _computed(year)


@functools.cache
def announced_years() -> tuple[int, int]:
    """First and last year of which China's days off and make-up working days are known."""
    from chinese_calendar import holidays

    # A year counts with its National Day: the days around a New Year may stand in the neighbour's announcement.
    years = {date.year for date in holidays if (date.month, date.day) == (10, 1)}
    return min(years), max(years)


def _announced(year: int) -> HolidayYear:
    from chinese_calendar import Holiday as Known
    from chinese_calendar import holidays, workdays

    chinese = {known.value: known.chinese for known in Known}

    def named(name: str) -> Holiday:
        english = _IN_CHINA.get(name, name)
        return Holiday({"zh": (_CHINESE.get(english, chinese.get(name, english)),), "en": (english,)})

    return HolidayYear(
        {date: named(name) for date, name in holidays.items() if date.year == year},
        {date: named(name) for date, name in workdays.items() if date.year == year},
    )


def _computed(year: int) -> HolidayYear:
    known = _of_country(CHINA, "", year)
    note = f"{year} is computed, not announced"
    off = {}
    for date, holiday in known.off.items():
        english = tuple(dict.fromkeys(_IN_CHINA.get(name, name) for name in holiday.names["en"]))
        chinese = tuple(_CHINESE.get(name, name) for name in english)
        off[date] = Holiday({"zh": chinese, "en": english}, note)
    first, last = announced_years()
    doubt = (
        f"China's days off and make-up working days of {year} are not known (only {first} to {last} are): "
        "the statutory days are computed, moved days and make-up days are missing"
    )
    return HolidayYear(off, known.worked, doubt)


def _of_country(country: str, subdivision: str, year: int) -> HolidayYear:
    import holidays

    names: dict[dt.date, dict[str, tuple[str, ...]]] = {}
    notes: dict[dt.date, str] = {}
    worked: dict[dt.date, Holiday | None] = {}
    doubt = ""
    for language, package_language in _languages(country).items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            known = holidays.country_holidays(
                country, subdiv=subdivision or None, years=year, language=package_language
            )
        if caught:
            doubt = f"{country} {year}: {caught[0].message}"
        if not known.start_year <= year <= known.end_year:
            doubt = f"the holidays of {country} are known from {known.start_year} to {known.end_year}, not of {year}"
        labels = _labels(known)
        for date in known:
            if date.year != year:
                continue
            plain = []
            for name in known.get_list(date):
                label = next((each for each in labels if _fits(name, each)), "%s")
                before, _, after = label.partition("%s")
                plain.append(name[len(before) : len(name) - len(after)])
                if language == "en" and label != "%s":
                    notes[date] = label.replace("%s", "").strip(" ()")
            names.setdefault(date, {})[language] = tuple(dict.fromkeys(plain))
        worked |= {date: None for date in known.weekend_workdays if date.year == year}
    off = {}
    for date, by_language in names.items():
        by_language.setdefault("en", next(iter(by_language.values())))
        off[date] = Holiday(by_language, notes.get(date, ""))
    return HolidayYear(off, worked, doubt)


def _labels(known: HolidayBase) -> list[str]:
    """How the package marks a moved or an estimated day in its language, as `%s (observed)`; the longest first."""
    labels = (getattr(known, f"{kind}_label", "") for kind in ("observed_estimated", "observed", "estimated"))
    said = [known.tr(label) for label in labels if label]
    return sorted((each for each in said if each.count("%s") == 1 and len(each) > 2), key=len, reverse=True)


def _fits(name: str, label: str) -> bool:
    before, _, after = label.partition("%s")
    return name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)


@functools.lru_cache(maxsize=MAX_YEARS)
def _languages(country: str) -> Mapping[str, str | None]:
    """Language -> what the package calls it there. Of several forms of one language, one."""
    import holidays

    known = holidays.country_holidays(country)
    chosen: dict[str, str | None] = {}
    for name in known.supported_languages:
        language = name.split("_")[0]
        if language not in chosen or name == _LANGUAGES.get(language):
            chosen[language] = name
    return chosen or {(known.default_language or "en").split("_")[0]: None}


def prepare(country: str, subdivision: str) -> None:
    """Import what that country needs, so that no call waits for it."""
    holiday_year(country, subdivision, _NAMING_YEARS[-1])


def known_names(country: str, subdivision: str) -> list[tuple[str, ...]]:
    """The names of each holiday in all languages, English first."""
    groups: set[tuple[str, ...]] = set()
    for year in _NAMING_YEARS:
        for holiday in holiday_year(country, subdivision, year).off.values():
            if len(holiday.names["en"]) == 1:
                others = (names[0] for language, names in sorted(holiday.names.items()) if len(names) == 1)
                groups.add(tuple(dict.fromkeys((holiday.names["en"][0], *others))))
    return sorted(groups)
