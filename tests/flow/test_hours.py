"""Calendars: open or closed, why, and until when."""

from __future__ import annotations

import datetime as dt

import pytest

from ivr.flow.calendars.calendar import Answer, Calendar
from ivr.flow.calendars.reading import coverage_warning
from tests.flow.calendar_support import ask, calendar, clock, moment

WEEK = {"mon-fri": ["08:00-12:00", "13:00-18:00"], "sat": "22:00-02:00"}
OFFICE = {"mon-fri": "09:00-17:00"}


@pytest.mark.parametrize(
    ("local", "why", "opens", "closes"),
    [
        ("2026-11-23T07:59", "closed: before hours (Mon 08:00-12:00, 13:00-18:00)", "2026-11-23T08:00", ""),
        ("2026-11-23T08:00", "open: Mon 08:00-12:00, 13:00-18:00", "", "2026-11-23T12:00"),
        ("2026-11-23T12:00", "closed: between hours (Mon 08:00-12:00, 13:00-18:00)", "2026-11-23T13:00", ""),
        ("2026-11-23T17:59", "open: Mon 08:00-12:00, 13:00-18:00", "", "2026-11-23T18:00"),
        ("2026-11-23T18:00", "closed: after hours (Mon 08:00-12:00, 13:00-18:00)", "2026-11-24T08:00", ""),
        ("2026-11-28T23:00", "open: Sat 22:00-02:00", "", "2026-11-29T02:00"),
        ("2026-11-29T01:59", "open: Sat 22:00-02:00", "", "2026-11-29T02:00"),
        ("2026-11-29T02:00", "closed: Sunday", "2026-11-30T08:00", ""),
    ],
)
def test_the_week(local: str, why: str, opens: str, closes: str) -> None:
    answer = ask(calendar({"weekly": WEEK}), local)
    assert (answer.why, answer.reason, answer.name) == (why, "weekly", {})
    assert answer.open == why.startswith("open")
    assert (clock(answer.opens_at), clock(answer.closes_at)) == (opens, closes)


CHINA = {"weekly": OFFICE, "holidays": "CN"}


@pytest.mark.parametrize(
    ("local", "why", "chinese", "opens"),
    [
        # 2025: National Day and Mid-Autumn are one row of eight days, worked for on 28 September and 11 October.
        ("2025-09-28T10:00", "open: make-up working day for National Day", "调休上班日", ""),
        ("2025-10-01T10:00", "closed: National Day", "国庆节", "2025-10-09T09:00"),
        ("2025-10-06T10:00", "closed: Mid-Autumn Festival", "中秋节", "2025-10-09T09:00"),
        ("2025-10-08T10:00", "closed: National Day", "国庆节", "2025-10-09T09:00"),
        ("2025-10-11T10:00", "open: make-up working day for National Day", "调休上班日", ""),
        ("2025-10-12T10:00", "closed: Sunday", "", "2025-10-13T09:00"),
        # 2026
        ("2026-01-04T10:00", "open: make-up working day for New Year's Day", "调休上班日", ""),
        (
            "2026-02-14T08:00",
            "closed: before hours (make-up working day for Spring Festival 09:00-17:00)",
            "调休上班日",
            "2026-02-14T09:00",
        ),
        ("2026-02-15T10:00", "closed: Spring Festival", "春节", "2026-02-24T09:00"),
        ("2026-02-23T23:59", "closed: Spring Festival", "春节", "2026-02-24T09:00"),
        ("2026-02-28T10:00", "open: make-up working day for Spring Festival", "调休上班日", ""),
        ("2026-04-06T10:00", "closed: Tomb-Sweeping Day", "清明节", "2026-04-07T09:00"),
        ("2026-10-01T00:00", "closed: National Day", "国庆节", "2026-10-08T09:00"),
        ("2026-10-07T10:00", "closed: National Day", "国庆节", "2026-10-08T09:00"),
        ("2026-10-08T10:00", "open: Thu 09:00-17:00", "", ""),
        ("2026-10-10T16:59", "open: make-up working day for National Day", "调休上班日", ""),
    ],
)
def test_chinas_holidays_and_make_up_working_days(local: str, why: str, chinese: str, opens: str) -> None:
    answer = ask(calendar(CHINA), local)
    assert (answer.why, answer.named("zh"), clock(answer.opens_at)) == (why, chinese, opens)
    reason = "makeup" if "make-up" in why else "holiday" if chinese else "weekly"
    assert answer.reason == reason


