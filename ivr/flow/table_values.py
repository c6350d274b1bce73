"""Cells of a table: checked against the type of their column, and the form in which they are compared. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, time
from typing import Literal

from ivr.flow.inputs import JsonValue

ColumnType = Literal["text", "number", "boolean", "date", "time"]

_NUMBER = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,15})?")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "1", "是"), True),
    **dict.fromkeys(("false", "no", "n", "0", "否"), False),
}

EXAMPLES: Mapping[ColumnType, str] = {
    "text": "",
    "number": "12 or 3.5, no spaces or units",
    "boolean": "true or false, 是 or 否",
    "date": "2026-12-01",
    "time": "09:30",
}


def converted(value: JsonValue, wanted: ColumnType) -> JsonValue:
    """An empty cell is null, but "" as a text. Raises ValueError."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return "" if wanted == "text" else None
    if wanted == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if wanted == "boolean" and isinstance(value, bool):
        return value
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError
    text = unicodedata.normalize("NFKC", str(value)).strip()
    match wanted:
        case "text":
            return str(value).strip()
        case "number":
            if not _NUMBER.fullmatch(text):
                raise ValueError
            return float(text) if "." in text else int(text)
        case "boolean":
            if text.casefold() not in _BOOLEANS:
                raise ValueError
            return _BOOLEANS[text.casefold()]
        case "date":
            found = _DATE.fullmatch(text)
            if found is None:
                raise ValueError
            return date(*map(int, found.groups())).isoformat()
        case "time":
            found = _TIME.fullmatch(text)
            if found is None:
                raise ValueError
            hour, minute, second = (int(part or 0) for part in found.groups())
            return time(hour, minute, second).isoformat("seconds" if second else "minutes")


def one_form(value: JsonValue, wanted: ColumnType | None) -> JsonValue:
    """What is compared: typed values as such, anything else as text, without regard to width, case and spaces.

    None: empty, or not of the column's type: equal to nothing.
    """
    if wanted is not None and wanted != "text":
        try:
            return converted(value, wanted)
        except ValueError:
            return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str | int | float):
        return None
    return " ".join(unicodedata.normalize("NFKC", str(value)).casefold().split()) or None
