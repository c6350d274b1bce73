"""Expressions by the thousand: of any shape, and of a wanted type, over names of every type and values for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from hypothesis import strategies as st

from ivr.flow.expressions.added import FUNCTIONS
from ivr.flow.expressions.types import (
    ANY,
    BOOL,
    BYTES,
    CLOCK,
    DATE,
    DOUBLE,
    DURATION,
    INT,
    TEXT,
    TIMESTAMP,
    Kind,
    Type,
    list_of,
    map_of,
    one_of,
    open_map,
)

NAMES: Mapping[str, Type] = {
    "b": BOOL,
    "i": INT,
    "d": DOUBLE,
    "s": TEXT,
    "w": one_of("sat", "sun"),
    "day": DATE,
    "at": CLOCK,
    "now": TIMESTAMP,
    "span": DURATION,
    "raw": BYTES,
    "li": list_of(INT),
    "ld": list_of(DOUBLE),
    "ls": list_of(TEXT),
    "la": list_of(ANY),
    "empty": list_of(DOUBLE),
    "row": map_of(n=INT, t=TEXT, inner=map_of(x=BOOL, y=DOUBLE)),
    "rows": list_of(map_of(n=INT, t=TEXT)),
    "facts": open_map(ANY),
    "counts": open_map(INT),
}
"""A name of every type that a flow can declare, and of those that only results have."""

NOW = dt.datetime(2026, 11, 26, 10, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
SCOPE: Mapping[str, object] = {
    "b": True,
    "i": 3,
    "d": 1.5,
    "s": "楼下漏水, noise 42",
    "w": "sat",
    "day": "2026-12-01",
    "at": "08:30",
    "now": NOW,
    "span": dt.timedelta(minutes=90),
    "raw": b"ab",
    "li": [1, 2, 2],
    "ld": [0.5, 2.0],
    "ls": ["noise", "水"],
    "la": [1, "a", None],
    "empty": [],
    "row": {"n": 1, "t": "a", "inner": {"x": False, "y": 0.25}},
    "rows": [{"n": 1, "t": "a"}, {"n": 2, "t": "b"}],
    "facts": {"age": 70, "vip": True},
    "counts": {"a": 1, "b": 2},
}

_LITERALS = [
    *("true", "false", "null", "0", "1", "-1", "42", "7u", "0x1F", "1.5", "-0.25", "2e3", ".5"),
    *("''", "'sat'", "'a'", '"水"', "r'\\d'", "'''x'''", "b'ab'", "'42'", "'08:30'", "'2026-12-01'", "'1h'"),
    *("[]", "{}", "[1, 2]", "['sat', 'x']", "{'a': 1}", "{1: 'x'}", "[1.5]", "[null]", "int", "string"),
]
_BINARY = ["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "in", "&&", "||"]
_FIELDS = ["n", "t", "inner", "x", "y", "age", "a", "nope"]
_FOLDS = ["all", "exists", "exists_one", "existsOne", "map", "filter"]
_OTHERS = [name for name in FUNCTIONS if name != "matches"] + ["nothing"]


def _deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    call = st.tuples(st.sampled_from(_OTHERS), st.lists(inner, max_size=3))
    return st.one_of(
        st.tuples(inner, st.sampled_from(_BINARY), inner).map(lambda t: f"{t[0]} {t[1]} {t[2]}"),
        inner.map(lambda each: f"({each})"),
        inner.map(lambda each: f"!{each}"),
        inner.map(lambda each: f"-{each}"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]}) ? ({t[1]}) : {t[2]}"),
        st.tuples(inner, st.sampled_from(_FIELDS)).map(lambda t: f"({t[0]}).{t[1]}"),
        st.tuples(inner, st.sampled_from(_FIELDS)).map(lambda t: f"has(({t[0]}).{t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"({t[0]})[{t[1]}]"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner).map(lambda t: f"{{{t[0]}: {t[1]}}}"),
        call.map(lambda t: f"{t[0]}({', '.join(t[1])})"),
        st.tuples(inner, call).map(lambda t: f"({t[0]}).{t[1][0]}({', '.join(t[1][1])})"),
        st.tuples(inner, st.sampled_from(_FOLDS), inner).map(lambda t: f"({t[0]}).{t[1]}(v, {t[2]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]}).map(v, {t[1]}, {t[2]})"),
    )


anything: st.SearchStrategy[str] = st.recursive(
    st.sampled_from([*NAMES, *_LITERALS, "v", "missing"]), _deeper, max_leaves=8
)
"""Any expression, most of them wrong in their types."""


def _of(*sources: str) -> st.SearchStrategy[str]:
    return st.sampled_from(sources)


def _texts(depth: int) -> st.SearchStrategy[str]:
    text, number = typed("text", depth - 1), typed("int", depth - 1)
    return st.one_of(
        st.tuples(text, text).map(lambda t: f"({t[0]} + {t[1]})"),
        st.tuples(st.sampled_from(["first", "last"]), text, number).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(
            st.sampled_from(["lower", "upper", "trim", "masked", "digits", "text", "string"]), text
        ).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(text, text, text).map(lambda t: f"replace({t[0]}, {t[1]}, {t[2]})"),
        typed("texts", depth - 1).map(lambda each: f"join({each}, ',')"),
        number.map(lambda each: f"text({each})"),
        st.tuples(typed("bool", depth - 1), text, text).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        text.map(lambda each: f"default(row.t, {each})"),
    )


def _ints(depth: int) -> st.SearchStrategy[str]:
    number, text = typed("int", depth - 1), typed("text", depth - 1)
    return st.one_of(
        st.tuples(number, st.sampled_from("+-*/%"), number).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        text.map(lambda each: f"size({each})"),
        typed("texts", depth - 1).map(lambda each: f"size({each})"),
        number.map(lambda each: f"-({each})"),
        st.tuples(number, number).map(lambda t: f"max({t[0]}, {t[1]}, 3)"),
        typed("double", depth - 1).map(lambda each: f"round({each})"),
        st.tuples(text, text).map(lambda t: f"int(digits({t[0]} + {t[1]}))"),
        typed("bool", depth - 1).map(lambda each: f"sum(li.map(v, {each} ? v : 0))"),
        number.map(lambda each: f"default(facts.nope, {each})"),
    )


def _doubles(depth: int) -> st.SearchStrategy[str]:
    number = typed("double", depth - 1)
    return st.one_of(
        st.tuples(number, st.sampled_from("+-*/"), number).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        typed("int", depth - 1).map(lambda each: f"double({each})"),
        typed("int", depth - 1).map(lambda each: f"number({each})"),
        number.map(lambda each: f"round({each}, 2)"),
        st.tuples(number, number).map(lambda t: f"min({t[0]}, {t[1]})"),
        number.map(lambda each: f"max(ld.map(v, v * {each}))"),
    )


def _bools(depth: int) -> st.SearchStrategy[str]:
    condition, text = typed("bool", depth - 1), typed("text", depth - 1)
    number = st.one_of(typed("int", depth - 1), typed("double", depth - 1))
    return st.one_of(
        st.tuples(condition, st.sampled_from(["&&", "||", "==", "<"]), condition).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        condition.map(lambda each: f"!({each})"),
        st.tuples(number, st.sampled_from(["<", ">=", "==", "!="]), number).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        st.tuples(text, st.sampled_from(["contains", "startsWith", "endsWith"]), text).map(
            lambda t: f"{t[0]}.{t[1]}({t[2]})"
        ),
        st.tuples(text, typed("texts", depth - 1)).map(lambda t: f"contains_any({t[0]}, {t[1]})"),
        st.tuples(st.sampled_from(["all", "exists", "exists_one"]), condition).map(
            lambda t: f"li.{t[0]}(v, {t[1]} && v > 1)"
        ),
        text.map(lambda each: f"({each} in ls)"),
        condition.map(lambda each: f"rows.exists(v, v.t == 'a' && {each})"),
    )


def _many_texts(depth: int) -> st.SearchStrategy[str]:
    text = typed("text", depth - 1)
    return st.one_of(
        st.lists(text, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        text.map(lambda each: f"split({each}, ',')"),
        text.map(lambda each: f"ls.map(v, v + {each})"),
        typed("bool", depth - 1).map(lambda each: f"ls.filter(v, {each})"),
        st.tuples(typed("texts", depth - 1), typed("texts", depth - 1)).map(lambda t: f"({t[0]} + {t[1]})"),
        typed("texts", depth - 1).map(lambda each: f"distinct({each})"),
    )


_LEAVES = {
    "text": _of("s", "w", "day", "at", "row.t", "'a'", "'水'", "ls[0]"),
    "int": _of("i", "row.n", "li[1]", "0", "7", "-2", "counts.a", "now.getHours()"),
    "double": _of("d", "1.5", "row.inner.y", "2e3"),
    "bool": _of(
        "b", "true", "row.inner.x", "has(facts.age)", "(now > now - span)", "('a' in counts)", "(w == 'sun')"
    ),
    "texts": _of("ls", "['a', s]", "[]"),
}
_DEEPER = {"text": _texts, "int": _ints, "double": _doubles, "bool": _bools, "texts": _many_texts}


def typed(kind: str, depth: int) -> st.SearchStrategy[str]:
    """Expressions that give text, int, double, bool or texts, as an operator could write them."""
    if depth <= 0:
        return _LEAVES[kind]
    return st.one_of(_LEAVES[kind], st.deferred(lambda: _DEEPER[kind](depth)))


well_typed: st.SearchStrategy[tuple[str, Kind]] = st.one_of(
    *(
        typed(kind, 3).map(lambda source, of=of: (source, of))  # type: ignore[misc]  # mypy loses the default's type
        for kind, of in (
            ("text", "text"),
            ("int", "int"),
            ("double", "double"),
            ("bool", "bool"),
            ("texts", "list"),
        )
    )
)
