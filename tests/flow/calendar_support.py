"""Calendars for tests, from what an author would write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from ivr.flow.calendar_model import CalendarModel
from ivr.flow.calendars.calendar import Answer, Calendar
from ivr.flow.calendars.reading import make_calendar


def calendar(written: Mapping[str, object], **others: Mapping[str, object]) -> Calendar:
    """The calendar `desk`; others: further ones, for its `base`. Raises CalendarError."""
    models = {name: CalendarModel.model_validate(each) for name, each in {**others, "desk": written}.items()}
    return make_calendar("desk", models["desk"], models)


def moment(desk: Calendar, local: str) -> dt.datetime:
    """`2026-10-01T09:00` on the wall clock there; `... again`: the second time, when clocks have gone back."""
    text, _, again = local.partition(" ")
    naive = dt.datetime.fromisoformat(text)
    return naive.replace(tzinfo=desk.timezone, fold=1 if again else 0).astimezone(dt.UTC)


def ask(desk: Calendar, local: str) -> Answer:
    return desk.at(moment(desk, local))


def clock(time: dt.datetime | None) -> str:
    """`2026-10-01T09:00`, or "" for none."""
    return time.strftime("%Y-%m-%dT%H:%M") if time is not None else ""
