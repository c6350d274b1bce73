"""The functions that we add to CEL's: pure, bounded, without a clock of their own.

What the library's extensions (`cel.stdlib`) have, is taken from there. A function raises ValueError or TypeError with a
sentence for the journal; the expression then gives no value.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ivr.flow.expressions.alone import stdlib
from ivr.flow.expressions.types import INT_LIMIT

MAX_TEXT: Final = 4000
"""Characters of a text that a function or an expression may give, so that no flow grows its variables without end."""
MAX_ITEMS: Final = 1000

_MOBILE = re.compile(r"(?:\+|00)?(?:86)?1[3-9][0-9]{9}\Z")
_SEPARATORS = re.compile(r"[\s()\-]+")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－＋", "0123456789.,-+")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?\Z")


def bounded(text: str) -> str:
    """The text itself. Raises ValueError where it is too long."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"a text of {len(text)} characters; {MAX_TEXT} at most")
    return text


def _items(items: list[Any]) -> list[Any]:
    if len(items) > MAX_ITEMS:
        raise ValueError(f"a list of {len(items)}; {MAX_ITEMS} at most")
    return items


def size(value: str | bytes | Sequence[object] | Mapping[object, object]) -> int:
    """Characters, bytes, items or keys. The library's own counts a text's bytes: 3 for each Chinese character."""
    return len(value)


def first(text: str, count: int) -> str:
    return text[: _count(count)]


def last(text: str, count: int) -> str:
    return text[max(0, len(text) - _count(count)) :]


def _count(count: int) -> int:
    if count < 0:
        raise ValueError(f"{count} characters")
    return count


def digits(text: str) -> str:
    """All decimal digits, full-width and other scripts' too, as 0-9."""
    return "".join(str(unicodedata.decimal(each)) for each in text if each.isdecimal())


def lower(text: str) -> str:
    return bounded(text.lower())


def upper(text: str) -> str:
    return bounded(text.upper())


def replace(text: str, old: str, new: str) -> str:
    grown = len(text) + text.count(old) * (len(new) - len(old))
    if grown > MAX_TEXT:
        raise ValueError(f"a text of {grown} characters; {MAX_TEXT} at most")
    return stdlib.replace(text, old, new)


def split(text: str, separator: str) -> list[str]:
    return _items(stdlib.split(text, separator))


def join_texts(texts: Sequence[object], separator: str = "") -> str:
    if not all(isinstance(each, str) for each in texts):
        raise TypeError("only texts can be joined: use map(x, text(x)) first")
    return bounded(separator.join(texts))  # type: ignore[arg-type]  # checked above


def substring(text: str, start: int, end: int | None = None) -> str:
    return stdlib.substring(text, start, end)


def contains_any(text: str, words: Sequence[object]) -> bool:
    return any(isinstance(word, str) and word in text for word in words)


def is_mobile(text: str) -> bool:
    """A Chinese mobile number, with or without 86, spaces and hyphens."""
    return _MOBILE.match(_SEPARATORS.sub("", text)) is not None


def masked(text: str) -> str:
    """`138****5678`. One of less than 11 characters keeps its last three, a very short one none."""
    if len(text) >= 11:
        return f"{text[:3]}{'*' * (len(text) - 7)}{text[-4:]}"
    return f"{'*' * (len(text) - 3)}{text[-3:]}" if len(text) > 5 else "*" * len(text)


def text_of(value: object) -> str:
    """As people write it: `3` for 3.0, `true`, and nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < INT_LIMIT else repr(value)
    if isinstance(value, int | str):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError("lists and maps are no text: use join(list, ', ')")


def number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("only a text is read as a number")
    if isinstance(value, str):
        plain = value.translate(_FULL_WIDTH).strip()
        if not _NUMBER.match(plain):
            raise ValueError("the text is no number")
        value = plain.replace(",", "")
    return float(value)


def default(value: object, otherwise: object) -> object:
    """For what is no path (`a.b.c`): those are looked up by `default_at`, so that a missing key is no error."""
    return otherwise if value is None else value


def default_at(root: object, keys: Sequence[object], otherwise: object) -> object:
    """What stands under these keys; `otherwise` where one is missing or null."""
    value = root
    for key in keys:
        if isinstance(value, Mapping):
            there = isinstance(key, str | int) and key in value
        else:
            there = isinstance(value, list) and type(key) is int and 0 <= key < len(value)
        if not there:
            return otherwise
        value = value[key]  # type: ignore[index]  # it is there
    return otherwise if value is None else value


def round_to(value: float, places: int | None = None) -> float:
    """To the nearest, halves away from zero: a whole number, or one with so many decimals."""
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be rounded")
    if places is not None and not 0 <= places <= 9:
        raise ValueError("0 to 9 decimals")
    scale = int(10 ** (places or 0))
    nearest = math.floor(abs(value) * scale + 0.5)
    rounded = nearest if value >= 0 else -nearest
    if places is None and abs(rounded) >= INT_LIMIT:
        raise ValueError(f"{value} is too large")
    return rounded if places is None else float(rounded / scale)


def absolute(value: Any) -> Any:
    if isinstance(value, int) and abs(value) >= INT_LIMIT:
        raise ValueError(f"{value} is too large")
    return abs(value)


def least(*values: Any) -> Any:
    return stdlib.min_(*values)


def greatest(*values: Any) -> Any:
    return stdlib.max_(*values)


def total(values: Sequence[Any]) -> Any:
    result = stdlib.sum_(values)
    if isinstance(result, int) and abs(result) >= INT_LIMIT:
        raise ValueError("the sum is too large")
    return result


def minutes_since(now: dt.datetime, then: str | dt.datetime) -> int:
    """Whole minutes; negative when it is still to come."""
    return math.floor((now - _moment(then, now)).total_seconds() / 60)


def days_until(now: dt.datetime, then: str | dt.datetime) -> int:
    """From today, in the zone of `now`: 0 is today, negative is past."""
    return (_day(then, now) - now.date()).days


def age(now: dt.datetime, born: str | dt.datetime) -> int:
    """Whole years."""
    day, today = _day(born, now), now.date()
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def _moment(value: str | dt.datetime, now: dt.datetime) -> dt.datetime:
    """A text without a zone is in that of `now`."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("the text is no date and time like 2026-10-01T08:30:00+08:00") from None
    return value if value.tzinfo is not None else value.replace(tzinfo=now.tzinfo)


def _day(value: str | dt.datetime, now: dt.datetime) -> dt.date:
    try:
        return _moment(value, now).astimezone(now.tzinfo).date()
    except ValueError:
        raise ValueError("the text is no date like 2026-10-01 or 20261001") from None