@pytest.mark.parametrize(
    ("makeup", "spans"),
    [("tue", ((600, 660),)), ("08:30-16:00", ((510, 960),)), ("closed", ()), ("ignore", ((660, 720),))],
)
def test_the_hours_of_a_make_up_working_day(makeup: str, spans: object) -> None:
    weekly = {"mon": "09:00-17:00", "tue": "10:00-11:00", "sat": "11:00-12:00"}
    desk = calendar({"weekly": weekly, "holidays": {"country": "CN", "makeup": makeup}})
    assert desk.day(dt.date(2026, 10, 10)).spans == spans


def test_other_countries_have_make_up_working_days_too() -> None:
    answer = ask(
        calendar({"timezone": "Europe/Budapest", "weekly": OFFICE, "holidays": "HU"}), "2026-08-08T10:00"
    )
    assert (answer.open, answer.why) == (True, "open: make-up working day")


def test_years_that_china_has_not_announced_are_computed_and_it_is_told() -> None:
    desk = calendar(CHINA)
    answer = ask(desk, "2050-10-03T10:00")
    assert answer.why == "closed: National Day (2050 is computed, not announced)"
    assert answer.name == {"zh": "国庆节", "en": "National Day"}
    warning = coverage_warning(desk, 2050)
    assert warning is not None
    assert warning.path == ("holidays",)
    assert "make-up days are missing" in warning.cause
    assert "chinese-calendar" in warning.mend
    assert coverage_warning(desk, 2026) is None
    assert coverage_warning(calendar({"weekly": OFFICE}), 2050) is None


def test_the_limits_of_other_countries_are_told_too() -> None:
    desk = calendar({"weekly": OFFICE, "holidays": "IN"})
    assert coverage_warning(desk, 2026) is None
    for year in (2060, 2200):
        warning = coverage_warning(desk, year)
        assert warning is not None
        assert "package holidays" in warning.mend


NEW_YORK = {"timezone": "America/New_York", "weekly": OFFICE}


@pytest.mark.parametrize(
    ("holidays", "local", "why"),
    [
        ("US", "2026-11-26T10:00", "closed: Thanksgiving Day"),
        ("US", "2026-11-27T10:00", "open: Fri 09:00-17:00"),
        ("US-CA", "2026-11-27T10:00", "closed: Day After Thanksgiving"),
        ("US", "2026-07-03T10:00", "closed: Independence Day (observed)"),
        ({"country": "US", "subdivision": "California"}, "2026-03-31T10:00", "closed: Cesar Chavez Day"),
        ({"country": "US", "except": ["columbus day"]}, "2026-10-12T10:00", "open: Mon 09:00-17:00"),
        ({"country": "US", "except": ["Independence Day"]}, "2026-07-03T10:00", "open: Fri 09:00-17:00"),
        ({"country": "US", "also": {"12-24": "Christmas Eve"}}, "2026-12-24T10:00", "closed: Christmas Eve"),
        ({"country": "US", "hours": "09:00-12:00"}, "2026-11-26T10:00", "open: Thanksgiving Day"),
        (
            {"country": "US", "hours": "09:00-12:00"},
            "2026-11-26T12:00",
            "closed: after hours (Thanksgiving Day 09:00-12:00)",
        ),
    ],
)
def test_holidays_of_the_united_states(holidays: object, local: str, why: str) -> None:
    assert ask(calendar({**NEW_YORK, "holidays": holidays}), local).why == why


def test_a_holiday_that_does_not_count_needs_no_make_up_day() -> None:
    """Named in either language; of two holidays on one day the other remains."""
    desk = calendar({"weekly": OFFICE, "holidays": {"country": "CN", "except": ["国庆节"]}})
    assert ask(desk, "2026-10-01T10:00").why == "open: Thu 09:00-17:00"
    assert ask(desk, "2026-10-10T10:00").why == "closed: Saturday"
    both = ask(desk, "2058-10-02T10:00")
    assert both.why == "closed: Mid-Autumn Festival (2058 is computed, not announced)"
    assert both.named("zh") == "中秋节"


def test_names_are_in_the_languages_that_are_known() -> None:
    german = ask(
        calendar({"timezone": "Europe/Berlin", "weekly": OFFICE, "holidays": "DE-BY"}), "2026-01-06T10:00"
    )
    assert (german.named("de"), german.named("en"), german.named("zh")) == (
        "Heilige Drei Könige",
        "Epiphany",
        "Epiphany",
    )


