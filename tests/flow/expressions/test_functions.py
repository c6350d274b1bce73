"""The functions that we add: what they give at their edges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.expressions import Expression, check
from ivr.flow.expressions import functions as f
from ivr.flow.expressions.added import FUNCTIONS, OURS
from tests.flow.expressions.example_scope import SCOPE, TYPES

CHINA = dt.timezone(dt.timedelta(hours=8))
NOW = dt.datetime(2026, 3, 1, 0, 30, tzinfo=CHINA)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_each_function(name: str) -> None:
    function = FUNCTIONS[name]
    assert check(function.example, TYPES).faults == ()
    value = Expression(function.example).evaluate(SCOPE)
    assert value is True or name == "dyn"
    assert f"{name}(" in function.example


def test_no_function_of_ours_hides_one_of_the_library_but_size() -> None:
    import cel

    for name in OURS:
        if name != "size":
            with pytest.raises(RuntimeError, match="Undefined"):
                cel.evaluate(f"{name}('a', 'b')")


@pytest.mark.parametrize(
    ("text", "count", "first", "last"),
    [("13812345678", 3, "138", "678"), ("水", 5, "水", "水"), ("abc", 0, "", ""), ("", 4, "", "")],
)
def test_first_and_last(text: str, count: int, first: str, last: str) -> None:
    assert (f.first(text, count), f.last(text, count)) == (first, last)


@pytest.mark.parametrize(
    ("text", "digits"),
    [("tel. 0571-88 88", "05718888"), ("１２３", "123"), ("٣", "3"), ("二²½", ""), ("", "")],
)
def test_digits(text: str, digits: str) -> None:
    assert f.digits(text) == digits


@pytest.mark.parametrize(
    ("number", "mobile"),
    [
        ("13812345678", True),
        ("+86 138-1234-5678", True),
        ("008613812345678", True),
        ("12812345678", False),
        ("1381234567", False),
        ("138123456789", False),
        ("057188888888", False),
        ("١٣٨١٢٣٤٥٦٧٨", False),
        ("", False),
    ],
)
def test_is_mobile(number: str, mobile: bool) -> None:
    assert f.is_mobile(number) is mobile


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("13812345678", "138****5678"),
        ("330106198001011234", "330***********1234"),
        ("88881234", "*****234"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_masked(text: str, masked: str) -> None:
    assert f.masked(text) == masked


@settings(deadline=None)
@given(st.text(max_size=40))
def test_masking_keeps_the_length_and_hides_at_least_four_or_all(text: str) -> None:
    masked = f.masked(text)
    assert len(masked) == len(text)
    hidden = sum(mine != theirs or mine == "*" for mine, theirs in zip(masked, text, strict=True))
    assert hidden >= min(len(text), 3)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (2.5, "2.5"),
        (1e300, "1e+300"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ("a", "a"),
    ],
)
def test_text(value: object, text: str) -> None:
    assert f.text_of(value) == text


@pytest.mark.parametrize(
    ("written", "number"),
    [("12.5", 12.5), (" -3 ", -3.0), ("1,234,567.5", 1234567.5), ("１２", 12.0), (7, 7.0), (2.5, 2.5)],
)
def test_number(written: object, number: float) -> None:
    assert f.number(written) == number
    assert isinstance(f.number(written), float)


@pytest.mark.parametrize("written", ["", "many", "1,2", "nan", "inf", "1e3", "1_000", "0x1F", "12 34", "²"])
def test_texts_that_are_no_number(written: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        f.number(written)


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [
        (2.5, None, 3),
        (-2.5, None, -3),
        (2.4, None, 2),
        (7, None, 7),
        (2.345, 2, 2.35),
        (2.0, 1, 2.0),
        (-0.05, 1, -0.1),
    ],
)
def test_round(value: float, places: int | None, rounded: float) -> None:
    given_back = f.round_to(value, places)
    assert given_back == rounded
    assert isinstance(given_back, int) == (places is None)


@pytest.mark.parametrize(("value", "places"), [(float("inf"), None), (1e30, None), (1.5, -1), (1.5, 10)])
def test_what_cannot_be_rounded(value: float, places: int | None) -> None:
    with pytest.raises(ValueError, match=r"rounded|large|decimals"):
        f.round_to(value, places)


@pytest.mark.parametrize("call", [f.absolute, lambda value: f.total([value, value])])
def test_whole_numbers_beyond_cel_s_are_no_silent_decimals(call: Callable[[int], object]) -> None:
    with pytest.raises(ValueError, match="large"):
        call(-(2**63))


def test_texts_and_lists() -> None:
    assert f.contains_any("楼下漏水", ["停电", "漏水"])
    assert not f.contains_any("楼下漏水", [])
    assert not f.contains_any("楼下漏水", [1, None])
    assert f.join_texts(["a", "b"], ", ") == "a, b"
    with pytest.raises(TypeError):
        f.join_texts(["a", 1])
    assert f.substring("330106", 0, 4) == "3301"
    with pytest.raises(IndexError):
        f.substring("33", 0, 4)


@pytest.mark.parametrize(
    ("then", "minutes"),
    [
        ("2026-03-01T00:00:00+08:00", 30),
        ("2026-02-28T16:00:00Z", 30),
        ("2026-03-01T00:00:00", 30),
        ("2026-03-01", 30),
        ("2026-03-01T00:31:30+08:00", -2),
        (dt.datetime(2026, 2, 28, 16, 0, 1, tzinfo=dt.UTC), 29),
    ],
)
def test_minutes_since(then: str | dt.datetime, minutes: int) -> None:
    assert f.minutes_since(NOW, then) == minutes


@pytest.mark.parametrize(
    ("then", "days"),
    [
        ("2026-03-01", 0),
        ("20260302", 1),
        ("2026-02-28", -1),
        # In the hotline's zone this is already the first of March.
        (dt.datetime(2026, 2, 28, 16, tzinfo=dt.UTC), 0),
        ("2026-02-28T15:59:00Z", -1),
    ],
)
def test_days_until(then: str | dt.datetime, days: int) -> None:
    assert f.days_until(NOW, then) == days


@pytest.mark.parametrize(
    ("born", "years"),
    [
        ("1961-03-01", 65),
        ("1961-03-02", 64),
        ("2024-02-29", 2),
        ("2026-03-01", 0),
        ("19580305", 67),
        ("2027-01-01", -1),
    ],
)
def test_age(born: str, years: int) -> None:
    assert f.age(NOW, born) == years


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "03-01", "2026/03/01"])
def test_texts_that_are_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="the text is no date"):
        f.days_until(NOW, text)
    with pytest.raises(ValueError, match="the text is no date"):
        f.minutes_since(NOW, text)
