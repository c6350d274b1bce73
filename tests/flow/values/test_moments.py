"""Dates and times as callers say them. Today is Thursday, 26 November 2026."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.values.days import When, completed, completed_month, months_on
from ivr.flow.values.spoken_dates import dates_said
from ivr.flow.values.spoken_times import times_said

TODAY = dt.date(2026, 11, 26)


@pytest.mark.parametrize(
    ("text", "when", "date"),
    [
        ("十一月二十六号", "any", "2026-11-26"),
        ("二十八号", "any", "2026-11-28"),
        ("二十五号", "future", "2026-12-25"),
        ("二十五号", "past", "2026-11-25"),
        ("三月五号", "future", "2027-03-05"),
        ("三月五号", "past", "2026-03-05"),
        ("二月二十九号", "future", "2028-02-29"),
        ("二月二十九号", "past", "2024-02-29"),
        ("2026年12月1日", "any", "2026-12-01"),
        ("二零二六年十二月一日", "any", "2026-12-01"),
        ("一九八四三月五号", "past", "1984-03-05"),
        ("八四年三月五号", "past", "1984-03-05"),
        ("今年十二月一号", "any", "2026-12-01"),
        ("明年三月八日", "any", "2027-03-08"),
        ("下个月三号", "any", "2026-12-03"),
        ("今天", "any", "2026-11-26"),
        ("明天下午", "any", "2026-11-27"),
        ("大后天", "any", "2026-11-29"),
        ("大前天", "any", "2026-11-23"),
        ("周三", "future", "2026-12-02"),
        ("周三", "past", "2026-11-25"),
        ("周四", "future", "2026-11-26"),
        ("这周三", "any", "2026-11-25"),
        ("下周三", "any", "2026-12-02"),
        ("下下週一", "any", "2026-12-07"),
        ("上周五", "any", "2026-11-20"),
        ("礼拜天", "any", "2026-11-29"),
        ("三天后", "any", "2026-11-29"),
        ("再过三天", "any", "2026-11-29"),
        ("两个星期以后", "any", "2026-12-10"),
        ("一个月后", "any", "2026-12-26"),
        ("三天前", "any", "2026-11-23"),
        ("2026-12-03", "any", "2026-12-03"),
        ("12/3", "any", "2026-12-03"),
        ("明天，不对，后天", "any", "2026-11-28"),
        ("不是明天，是后天", "any", "2026-11-28"),
    ],
)
def test_dates_in_chinese(text: str, when: When, date: str) -> None:
    assert dates_said(text, "zh", TODAY, when=when)[0] == dt.date.fromisoformat(date)


@pytest.mark.parametrize(
    ("text", "when", "dates"),
    [
        ("November 26th", "any", ["2026-11-26"]),
        ("November twenty sixth twenty twenty six", "any", ["2026-11-26"]),
        ("December 1st, 2026", "any", ["2026-12-01"]),
        ("the 3rd of March", "future", ["2027-03-03"]),
        ("26 November", "any", ["2026-11-26"]),
        ("march 5 1984", "past", ["1984-03-05"]),
        ("march fifth nineteen eighty four", "past", ["1984-03-05"]),
        ("may the fifth two thousand five", "past", ["2005-05-05"]),
        ("the 26th", "any", ["2026-11-26"]),
        ("the twenty eighth", "past", ["2026-10-28"]),
        ("today", "any", ["2026-11-26"]),
        ("the day after tomorrow", "any", ["2026-11-28"]),
        ("the day before yesterday", "any", ["2026-11-24"]),
        ("wednesday", "future", ["2026-12-02"]),
        ("next monday", "any", ["2026-11-30"]),
        ("next friday", "any", ["2026-12-04", "2026-11-27"]),
        ("this friday", "past", ["2026-11-27"]),
        ("last monday", "any", ["2026-11-23"]),
        ("in three days", "any", ["2026-11-29"]),
        ("a week from today", "any", ["2026-12-03"]),
        ("two weeks ago", "any", ["2026-11-12"]),
        ("in a month", "any", ["2026-12-26"]),
        ("11/30", "any", ["2026-11-30"]),
        ("no not tomorrow, friday", "any", ["2026-11-27"]),
        ("hello", "any", []),
    ],
)
def test_dates_in_english(text: str, when: When, dates: list[str]) -> None:
    assert dates_said(text, "en", TODAY, when=when) == [dt.date.fromisoformat(date) for date in dates]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("veintiséis de noviembre", "2026-11-26"),
        ("el cinco de marzo de mil novecientos ochenta y cuatro", "1984-03-05"),
        ("primero de enero", "2027-01-01"),
        ("mañana", "2026-11-27"),
        ("mañana por la mañana", "2026-11-27"),
        ("pasado mañana", "2026-11-28"),
        ("anteayer", "2026-11-24"),
        ("el 28", "2026-11-28"),
        ("el próximo miércoles", "2026-12-02"),
        ("el lunes que viene", "2026-11-30"),
        ("el lunes pasado", "2026-11-23"),
        ("dentro de dos semanas", "2026-12-10"),
        ("hace tres días", "2026-11-23"),
        ("3/12/2026", "2026-12-03"),
    ],
)
def test_dates_in_spanish(text: str, date: str) -> None:
    assert dates_said(text, "es", TODAY, order="dmy")[0] == dt.date.fromisoformat(date)


def test_a_day_that_no_calendar_has_is_told_apart_from_no_date() -> None:
    assert dates_said("二月三十号", "zh", TODAY) == [None]
    assert dates_said("February 30", "en", TODAY) == [None]
    assert dates_said("十几号", "zh", TODAY) == []
    assert dates_said("农历三月初三", "zh", TODAY) == []
    assert dates_said("2026-12-03", "fr", TODAY) == [dt.date(2026, 12, 3)]


@pytest.mark.parametrize(
    ("language", "text", "times"),
    [
        ("zh", "下午两点半", "14:30"),
        ("zh", "下午三点二十分", "15:20"),
        ("zh", "早上八点一刻", "08:15"),
        ("zh", "九点三刻", "09:45 21:45"),
        ("zh", "两点", "14:00 02:00"),
        ("zh", "三点零五", "15:05 03:05"),
        ("zh", "十四点三十", "14:30"),
        ("zh", "下午2:30", "14:30"),
        ("zh", "晚上十二点", "00:00"),
        ("zh", "凌晨一点", "01:00"),
        ("zh", "晚上一点", "01:00"),
        ("zh", "上午十二点", "12:00"),
        ("zh", "中午十二点", "12:00"),
        ("zh", "中午一点", "13:00"),
        ("zh", "中午", "12:00"),
        ("zh", "差五分十二点", "11:55 23:55"),
        ("zh", "下午三点差一刻", "14:45"),
        ("zh", "零点", "00:00"),
        ("zh", "三点，不对，四点", "16:00 04:00"),
        ("zh", "十一月二十六号下午三点", "15:00"),
        ("zh", "两三点", ""),
        ("en", "half past two", "14:30 02:30"),
        ("en", "a quarter past three in the afternoon", "15:15"),
        ("en", "ten to three", "14:50 02:50"),
        ("en", "nine oh five", "09:05 21:05"),
        ("en", "nine thirty a.m.", "09:30"),
        ("en", "2:30 p.m.", "14:30"),
        ("en", "fourteen thirty", "14:30"),
        ("en", "two o'clock", "14:00 02:00"),
        ("en", "12 am", "00:00"),
        ("en", "twelve pm", "12:00"),
        ("en", "noon", "12:00"),
        ("en", "midnight", "00:00"),
        ("en", "eleven at night", "23:00"),
        ("en", "November 26 at five pm", "17:00"),
        ("en", "no wait four pm", "16:00"),
        ("en", "hello", ""),
        ("es", "las dos y media de la tarde", "14:30"),
        ("es", "las tres menos diez", "14:50 02:50"),
        ("es", "las tres y cuarto", "15:15 03:15"),
        ("es", "la una de la tarde", "13:00"),
        ("es", "nueve y diez de la mañana", "09:10"),
        ("es", "mediodía", "12:00"),
        ("es", "catorce treinta", "14:30"),
        ("fr", "14:30", "14:30"),
    ],
)
def test_times(language: str, text: str, times: str) -> None:
    assert times_said(text, language) == [dt.time.fromisoformat(time) for time in times.split()]


def test_a_time_that_no_clock_shows_is_told_apart_from_no_time() -> None:
    assert times_said("二十五点", "zh") == [None]
    assert times_said("三点六十分", "zh") == [None]
    assert times_said("25:00", "en") == [None]


@settings(deadline=None)
@given(
    day=st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)),
    today=st.dates(dt.date(1920, 1, 1), dt.date(2080, 1, 1)),
)
def test_a_date_is_completed_to_the_nearest_one(day: dt.date, today: dt.date) -> None:
    for when, sign in (("future", 1), ("past", -1)):
        for found in (
            completed(day.month, day.day, today, "future" if sign > 0 else "past"),
            completed_month(day.day, today, "future" if sign > 0 else "past"),
        ):
            assert found is not None, when
            assert found.day == day.day
            assert (found - today).days * sign >= 0
            assert abs((found - today).days) <= 8 * 366


@settings(deadline=None)
@given(day=st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)), months=st.integers(-30, 30))
def test_months_on_stays_within_the_month(day: dt.date, months: int) -> None:
    found = months_on(day, months)
    assert found is not None
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months


ZH_DATES = "零一二三四五六七八九十两年月号日天周星期礼拜上下个前后明今昨大这半点分刻差中午晚早不对几0129-/:."
EN_DATES = (
    "the of next last this may march friday in ago days week from today tomorrow 1 26 2026 99999 31 0 half past to "
    "quarter two thirty oclock pm am noon el de enero martes hace dias y menos cuarto a , : / -"
)


@settings(deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=30),
        st.lists(st.sampled_from(ZH_DATES), max_size=20).map("".join),
        st.lists(st.sampled_from(EN_DATES.split()), max_size=12).map(" ".join),
    ),
    language=st.sampled_from(["zh", "en", "es", "fr"]),
    today=st.dates(),
    when=st.sampled_from(["any", "past", "future"]),
)
def test_no_text_makes_it_raise(text: str, language: str, today: dt.date, when: When) -> None:
    dates = dates_said(text, language, today, when=when)
    assert len(dates) == len(set(dates))
    assert all(isinstance(time, dt.time) for time in times_said(text, language) if time is not None)
