"""What a calendar says of one day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivr.flow.calendars.hours import Spans

Reason = Literal["weekly", "holiday", "makeup", "date", "override"]
"""What decides: the day of the week, a holiday, a make-up working day, one of the calendar's `dates`, or a
supervisor's word."""


@dataclass(frozen=True, slots=True)
class Day:
    """spans: the hours that begin on this day. label: what the day is, in English, for the explanation.

    name: the same by language, for prompts; empty for an ordinary day.
    """

    spans: Spans
    reason: Reason
    label: str
    name: Mapping[str, str] = field(default_factory=dict)
