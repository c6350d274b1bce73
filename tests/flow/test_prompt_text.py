"""The templates of prompt texts: what they split into, what they refuse, how they read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.prompt_text import Literal, PromptTextError, Value, names, parse, render


def test_a_text_splits_into_words_and_values() -> None:
    assert parse("您现在排在第{place:number}位。") == (
        Literal("您现在排在第"),
        Value("place", "number"),
        Literal("位。"),
    )
    assert parse("{a}{ b.c : digits }") == (Value("a"), Value("b.c", "digits"))
    assert parse("plain") == (Literal("plain"),)
    assert parse("") == ()


def test_doubled_braces_are_said() -> None:
    assert parse("a {{b}} {c}") == (Literal("a {b} "), Value("c"))


@pytest.mark.parametrize(
    ("text", "offset"),
    [("a {", 2), ("a } b", 2), ("{}", 0), ("{a b}", 0), ("x{place:loudly}", 1), ("{1a}", 0), ("{a:}", 0)],
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
