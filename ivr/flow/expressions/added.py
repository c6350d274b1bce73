"""The functions that we add to CEL's: how each is called, what it gives, for the checker and the documentation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ivr.flow.expressions import functions as f
from ivr.flow.expressions.alone import stdlib
from ivr.flow.expressions.signatures import LIBRARY, Function, Shape
from ivr.flow.expressions.types import (
    ANY,
    BOOL,
    BYTES,
    DOUBLE,
    INT,
    LIST,
    MAP,
    NULL,
    NUMBER,
    TEXT,
    TIMESTAMP,
    Type,
    join,
    list_of,
    map_of,
    open_map,
)


def _returned(type_: Type) -> Type:
    """The type of a value that went through Python, which has one kind of whole number and no CEL types."""
    if type_.kind == "uint":
        return INT
    if type_.kind == "type":
        return TEXT
    if type_.kind == "list":
        return list_of(_returned(type_.item or ANY))
    if type_.kind == "map":
        if type_.fields is None:
            return open_map(_returned(type_.item or ANY))
        return map_of(**{name: _returned(field) for name, field in type_.fields.items()})
    return type_


def _same(types: Sequence[Type]) -> Type:
    return _returned(join(types))


def _item(types: Sequence[Type]) -> Type:
    return _returned(types[0].item or ANY)


def _sum(types: Sequence[Type]) -> Type:
    """An empty list sums up to a whole number, whatever it is a list of."""
    return INT if types[0].item == INT else NUMBER


def _default(types: Sequence[Type]) -> Type:
    return _returned(types[1] if types[0].kind == "null" else join(types))


def _add(
    name: str,
    call: Callable[..., Any],
    shapes: Sequence[Shape],
    doc: str,
    example: str,
    *,
    timed: bool = False,
) -> Function:
    return Function(name, tuple(shapes), doc, example, "both", call, timed)


_NUMBERS, _TEXTS = list_of(NUMBER), list_of(TEXT)
_TEXT = (Shape((TEXT,), TEXT),)
_COUNTED = Shape((TEXT, INT), TEXT)
_EXTREME = (
    Shape((_NUMBERS,), _item),
    Shape((_TEXTS,), TEXT),
    Shape((NUMBER, NUMBER), _same, NUMBER),
    Shape((TEXT, TEXT), TEXT, TEXT),
)
_MOMENT = (Shape((TEXT,), INT), Shape((TIMESTAMP,), INT))

OURS: Final[Mapping[str, Function]] = {
    function.name: function
    for function in (
        _add(
            "default",
            f.default,
            [Shape((ANY, ANY), _default)],
            "the first; the second where a key is missing or the value is null",
            "default(call.facts.level, 'none') == 'none'",
        ),
        _add(
            "size",
            f.size,
            [Shape((each,), INT) for each in (TEXT, BYTES, LIST, MAP)],
            "characters of a text, items of a list, keys of a map",
            "size('漏水') == 2",
        ),
        _add(
            "contains_any",
            f.contains_any,
            [Shape((TEXT, _TEXTS), BOOL)],
            "whether one of these is in the text",
            "contains_any(said, ['漏水', '停水'])",
        ),
        _add("first", f.first, [_COUNTED], "the first characters", "first('13812345678', 3) == '138'"),
        _add("last", f.last, [_COUNTED], "the last characters", "last('13812345678', 4) == '5678'"),
        _add(
            "substring",
            f.substring,
            [_COUNTED, Shape((TEXT, INT, INT), TEXT)],
            "from the one place (the first is 0) up to, not with, the other",
            "substring('330106', 0, 4) == '3301'",
        ),
        _add("digits", f.digits, _TEXT, "only its digits", "digits('0571-8888') == '05718888'"),
        _add("lower", f.lower, _TEXT, "in small letters", "lower('VIP') == 'vip'"),
        _add("upper", f.upper, _TEXT, "in capitals", "upper('vip') == 'VIP'"),
        _add("trim", stdlib.trim, _TEXT, "without the spaces around it", "trim(' a ') == 'a'"),
        _add(
            "replace",
            f.replace,
            [Shape((TEXT, TEXT, TEXT), TEXT)],
            "with every one replaced",
            "replace('1-2-3', '-', '') == '123'",
        ),
        _add(
            "split",
            f.split,
            [Shape((TEXT, TEXT), _TEXTS)],
            "the parts between the separators",
            "split('noise,night', ',') == ['noise', 'night']",
        ),
        _add(
            "join",
            f.join_texts,
            [Shape((_TEXTS,), TEXT), Shape((_TEXTS, TEXT), TEXT)],
            "the texts of a list in one, with something in between",
            "join(['noise', 'night'], ', ') == 'noise, night'",
        ),
        _add("masked", f.masked, _TEXT, "with the middle hidden", "masked('13812345678') == '138****5678'"),
        _add(
            "is_mobile",
            f.is_mobile,
            [Shape((TEXT,), BOOL)],
            "whether it is a Chinese mobile number",
            "is_mobile('138 1234 5678')",
        ),
        _add(
            "text",
            f.text_of,
            [Shape((each,), TEXT) for each in (TEXT, NUMBER, BOOL, NULL, TIMESTAMP)],
            "the value as a text; null is empty",
            "'No. ' + text(3) == 'No. 3'",
        ),
        _add(
            "number",
            f.number,
            [Shape((TEXT,), DOUBLE), Shape((NUMBER,), DOUBLE)],
            "the number that a text is, with decimals",
            "number('1,200.5') == 1200.5",
        ),
        _add(
            "round",
            f.round_to,
            [Shape((NUMBER,), INT), Shape((NUMBER, INT), DOUBLE)],
            "the nearest whole number, or a number with so many decimals",
            "round(2.5) == 3",
        ),
        _add("abs", f.absolute, [Shape((NUMBER,), _same)], "without its sign", "abs(-3) == 3"),
        _add("min", stdlib.min_, _EXTREME, "the least, of a list or of those named", "min(tries, 3) <= 3"),
        _add("max", stdlib.max_, _EXTREME, "the greatest", "max([1, 4, 2]) == 4"),
        _add("sum", f.total, [Shape((_NUMBERS,), _sum)], "of the numbers in a list", "sum([1, 2, 3]) == 6"),
        _add(
            "sort",
            stdlib.sort,
            [Shape((_NUMBERS,), _same), Shape((_TEXTS,), _TEXTS)],
            "the list in order",
            "sort(['b', 'a']) == ['a', 'b']",
        ),
        _add(
            "distinct", stdlib.distinct, [Shape((LIST,), _same)], "each once", "distinct([1, 1, 2]) == [1, 2]"
        ),
        _add(
            "minutes_since",
            f.minutes_since,
            _MOMENT,
            "whole minutes since that point in time",
            "call.history.known && minutes_since(call.history.last_at) < 30",
            timed=True,
        ),
        _add(
            "days_until",
            f.days_until,
            _MOMENT,
            "days from today: 0 is today, below it is past",
            "days_until('2026-12-01') == 5",
            timed=True,
        ),
        _add(
            "age", f.age, _MOMENT, "whole years since a day of birth", "age('1958-03-05') >= 65", timed=True
        ),
    )
}

FUNCTIONS: Final[Mapping[str, Function]] = {**LIBRARY, **OURS}
"""All functions that an expression can call."""