DATES = {
    "weekly": OFFICE,
    "holidays": "CN",
    "dates": {
        "2026-10-01": {"hours": "10:00-12:00", "why": {"zh": "国庆值班", "en": "National Day duty"}},
        "2026-10-03": "closed",
        "2026-10-02..2026-10-04": {"hours": "22:00-02:00", "why": "night duty"},
        "12-24": {"hours": ["09:00-10:00", "11:00-12:00"]},
        "12-20..01-02": {"hours": "closed", "why": "year's end"},
        "02-29": "closed",
    },
}


@pytest.mark.parametrize(
    ("local", "why"),
    [
        ("2026-10-01T10:00", "open: National Day duty"),
        ("2026-10-01T12:00", "closed: after hours (National Day duty 10:00-12:00)"),
        ("2026-10-02T21:59", "closed: before hours (night duty 22:00-02:00)"),
        # The night that began on the 2nd is worked to its end, though the 3rd has its own word: closed.
        ("2026-10-03T01:59", "open: night duty"),
        ("2026-10-03T02:00", "closed: 2026-10-03"),
        ("2026-10-05T01:59", "open: night duty"),
        ("2026-10-05T02:00", "closed: National Day"),
        ("2027-12-24T10:30", "closed: between hours (12-24 09:00-10:00, 11:00-12:00)"),
        ("2027-12-23T10:00", "closed: year's end"),
        ("2028-01-02T10:00", "closed: year's end"),
        ("2028-01-04T10:00", "open: Tue 09:00-17:00"),
        ("2028-02-29T10:00", "closed: 02-29"),
        ("2027-03-01T10:00", "open: Mon 09:00-17:00"),
    ],
)
def test_dates_go_before_holidays_and_the_week(local: str, why: str) -> None:
    assert ask(calendar(DATES), local).why == why


def test_the_name_of_a_date_by_language() -> None:
    answer = ask(calendar(DATES), "2026-10-01T11:00")
    assert (answer.reason, answer.named("zh"), answer.named("en"), answer.named("es")) == (
        "date",
        "国庆值班",
        "National Day duty",
        "National Day duty",
    )
    assert ask(calendar(DATES), "2026-10-02T12:00").named("zh") == "night duty"
    assert ask(calendar(DATES), "2026-10-03T12:00").named("zh") == ""


def test_a_calendar_on_top_of_another() -> None:
    base = {**DATES, "timezone": "America/New_York"}
    desk = calendar(
        {"base": "city", "weekly": {"mon": "06:00-07:00", "sat": "open"}, "dates": {"2026-10-01": "closed"}},
        city=base,
    )
    assert str(desk.timezone) == "America/New_York"
    assert ask(desk, "2026-10-01T11:00").why == "closed: 2026-10-01"
    assert ask(desk, "2026-10-02T23:00").why == "open: night duty"
    assert ask(desk, "2026-11-24T10:00").why == "open: Tue 09:00-17:00"
    assert ask(desk, "2026-11-28T10:00").why == "open: Sat 00:00-24:00"
    # A make-up working day has the hours of this calendar's Monday, not of the base's.
    assert clock(ask(desk, "2026-10-10T06:30").closes_at) == "2026-10-10T07:00"
    plain = calendar(
        {"base": "desk2", "timezone": "UTC", "holidays": "none"}, desk2={"base": "city"}, city=base
    )
    assert ask(plain, "2026-10-05T10:00").why == "open: Mon 09:00-17:00"
    assert str(plain.timezone) == "UTC"


def test_day_and_night() -> None:
    now = "2026-11-26T10:00"
    assert ask(calendar({"always": "open"}), now) == Answer(True, "open: day and night", "weekly")
    until = ask(calendar({"always": "open", "holidays": "CN", "dates": {"2026-12-05": "closed"}}), now)
    assert clock(until.closes_at) == "2026-12-05T00:00"
    never = calendar({"always": "closed"})
    assert ask(never, now) == Answer(False, "closed: Thursday", "weekly")
    poll = calendar({"always": "closed", "dates": {"2026-12-05..2026-12-06": "20:00-24:00"}})
    assert clock(ask(poll, now).opens_at) == "2026-12-05T20:00"
    assert clock(ask(poll, "2026-12-06T23:59").closes_at) == "2026-12-07T00:00"
    assert ask(poll, "2026-12-07T00:00").opens_at is None


