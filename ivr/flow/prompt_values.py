"""The values that prompts say, read from the JSON that a dialogue knows: numbers, days, times, durations, texts. Pure.

Values come from callers, agents and web services, so none is trusted: what is no number or time gives None, a number of
absurd size is none, and a text loses what could steer a screen or a voice (`cleaned`, `speakable`).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Literal

MAX_SPOKEN = 300
"""Characters of one free text that are said: about half a minute."""
MAX_DIGITS = 20
"""Of a number, before the point and after it: what `decimal` rounds without losing any."""
MAX_SECONDS = 100 * 366 * 86_400

Unit = Literal["second", "minute", "hour", "day"]
UNITS: dict[str, int] = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
"""What a duration may be counted in, in seconds."""

_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_MARKUP = re.compile(r"[\[\]{}<>\\|^`*_#~=]+")
"""Signs that an engine could take as a command (espeak-ng reads `[[...]]` as phonemes) and that nobody says."""
_NUMBER = re.compile(r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)?(?:\.[0-9]+)?\Z")
_SECONDS = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?s\Z")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})


def cleaned(text: str) -> str:
    """One line without control characters, and without the invisible ones that could turn a text around."""
    kept = "".join(each for each in _CONTROL.sub(" ", text) if unicodedata.category(each) not in _UNSEEN)
    return kept.strip()


def speakable(text: str) -> str:
    """`cleaned`, without signs that steer a voice, MAX_SPOKEN characters at most, cut between words. May be empty."""
    text = " ".join(_MARKUP.sub(" ", cleaned(text[: 4 * MAX_SPOKEN])).split())
    if len(text) <= MAX_SPOKEN:
        return text
    cut = text[:MAX_SPOKEN]
    return cut.rsplit(" ", 1)[0] if " " in cut[MAX_SPOKEN // 2 :] else cut


def number(value: object) -> Decimal | None:
    """An int, a float, or a text that is one ("1,234.5"); floats through their shortest text, so that 3.1 stays 3.1."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    if isinstance(value, str):
        value = value.strip()
        if len(value) > 2 * MAX_DIGITS or not _NUMBER.match(value):
            return None
        value = value.replace(",", "")
    try:
        read = Decimal(value if isinstance(value, int) else str(value))
    except (InvalidOperation, ValueError):
        return None
    if not read.is_finite() or abs(read.adjusted()) >= MAX_DIGITS:
        return None
    return Decimal(int(read)) if isinstance(value, float) and read == int(read) else read


def day(value: object, zone: dt.tzinfo | None = None) -> dt.date | None:
    """A `date`, a `datetime` or ISO text, from the year 1000 on. zone: where an absolute moment is looked at."""
    found = moment(value, zone)
    if isinstance(found, dt.datetime):
        found = found.date()
    return found if isinstance(found, dt.date) and found.year >= 1000 else None


def clock(value: object, zone: dt.tzinfo | None = None) -> dt.time | None:
    """A `time`, a `datetime` or ISO text ("15:20")."""
    if isinstance(value, str):
        try:
            return dt.time.fromisoformat(value.strip())
        except ValueError:
            pass
    found = moment(value, zone)
    if isinstance(found, dt.datetime):
        return found.time()
    return value if isinstance(value, dt.time) else None


def moment(value: object, zone: dt.tzinfo | None = None) -> dt.datetime | dt.date | None:
    """A `datetime`, a `date`, or ISO text of either. An absolute moment is shown in `zone`, if that is given."""
    found: dt.datetime | dt.date | None = None
    if isinstance(value, dt.date):
        found = value
    elif isinstance(value, str) and len(value) <= 64:
        text = value.strip()
        try:
            found = dt.date.fromisoformat(text)
        except ValueError:
            try:
                found = dt.datetime.fromisoformat(text)
            except ValueError:
                return None
    if isinstance(found, dt.datetime) and found.tzinfo is not None and zone is not None:
        try:
            return found.astimezone(zone)
        except OverflowError:
            return None
    return found


def seconds(value: object, unit: str = "") -> int | None:
    """A duration in whole seconds, not negative: a number of `unit` ("" = seconds), a `timedelta`, or "120s"."""
    if isinstance(value, dt.timedelta):
        length = Decimal(value.total_seconds())
    elif isinstance(value, str) and _SECONDS.match(value.strip()):
        length = Decimal(value.strip()[:-1])
    else:
        count = number(value)
        if count is None:
            return None
        length = count * UNITS.get(unit, 1)
    return round(length) if 0 <= length <= MAX_SECONDS else None


def split(length: int) -> tuple[tuple[int, Unit], ...]:
    """The two largest units of so many seconds, without zeros: 3725 -> ((1, "hour"), (2, "minute")).

    Rounded to what is said, so that 7199 is two hours and not one hour and fifty-nine minutes.
    """
    if length >= 86_400:
        length = round(length / 3600) * 3600
    elif length >= 3600:
        length = round(length / 60) * 60
    parts: list[tuple[int, Unit]] = []
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, length = divmod(length, size)
        if count:
            parts.append((count, unit))  # type: ignore[arg-type]  # the names above are the units
    return tuple(parts[:2]) or ((0, "second"),)
