"""What is wrong with a calendar is told with its place and a suggestion."""

from __future__ import annotations

import pytest

from ivr.flow.calendars.faults import CalendarError
from tests.flow.calendar_support import calendar
from tests.flow.support import faults

WEEK: dict[str, object] = {"daily": "open"}


def only(written: dict[str, object], **others: dict[str, object]) -> tuple[tuple[str | int, ...], str, str]:
    with pytest.raises(CalendarError) as caught:
        calendar(written, **others)
    (fault,) = caught.value.faults
    assert (caught.value.path, str(caught.value), caught.value.mend) == (fault.path, fault.cause, fault.mend)
    return fault.path, fault.cause, fault.mend


@pytest.mark.parametrize(
    ("weekly", "path", "cause", "mend"),
    [
        ({"mon": "8-9"}, ("mon",), "`8-9` are no hours", "`08:00-20:00`, a list"),
        ({"mon": "09：00至17：00"}, ("mon",), "no hours", "did you mean `09:00-17:00`?"),
        ({"mon": "8.30–12.00"}, ("mon",), "no hours", "did you mean `8:30-12:00`?"),
        ({"mon": "25:00-26:00"}, ("mon",), "`25:00-26:00` are no hours", "00:00 to 24:00"),
        ({"mon": "08:00-08:00"}, ("mon",), "begins and ends at once", "`open`"),
        ({"mon": 8}, ("mon",), "`8` are no hours", "`08:00-20:00`"),
        ({"mon": None}, ("mon",), "`null` are no hours", "`08:00-20:00`"),
        ({"mon": {"a": 1}}, ("mon",), '`{"a": 1}` are no hours', "`08:00-20:00`"),
        ({"mon": []}, ("mon",), "an empty list", "`closed`"),
        ({"mon": ["08:00-12:00", "open"]}, ("mon", 1), "`open` are no hours", "`08:00-20:00`"),
        ({"mon": ["08:00-12:00", "11:59-13:00"]}, ("mon", 1), "overlaps 08:00-12:00", "as one"),
        ({"mon": ["22:00-02:00", "23:00-24:00"]}, ("mon", 1), "overlaps 22:00-02:00", "as one"),
        (
            {"mon-fri": "open", "tue": "open"},
            ("tue",),
            "`tue` and `mon-fri` both say when tue is open",
            "one",
        ),
        ({"fri-mon": "open", "sun, tue": "open"}, ("sun, tue",), "both say when sun is open", "one"),
        (
            {"fri": "20:00-08:00", "sat": "07:00-12:00"},
            ("sat",),
            "fri 20:00-08:00 goes on into sat",
            "shorten",
        ),
        (
            {"sun": "20:00-08:00", "mon": "07:00-12:00"},
            ("mon",),
            "sun 20:00-08:00 goes on into mon",
            "shorten",
        ),
        ({"Mondays": "open"}, ("Mondays",), "`Mondays` is no day", "did you mean `mon`?"),
        ({"mon-wde": "open"}, ("mon-wde",), "`mon-wde` is no day", "did you mean `wed`?"),
        ({"mon-tue-wed": "open"}, ("mon-tue-wed",), "is no day", "mon-fri"),
        ({"": "open"}, ("",), "is no day", "mon-fri"),
    ],
)
def test_the_week(weekly: dict[str, object], path: tuple[str | int, ...], cause: str, mend: str) -> None:
    found = only({"weekly": weekly})
    assert found[0] == ("weekly", *path)
    assert cause in found[1]
    assert mend in found[2]


