"""Stretches of time over which a zone's clock is not changed. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

_DAY_S = 24 * 60 * 60


def stretches(zone: dt.tzinfo, start: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime, dt.timedelta]]:
    """From `start` (UTC) on, without a gap and without end: from, until, and the offset between them.

    Each is a day long at most.
    """
    offset = _offset(zone, start)
    while True:
        end = start + dt.timedelta(days=1)
        after = _offset(zone, end)
        if after != offset:
            end = _change(zone, start, offset)
            after = _offset(zone, end)
        yield start, end, offset
        start, offset = end, after


def _offset(zone: dt.tzinfo, moment: dt.datetime) -> dt.timedelta:
    return moment.astimezone(zone).utcoffset() or dt.timedelta()


def _change(zone: dt.tzinfo, start: dt.datetime, offset: dt.timedelta) -> dt.datetime:
    """When, within the day after `start`, the clock is changed: zones do so at whole seconds."""
    start = start.replace(microsecond=0)
    before, changed = 0, _DAY_S + 1
    while changed - before > 1:
        middle = (before + changed) // 2
        if _offset(zone, start + dt.timedelta(seconds=middle)) == offset:
            before = middle
        else:
            changed = middle
    return start + dt.timedelta(seconds=changed)


def first_instant(zone: dt.tzinfo, date: dt.date) -> dt.datetime:
    """The moment at which that date begins there (UTC); where clocks skip it, the moment that they are changed."""
    # The earliest place on Earth is 14 hours ahead of UTC, and none was ever a day ahead.
    start = dt.datetime.combine(date, dt.time(), dt.UTC) - dt.timedelta(days=1)
    local = dt.datetime.combine(date, dt.time(), dt.UTC)
    return next(
        max(begin, local - offset) for begin, end, offset in stretches(zone, start) if local - offset < end
    )
