"""The types that variables, results and expressions have: for the checker, declarations and documentation. Pure.

All but bytes, unsigned numbers, timestamps and durations are JSON: a date is the text `2026-10-01`, a time of day the
text `08:30`, so that both compare as texts do. A `number` may have decimals and is stored as a float (`coerced`),
because CEL does not mix `1` and `1.0` in arithmetic.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ivr.flow.actions import JsonValue

Kind = Literal[
    "any",
    "null",
    "bool",
    "int",
    "uint",
    "double",
    "number",
    "text",
    "date",
    "clock",
    "bytes",
    "list",
    "map",
    "timestamp",
    "duration",
    "type",
]

INT_LIMIT: Final = 2**63


@dataclass(frozen=True, slots=True)
class Type:
    """item: of a list's items, or of the values of a map whose keys are not known. fields: of a map whose keys are.

    values: all that a text can be, where that is known (besides "": not known yet).
    """

    kind: Kind
    item: Type | None = None
    fields: Mapping[str, Type] | None = field(default=None, hash=False)
    values: tuple[str, ...] = ()


ANY: Final = Type("any")
NULL: Final = Type("null")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
NUMBER: Final = Type("number")
"""An int or a double, and it is not known which: it compares with both, and adds up with neither."""
TEXT: Final = Type("text")
DATE: Final = Type("date")
CLOCK: Final = Type("clock")
BYTES: Final = Type("bytes")
TIMESTAMP: Final = Type("timestamp")
DURATION: Final = Type("duration")
TYPE: Final = Type("type")
LIST: Final = Type("list", ANY)
MAP: Final = Type("map", ANY)

NUMBERS: Final = frozenset({"int", "uint", "double", "number"})
TEXTS: Final = frozenset({"text", "date", "clock"})


def list_of(item: Type) -> Type:
    return Type("list", item)


def map_of(**fields: Type) -> Type:
    """A map with these keys and no others: what a node's results are declared with."""
    return Type("map", None, fields)


def open_map(item: Type) -> Type:
    """A map whose keys are not known, with such values."""
    return Type("map", item)


def one_of(*values: str) -> Type:
    """A text that is one of these."""
    return Type("text", values=values)


_DESCRIPTIONS: Final[Mapping[Kind, str]] = {
    "any": "anything",
    "null": "null",
    "bool": "true or false",
    "int": "whole number",
    "uint": "unsigned number",
    "double": "decimal number",
    "number": "number",
    "text": "text",
    "date": "date",
    "clock": "time of day",
    "bytes": "bytes",
    "map": "map",
    "timestamp": "point in time",
    "duration": "duration",
    "type": "type",
}


def describe(type_: Type) -> str:
    """`whole number`, `list of texts`: for people."""
    if type_.kind != "list":
        return _DESCRIPTIONS[type_.kind]
    if type_.item is None or type_.item.kind == "any":
        return "list"
    many = describe(type_.item)
    if type_.item.kind == "list":
        many = many.replace("list", "lists", 1)
    elif type_.item.kind == "timestamp":
        many = "points in time"
    elif type_.item.kind == "clock":
        many = "times of day"
    elif type_.item.kind not in ("null", "bool", "bytes"):
        many += "s"
    return f"list of {many}"


def base(type_: Type) -> Kind:
    """The kind as CEL has it: dates and times of day are texts."""
    return "text" if type_.kind in TEXTS else type_.kind


def fits(actual: Type, wanted: Type) -> bool:
    """Whether a value of the one type can stand where the other is wanted. `any` goes with everything."""
    if "any" in (actual.kind, wanted.kind):
        return True
    if actual.kind in ("int", "double", "number") and wanted.kind in ("double", "number"):
        return True
    if base(actual) != base(wanted):
        return False
    if wanted.kind in ("date", "clock"):
        return actual.kind in ("text", wanted.kind)
    if wanted.values and actual.values:
        return all(value in wanted.values or value == "" for value in actual.values)
    if wanted.kind == "list":
        return fits(actual.item or ANY, wanted.item or ANY)
    if wanted.kind == "map":
        return _map_fits(actual, wanted)
    return True


def _map_fits(actual: Type, wanted: Type) -> bool:
    if wanted.fields is not None:
        # An open map may hold the keys; a closed one has to.
        return actual.fields is None or all(
            name in actual.fields and fits(actual.fields[name], item) for name, item in wanted.fields.items()
        )
    items = actual.fields.values() if actual.fields is not None else (actual.item or ANY,)
    return all(fits(item, wanted.item or ANY) for item in items)


def join(types: Iterable[Type]) -> Type:
    """The type of a value that is of one of these."""
    joined: Type | None = None
    for each in types:
        joined = each if joined is None else _join(joined, each)
    return ANY if joined is None else joined


def _join(left: Type, right: Type) -> Type:
    if left is right or left == right:
        return left
    if left.kind in NUMBERS and right.kind in NUMBERS:
        return left if left.kind == right.kind else NUMBER
    if left.kind in TEXTS and right.kind in TEXTS:
        both = tuple(dict.fromkeys(left.values + right.values)) if left.values and right.values else ()
        return Type("text", values=both)
    if left.kind != right.kind:
        return ANY
    if left.kind == "list":
        return list_of(_join(left.item or ANY, right.item or ANY))
    return open_map(_join(_item(left), _item(right))) if left.kind == "map" else left


def _item(type_: Type) -> Type:
    """Of all values of a map."""
    return type_.item or ANY if type_.fields is None else join(type_.fields.values())


def infer(value: object) -> Type:
    """The type of a JSON value, as a variable's first value declares it. null: it may become anything."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT
    if isinstance(value, float):
        return DOUBLE
    if isinstance(value, str):
        return TEXT
    if isinstance(value, list):
        return list_of(join(infer(item) for item in value))
    if isinstance(value, Mapping):
        return open_map(join(infer(item) for item in value.values()))
    return ANY


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]\Z")


def is_date(text: str) -> bool:
    """`2026-10-01`, a day that exists."""
    if not _DATE.match(text):
        return False
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def accepts(type_: Type, value: object) -> bool:
    """Whether a variable of this type may hold this JSON value. "" is a date, time or choice that is not known yet."""
    match type_.kind:
        case "any":
            return True
        case "null":
            return value is None
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool) and -INT_LIMIT <= value < INT_LIMIT
        case "uint":
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2 * INT_LIMIT
        case "double" | "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "text":
            return isinstance(value, str) and (not type_.values or value in type_.values or value == "")
        case "date":
            return isinstance(value, str) and (value == "" or is_date(value))
        case "clock":
            return isinstance(value, str) and (value == "" or _CLOCK.match(value) is not None)
        case "list":
            item = type_.item or ANY
            return isinstance(value, list) and all(accepts(item, each) for each in value)
        case "map":
            return isinstance(value, Mapping) and _accepts_map(type_, value)
        case "bytes" | "timestamp" | "duration" | "type":
            return False


def _accepts_map(type_: Type, value: Mapping[object, object]) -> bool:
    if type_.fields is None:
        return all(accepts(type_.item or ANY, each) for each in value.values())
    return all(name in value and accepts(item, value[name]) for name, item in type_.fields.items())


def coerced(type_: Type, value: JsonValue) -> JsonValue:
    """The value as a variable of this type stores it: a whole number in a `number` becomes a float."""
    if type_.kind == "double" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type_.kind == "list" and type_.item is not None and isinstance(value, list):
        return [coerced(type_.item, each) for each in value]
    return value