@pytest.mark.parametrize(
    ("dates", "path", "cause", "mend"),
    [
        ({"2026-13-01": "open"}, ("2026-13-01",), "`2026-13-01` is no date", "`2026-10-01..2026-10-07`"),
        ({"2026-02-29": "open"}, ("2026-02-29",), "is no date", "`12-24`"),
        ({"2026-2-1": "open"}, ("2026-2-1",), "is no date", "`12-24`"),
        ({"20261001": "open"}, ("20261001",), "is no date", "`12-24`"),
        ({"02-30": "open"}, ("02-30",), "is no date", "`12-24`"),
        ({"2026-10-01..": "open"}, ("2026-10-01..",), "is no date", "`12-24`"),
        ({"2026-10-01..10-07": "open"}, ("2026-10-01..10-07",), "at one end only", "`12-24`"),
        (
            {"2026-10-07..2026-10-01": "open"},
            ("2026-10-07..2026-10-01",),
            "ends before it begins",
            "`2026-10-01..2026-10-07`",
        ),
        ({"2026-10-01": "open", " 2026-10-01": "closed"}, (" 2026-10-01",), "twice", "keep one"),
        ({"12-24": "open", "12-24 ": "closed"}, ("12-24 ",), "twice", "keep one"),
        (
            {"2026-10-01..2026-10-07": "open", "2026-10-07..2026-10-08": "open"},
            ("2026-10-07..2026-10-08",),
            "overlaps `2026-10-01..2026-10-07`",
            "one range",
        ),
        (
            {"12-24..01-02": "open", "01-02..01-03": "open"},
            ("01-02..01-03",),
            "overlaps `12-24..01-02`",
            "one range",
        ),
        ({"12-24": {"why": "x"}}, ("12-24",), "a date has `hours`", "{hours: closed"),
        (
            {"12-24": {"hours": "open", "wy": "x"}},
            ("12-24", "wy"),
            "`wy` means nothing",
            "did you mean `why`?",
        ),
        ({"12-24": {"hours": "opne"}}, ("12-24", "hours"), "`opne` are no hours", "`open`"),
        ({"12-24": {"hours": "open", "why": 3}}, ("12-24", "why"), "no name", "by language"),
        ({"12-24": {"hours": "open", "why": {"zh": ""}}}, ("12-24", "why"), "no name", "by language"),
        ({"12-24": {"hours": "open", "why": {}}}, ("12-24", "why"), "no name", "National Day"),
    ],
)
def test_dates(dates: dict[str, object], path: tuple[str | int, ...], cause: str, mend: str) -> None:
    found = only({"weekly": WEEK, "dates": dates})
    assert found[0] == ("dates", *path)
    assert cause in found[1]
    assert mend in found[2]


@pytest.mark.parametrize(
    ("zone", "mend"),
    [
        ("Asia/Shangai", "did you mean `Asia/Shanghai`?"),
        ("Asia/Beijing", "did you mean `Asia/Shanghai`?"),
        ("berlin", "did you mean `Europe/Berlin`?"),
        ("New York", "did you mean `America/New_York`?"),
        ("UTC+8", "daylight saving"),
        ("Mars/Base", "Asia/Shanghai"),
        ("", "Asia/Shanghai"),
        ("../../etc/passwd", "Asia/Shanghai"),
        ("Asia", "did you mean `Asia/"),
        ("a\0b", "Asia/Shanghai"),
        ("x" * 5000, "Asia/Shanghai"),
    ],
)
def test_time_zones(zone: str, mend: str) -> None:
    path, cause, suggestion = only({"weekly": WEEK, "timezone": zone})
    assert (path, cause) == (("timezone",), f"unknown time zone `{zone}`")
    assert mend in suggestion


