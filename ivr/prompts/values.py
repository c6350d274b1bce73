"""The values of prompts, read for the ear: as `ivr.flow.prompt_values`, but what cannot be said raises. Pure.

No message repeats the value: it may be a caller's words.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from ivr.errors import FlowError
from ivr.flow import prompt_values


class Unsayable(FlowError):
    """The value is of no kind that this way of saying it knows."""


Kind = Literal["number", "date", "time", "text"]


def kind(value: object) -> Kind:
    """What `auto` says it as."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return "number"
    if isinstance(value, dt.date):
        return "date"
    return "time" if isinstance(value, dt.time) else "text"


def text(value: object) -> str:
    """Plain words, whatever a caller or a service sent. Raises Unsayable when nothing is left to say."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Unsayable(
            f"a value of the kind `{type(value).__name__}` cannot be said", mend="give it as text"
        )
    said = prompt_values.speakable(value)
    if not any(character.isalnum() for character in said):
        raise Unsayable("a text without words cannot be said", mend="give a text with words in it")
    return said


def amount(value: object) -> Decimal:
    found = prompt_values.number(value)
    if found is not None:
        return found
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise Unsayable(f"a value of the kind `{type(value).__name__}` is not a number", mend="give a number")
    raise Unsayable(
        "a value that should be said as a number is none", mend="give a number, or say it as text"
    )


def digit_runs(value: object) -> list[str]:
    """The runs of digits in a telephone, ticket or key number: "010-12345678" -> ["010", "12345678"]."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Unsayable(f"a value of the kind `{type(value).__name__}` has no digits", mend="give it as text")
    runs: list[str] = []
    left = prompt_values.MAX_SPOKEN
    for run in "".join(each if each in "0123456789" else " " for each in str(value)[:2000]).split():
        runs += [run[:left]] if left > 0 else []
        left -= len(run)
    if not runs:
        raise Unsayable(
            "a value that should be said as digits has none", mend="give digits, or say it as text"
        )
    return runs


def date(value: object, zone: dt.tzinfo | None) -> dt.date:
    found = prompt_values.day(value, zone)
    if found is None:
        raise Unsayable("a value that should be said as a date is none", mend='give it as "2026-11-22"')
    return found


def time(value: object, zone: dt.tzinfo | None) -> dt.time:
    found = prompt_values.clock(value, zone)
    if found is None:
        raise Unsayable("a value that should be said as a time is none", mend='give it as "15:20"')
    return found


def moment(value: object, zone: dt.tzinfo | None) -> tuple[dt.date, dt.time | None]:
    """The day, and the time where the value has one."""
    found = prompt_values.moment(value, zone)
    if found is None or found.year < 1000:
        raise Unsayable(
            "a value that should be said as date and time is none", mend='give it as "2026-11-22T15:20"'
        )
    return (found.date(), found.time()) if isinstance(found, dt.datetime) else (found, None)


def duration(value: object, unit: str) -> tuple[tuple[int, prompt_values.Unit], ...]:
    """The two largest units. unit: of a value that is a number, "" = seconds."""
    length = prompt_values.seconds(value, unit)
    if length is None:
        raise Unsayable("a value that should be said as a duration is none", mend="give seconds, as a number")
    return prompt_values.split(length)


_DIGIT_GROUPS: dict[int, tuple[int, ...]] = {
    11: (3, 4, 4),
    10: (3, 3, 4),
    9: (3, 3, 3),
    8: (4, 4),
    7: (3, 4),
    6: (3, 3),
}
_LONGEST_GROUP = 5
"""A string of another length is cut into groups of four when it is longer than this."""


def groups(digits: str) -> list[str]:
    """A run of digits as people group it: 13812345678 -> 138 1234 5678."""
    if len(digits) <= _LONGEST_GROUP:
        return [digits]
    sizes = _DIGIT_GROUPS.get(len(digits)) or (4,) * -(-len(digits) // 4)
    found, start = [], 0
    for size in sizes:
        found.append(digits[start : start + size])
        start += size
    return found
