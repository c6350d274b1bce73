"""Times, rates and clocks as an author writes them: `90`, `90 s`, `1.5 min`, `4.2/min`, `08:00`, `mon-fri`. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

UNITS: Final = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604_800.0),
}
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_S: Final = 400 * 86_400.0

_TIME = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)\s*")
_RATE = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(?:/|per)\s*([a-z]+)\s*")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


def seconds(value: object) -> float:
    """`90`, `"90 s"`, `"1.5 min"` -> s. Raises ValueError with what to write."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a time is expected: 90 (seconds), 90 s, 1.5 min, 2 h, 1 d")
    if isinstance(value, str):
        found = _TIME.fullmatch(value.lower())
        if found is None or (found[2] and found[2] not in UNITS):
            raise ValueError(f"`{value[:40]}` is no time: 90 (seconds), 90 s, 1.5 min, 2 h, 1 d")
        value = float(found[1]) * UNITS.get(found[2], 1.0)
    if not 0 <= value <= LONGEST_S:
        raise ValueError("a time is between 0 and 400 days")
    return float(value)


def rate(value: object) -> float:
    """`"4.2/min"` -> per s. Raises ValueError with what to write."""
    if value == 0 and not isinstance(value, bool):
        return 0.0
    if isinstance(value, bool | int | float):
        raise ValueError("a rate says its unit: 100/h, 4.2/min, 3000/day")
    if not isinstance(value, str):
        raise ValueError("a rate is expected: 100/h, 4.2/min, 3000/day")
    found = _RATE.fullmatch(value.lower())
    if found is None or found[2] not in UNITS:
        raise ValueError(f"`{value[:40]}` is no rate: 100/h, 4.2/min, 3000/day")
    return float(found[1]) / UNITS[found[2]]


def clock(value: str) -> str:
    """`08:00`, `24:00`. Raises ValueError."""
    found = _CLOCK.fullmatch(value)
    if found is None or (found[1] == "24" and found[2] != "00"):
        raise ValueError(f"`{value[:20]}` is no time of day: 08:00, 24:00")
    return value


def clock_s(value: str) -> float:
    """Seconds since midnight."""
    hours, minutes = value.split(":")
    return int(hours) * 3600.0 + int(minutes) * 60.0


def weekdays(value: object) -> frozenset[int]:
    """`mon-fri`, `[sat, sun]`, `daily` -> 0 (Monday) to 6. Raises ValueError."""
    parts = value if isinstance(value, list) else str(value).split(",")
    found: set[int] = set()
    for part in parts:
        text = str(part).strip().lower()
        if text in ("daily", "all", "every day"):
            found.update(range(7))
            continue
        first, _, last = text.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"`{text[:20]}` is no weekday: mon, mon-fri, [sat, sun], daily")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return frozenset(found)


_TIME_INPUT = float | str
Time = Annotated[float, BeforeValidator(seconds, json_schema_input_type=_TIME_INPUT)]
Longer = Annotated[float, BeforeValidator(seconds, json_schema_input_type=_TIME_INPUT), Field(gt=0)]
Rate = Annotated[float, BeforeValidator(rate, json_schema_input_type=str)]
Clock = Annotated[str, AfterValidator(clock)]
Weekdays = Annotated[frozenset[int], BeforeValidator(weekdays, json_schema_input_type=str | list[str])]
Share = Annotated[float, Field(ge=0, le=1)]