@pytest.mark.parametrize(
    ("holidays", "path", "cause", "mend"),
    [
        ("cn", ("country",), "country `cn`", "did you mean `CN`?"),
        ("China", ("country",), "country `China`", "did you mean `CN`?"),
        ("Germny", ("country",), "country `Germny`", "did you mean `DE`, Germany?"),
        ("XX", ("country",), "country `XX`", "ISO 3166"),
        ("US-ZZ", ("country",), "`US` has no part `ZZ`", "one of AK, AL"),
        ("CN-BJ", ("country",), "`CN` has no part `BJ`", "leave it out"),
        (
            {"country": "US", "subdivision": "Californa"},
            ("subdivision",),
            "no part",
            "did you mean `California`?",
        ),
        ({"country": "US", "subdivision": "ca"}, ("subdivision",), "no part", "did you mean `CA`?"),
        ({"country": "US-CA", "subdivision": "CA"}, ("subdivision",), "names a part already", "keep one"),
        ({"country": "CN", "hours": "9-12"}, ("hours",), "`9-12` are no hours", "`08:00-20:00`"),
        ({"country": "CN", "makeup": "saturday"}, ("makeup",), "`saturday` are no hours", "`mon`"),
        ({"country": "CN", "makeup": "9-12"}, ("makeup",), "`9-12` are no hours", "`08:00-20:00`"),
        ({"country": "CN", "except": ["国庆节", "国庆"]}, ("except", 1), "no holiday `国庆`", "`国庆节`"),
        (
            {"country": "US", "except": ["Kings Day"]},
            ("except", 0),
            "no holiday `Kings Day`",
            "one of Christmas",
        ),
        ({"country": "CN", "also": {"2026-2-2": "x"}}, ("also", "2026-2-2"), "is no date", "`12-24`"),
        ({"country": "CN", "also": {"12-24": 5}}, ("also", "12-24"), "no name", "by language"),
    ],
)
def test_holidays(holidays: object, path: tuple[str | int, ...], cause: str, mend: str) -> None:
    found = only({"weekly": WEEK, "holidays": holidays})
    assert found[0] == ("holidays", *path)
    assert cause in found[1]
    assert mend in found[2]


def test_codes_of_three_letters_and_names_of_parts_are_understood() -> None:
    rules = calendar({"weekly": WEEK, "holidays": {"country": "USA", "subdivision": "California"}}).holidays
    assert rules is not None
    assert (rules.country, rules.subdivision) == ("US", "CA")


def test_bases() -> None:
    assert only({"base": "nigth"}, night={"weekly": WEEK}) == (
        ("base",),
        "there is no calendar `nigth`",
        "did you mean `night`?",
    )
    assert only({"base": "desk"})[1] == "desk -> desk goes in a circle"
    assert only({"base": "a"}, a={"weekly": {"mun": "open"}})[1] == "its base `a` cannot be read"
    chain = {f"c{n}": {"base": f"c{n + 1}"} for n in range(100)}
    assert only({"base": "c0"}, **chain)[0] == ("base",)


def test_something_says_when_it_is_open() -> None:
    assert only({"timezone": "UTC"}) == (
        (),
        "nothing says when it is open",
        "write `weekly`, `always: open` or `base`",
    )
    assert only({"always": "open", "weekly": WEEK})[0] == ("always",)


def test_all_faults_are_found_at_once() -> None:
    with pytest.raises(CalendarError) as caught:
        calendar({"timezone": "Mars", "weekly": {"mun": "8"}, "holidays": "XX", "dates": {"x": "y"}})
    assert [fault.path for fault in caught.value.faults] == [
        ("timezone",),
        ("weekly", "mun"),
        ("weekly", "mun"),
        ("dates", "x"),
        ("dates", "x"),
        ("holidays", "country"),
    ]


NODES = "  bye: {kind: hangup, prompt: bye}\n"
CALENDARS = """fallback: main.bye
calendars:
  desk:
    timezone: Asia/Shangai
    weekly:
      mon-fri: [08:00-12:00, 11:00-18:00]
    holidays: {country: CN, hours: closed, exept: [春节]}
"""


def test_the_loader_tells_line_and_column() -> None:
    found = faults(NODES, CALENDARS.replace(", exept: [春节]", ""))
    assert [(each.line, each.column, each.code) for each in found] == [
        (6, 15, "bad-calendar"),
        (8, 30, "bad-calendar"),
    ]
    (field,) = faults(NODES, CALENDARS)
    assert (field.line, field.column, field.code) == (9, 44, "unknown-field")
    assert field.suggestion == "did you mean `except`?"
