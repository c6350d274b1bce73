"""Values said as people say them, and only in fragments that are recorded."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.prompt_text import SayAs
from ivr.prompts import numbers, numbers_zh
from ivr.prompts.numbers import PAUSE, Currency, Unsayable, fragments, say

LANGUAGES = st.sampled_from(sorted(numbers.LANGUAGES))
TODAY = dt.date(2026, 11, 22)


def spoken(value: object, say_as: SayAs, language: str, currency: Currency = "CNY") -> str:
    said = say(value, say_as, language, today=TODAY, currency=currency)
    return ("" if language == "zh" else " ").join(said)


def known(said: tuple[str, ...], language: str) -> bool:
    return set(said) <= {*fragments(language), PAUSE}


@pytest.mark.parametrize("language", sorted(numbers.LANGUAGES))
def test_fragments_are_few_and_each_is_there_once(language: str) -> None:
    ours = fragments(language)
    assert len(ours) == len(set(ours)) < 200
    assert PAUSE not in ours


@given(LANGUAGES, st.integers(-99_999_999, 99_999_999), st.booleans())
def test_every_whole_number_has_its_fragments(language: str, number: int, counted: bool) -> None:
    said = say(number, "number", language, counted=counted)
    assert said and known(said, language)


@given(
    LANGUAGES,
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=3),
)
def test_numbers_beyond_the_range_and_with_decimals_too(language: str, number: Decimal) -> None:
    assert known(say(number, "number", language), language)


@given(LANGUAGES, st.dates(min_value=dt.date(1000, 1, 1)), st.booleans())
def test_every_date(language: str, day: dt.date, this_year: bool) -> None:
    assert known(say(day, "date", language, today=day if this_year else None), language)


@given(LANGUAGES, st.times())
def test_every_time(language: str, moment: dt.time) -> None:
    assert known(say(moment, "time", language), language)


@given(
    LANGUAGES, st.decimals(min_value=-(10**10), max_value=10**10, places=2), st.sampled_from(["CNY", "USD"])
)
def test_every_amount(language: str, amount: Decimal, currency: Currency) -> None:
    said = say(amount, "money", language, currency=currency)
    assert said and known(said, language)


@given(LANGUAGES, st.text(alphabet="0123456789", min_size=1, max_size=40))
def test_digits_are_all_said_in_order_with_pauses_only_between(language: str, number: str) -> None:
    said = say(number, "digits", language)
    assert known(said, language)
    assert said[0] != PAUSE != said[-1]
    names = {digit: say(digit, "digits", language)[0] for digit in "0123456789"}
    assert [fragment for fragment in said if fragment != PAUSE] == [names[digit] for digit in number]


@given(st.integers(0, numbers_zh.LARGEST))
def test_a_mandarin_number_can_be_read_back(number: int) -> None:
    assert _read("".join(say(number, "number", "zh"))) == number


def _read(words: str) -> int:
    """The other way round, by the grammar of place values instead of the speaker's rules."""
    figures = {figure: value for value, figure in enumerate("零一二三四五六七八九")} | {"两": 2}
    total = section = figure = 0
    for character in words:
        if character in figures:
            figure = figures[character]
        elif character == "万":
            total, section, figure = (section + figure) * 10_000, 0, 0
        else:
            section += (figure or 1) * {"十": 10, "百": 100, "千": 1000}[character]
            figure = 0
    return total + section + figure


@pytest.mark.parametrize(
    ("value", "say_as", "zh", "en"),
    [
        (0, "number", "零", "zero"),
        (2, "number", "二", "two"),
        (12, "number", "十二", "twelve"),
        (103, "number", "一百零三", "one hundred three"),
        (112, "number", "一百一十二", "one hundred twelve"),
        (200, "number", "两百", "two hundred"),
        (2222, "number", "两千二百二十二", "two thousand two hundred twenty-two"),
        (10_003, "number", "一万零三", "ten thousand three"),
        (105_000, "number", "十万五千", "one hundred five thousand"),
        (-3.14, "number", "负三点一四", "minus three point one four"),
        ("1,234", "number", "一千二百三十四", "one thousand two hundred thirty-four"),
        ("00:05", "time", "凌晨零点零五分", "twelve oh five a.m."),
        ("12:00", "time", "中午十二点", "noon"),
        ("14:20", "time", "下午两点二十分", "two twenty p.m."),
        ("2026-12-01", "date", "十二月一号", "December first"),
        (
            "2027-01-23T08:00:00+08:00",
            "date",
            "二零二七年一月二十三号",
            "January twenty-third twenty twenty-seven",
        ),
        ("2006-05-30", "date", "二零零六年五月三十号", "May thirtieth two thousand six"),
        (3.5, "money", "三元五角", "three point five yuan"),
        (2.02, "money", "两元零二分", "two point zero two yuan"),
        (0, "money", "零元", "zero yuan"),
        (True, "text", "是", "yes"),
        ("户政科", "auto", "户政科", "户政科"),
        (7, "auto", "七", "seven"),
        (dt.date(2026, 3, 1), "auto", "三月一号", "March first"),
    ],
)
def test_examples(value: object, say_as: SayAs, zh: str, en: str) -> None:
    assert (spoken(value, say_as, "zh"), spoken(value, say_as, "en")) == (zh, en)


def test_dollars_and_cents() -> None:
    assert spoken("1.01", "money", "en", "USD") == "one dollar and one cent"
    assert spoken("0.25", "money", "en", "USD") == "twenty-five cents"
    assert spoken(20, "money", "zh", "USD") == "二十美元"


def test_a_telephone_number_is_grouped_and_its_one_is_yao() -> None:
    assert (
        "".join(fragment or " " for fragment in say("13307807056", "digits", "zh"))
        == "幺三三 零七八零 七零五六"
    )
    assert say(12345, "digits", "zh") == ("幺", "二", "三", "四", "五")


@pytest.mark.parametrize(
    ("before", "after", "after_next", "counted"),
    [
        ("前面还有", "位市民", "", True),
        ("第", "位", "", False),
        ("大约", "到", "分钟", True),
        ("按", "。", "", False),
        ("", "月", "", False),
    ],
)
def test_two_is_liang_where_things_are_counted(
    before: str, after: str, after_next: str, counted: bool
) -> None:
    assert numbers_zh.counted(before, after, after_next) is counted
    assert say(2, "number", "zh", counted=counted) == (("两",) if counted else ("二",))
    assert say(12, "number", "zh", counted=counted) == ("十二",)


@pytest.mark.parametrize(
    ("value", "say_as"),
    [
        (None, "auto"),
        ([1], "text"),
        ("", "text"),
        (True, "number"),
        ("three", "number"),
        (float("nan"), "number"),
        ("abc", "digits"),
        (1.5, "digits"),
        ("soon", "date"),
        (20261122, "date"),
        ("25:00", "time"),
    ],
)
def test_what_cannot_be_said_is_refused_without_repeating_it(value: object, say_as: SayAs) -> None:
    with pytest.raises(Unsayable) as refused:
        say(value, say_as, "zh")
    assert refused.value.mend
    assert "three" not in str(refused.value) and "soon" not in str(refused.value)


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(Unsayable, match="`fr`"):
        say(1, "number", "fr")
