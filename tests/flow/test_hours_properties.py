"""Calendars against a slow reference that looks at every minute of a week, in zones whose clocks are changed."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivr.flow.calendars.faults import CalendarError
from ivr.flow.calendars.hours import DAYS
from ivr.flow.calendars.timeline import first_instant
from tests.flow.calendar_support import calendar

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)

ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "UTC",
)
STARTS = [
    dt.date(2018, 11, 1),
    dt.date(2018, 2, 14),
    *(dt.date(2026, month, 5) for month in range(1, 13)),
]
"""Among them the weeks of Brazil's changes at midnight, and those of the others."""

zones = st.sampled_from(ZONES)
starts = st.builds(lambda start, days: start + days * DAY, st.sampled_from(STARTS), st.integers(0, 27))

clocks = st.integers(0, 95).map(lambda quarter: quarter * 15)


@st.composite
def hours(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Spans that do not overlap; the last may go on past midnight."""
    edges = sorted(draw(st.sets(clocks, max_size=6)))
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    if len(edges) % 2:
        # Past midnight, until before the first that may begin there.
        until = draw(st.sampled_from((1440, 1440 + 15, 1440 + 300)))
        spans.append((edges[-1], min(until, edges[-1] + 1440 - 15)))
    return spans


weeks = st.lists(hours(), min_size=7, max_size=7).filter(
    lambda week: all(
        not before or not after or before[-1][1] - 1440 <= after[0][0]
        for before, after in zip(week, [*week[1:], week[0]], strict=True)
    )
)
own_dates = st.dictionaries(st.integers(-1, 8), hours(), max_size=3)
"""Days from the start of the week -> their own hours."""


def text(spans: list[tuple[int, int]]) -> object:
    said = []
    for begin, end in spans:
        until = end if end <= 1440 else end - 1440
        said.append(f"{begin // 60:02}:{begin % 60:02}-{until // 60:02}:{until % 60:02}")
    return said or "closed"


def really_open(
    week: list[list[tuple[int, int]]], dates: Mapping[dt.date, list[tuple[int, int]]], local: dt.datetime
) -> bool:
    """By going through the hours of that day and of the day before."""
    for date, later in ((local.date(), 0), (local.date() - DAY, 1440)):
        spans = dates.get(date, week[date.weekday()])
        if any(begin <= local.hour * 60 + local.minute + later < end for begin, end in spans):
            return True
    return False


@settings(max_examples=30, deadline=None)
@given(zones, starts, weeks, own_dates)
@example("Asia/Shanghai", dt.date(2018, 11, 1), [[]] * 7, {0: [(0, 1425)]})
@example("America/New_York", dt.date(2018, 11, 1), [*[[]] * 6, [(60, 1440)]], {})
def test_every_minute_of_a_week_agrees_with_the_reference(
    zone: str, start: dt.date, week: list[list[tuple[int, int]]], own: dict[int, list[tuple[int, int]]]
) -> None:
    dates = {start + day * DAY: spans for day, spans in own.items()}
    desk = calendar(
        {
            "timezone": zone,
            "weekly": {DAYS[day]: text(spans) for day, spans in enumerate(week)},
            "dates": {date.isoformat(): text(spans) for date, spans in dates.items()},
        }
    )
    first = dt.datetime.combine(start, dt.time(), dt.UTC)
    truth = [
        really_open(week, dates, (first + minute * MINUTE).astimezone(desk.timezone))
        for minute in range(7 * 1440)
    ]
    changes = [
        first + minute * MINUTE for minute in range(1, len(truth)) if truth[minute] != truth[minute - 1]
    ]
    for minute, is_open in enumerate(truth):
        now = first + minute * MINUTE
        answer = desk.at(now)
        assert answer.open == is_open
        assert answer.why.startswith("open: " if is_open else "closed: ")
        while changes and changes[0] <= now:
            del changes[0]
        if changes:
            change = answer.closes_at if is_open else answer.opens_at
            # In UTC: within a doubled hour no time is equal to one of another zone.
            assert change is not None
            assert change.astimezone(dt.UTC) == changes[0]


moments = st.integers(0, 11 * 365 * 24 * 60 * 60).map(
    lambda seconds: dt.datetime(2017, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
)


@settings(max_examples=200, deadline=None)
@given(zones, weeks, moments, st.sampled_from([None, "CN", "US", "HU"]))
def test_the_next_change_is_one(
    zone: str, week: list[list[tuple[int, int]]], now: dt.datetime, holidays: str | None
) -> None:
    """At `opens_at` it is open and the minute before it is closed; `closes_at` likewise."""
    desk = calendar(
        {
            "timezone": zone,
            "weekly": {DAYS[day]: text(spans) for day, spans in enumerate(week)},
            "holidays": holidays,
            "dates": {"12-24..01-02": "closed", "07-01": "open"},
        }
    )
    answer = desk.at(now)
    change = answer.closes_at if answer.open else answer.opens_at
    # 1 July is open and the end of the year is not, so one of them comes within a year.
    assert change is not None
    assert change > now
    assert desk.at(change).open != answer.open
    assert desk.at(change - MINUTE).open == answer.open


@given(
    st.sampled_from([*ZONES, "Pacific/Kiritimati", "Etc/GMT+12", "Pacific/Apia"]),
    st.dates(dt.date(2010, 1, 1), dt.date(2030, 1, 1)),
)
@example("America/Sao_Paulo", dt.date(2018, 11, 4))
@example("America/Sao_Paulo", dt.date(2018, 2, 18))
def test_a_date_begins_where_the_one_before_ends(zone: str, date: dt.date) -> None:
    there = zoneinfo.ZoneInfo(zone)
    begins = first_instant(there, date)
    assert (begins - MINUTE).astimezone(there).date() < date
    # Apia had no 30 December 2011: the next date begins then.
    assert begins.astimezone(there).date() == (
        date if (zone, str(date)) != ("Pacific/Apia", "2011-12-30") else date + DAY
    )


@pytest.mark.parametrize("days", [1, 2])
def test_the_date_that_samoa_left_out_begins_with_the_next(days: int) -> None:
    there = zoneinfo.ZoneInfo("Pacific/Apia")
    assert first_instant(there, dt.date(2011, 12, 29) + days * DAY) == dt.datetime(
        2011, 12, 30, 10, tzinfo=dt.UTC
    )


words = st.sampled_from(
    [
        "open",
        "closed",
        "08:00-12:00",
        "22:00-02:00",
        "mon",
        "mon-fri",
        "daily",
        "CN",
        "US-CA",
        "none",
        "ignore",
    ]
    + [
        "2026-10-01",
        "2026-10-07..2026-10-01",
        "12-24",
        "02-29",
        "12-24..01-02",
        "..",
        "-",
        "hours",
        "why",
        "desk",
    ]
    + ["National Day", "国庆节", "Asia/Shanghai", "Asia/", "UTC+8", "\0", "\ud800"]
) | st.text(max_size=6)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
mappings = st.dictionaries(words, anything, max_size=4)
holidays = words | st.fixed_dictionaries(
    {"country": st.sampled_from(["CN", "US", "DE"]) | words},
    optional={
        "subdivision": words,
        "hours": anything,
        "makeup": anything,
        "except": st.lists(words, max_size=2),
        "also": mappings,
    },
)


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "base": st.sampled_from(["desk", "other", "x"]),
            "timezone": words,
            "weekly": mappings,
            "always": st.sampled_from(["open", "closed"]),
            "holidays": holidays,
            "dates": mappings,
        },
    ),
    moments,
)
def test_whatever_is_written_is_a_calendar_or_a_located_fault(
    written: dict[str, object], now: dt.datetime
) -> None:
    try:
        desk = calendar(written, other={"weekly": {"daily": "open"}, "holidays": "CN"})
    except CalendarError as error:
        assert all(fault.cause for fault in error.faults)
    else:
        answer = desk.at(now)
        assert answer.why.startswith("open: " if answer.open else "closed: ")
