"""Calendars: open or closed at a moment, and why. Pure; `now` is passed in."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.errors import FlowError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([0-2]?\d):([0-5]\d)\s*-\s*([0-2]?\d):([0-5]\d)\Z")
_DAY_MINUTES = 24 * 60
_HOW = "`08:00-20:00`, a list of those, `open` or `closed`"

Spans = tuple[tuple[int, int], ...]
"""Minutes of the day, from (included) to (excluded). A span past midnight is two: one on each day."""


class CalendarError(FlowError):
    """`path`: where in the calendar, as keys."""

    def __init__(self, message: str, path: tuple[str | int, ...], *, mend: str) -> None:
        super().__init__(message, mend=mend)
        self.path = path


@dataclass(frozen=True, slots=True)
class Day:
    spans: Spans
    why: str = ""


@dataclass(frozen=True, slots=True)
class Calendar:
    """weekly: the spans of Monday to Sunday. dates: a date's own hours, instead of the week's."""

    name: str
    timezone: dt.tzinfo
    weekly: tuple[Spans, ...]
    dates: Mapping[dt.date, Day] = field(default_factory=dict)

    def open_at(self, now: dt.datetime) -> tuple[bool, str]:
        """Whether it is open, and the reason in words (`closed: National Day`)."""
        local = now.astimezone(self.timezone)
        minute = local.hour * 60 + local.minute
        special = self.dates.get(local.date())
        spans = special.spans if special is not None else self.weekly[local.weekday()]
        is_open = any(begin <= minute < end for begin, end in spans)
        why = special.why or local.date().isoformat() if special is not None else DAYS[local.weekday()]
        return is_open, f"{'open' if is_open else 'closed'}: {why}"


def make_calendar(
    name: str, timezone: str, weekly: Mapping[str, object], dates: Mapping[str, object]
) -> Calendar:
    """From what an author wrote. Raises CalendarError."""
    try:
        zone = zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CalendarError(
            f"unknown time zone `{timezone}`", ("timezone",), mend="as Asia/Shanghai"
        ) from error
    week: list[list[tuple[int, int]]] = [[] for _ in DAYS]
    seen: dict[int, str] = {}
    for key, written in weekly.items():
        spans, over = _spans(written, ("weekly", key))
        for day in _days(key):
            if day in seen:
                raise CalendarError(
                    f"`{key}` and `{seen[day]}` both say when {DAYS[day]} is open",
                    ("weekly", key),
                    mend="keep one",
                )
            seen[day] = key
            week[day] += spans
            week[(day + 1) % 7] += over
    special = {_date(key): _special(written, key) for key, written in dates.items()}
    return Calendar(name, zone, tuple(tuple(sorted(day)) for day in week), special)


def _days(key: str) -> tuple[int, ...]:
    if key == "daily":
        return tuple(range(7))
    ends = [part.strip() for part in key.split("-")]
    if not all(end in DAYS for end in ends) or len(ends) > 2:
        raise CalendarError(
            f"`{key}` is no day", ("weekly", key), mend=f"daily, {', '.join(DAYS)} or mon-fri"
        )
    first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
    return tuple(day % 7 for day in range(first, (last if last >= first else last + 7) + 1))


def _date(key: str) -> dt.date:
    try:
        return dt.date.fromisoformat(key)
    except ValueError as error:
        raise CalendarError(f"`{key}` is no date", ("dates", key), mend="as 2026-10-01") from error


def _special(written: object, key: str) -> Day:
    why = ""
    if isinstance(written, dict):
        unknown = set(written) - {"hours", "why"}
        if unknown or "hours" not in written:
            raise CalendarError(
                "a date has `hours` and `why`", ("dates", key), mend="{hours: closed, why: ...}"
            )
        why = str(written.get("why") or "")
        written = written["hours"]
    spans, over = _spans(written, ("dates", key))
    if over:
        raise CalendarError(
            "the hours of a date end by 24:00", ("dates", key), mend="write the next date too"
        )
    return Day(tuple(sorted(spans)), why)


def _spans(
    written: object, path: tuple[str | int, ...]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The spans on the day, and those that reach over into the next."""
    if written == "open":
        return [(0, _DAY_MINUTES)], []
    if written == "closed":
        return [], []
    spans: list[tuple[int, int]] = []
    over: list[tuple[int, int]] = []
    for text in written if isinstance(written, list) else [written]:
        match = _SPAN.match(text) if isinstance(text, str) else None
        if match is None:
            raise CalendarError(f"`{text}` are no hours", path, mend=_HOW)
        begin, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4]))
        if begin >= _DAY_MINUTES or end > _DAY_MINUTES or begin == end:
            raise CalendarError(f"`{text}` are no hours", path, mend="00:00 to 24:00")
        if begin < end:
            spans.append((begin, end))
        else:
            spans.append((begin, _DAY_MINUTES))
            over.append((0, end))
    return spans, over
