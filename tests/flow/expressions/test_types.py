"""Types of variables: inferred from a value, declared, joined, and which values they take."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.actions import JsonValue
from ivr.flow.expressions import (
    ANY,
    BOOL,
    CLOCK,
    DATE,
    DOUBLE,
    INT,
    LIST,
    MAP,
    STANDARD,
    TEXT,
    DeclarationError,
    Type,
    accepts,
    coerced,
    describe,
    fits,
    infer,
    join,
    list_of,
    map_of,
    one_of,
    open_map,
    parse_declaration,
)
from ivr.flow.expressions.standard import ROWS
from ivr.flow.expressions.types import BYTES, NULL, NUMBER, TIMESTAMP, TYPE, UINT
from ivr.flow.state import HISTORY

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (True, BOOL),
        (1, INT),
        (1.5, DOUBLE),
        ("", TEXT),
        (None, ANY),
        ([], LIST),
        ([1, 2], list_of(INT)),
        ([1, 2.5], list_of(NUMBER)),
        ([1, "a"], LIST),
        ([["a"], []], list_of(LIST)),
        ({}, MAP),
        ({"a": 1}, open_map(INT)),
        ({"a": 1, "b": "x"}, MAP),
    ],
)
def test_infer(value: JsonValue, type_: Type) -> None:
    assert infer(value) == type_


@settings(deadline=None)
@given(json_values)
def test_a_value_is_of_the_type_that_is_inferred_from_it(value: JsonValue) -> None:
    assert accepts(infer(value), value)
    assert fits(infer(value), infer(value))
    assert coerced(infer(value), value) == value


@pytest.mark.parametrize(
    ("raw", "type_", "value"),
    [
        (3, INT, 3),
        ("", TEXT, ""),
        (None, ANY, None),
        ({"type": "int"}, INT, 0),
        ({"type": "text"}, TEXT, ""),
        ({"type": "number"}, DOUBLE, 0.0),
        ({"type": "number", "default": 3}, DOUBLE, 3.0),
        ({"type": "bool", "default": True}, BOOL, True),
        ({"type": "list"}, LIST, []),
        ({"type": "map", "default": {"a": 1}}, MAP, {"a": 1}),
        ({"type": "date", "default": "2026-10-01"}, DATE, "2026-10-01"),
        ({"type": "date"}, DATE, ""),
        ({"type": "time", "default": "08:30"}, CLOCK, "08:30"),
        ({"type": "any", "default": [1]}, ANY, [1]),
        ({"type": "any"}, ANY, None),
        ({"type": "text", "values": ["a", "b"], "default": "b"}, one_of("a", "b"), "b"),
        ({"type": "text", "values": ["a", "b"]}, one_of("a", "b"), ""),
        # No declarations but maps that have a key of this name.
        ({"type": "noise", "place": "street"}, open_map(TEXT), {"type": "noise", "place": "street"}),
        ({"default": 1}, open_map(INT), {"default": 1}),
    ],
)
def test_declarations(raw: JsonValue, type_: Type, value: JsonValue) -> None:
    declared, first = parse_declaration(raw)
    assert (declared, first) == (type_, value)
    assert type(first) is type(value)
    assert accepts(declared, first)


@pytest.mark.parametrize(
    ("raw", "key", "message", "mend"),
    [
        ({"type": "txt"}, "type", "`txt` is no type", "did you mean `text`?"),
        ({"type": "decimal"}, "type", "`decimal` is no type", "one of text, int, number"),
        ({"type": 3}, "type", "`3` is no type", "one of text"),
        ({"type": "int", "default": "3"}, "default", "`3` is no whole number", "same type"),
        ({"type": "int", "default": True}, "default", "`true` is no whole number", "same type"),
        ({"type": "int", "default": 2**63}, "default", "is no whole number", "same type"),
        ({"type": "date", "default": "1.10.2026"}, "default", "`1.10.2026` is no date", "same type"),
        ({"type": "date", "default": "2026-02-30"}, "default", "`2026-02-30` is no date", "same type"),
        ({"type": "time", "default": "8:30"}, "default", "`8:30` is no time of day", "same type"),
        (
            {"type": "text", "values": ["a"], "default": "b"},
            "default",
            "`b` is no text, one of a",
            "same type",
        ),
        ({"type": "text", "values": "a"}, "values", "`values` lists", "{type: text, values: [noise, water]}"),
        ({"type": "text", "values": []}, "values", "`values` lists", "{type: text"),
        ({"type": "text", "values": ["a", 1]}, "values", "`values` lists", "{type: text"),
        ({"type": "int", "values": [1]}, "values", "`values` lists", "{type: text"),
    ],
)
def test_declarations_that_cannot_be_read(raw: JsonValue, key: str, message: str, mend: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        parse_declaration(raw)
    assert caught.value.key == key
    assert message in str(caught.value)
    assert mend in caught.value.mend


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        (INT, [0, -(2**63)], [True, 1.0, "1", None, 2**63]),
        (DOUBLE, [0, 1.5], [True, "1", None]),
        (BOOL, [True], [1, "true", None]),
        (TEXT, ["", "a"], [1, None]),
        (one_of("a", "b"), ["a", ""], ["c", 1]),
        (DATE, ["", "2026-10-01"], ["2026-10-1", "20261001", 1]),
        (CLOCK, ["", "00:00", "23:59"], ["24:00", "8:30", 830]),
        (list_of(INT), [[], [1]], [[1.5], "a", {"a": 1}]),
        (open_map(INT), [{}, {"a": 1}], [{"a": "x"}, []]),
        (map_of(n=INT), [{"n": 1}, {"n": 1, "more": None}], [{}, {"n": "x"}]),
        (NULL, [None], [0]),
        (UINT, [0, 2**64 - 1], [-1, True]),
        (BYTES, [], ["a"]),
    ],
)
def test_accepts(type_: Type, good: list[object], bad: list[object]) -> None:
    assert all(accepts(type_, value) for value in good)
    assert not any(accepts(type_, value) for value in bad)


@pytest.mark.parametrize(
    ("actual", "wanted", "fit"),
    [
        (INT, DOUBLE, True),
        (DOUBLE, INT, False),
        (NUMBER, DOUBLE, True),
        (NUMBER, INT, False),
        (ANY, INT, True),
        (INT, ANY, True),
        (NULL, TEXT, False),
        (DATE, TEXT, True),
        (TEXT, DATE, True),
        (CLOCK, DATE, False),
        (TEXT, TIMESTAMP, False),
        (one_of("a"), one_of("a", "b"), True),
        (one_of("c"), one_of("a", "b"), False),
        (TEXT, one_of("a", "b"), True),
        (list_of(INT), list_of(DOUBLE), True),
        (list_of(TEXT), list_of(INT), False),
        (LIST, list_of(INT), True),
        (map_of(a=INT, b=TEXT), map_of(a=INT), True),
        (map_of(b=TEXT), map_of(a=INT), False),
        (MAP, map_of(a=INT), True),
        (map_of(a=INT), open_map(INT), True),
        (map_of(a=INT, b=TEXT), open_map(INT), False),
        (open_map(TEXT), open_map(INT), False),
    ],
)
def test_fits(actual: Type, wanted: Type, fit: bool) -> None:
    assert fits(actual, wanted) is fit


@pytest.mark.parametrize(
    ("types", "joined"),
    [
        ([], ANY),
        ([INT, INT], INT),
        ([INT, DOUBLE], NUMBER),
        ([INT, TEXT], ANY),
        ([INT, NULL], ANY),
        ([DATE, TEXT], TEXT),
        ([one_of("a"), one_of("b")], one_of("a", "b")),
        ([one_of("a"), TEXT], TEXT),
        ([list_of(INT), list_of(TEXT)], LIST),
        ([map_of(a=INT), map_of(b=INT)], open_map(INT)),
        ([map_of(a=INT), open_map(TEXT)], MAP),
    ],
)
def test_join(types: list[Type], joined: Type) -> None:
    assert join(types) == joined
    assert all(fits(each, joined) for each in types)


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        (INT, "whole number"),
        (DOUBLE, "decimal number"),
        (LIST, "list"),
        (list_of(TEXT), "list of texts"),
        (list_of(list_of(INT)), "list of lists of whole numbers"),
        (list_of(BOOL), "list of true or false"),
        (list_of(TIMESTAMP), "list of points in time"),
        (list_of(CLOCK), "list of times of day"),
        (MAP, "map"),
        (TYPE, "type"),
    ],
)
def test_describe(type_: Type, words: str) -> None:
    assert describe(type_) == words


def test_the_history_that_expressions_know_is_the_one_that_calls_have() -> None:
    history = STANDARD["call"].fields
    assert history is not None
    fields = history["history"].fields
    assert fields is not None
    assert fields.keys() == HISTORY.keys()
    assert all(accepts(fields[key], value) for key, value in HISTORY.items())


def test_every_name_is_explained_once() -> None:
    paths = [path for path, _, _ in ROWS]
    assert len(paths) == len(set(paths))
    assert {path.split(".", 1)[0] for path in paths} == set(STANDARD)
    assert all(doc for _, _, doc in ROWS)
