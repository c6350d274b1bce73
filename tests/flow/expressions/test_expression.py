"""Expressions that run: what they give, what they see of the scope, how they fail, what they may cost."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping

import cel
import pytest
from hypothesis import given, settings

from ivr.flow.expressions import Expression, ExpressionError, ExpressionFailed, time_of
from ivr.flow.expressions.effort import MAX_ITEMS_NESTED
from ivr.flow.expressions.functions import MAX_ITEMS, MAX_TEXT
from tests.flow.expressions.sources import SCOPE, anything

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 26, 10, 30, tzinfo=SHANGHAI)
CALL = {
    "caller": "13812345678",
    "speech": ["zh"],
    "facts": {"age": 70, "address": {"city": "杭州"}, "rows": [{"id": "a"}], "nothing": None},
    "history": {"known": True, "calls": 3, "last_at": "2026-11-26T10:00:00+08:00"},
}


@pytest.mark.parametrize(
    ("source", "scope", "value"),
    [
        ("a == 1 && b != 'x'", {"a": 1, "b": "y"}, True),
        ("tries + 1", {"tries": 2}, 3),
        (
            "now - duration('1h')",
            {"now": dt.datetime(2026, 1, 1, 1, tzinfo=dt.UTC)},
            "2026-01-01T00:00:00+00:00",
        ),
        ("now - now", {"now": NOW}, 0.0),
        ("[1, 2].map(x, x * 2)", {}, [2, 4]),
        ("has(call.facts) ? call.facts : {}", {"call": {"facts": {"vip": True}}}, {"vip": True}),
        ("1.0 / 0.0", {}, None),
        ("{1: 'a', true: 2}[1]", {}, "a"),
    ],
)
def test_expressions(source: str, scope: dict[str, object], value: object) -> None:
    assert Expression(source).evaluate(scope) == value


@pytest.mark.parametrize(
    "bad", ["", "a ==", "(" * 200 + "1" + ")" * 200, "'", "a" * 1001, "\x00", "__import__('os') +", "A{}"]
)
def test_expressions_that_cannot_be_read(bad: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(bad)
    assert str(caught.value)
    assert 0 <= caught.value.offset <= len(bad)


def test_an_error_says_where_and_what_to_write() -> None:
    with pytest.raises(ExpressionError, match="at character 7: `=` alone does not compare") as caught:
        Expression("tries = 1")
    assert (caught.value.offset, caught.value.length, caught.value.mend) == (6, 1, "write `==`")


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("missing + 1", "missing"),
        ("1 / 0", "division by zero"),
        ("'a' + 1", "string + int"),
        ("a.b.c", "types of its values do not go together"),
        ("call.facts.nope", "no key 'nope'"),
        ("9223372036854775807 + 1", "overflow"),
        ("open('x')", "open"),
        ("a.__class__", "do not go together"),
        ("number('many')", "number: the text is no number"),
        ("last('abc', -1)", "last: -1 characters"),
        ("age('yesterday')", "age: the text is no date"),
        ("[1][5]", "index out of bounds"),
        ("{'a': b'x'}", "a value of kind bytes"),
        ("int('x')", "int: string parse error"),
    ],
)
def test_expressions_that_fail(source: str, why: str) -> None:
    with pytest.raises(ExpressionFailed) as caught:
        Expression(source).evaluate({"a": 1, "call": CALL, "now": NOW})
    assert str(caught.value).startswith(f"`{source}`: ")
    assert why in str(caught.value)


def test_what_a_failure_says_names_no_value_of_the_caller_s() -> None:
    for source in (
        "number(call.caller + 'x')",
        "age(call.caller)",
        "call.caller + 1",
        "days_until(call.caller)",
    ):
        with pytest.raises(ExpressionFailed) as caught:
            Expression(source).evaluate({"call": CALL, "now": NOW})
        assert CALL["caller"] not in str(caught.value)


def test_names_are_those_needed_from_outside() -> None:
    assert Expression("words.map(w, w + said)").names == {"words", "said"}
    assert Expression("x.map(x, x) + [x]").names == {"x"}
    assert Expression("call.history.calls > tries").names == {"call", "tries"}
    assert Expression("days_until('2026-12-01') < 7").names == {"now"}
    assert Expression("type(1) == int").names == {"int"}
    assert Expression("1 + 2").names == frozenset()


def test_a_failure_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"), pytest.raises(ExpressionFailed):
        Expression("last('abc', -1)").evaluate({})
    assert caplog.records == []


# What is handed to the library


def test_only_the_keys_that_are_used_are_looked_at() -> None:
    seen: set[str] = set()

    class Watched(dict[str, object]):
        def __getitem__(self, key: str) -> object:
            seen.add(key)
            return super().__getitem__(key)

    call = Watched(CALL)
    assert Expression("call.caller.startsWith('138') && call.history.calls > 2").evaluate({"call": call})
    assert seen == {"caller", "history"}


@settings(deadline=None)
@given(anything)
def test_nothing_but_the_names_changes_what_comes_out(source: str) -> None:
    """The library itself, given the whole scope, gives the same, but for what we add to it."""
    try:
        expression = Expression(source)
    except ExpressionError:
        return
    if expression._functions or expression._timed:
        return
    try:
        value: object = ("value", expression.evaluate(SCOPE))
    except ExpressionFailed as failed:
        value = type(failed.__cause__)
    try:
        plain: object = cel.compile(source).execute(dict(SCOPE))
    except BaseException as error:
        assert value is type(error) or isinstance(error, KeyboardInterrupt | SystemExit)
        return
    if isinstance(plain, bool | int | str) or plain is None:
        assert value == ("value", plain)


@pytest.mark.parametrize("zone", [SHANGHAI, zoneinfo.ZoneInfo("America/New_York"), dt.UTC, None])
def test_a_point_in_time_of_any_zone(zone: dt.tzinfo | None) -> None:
    now = dt.datetime(2026, 11, 26, 10, 30, tzinfo=zone)
    assert Expression("now.getHours() == 10 && now > timestamp('2020-01-01T00:00:00Z')").evaluate(
        {"now": now}
    )


def test_a_map_that_is_no_dict() -> None:
    class Facts(Mapping[str, object]):
        def __getitem__(self, key: str) -> object:
            return {"age": 70}[key]

        def __iter__(self) -> Iterator[str]:
            return iter(["age"])

        def __len__(self) -> int:
            return 1

    assert Expression("facts.age").evaluate({"facts": Facts()}) == 70
    assert Expression("has(facts.vip)").evaluate({"facts": Facts()}) is False


# What we add to CEL


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("size('漏水了')", 3),
        ("'漏水了'.size()", 3),
        ("size(call.speech) + size(call.facts) + size(b'ab')", 7),
        ("call.speech.map(size, size(size))", [2]),
        ("size('漏' + 'size(') > 1", True),
        ("default(call.facts.age, 0)", 70),
        ("default(call.facts.level, 'none')", "none"),
        ("default(call.facts.nothing, 'none')", "none"),
        ("default(call.facts.nothing.deeper.still, 'none')", "none"),
        ("default(call.facts.address.city, '')", "杭州"),
        ("default(call.facts.address.city.street, 'none')", "none"),
        ("default(call.facts['address']['city'], '')", "杭州"),
        ("default(call.facts.rows[0].id, '')", "a"),
        ("default(call.facts.rows[7].id, 'none')", "none"),
        ("default(call.facts.rows[size('漏') - 1].id, 'none')", "a"),
        ("default(call.facts.rows['id'], 'none')", "none"),
        ("default(call.facts.rows[true], 'none')", "none"),
        ("default(call.facts[1.5], 'none')", "none"),
        ("default( call . facts . level , 'none')", "none"),
        ("default(null, 3) + default(4, 5)", 7),
        ("default(default(call.facts.a, call.facts.age), 0)", 70),
        ("call.facts.rows.map(r, default(r.name, r.id))", ["a"]),
        ("default((call.facts).age, 0)", 70),
        ("call.facts.age.default(1)", 70),
        ("minutes_since(call.history.last_at)", 30),
        ("minutes_since(now - duration('90s'))", 1),
        ("days_until('2026-12-01') + days_until(now)", 5),
        ("'1958-03-05'.age()", 68),
        ("['a', 'b'].map(d, days_until('2026-11-27'))", [1, 1]),
    ],
)
def test_added_functions_in_place(source: str, value: object) -> None:
    assert Expression(source).evaluate({"call": CALL, "now": NOW}) == value


def test_counting_from_now_needs_a_now() -> None:
    with pytest.raises(ExpressionFailed, match="now"):
        Expression("age('1958-03-05')").evaluate({})


def test_time_of_day_and_week() -> None:
    scope = {"time": time_of(NOW)}
    assert Expression("time.clock == '10:30' && time.weekday == 'thu' && time.date == '2026-11-26'").evaluate(
        scope
    )
    assert Expression("[time.year, time.month, time.day, time.hour, time.minute]").evaluate(scope) == [
        2026, 11, 26, 10, 30,
    ]  # fmt: skip


# What an expression may cost


@pytest.mark.parametrize(
    "source",
    [
        "l.map(a, l.map(b, l.map(c, 1)))",
        "l.map(x," * 30 + "x" + ")" * 30,
        "[s]" + ".map(x, x + x)" * 40,
        "l.all(a, l.all(b, l.all(c, a + b + c > 0)))",
        r"s.matches('\\w{1000}')",
        r"l.filter(x, l.exists(y, y.matches('\\d{11}')))",
        "s.matches('(?:a{50}){50}{50}')",
        "s.matches(s)",
        "s.matches('(?=a)')",
    ],
)
def test_expressions_that_could_stall_the_calls_are_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        Expression(source)


@pytest.mark.parametrize(
    "source",
    [
        "l.map(x, x + 1).filter(x, x > 2).exists(x, x == 3)",
        "l.filter(x, l.exists(y, y == x + 1))",
        "[1, 2, 3].map(a, [1, 2, 3].map(b, [1, 2, 3].map(c, a * b * c)))",
        "rows.map(r, size(r.items.filter(i, i.open)))",
        "phones.filter(p, p.matches('^1[3-9][0-9]{9}$'))",
        r"s.matches('^\\d{17}[0-9Xx]$')",
    ],
)
def test_ordinary_work_on_lists_is_not(source: str) -> None:
    assert Expression(source).source == source


def test_lists_that_are_too_long_to_be_gone_through() -> None:
    once, within = Expression("l.exists(x, x == 0)"), Expression("l.map(a, l.map(b, a * b))")
    assert once.evaluate({"l": [1] * MAX_ITEMS}) is False
    with pytest.raises(ExpressionFailed, match=f"{MAX_ITEMS} at most"):
        once.evaluate({"l": [1] * (MAX_ITEMS + 1)})
    with pytest.raises(ExpressionFailed, match=f"{MAX_ITEMS_NESTED} at most"):
        within.evaluate({"l": [1] * (MAX_ITEMS_NESTED + 1)})
    # What goes through no list may be handed a long one.
    assert Expression("size(l)").evaluate({"l": [1] * (MAX_ITEMS + 1)}) == MAX_ITEMS + 1
    with pytest.raises(ExpressionFailed, match="at most here"):
        Expression("r.exists(x, size(x) > 0)").evaluate({"r": [[1] * (MAX_ITEMS + 1)]})


@pytest.mark.parametrize("source", ["a + a", "replace(a, 'x', 'xx')", "join([a, a])", "upper(a + a)"])
def test_an_expression_cannot_grow_a_text_without_end(source: str) -> None:
    with pytest.raises(ExpressionFailed, match="characters"):
        Expression(source).evaluate({"a": "x" * 3000})


def test_nor_a_list() -> None:
    with pytest.raises(ExpressionFailed):
        Expression("split(a, ',')").evaluate({"a": "," * (MAX_TEXT - 1)})
    with pytest.raises(ExpressionFailed):
        Expression("l + l").evaluate({"l": [1] * 600})
    with pytest.raises(ExpressionFailed):
        Expression("[[[[[[[[[[1]]]]]]]]]]").evaluate({})
