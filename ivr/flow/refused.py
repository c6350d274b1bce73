"""What pydantic refuses, in an author's words: what is expected, what stands there, how to write it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ivr.flow.findings import did_you_mean, quoted

_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (`name: value`)",
    "model_type": "a mapping (`name: value`)",
    "model_attributes_type": "a mapping (`name: value`)",
}
"""Of a type that is not the one wanted."""

_BOUNDS: Final[Mapping[str, str]] = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length}",
    "too_long": "at most {max_length}",
}

_FORMS: Final[Mapping[str, str]] = {
    r"^[A-Za-z_][A-Za-z0-9_]*$": "a name: letters, digits and _, no digit first",
    r"^[0-9*#A-D]{1,8}$": "keys of the phone: 0-9 * # A-D, at most 8",
    r"^[0-9*#A-D]+$": "keys of the phone: 0-9 * # A-D",
    r"^(\d{4}-\d{2}-\d{2}[T ])?\d{2}:\d{2}(:\d{2})?$": "a time: 10:00, or 2026-11-23 10:00",
}
"""Of a text that has not the form wanted."""

_CHOICE: Final = re.compile(r"'([^']*)'|(\w+)(?=,| or |$)")


def words_of(fault: Any) -> tuple[str, str]:
    """One of pydantic's errors, with its input and context: (what is wrong, what to write)."""
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind in _EXPECTED:
        hint = f'quote it: "{value}"' if kind == "string_type" and isinstance(value, int | float) else ""
        return f"{_EXPECTED[kind]} is expected, and this is {_kind(value)}", _plain(hint)
    if kind in _BOUNDS:
        bound = _BOUNDS[kind].format_map({name: _number(each) for name, each in context.items()})
        return f"{bound} is expected", ""
    if kind == "literal_error":
        known = [first or second.lower() for first, second in _CHOICE.findall(str(context["expected"]))]
        hint = did_you_mean(value, known) if isinstance(value, str) else ""
        return f"{quoted(value)} is not one of those possible", hint or f"one of {', '.join(known)}"
    if kind == "string_pattern_mismatch":
        form = _FORMS.get(context["pattern"], f"what fits {context['pattern']}")
        return f"{quoted(value)} does not fit", form
    if kind == "invalid_key":
        return f"{quoted(value)} is no text", "quote it"
    told = str(context.get("error", "")) or fault["msg"].removeprefix("Value error, ")
    return told[:1].lower() + told[1:], ""


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    names: dict[type, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "a mapping",
    }
    return names.get(type(value), "something else")


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(hint: str) -> str:
    return hint.replace("True", "true").replace("False", "false")