def test_openings_are_looked_for_within_a_year() -> None:
    poll = calendar({"always": "closed", "dates": {"2027-11-26": "open", "2027-11-28": "open"}})
    assert clock(ask(poll, "2026-11-26T10:00").opens_at) == "2027-11-26T00:00"
    gone = calendar({"always": "closed", "dates": {"2027-11-28": "open"}})
    assert ask(gone, "2026-11-26T10:00").opens_at is None


@pytest.mark.parametrize(
    ("zone", "span", "local", "is_open", "changes"),
    [
        # Berlin, 29 March 2026: 02:00 to 03:00 is missing.
        ("Europe/Berlin", "01:30-02:30", "2026-03-29T01:59", True, "2026-03-29T03:00"),
        ("Europe/Berlin", "01:30-02:30", "2026-03-29T03:00", False, "2026-03-30T01:30"),
        ("Europe/Berlin", "02:30-08:00", "2026-03-29T01:59", False, "2026-03-29T03:00"),
        ("Europe/Berlin", "02:15-02:45", "2026-03-29T01:00", False, "2026-03-30T02:15"),
        # Berlin, 25 October 2026: 02:00 to 03:00 comes twice.
        ("Europe/Berlin", "01:30-02:30", "2026-10-25T01:30", True, "2026-10-25T02:30"),
        ("Europe/Berlin", "01:30-02:30", "2026-10-25T02:45", False, "2026-10-25T02:00"),
        ("Europe/Berlin", "01:30-02:30", "2026-10-25T02:15 again", True, "2026-10-25T02:30"),
        ("Europe/Berlin", "01:30-02:30", "2026-10-25T02:30 again", False, "2026-10-26T01:30"),
        ("Europe/Berlin", "22:00-06:00", "2026-10-24T22:00", True, "2026-10-25T06:00"),
        # New York, 8 March and 1 November 2026.
        ("America/New_York", "02:00-03:00", "2026-03-08T01:59", False, "2026-03-09T02:00"),
        ("America/New_York", "01:00-03:00", "2026-11-01T01:30", True, "2026-11-01T03:00"),
        ("America/New_York", "00:00-01:30", "2026-11-01T01:15 again", True, "2026-11-01T01:30"),
    ],
)
def test_hours_are_those_that_the_clock_on_the_wall_shows(
    zone: str, span: str, local: str, is_open: bool, changes: str
) -> None:
    answer = ask(calendar({"timezone": zone, "weekly": {"daily": span}}), local)
    assert (answer.open, clock(answer.closes_at if is_open else answer.opens_at)) == (is_open, changes)


def test_the_hours_are_as_long_as_they_are() -> None:
    """The night of the change has nine hours; the doubled hour is open twice."""
    desk = calendar({"timezone": "Europe/Berlin", "weekly": {"daily": "22:00-06:00"}})
    begin = moment(desk, "2026-10-24T22:00")
    closes_at = desk.at(begin).closes_at
    assert closes_at is not None
    assert closes_at.astimezone(dt.UTC) - begin == dt.timedelta(hours=9)


def _opens(desk: Calendar, local: str) -> str:
    return clock(desk.overridden(moment(desk, local), False).opens_at)


def test_the_supervisors_word_is_for_today() -> None:
    desk = calendar({"weekly": OFFICE})
    # Also before today's hours: they will not be kept.
    assert _opens(desk, "2026-11-26T07:00") == "2026-11-27T09:00"
    assert _opens(desk, "2026-11-27T10:00") == "2026-11-30T09:00"
    assert desk.overridden(moment(desk, "2026-11-29T10:00"), True) == Answer(
        True, "open: by the supervisor's word", "override"
    )
    # A night that has begun goes on after midnight; São Paulo had midnights that were skipped.
    night = {"timezone": "America/Sao_Paulo", "weekly": {"daily": "22:00-06:00"}}
    assert _opens(calendar(night), "2018-11-03T12:00") == "2018-11-04T01:00"
    assert _opens(calendar({**night, "timezone": "Asia/Shanghai"}), "2018-11-03T12:00") == "2018-11-04T00:00"


def test_the_last_answer_is_not_given_when_it_no_longer_holds() -> None:
    """The same calendar asked forwards and backwards gives what a fresh one gives."""
    moments = [
        f"2026-10-0{day}T{hour:02}:{minute}"
        for day in (1, 2, 3)
        for hour in (0, 9, 10, 12)
        for minute in ("00", "59")
    ]
    desk = calendar(DATES)
    for local in (*moments, *reversed(moments)):
        assert ask(desk, local) == ask(calendar(DATES), local)
