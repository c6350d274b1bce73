"""How a variable or a parameter is declared: by its first value, or by its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ivr.errors import FlowError
from ivr.flow.actions import JsonValue
from ivr.flow.expressions.types import (
    ANY,
    BOOL,
    CLOCK,
    DATE,
    DOUBLE,
    INT,
    LIST,
    MAP,
    TEXT,
    Type,
    accepts,
    coerced,
    describe,
    infer,
    one_of,
)
from ivr.flow.findings import did_you_mean, quoted


class DeclarationError(FlowError):
    """A variable's declaration that cannot be read. `key`: which of its keys is at fault, "" for the whole."""

    def __init__(self, message: str, *, key: str = "", mend: str = "") -> None:
        super().__init__(message, mend=mend)
        self.key = key


_DECLARED: Final[Mapping[str, tuple[Type, JsonValue]]] = {
    "text": (TEXT, ""),
    "int": (INT, 0),
    "number": (DOUBLE, 0.0),
    "bool": (BOOL, False),
    "list": (LIST, []),
    "map": (MAP, {}),
    "date": (DATE, ""),
    "time": (CLOCK, ""),
    "any": (ANY, None),
}
"""What a declaration calls a type, and its value when the declaration gives none."""
_KEYS = frozenset({"type", "default", "values"})


def parse_declaration(raw: JsonValue) -> tuple[Type, JsonValue]:
    """`0`, or `{type: int, default: 0}`, or `{type: text, values: [noise, water]}` -> type and first value.

    A map is a declaration when it has `type` and nothing but the keys of one; any other map is a value. Raises
    DeclarationError.
    """
    if not (isinstance(raw, Mapping) and "type" in raw and set(raw) <= _KEYS):
        return infer(raw), raw
    name = raw["type"]
    if not isinstance(name, str) or name not in _DECLARED:
        hint = did_you_mean(str(name), _DECLARED) or f"one of {', '.join(_DECLARED)}"
        raise DeclarationError(f"{quoted(name)} is no type", key="type", mend=hint)
    type_, initial = _DECLARED[name]
    if "values" in raw:
        type_ = _choice(name, raw["values"])
    if "default" not in raw:
        return type_, initial
    value = raw["default"]
    if not accepts(type_, value):
        also = f", one of {', '.join(type_.values)}" if type_.values else ""
        raise DeclarationError(
            f"{quoted(value)} is no {describe(type_)}{also}", key="default", mend="make both the same type"
        )
    return type_, coerced(type_, value)


def _choice(name: str, values: JsonValue) -> Type:
    texts = [each for each in values if isinstance(each, str) and each] if isinstance(values, list) else []
    if name != "text" or not texts or not isinstance(values, list) or len(texts) != len(values):
        raise DeclarationError(
            "`values` lists what a text can be", key="values", mend="{type: text, values: [noise, water]}"
        )
    return one_of(*texts)
