"""The templates of prompt texts: what they split into, what they refuse, how they read."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.prompt_text import SAY_AS, Literal, PromptTextError, Value, names, parse, render
from ivr.flow.prompt_values import MAX_SPOKEN, cleaned, number, seconds, speakable, split

NOW = dt.datetime(2026, 11, 26, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_a_text_splits_into_words_and_values() -> None:
    assert parse("您现在排在第{place:number}位。") == (
        Literal("您现在排在第"),
        Value("place", "number"),
        Literal("位。"),
    )
    assert parse("{a}{ b.c : digits }") == (Value("a"), Value("b.c", "digits"))
    assert parse("{fee:money.USD} {wait:duration.minutes} {n: ordinal.feminine }") == (
        Value("fee", "money", "USD"),
        Literal(" "),
        Value("wait", "duration", "minutes"),
        Literal(" "),
        Value("n", "ordinal", "feminine"),
    )
    assert parse("plain") == (Literal("plain"),)
    assert parse("") == ()


def test_doubled_braces_are_said() -> None:
    assert parse("a {{b}} {c}") == (Literal("a {b} "), Value("c"))


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        *[
            ("a {", 2),
            ("a } b", 2),
            ("{}", 0),
            ("{a b}", 0),
            ("x{place:loudly}", 1),
            ("{1a}", 0),
            ("{a:}", 0),
        ],
        *[("{a:money.usd}", 0), ("{a:money.XXZ}", 0), ("{a:duration.weeks}", 0), ("{a:date.long}", 0)],
        *[("{a:number.}", 0), ("{a:number.USD}", 0), ("{a:.USD}", 0)],
    ],
)
def test_what_cannot_be_read_says_where(text: str, offset: int) -> None:
    with pytest.raises(PromptTextError) as caught:
        parse(text)
    assert caught.value.offset == offset
    assert caught.value.mend


def test_names_are_those_of_the_values() -> None:
    assert names(parse("{a} and {b:time} and {a}")) == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "value", "language", "shown"),
    [
        ("{v:number}", 3.0, "zh", "3"),
        ("{v:digits}", "1207", "en", "1 2 0 7"),
        ("{v:digits}", "1207", "zh", "1207"),
        ("{v:time}", "2026-11-22T08:05:00+08:00", "zh", "08:05"),
        ("{v:date}", "2026-11-22T08:05:00+08:00", "en", "2026-11-22"),
        ("{v:datetime}", "2026-11-22T08:05:00+08:00", "en", "2026-11-22 08:05"),
        ("{v:datetime}", "2026-11-22", "en", "2026-11-22"),
        ("{v:ordinal}", 3, "zh", "第3"),
        ("{v:ordinal}", 22, "en", "22nd"),
        ("{v:ordinal}", 12, "en", "12th"),
        ("{v:ordinal}", 3, "es", "3"),
        ("{v:duration}", 150, "zh", "2分钟30秒"),
        ("{v:duration.minutes}", 90, "en", "1 h 30 min"),
        ("{v:money}", 3.5, "zh", "¥3.50"),
        ("{v:money.USD}", "1,234.5", "en", "$1,234.50"),
        ("{v:money.USD}", 2, "tlh", "2 USD"),
        ("{v:percent}", 12.5, "es", "12.5%"),
        ("{v:money}", "much", "en", "much"),
        ("{v}", 3.0, "en", "3"),
        ("{v}", True, "zh", "是"),
        ("{v}", "路灯", "zh", "路灯"),
        ("{missing}", None, "zh", "{missing}"),
    ],
)
def test_render(text: str, value: object, language: str, shown: str) -> None:
    assert render(parse(text), {"v": value}, language) == shown


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused_with_a_place_in_it(text: str) -> None:
    try:
        parts = parse(text)
    except PromptTextError as error:
        assert 0 <= error.offset < len(text)
    else:
        assert all(part.text for part in parts if isinstance(part, Literal))
        if "{" not in text and "}" not in text:
            assert render(parts, {}, "zh") == text


@pytest.mark.parametrize(
    ("value", "language", "shown"),
    [
        ("2026-11-27T09:00:00+08:00", "en", "tomorrow 09:00"),
        ("2026-11-27T01:00:00Z", "zh", "明天 09:00"),
        ("2026-11-26", "es", "hoy"),
        ("2026-12-24", "zh", "2026-12-24"),
        ("soon", "en", "soon"),
    ],
)
def test_a_day_is_named_from_where_the_hotline_stands(value: str, language: str, shown: str) -> None:
    assert render(parse("{v:relative}"), {"v": value}, language, NOW) == shown


def test_an_absolute_moment_is_shown_in_the_zone_of_the_hotline() -> None:
    assert render(parse("{v:time}"), {"v": "2026-11-26T01:00:00Z"}, "en", NOW) == "09:00"
    assert render(parse("{v:date}"), {"v": "2026-11-26T20:00:00Z"}, "en", NOW) == "2026-11-27"


def test_what_a_value_holds_is_never_read_as_a_place() -> None:
    values = {"name": "{pin} {{x}} {name}", "pin": "1207"}
    assert render(parse("{name}"), values, "zh") == "{pin} {{x}} {name}"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\r\nb\tc\x00d", "a b c d"),
        ("pay \u202eoot\u202c \u200bnow\ufeff", "pay oot now"),
        ("\ud800x", "x"),
        ("  李 明  ", "李 明"),
    ],
)
def test_a_text_cannot_steer_a_screen(text: str, clean: str) -> None:
    assert cleaned(text) == clean
    assert render(parse("{v}"), {"v": text}, "zh") == clean


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[h@'loU]] Li", "h@'loU Li"),
        ("<speak>hi</speak>", "speak hi /speak"),
        ("{pin:digits}", "pin:digits"),
        ("\x01+10S quick", "+10S quick"),
        ("***", ""),
        ("进行中（第2步）", "进行中（第2步）"),
    ],
)
def test_a_text_cannot_steer_a_voice(text: str, said: str) -> None:
    assert speakable(text) == said


@given(st.text(max_size=3000))
def test_what_is_said_of_any_text_is_short_plain_and_one_line(text: str) -> None:
    said = speakable(text)
    assert len(said) <= MAX_SPOKEN and said == said.strip()
    assert not set(said) & set("[]{}<>\\|\n\r\t\x00") and said.isprintable()
    assert speakable(said) == said


def test_a_long_text_is_cut_between_words() -> None:
    assert speakable("word " * 100).endswith("word")
    assert len(speakable("字" * 1000)) == MAX_SPOKEN


@pytest.mark.parametrize(
    "value",
    ["1e999999999", 10**20, 1e-30, "9" * 100, "0x10", "", "1,2,3", "NaN", "inf", None, [1], True, "1_000"],
)
def test_what_is_no_number_or_absurd_is_none(value: object) -> None:
    assert number(value) is None


@pytest.mark.parametrize(
    ("value", "unit", "length"), [(90, "", 90), (1.5, "hours", 5400), ("120s", "days", 120), (-1, "", None)]
)
def test_durations_are_read_in_their_unit(value: object, unit: str, length: int | None) -> None:
    assert seconds(value, unit) == length


@pytest.mark.parametrize(
    ("length", "parts"),
    [
        (0, ((0, "second"),)),
        (61, ((1, "minute"), (1, "second"))),
        (7199, ((2, "hour"),)),
        (3725, ((1, "hour"), (2, "minute"))),
        (90_000, ((1, "day"), (1, "hour"))),
        (86_399, ((1, "day"),)),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(length: int, parts: tuple[tuple[int, str], ...]) -> None:
    assert split(length) == parts


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40), st.datetimes().map(str)
)


@given(ANYTHING, st.sampled_from(sorted(SAY_AS)), st.sampled_from(["zh", "en", "es", "pt-BR", "xx"]))
def test_any_value_can_be_shown_in_any_way(value: object, say_as: str, language: str) -> None:
    assert isinstance(render(parse(f"{{v:{say_as}}}"), {"v": value}, language, NOW), str)
