"""What operators and functions take and give, as tables: what CEL's library really does, kind by kind.

`tests/flow/expressions/test_operators.py` holds every row, and every row that is not there, against the library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ivr.flow.expressions.types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    TEXT,
    TIMESTAMP,
    TYPE,
    UINT,
    Kind,
    Type,
)

_SAME_NUMBERS: Final[tuple[tuple[Kind, Kind, Kind], ...]] = (
    ("int", "int", "int"),
    ("uint", "uint", "uint"),
    ("double", "double", "double"),
)
ARITHMETIC: Final[Mapping[str, tuple[tuple[Kind, Kind, Kind], ...]]] = {
    "+": (
        *_SAME_NUMBERS,
        ("text", "text", "text"),
        ("bytes", "bytes", "bytes"),
        ("list", "list", "list"),
        ("timestamp", "duration", "timestamp"),
        ("duration", "duration", "duration"),
    ),
    "-": (
        *_SAME_NUMBERS,
        ("timestamp", "timestamp", "duration"),
        ("timestamp", "duration", "timestamp"),
        ("duration", "duration", "duration"),
    ),
    "*": _SAME_NUMBERS,
    "/": _SAME_NUMBERS,
    "%": _SAME_NUMBERS[:2],
}
"""Operator -> rows of left, right, result. The library has neither `duration + timestamp` nor `1.5 % 1.0`."""
ORDERED: Final = frozenset({"bool", "text", "bytes", "timestamp", "duration"})
"""What `<` orders among its own kind; numbers it orders among each other."""
NEGATED: Final = frozenset({"int", "double"})
KEYS: Final = frozenset({"bool", "int", "uint", "text"})
"""What a key of a map can be."""
TYPE_NAMES: Final = frozenset(
    {"bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"}
)
"""Names of types, as in `type(x) == int`, unless a variable has that name."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to call a function. rest: of any further arguments. result: a type, or one made from the arguments'."""

    parameters: tuple[Type, ...]
    result: Type | Callable[[Sequence[Type]], Type]
    rest: Type | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """style: how the library lets it be called: `f(x)`, `x.f()` or both. call: ours; None: the library's own.

    doc: what it gives; example: one that a test evaluates. timed: `call` takes `now` before its arguments.
    """

    name: str
    shapes: tuple[Shape, ...]
    doc: str
    example: str
    style: Literal["function", "method", "both"] = "both"
    call: Callable[..., Any] | None = None
    timed: bool = False


def _own(
    name: str,
    rows: Sequence[tuple[tuple[Type, ...], Type]],
    doc: str,
    example: str,
    style: Literal["function", "method"] = "function",
) -> Function:
    return Function(
        name, tuple(Shape(parameters, result) for parameters, result in rows), doc, example, style
    )


def _part(name: str, doc: str, example: str, *, of_duration: bool = False) -> Function:
    rows = [((TIMESTAMP,), INT), ((DURATION,), INT)]
    return _own(name, rows if of_duration else rows[:1], doc, example, "method")


_TEXTS: Final = [((TEXT, TEXT), BOOL)]
_NUMBERS: Final = (INT, UINT, DOUBLE, TEXT)

LIBRARY: Final[Mapping[str, Function]] = {
    function.name: function
    for function in (
        _own("contains", _TEXTS, "whether the text has this in it", "said.contains('水')", "method"),
        _own("startsWith", _TEXTS, "whether it begins so", "call.caller.startsWith('138')", "method"),
        _own("endsWith", _TEXTS, "whether it ends so", "call.caller.endsWith('5678')", "method"),
        _own(
            "matches",
            _TEXTS,
            "whether a regular expression (RE2, in quotes) fits somewhere in it",
            "call.caller.matches('^1[3-9][0-9]{9}$')",
            "method",
        ),
        _own(
            "int",
            [((each,), INT) for each in _NUMBERS],
            "the whole number; decimals are cut off",
            "int('42') == 42",
        ),
        _own(
            "double", [((each,), DOUBLE) for each in _NUMBERS], "the decimal number", "double(3) / 2.0 == 1.5"
        ),
        _own("uint", [((each,), UINT) for each in _NUMBERS], "the unsigned number", "uint(3) == 3u"),
        _own(
            "string",
            [((each,), TEXT) for each in (TEXT, INT, UINT, DOUBLE, BYTES, TIMESTAMP, DURATION)],
            "as a text, as `text`, which also takes true, false and null",
            "string(42) == '42'",
        ),
        _own(
            "bytes",
            [((TEXT,), BYTES), ((BYTES,), BYTES)],
            "the text's bytes in UTF-8",
            "size(bytes('水')) == 3",
        ),
        _own(
            "timestamp",
            [((TEXT,), TIMESTAMP), ((TIMESTAMP,), TIMESTAMP)],
            "the point in time written so, with its zone",
            "now > timestamp('2026-10-01T00:00:00+08:00')",
        ),
        _own(
            "duration",
            [((TEXT,), DURATION), ((DURATION,), DURATION)],
            "how long: `90s`, `10m`, `1h30m`; a day is `24h`",
            "now + duration('1h30m') > now",
        ),
        _own("type", [((ANY,), TYPE)], "the CEL type", "type(said) == string"),
        _own("dyn", [((ANY,), ANY)], "the same value, with its type left unchecked", "dyn(said) == said"),
        _part("getFullYear", "the year", "now.getFullYear() == 2026"),
        _part("getMonth", "the month, January is 0 (`time.month` counts from 1)", "now.getMonth() == 10"),
        _part("getDate", "the day of the month, from 1", "now.getDate() == 26"),
        _part("getDayOfMonth", "the day of the month, from 0", "now.getDayOfMonth() == 25"),
        _part("getDayOfWeek", "Sunday is 0 (`time.weekday` is a text)", "now.getDayOfWeek() == 4"),
        _part("getDayOfYear", "the day of the year, from 0", "now.getDayOfYear() == 329"),
        _part("getHours", "the hour; of a duration, its hours", "now.getHours() >= 8", of_duration=True),
        _part(
            "getMinutes",
            "the minute; of a duration, its minutes in all",
            "duration('2h').getMinutes() == 120",
            of_duration=True,
        ),
        _part(
            "getSeconds",
            "the second; of a duration, its seconds in all",
            "duration('2m').getSeconds() == 120",
            of_duration=True,
        ),
        _part(
            "getMilliseconds",
            "the milliseconds; of a duration, those in all",
            "duration('2s').getMilliseconds() == 2000",
            of_duration=True,
        ),
    )
}
"""What the library itself has, but for `size`, which counts the bytes of a text there (functions.py)."""
