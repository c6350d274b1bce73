"""Hours of a day and days of the week as an author writes them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ivr.flow.calendars.faults import Faults, Path
from ivr.flow.findings import did_you_mean, quoted

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_MINUTES = 24 * 60
HOW = "`08:00-20:00`, a list of those, `open` or `closed`"

Spans = tuple[tuple[int, int], ...]
"""Minutes from the midnight that begins the day, from (included) to (excluded), in order. A span that goes on past the
next midnight ends after 1440: it belongs to the day that it begins on."""

ALL_DAY: Spans = ((0, DAY_MINUTES),)

_SPAN = re.compile(r"([0-2]?[0-9]):([0-5][0-9])\s*-\s*([0-2]?[0-9]):([0-5][0-9])\Z")
_OTHER_SIGNS = str.maketrans(
    {"：": ":", ".": ":", "–": "-", "—": "-", "－": "-", "~": "-", "～": "-", "至": "-"}
)
"""What people type for `:` and `-`."""


def read_hours(written: object, path: Path, faults: Faults) -> Spans:
    """`open`, `closed`, `08:00-12:00` or a list of those; () with a fault when it is none of them."""
    if written == "open":
        return ALL_DAY
    if written == "closed":
        return ()
    spans: list[tuple[int, int]] = []
    if not isinstance(written, list):
        span = _span(written, path, faults)
        return (span,) if span is not None else ()
    if not written:
        faults.add(path, "an empty list of hours", "write `closed`")
    for index, each in enumerate(written):
        span = _span(each, (*path, index), faults)
        if span is None:
            continue
        for other in spans:
            if span[0] < other[1] and other[0] < span[1]:
                faults.add((*path, index), f"`{each}` overlaps {show((other,))}", "write them as one")
                break
        else:
            spans.append(span)
    return tuple(sorted(spans))


def _span(written: object, path: Path, faults: Faults) -> tuple[int, int] | None:
    text = written.strip() if isinstance(written, str) else ""
    match = _SPAN.match(text)
    if match is None:
        plainer = text.translate(_OTHER_SIGNS)
        hint = f"did you mean `{plainer}`?" if _SPAN.match(plainer) else HOW
        faults.add(path, f"{quoted(written)} are no hours", hint)
        return None
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if begin >= DAY_MINUTES or end > DAY_MINUTES:
        faults.add(path, f"{quoted(written)} are no hours", "a day goes from 00:00 to 24:00")
        return None
    if begin == end:
        faults.add(path, f"{quoted(written)} begins and ends at once", "the whole day is `open`")
        return None
    return (begin, end) if begin < end else (begin, end + DAY_MINUTES)


def show(spans: Spans) -> str:
    """`08:00-12:00, 13:00-18:00`."""
    return ", ".join(f"{_clock(begin)}-{_clock(end)}" for begin, end in spans)


def _clock(minute: int) -> str:
    # 24:00 ends a day; what goes on past it is shown as the next day's clock.
    minute = minute - DAY_MINUTES if minute > DAY_MINUTES else minute
    return f"{minute // 60:02}:{minute % 60:02}"


def read_week(written: Mapping[str, object], faults: Faults) -> list[Spans | None]:
    """The hours of Monday to Sunday; None for a day of which nothing is said."""
    week: list[Spans | None] = [None] * 7
    said: dict[int, str] = {}
    for key, hours in written.items():
        path: Path = ("weekly", key)
        spans = read_hours(hours, path, faults)
        for day in read_days(key, path, faults):
            if day in said:
                faults.add(path, f"`{key}` and `{said[day]}` both say when {DAYS[day]} is open", "keep one")
                continue
            said[day] = key
            week[day] = spans
    for day, before in enumerate(week):
        following = (day + 1) % 7
        after = week[following]
        if before and after and before[-1][1] - DAY_MINUTES > after[0][0]:
            faults.add(
                ("weekly", said[following]),
                f"{DAYS[day]} {show(before[-1:])} goes on into {DAYS[following]} {show(after[:1])}",
                "hours past midnight belong to the day that they begin on: shorten one of them",
            )
            break
    return week


def read_days(key: str, path: Path, faults: Faults) -> tuple[int, ...]:
    """`mon`, `mon-fri`, `fri-mon`, `mon, wed` or `daily` -> days of the week, Monday is 0; () with a fault."""
    if key.strip() == "daily":
        return tuple(range(7))
    days: list[int] = []
    for part in key.split(","):
        ends = [end.strip() for end in part.split("-")]
        wrong = [end for end in ends if end not in DAYS]
        if wrong or len(ends) > 2:
            near = [day for day in DAYS if wrong and wrong[0].lower().startswith(day)]
            hint = f"did you mean `{near[0]}`?" if near else wrong and did_you_mean(wrong[0].lower(), DAYS)
            faults.add(path, f"`{key}` is no day", hint or f"daily, {', '.join(DAYS)} or mon-fri")
            return ()
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        days += [day % 7 for day in range(first, (last if last >= first else last + 7) + 1)]
    return tuple(days)
