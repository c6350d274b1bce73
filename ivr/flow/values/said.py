"""What is said, read by what is loaded when the first caller has said something. Pure.

The readers of numbers, dates, times and of yes and no compile a hundred patterns: a tenth of a start, which the callers
of a controller that was killed do not wait for (ivr/main/late.py). Nodes and formats ask them here.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.flow.values.days import When


def digit_strings(text: str, language: str, *, letters: bool = False) -> list[str]:
    """See `spoken`, as for the next ones."""
    from ivr.flow.values import spoken

    return spoken.digit_strings(text, language, letters=letters)


def digits_said(text: str, language: str) -> str | None:
    from ivr.flow.values import spoken

    return spoken.digits_said(text, language)


def number_said(text: str, language: str) -> int | float | None:
    from ivr.flow.values import spoken

    return spoken.number_said(text, language)


def yes_no(text: str, language: str) -> bool | None:
    """See `assent`."""
    from ivr.flow.values import assent

    return assent.yes_no(text, language)


def dates_said(
    text: str, language: str, today: dt.date, *, when: When = "any", order: str = "ymd"
) -> list[dt.date | None]:
    """See `spoken_dates`."""
    from ivr.flow.values import spoken_dates

    return spoken_dates.dates_said(text, language, today, when=when, order=order)


def times_said(text: str, language: str) -> list[dt.time | None]:
    """See `spoken_times`."""
    from ivr.flow.values import spoken_times

    return spoken_times.times_said(text, language)
