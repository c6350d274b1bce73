"""What every expression can name without declaring it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from ivr.flow.actions import JsonValue
from ivr.flow.expressions.types import (
    ANY,
    BOOL,
    CLOCK,
    DATE,
    INT,
    MAP,
    TEXT,
    TIMESTAMP,
    Type,
    list_of,
    map_of,
    one_of,
)

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

ROWS: Final[tuple[tuple[str, Type, str], ...]] = (
    ("call.id", TEXT, "the call's id"),
    ("call.caller", TEXT, "the caller's number; empty when withheld"),
    ("call.number", TEXT, "the number that was dialled"),
    ("call.language", TEXT, "the language that the call began in"),
    ("call.speech", list_of(TEXT), "the languages that can be recognised now; empty: keys only"),
    ("call.facts", MAP, "whatever else is known of the caller; a key may be missing: use `default` or `has`"),
    ("call.history.known", BOOL, "whether this number called before"),
    ("call.history.calls", INT, "how often it called before"),
    ("call.history.calls_7d", INT, "how often in the last seven days"),
    ("call.history.last_at", TEXT, "when last, as `2026-10-01T08:30:00+08:00`; empty when never"),
    ("call.history.last_topic", TEXT, "the variable `topic` of that call"),
    ("call.history.last_outcome", TEXT, "how that call ended"),
    ("call.history.last_agent", TEXT, "who answered it"),
    ("call.history.language", TEXT, "the language that it ended in"),
    (
        "call.struggles",
        INT,
        "how often the caller did not get on: silence, misunderstandings, pardons, late answers",
    ),
    ("call.pace", one_of("normal", "slow"), "`slow` for a caller who struggles: the hotline's `pace`"),
    (
        "call.other_language",
        TEXT,
        "another of the hotline's that the caller was clearly heard to speak, or empty",
    ),
    ("language", TEXT, "the language spoken now"),
    ("now", TIMESTAMP, "this moment, in the hotline's time zone"),
    ("time.hour", INT, "0 to 23"),
    ("time.minute", INT, "0 to 59"),
    ("time.clock", CLOCK, "as `08:05`: compares with other times of day"),
    ("time.weekday", one_of(*WEEKDAYS), "`mon` to `sun`"),
    ("time.date", DATE, "as `2026-10-01`: compares with other dates"),
    ("time.year", INT, "as 2026"),
    ("time.month", INT, "1 to 12"),
    ("time.day", INT, "1 to 31"),
    ("event.name", TEXT, "the event that is handled, as `no_input`"),
    ("event.count", INT, "how often it was raised in this visit to the node"),
    ("event.detail", ANY, "what came with it"),
    ("visits", INT, "how often this node was entered in this call, this time included"),
)
"""Dotted name, type, and what it is in a line."""


def _types(prefix: str = "") -> dict[str, Type]:
    types: dict[str, Type] = {}
    for path, type_, _ in ROWS:
        if path.startswith(prefix):
            name, _, rest = path[len(prefix) :].partition(".")
            if name not in types:
                types[name] = map_of(**_types(f"{prefix}{name}.")) if rest else type_
    return types


STANDARD: Final[Mapping[str, Type]] = _types()


def time_of(now: dt.datetime) -> dict[str, JsonValue]:
    """`time` as expressions see it. now: in the hotline's zone."""
    return {
        "hour": now.hour,
        "minute": now.minute,
        "clock": f"{now.hour:02}:{now.minute:02}",
        "weekday": WEEKDAYS[now.weekday()],
        "date": now.date().isoformat(),
        "year": now.year,
        "month": now.month,
        "day": now.day,
    }


def with_fixed_zone(value: Any) -> Any:
    """A point in time with its offset only: CEL knows no zones by name. Anything else as it is."""
    if isinstance(value, dt.datetime) and not isinstance(value.tzinfo, dt.timezone):
        offset = value.utcoffset()
        return value.replace(tzinfo=dt.UTC if offset is None else dt.timezone(offset))
    return value
