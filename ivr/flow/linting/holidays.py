"""Calendars whose holidays are not known yet: what is right today is wrong one day, though nobody changed it. Pure."""

from __future__ import annotations

import datetime as dt

from ivr.flow.calendars.reading import coverage_warning
from ivr.flow.findings import Finding
from ivr.flow.linting.sites import Sites
from ivr.flow.model import FlowLibrary

NEXT_YEAR_FROM = 11
"""The month from which next year's holidays should be known: China announces them in November."""


def check_holidays(library: FlowLibrary, now: dt.datetime) -> list[Finding]:
    """now: with a time zone. Of this year and, from November on, of the next."""
    sites = Sites(library)
    found: list[Finding] = []
    for name, calendar in library.calendars.items():
        today = now.astimezone(calendar.timezone)
        years = (today.year, today.year + 1) if today.month >= NEXT_YEAR_FROM else (today.year,)
        for year in years:
            fault = coverage_warning(calendar, year)
            if fault is not None:
                found.append(
                    sites.calendar(
                        name, ("holidays",), "holidays-not-known", f"`{name}`: {fault.cause}", fault.mend
                    )
                )
    return found
