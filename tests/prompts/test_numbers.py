"""Values said as people say them, and only in fragments that are recorded."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
import unicode_rbnf
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.prompt_text import SAY_AS, SayAs
from ivr.prompts import numbers, numbers_zh, words
from ivr.prompts.numbers import PAUSE, Said, Unsayable, fragments, more_fragments, say

LANGUAGES = st.sampled_from(sorted(numbers.LANGUAGES))
NOW = dt.datetime(2026, 11, 22, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def spoken(value: object, say_as: SayAs, language: str, option: str = "") -> str:
    said = say(value, say_as, language, option=option, now=NOW)
    words = [each if isinstance(each, str) else f"({each.text})" for each in said]
    return ("" if language == "zh" else " ").join(words)


def known(said: tuple[Said, ...], language: str, say_as: SayAs = "number") -> bool:
    return set(said) <= {*fragments(language), *more_fragments(language, say_as), PAUSE}


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
    now = dt.datetime.combine(day, dt.time(12), dt.UTC) if this_year else None
    assert known(say(day, "date", language, now=now), language)


@given(LANGUAGES, st.times())
def test_every_time(language: str, moment: dt.time) -> None:
    assert known(say(moment, "time", language), language)


@given(
    LANGUAGES, st.decimals(min_value=-(10**10), max_value=10**10, places=2), st.sampled_from(["CNY", "USD"])
)
def test_every_amount(language: str, amount: Decimal, currency: str) -> None:
    said = say(amount, "money", language, option=currency)
    assert said and known(said, language)


@given(LANGUAGES, st.integers(1, 2_000_000_000))
def test_every_ordinal(language: str, number: int) -> None:
    said = say(number, "ordinal", language)
    assert said and known(said, language, "ordinal")


@given(LANGUAGES, st.integers(0, 10**7), st.sampled_from(["", "minutes"]))
def test_every_duration(language: str, length: int, unit: str) -> None:
    said = say(length, "duration", language, option=unit)
    assert said and known(said, language, "duration")


@given(
    LANGUAGES,
    st.datetimes(min_value=dt.datetime.fromisoformat("1000-01-01")),
    st.sampled_from(["datetime", "relative"]),
    st.booleans(),
)
def test_every_moment_far_and_near(language: str, moment: dt.datetime, say_as: SayAs, near: bool) -> None:
    now = moment.replace(tzinfo=dt.UTC) if near else NOW
    for shift in range(-3, 9) if dt.MINYEAR + 1000 < moment.year < dt.MAXYEAR else [0]:
        said = say(moment + dt.timedelta(days=shift), say_as, language, now=now)
        assert said and known(said, language, say_as)


@given(LANGUAGES, st.decimals(min_value=-1000, max_value=1000, places=1))
def test_every_percentage(language: str, share: Decimal) -> None:
    assert known(say(share, "percent", language), language, "percent")


@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=50), st.lists(st.integers())
    ),
    st.sampled_from(sorted(SAY_AS)),
    st.sampled_from(["zh", "en", "es", "fr", "pt-BR", "ru", "xx"]),
)
def test_any_value_is_said_in_any_language_or_refused(value: object, say_as: SayAs, language: str) -> None:
    try:
        if language in numbers.LANGUAGES:
            assert say(value, say_as, language, now=NOW)
        else:
            assert words.say(value, say_as, language, now=NOW)
    except Unsayable as refused:
        assert refused.mend


@given(LANGUAGES, st.text(alphabet="0123456789", min_size=1, max_size=40))
def test_digits_are_all_said_in_order_with_pauses_only_between(language: str, number: str) -> None:
    said = say(number, "digits", language)
    assert known(said, language)
    assert said[0] != PAUSE != said[-1]
    names = {digit: say(digit, "digits", language)[0] for digit in "0123456789"}
    assert [fragment for fragment in said if fragment != PAUSE] == [names[digit] for digit in number]


@given(st.integers(0, numbers_zh.LARGEST))
def test_a_mandarin_number_can_be_read_back(number: int) -> None:
    assert _read("".join(map(str, say(number, "number", "zh")))) == number


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
        ("户政科", "auto", "(户政科)", "(户政科)"),
        (20260001, "text", "(20260001)", "(20260001)"),
        (3, "ordinal", "第三", "third"),
        (42, "ordinal", "第四十二", "forty second"),
        (40, "ordinal", "第四十", "fortieth"),
        (100, "ordinal", "第一百", "one hundredth"),
        (1212, "ordinal", "第一千二百一十二", "one thousand two hundred twelfth"),
        (2_000_000, "ordinal", "第两百万", "two millionth"),
        (-1, "ordinal", "负一", "minus one"),
        (120, "duration", "两分钟", "two minutes"),
        (61, "duration", "一分一秒", "one minute one second"),
        (7260, "duration", "两小时一分钟", "two hours one minute"),
        (0, "duration", "零秒", "zero seconds"),
        ("90s", "duration", "一分三十秒", "one minute thirty seconds"),
        (dt.timedelta(days=2), "duration", "两天", "two days"),
        (30, "percent", "百分之三十", "thirty percent"),
        (-2.5, "percent", "负百分之二点五", "minus two point five percent"),
        ("2026-11-23T09:00:00+08:00", "relative", "明天上午九点", "tomorrow at nine a.m."),
        ("2026-11-22T04:00:00Z", "relative", "今天中午十二点", "today at noon"),
        ("2026-11-21", "relative", "昨天", "yesterday"),
        ("2026-11-27", "relative", "星期五", "Friday"),
        ("2026-11-29", "relative", "十一月二十九号", "November twenty-ninth"),
        ("2026-12-01T15:20", "datetime", "十二月一号下午三点二十分", "December first at three twenty p.m."),
        ("2026-12-01", "datetime", "十二月一号", "December first"),
        ("2026-11-22T01:00:00Z", "time", "上午九点", "nine a.m."),
        ("2026-11-22T20:00:00Z", "date", "十一月二十三号", "November twenty-third"),
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
    assert spoken(2, "money", "zh", "EUR") == "(两欧元)"
    assert spoken(1, "money", "en", "GBP") == "(one British pound)"


def test_a_telephone_number_is_grouped_and_its_one_is_yao() -> None:
    assert (
        "".join(fragment or " " for fragment in say("13307807056", "digits", "zh"))
        == "幺三三 零七八零 七零五六"
    )
    assert (
        "".join(str(each) or " " for each in say("021-6234 5678", "digits", "zh"))
        == "零二幺 六二三四 五六七八"
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
        ("[[]]", "text"),
        ("long", "duration"),
        (-5, "duration"),
        ("tomorrow", "relative"),
        ("three", "percent"),
        ("1e999999999", "number"),
    ],
)
def test_what_cannot_be_said_is_refused_without_repeating_it(value: object, say_as: SayAs) -> None:
    with pytest.raises(Unsayable) as refused:
        say(value, say_as, "zh")
    assert refused.value.mend
    assert "three" not in str(refused.value) and "soon" not in str(refused.value)


def test_a_language_without_fragments_is_named() -> None:
    with pytest.raises(Unsayable, match="`fr`"):
        say(1, "number", "fr")


@pytest.mark.parametrize(
    ("value", "say_as", "option", "said"),
    [
        (21, "number", "", "veintiuno"),
        (21, "number", "feminine", "veintiuna"),
        (2.5, "number", "", "2,5"),
        (3, "ordinal", "", "tercero"),
        (3, "ordinal", "feminine", "tercera"),
        ("8005551212", "digits", "", "ocho cero cero, cinco cinco cinco, uno dos uno dos"),
        ("2026-12-01", "date", "", "1 de diciembre"),
        ("2027-12-01", "date", "", "1 de diciembre de 2027"),
        ("15:20", "time", "", "tres y veinte de la tarde"),
        ("2026-11-23T09:00:00+08:00", "relative", "", "mañana a las nueve de la mañana"),
        ("2026-11-26T13:00", "relative", "", "jueves a la una de la tarde"),
        ("2026-12-20T13:30", "datetime", "", "20 de diciembre a la una y treinta de la tarde"),
        (3725, "duration", "", "una hora dos minutos"),
        (1, "duration", "days", "un día"),
        (3.5, "money", "USD", "tres dólares estadounidenses con cincuenta"),
        (1, "money", "EUR", "un euro"),
        (-1, "money", "EUR", "menos un euro"),
        (30, "percent", "", "treinta por ciento"),
        (True, "text", "", "sí"),
        ("[[hola]] {x}", "text", "", "hola x"),
        (7, "auto", "", "siete"),
    ],
)
def test_spanish_is_said_in_words(value: object, say_as: SayAs, option: str, said: str) -> None:
    assert words.say(value, say_as, "es", option=option, now=NOW) == said


def test_every_language_with_spelling_rules_says_every_kind_of_number() -> None:
    folder = Path(unicode_rbnf.__file__).parent / "rbnf"
    languages = sorted(path.stem.replace("_", "-") for path in folder.glob("*.xml"))
    assert len(languages) > 60
    for language in languages:
        for say_as in ("number", "ordinal", "duration", "money", "percent"):
            for value in (0, 1, 2, 21, 1001, 21_001):
                assert words.say(value, say_as, language).strip(), (language, say_as, value)


def test_any_other_language_is_said_by_its_rules_or_in_its_own_figures() -> None:
    assert words.say(21, "number", "fr") == "vingt-et-un"
    assert words.say(3725, "duration", "ru") == "1 час 2 минуты"
    assert words.say(5, "money", "de", option="EUR") == "5 Euro"
    assert words.say("2026-11-23T09:00", "relative", "vi", now=NOW) == "Thứ Hai, 09:00"
    assert words.say(21, "number", "xx") == "21"
    with pytest.raises(Unsayable, match="`fr`"):
        words.say(True, "text", "fr")
