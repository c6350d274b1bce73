"""When citizens may be called: by a calendar of the dialogue, and a supervisor's word for today before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from ivr.flow.calendars.calendar import Calendar

Hours = Callable[[str, dt.datetime], tuple[dt.datetime | None, dt.datetime | None]]
"""(calendar, moment) -> (that moment where it is open, else the next opening; when to ask again). None: not known."""


def always(calendar: str, moment: dt.datetime) -> tuple[dt.datetime | None, dt.datetime | None]:
    """`Hours` without any calendar."""
    return moment, None


def hours_of(
    calendars: Callable[[], Mapping[str, Calendar]], said: Callable[[], Mapping[str, bool]]
) -> Hours:
    """calendars: of the dialogue in force. said: calendar -> open today. A calendar that there is not is always open:
    a promise must not be lost for a name."""

    def hours(name: str, moment: dt.datetime) -> tuple[dt.datetime | None, dt.datetime | None]:
        calendar = calendars().get(name) if name else None
        if calendar is None:
            return moment, None
        word = said().get(name)
        if word:
            # Until when that word holds is not the calendar's to know.
            return moment, moment + dt.timedelta(hours=1)
        answer = calendar.at(moment) if word is None else calendar.overridden(moment, word)
        return (moment, answer.closes_at) if answer.open else (answer.opens_at, answer.opens_at)

    return hours
