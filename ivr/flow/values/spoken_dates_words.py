"""Dates in English and Spanish, over text with its numbers in figures. Pure. Used through `spoken_dates`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.flow.values.days import (
    When,
    completed,
    completed_month,
    days_on,
    make,
    months_on,
    weekday_near,
    weekday_of_week,
)
from ivr.flow.values.english import ENGLISH
from ivr.flow.values.spanish import SPANISH
from ivr.flow.values.words import Lexicon, figured

_YEAR = r"(?P<year>[0-9]{4}|(?:1[89]|20) [0-9]{2})"


@dataclass(frozen=True, slots=True)
class CalendarWords:
    """relative: whole phrases and the days they are away. The patterns have the groups that `read` asks for."""

    lexicon: Lexicon
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    relative: Mapping[str, int]
    dated: tuple[re.Pattern[str], ...]
    day_alone: re.Pattern[str]
    weekday: re.Pattern[str]
    offset: re.Pattern[str]
    next_: frozenset[str]
    last: frozenset[str]
    back: frozenset[str]
    units: Mapping[str, str]


def _names(words: str, extra: str = "") -> dict[str, int]:
    """`january february` -> numbers from 1; extra: `jan=1`."""
    names = {word: at for at, word in enumerate(words.split(), 1)}
    return names | {pair.split("=")[0]: int(pair.split("=")[1]) for pair in extra.split()}


def _any(words: Mapping[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


def _second(pattern: str) -> str:
    """The same with its group named for the second alternative."""
    return pattern.replace(">", "2>", 1)


_EN_MONTHS = _names(
    "january february march april may june july august september october november december",
    "jan=1 feb=2 mar=3 apr=4 jun=6 jul=7 aug=8 sep=9 sept=9 oct=10 nov=11 dec=12",
)
_EN_DAYS = _names(
    "monday tuesday wednesday thursday friday saturday sunday", "mon=1 tues=2 tue=2 wed=3 thurs=4 thu=4 fri=5"
)
_EN_UNIT = r"(?P<unit>days?|weeks?|months?|years?)"
_EN_COUNT = r"(?P<count>[0-9]{1,3}|an?)"
_ES_MONTHS = _names(
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre", "setiembre=9"
)
_ES_DAYS = _names("lunes martes miercoles jueves viernes sabado domingo")
_ES_UNIT = r"(?P<unit>dias?|semanas?|mes(?:es)?|anos?)"
_ES_COUNT = r"(?P<count>[0-9]{1,3}|una?)"

_ENGLISH = CalendarWords(
    lexicon=ENGLISH,
    months=_EN_MONTHS,
    weekdays=_EN_DAYS,
    relative={
        "day after tomorrow": 2,
        "day before yesterday": -2,
        "tomorrow": 1,
        "today": 0,
        "tonight": 0,
        "yesterday": -1,
    },
    dated=(
        re.compile(
            rf"\b(?P<month>{_any(_EN_MONTHS)}) (?:the )?(?P<day>[0-9]{{1,2}})(?![0-9])"
            rf"(?: (?:of )?{_YEAR}(?![0-9]))?"
        ),
        re.compile(
            rf"(?<![0-9])(?P<day>[0-9]{{1,2}}) (?:of )?(?P<month>{_any(_EN_MONTHS)})\b(?: {_YEAR}(?![0-9]))?"
        ),
    ),
    day_alone=re.compile(r"(?:\bthe |^)(?P<day>[0-9]{1,2})(?: of (?P<this>this|next) month)?$"),
    weekday=re.compile(
        rf"\b(?:(?P<which>next|last|this|coming|past) )?(?P<day>{_any(_EN_DAYS)})\b(?: (?P<after>next week|last week))?"
    ),
    offset=re.compile(
        rf"\bin {_EN_COUNT} {_EN_UNIT}|\b{_second(_EN_COUNT)} {_second(_EN_UNIT)} (?:from (?:now|today)|(?P<way>ago))"
    ),
    next_=frozenset({"next", "next week"}),
    last=frozenset({"last", "last week", "past"}),
    back=frozenset({"ago"}),
    units={"d": "days", "w": "weeks", "m": "months", "y": "years"},
)
_SPANISH = CalendarWords(
    lexicon=SPANISH,
    months=_ES_MONTHS,
    weekdays=_ES_DAYS,
    relative={
        "pasado manana": 2,
        "antes de ayer": -2,
        "anteayer": -2,
        "antier": -2,
        "hoy": 0,
        "esta noche": 0,
        "ayer": -1,
        "manana": 1,
    },
    dated=(
        re.compile(
            rf"(?<![0-9])(?P<day>[0-9]{{1,2}}) (?:de )?(?P<month>{_any(_ES_MONTHS)})\b"
            rf"(?: (?:de |del )?{_YEAR}(?![0-9]))?"
        ),
    ),
    day_alone=re.compile(
        r"(?:\bel (?:dia )?|^dia )(?P<day>[0-9]{1,2})(?: (?:de|del) (?P<this>este|proximo) mes)?$"
    ),
    weekday=re.compile(
        rf"\b(?:(?P<which>proximo|este|pasado) )?(?P<day>{_any(_ES_DAYS)})\b(?: (?P<after>que viene|proximo|pasado))?"
    ),
    offset=re.compile(
        rf"\b(?:en|dentro de) {_ES_COUNT} {_ES_UNIT}|\b(?P<way>hace) {_second(_ES_COUNT)} {_second(_ES_UNIT)}"
    ),
    next_=frozenset({"proximo", "que viene"}),
    last=frozenset({"pasado"}),
    back=frozenset({"hace"}),
    units={"d": "days", "s": "weeks", "m": "months", "a": "years"},
)
CALENDARS: Mapping[str, CalendarWords] = {"en": _ENGLISH, "es": _SPANISH}

_SLASHED = re.compile(
    r"(?<![0-9/.-] )(?<![0-9])(?P<one>[0-9]{1,2}) ?[/.-] ?(?P<two>[0-9]{1,2})"
    r"(?: ?[/.-] ?(?P<year>[0-9]{4}))?(?! ?[/-] ?[0-9]|[0-9])"
)
_THIS = frozenset({"this", "este", "coming"})
_WRONG = {"en": re.compile(r".*\b(?:no wait|i mean|sorry|no) "), "es": re.compile(r".*\b(?:perdon|digo|no) ")}
_PUNCTUATION = re.compile(r"\s*[,;:!?…]+\s*|\.\s|\.$")


def read(
    text: str, words: CalendarWords, today: dt.date, when: When, *, day_first: bool
) -> Iterator[dt.date | None]:
    """Every date in the text. day_first: `3/4` is the third of April."""
    plain = " ".join(_PUNCTUATION.sub(" ", figured(text, words.lexicon, ordinals=True)).split())
    for wrong in _WRONG.values():
        plain = wrong.sub("", plain)
    for pattern in words.dated:
        for match in pattern.finditer(plain):
            month, day = words.months[match["month"]], int(match["day"])
            year = (match["year"] or "").replace(" ", "")
            yield make(int(year), month, day) if year else completed(month, day, today, when)
    for match in _SLASHED.finditer(plain):
        one, two = int(match["one"]), int(match["two"])
        month, day = (two, one) if (day_first or one > 12) and two <= 12 else (one, two)
        yield make(int(match["year"]), month, day) if match["year"] else completed(month, day, today, when)
    offset = words.offset.search(plain)
    relative = re.search(rf"(?<!la )\b(?:{_any(words.relative)})\b", plain)
    if offset is not None:
        yield _offset(offset, words, today)
        return
    if relative is not None:
        yield days_on(today, words.relative[relative[0]])
        return
    for match in words.weekday.finditer(plain):
        yield from _weekday(match, words, today, when)
    alone = words.day_alone.search(plain)
    if alone is not None:
        yield completed_month(int(alone["day"]), today, when)


def _offset(match: re.Match[str], words: CalendarWords, today: dt.date) -> dt.date | None:
    said = match["count"] or match["count2"]
    count = int(said) if said.isdigit() else 1
    count = -count if match["way"] in words.back else count
    unit = words.units[(match["unit"] or match["unit2"])[0]]
    if unit in ("days", "weeks"):
        return days_on(today, count * (7 if unit == "weeks" else 1))
    return months_on(today, count * (12 if unit == "years" else 1))


def _weekday(
    match: re.Match[str], words: CalendarWords, today: dt.date, when: When
) -> Iterator[dt.date | None]:
    """ "next Wednesday" is that of next week for some and the nearest for others: the nearest comes second."""
    day = words.weekdays[match["day"]] - 1
    which = {match["which"], match["after"]}
    if which & words.next_:
        yield weekday_of_week(today, day, 1)
        yield weekday_near(days_on(today, 1) or today, day, "future")
    elif which & words.last:
        yield weekday_near(days_on(today, -1) or today, day, "past")
    else:
        yield weekday_near(today, day, "future" if which & _THIS else when)
