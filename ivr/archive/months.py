"""Months as they are archived: of UTC, and only when they have been over for a week. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ivr.errors import BackupError

SETTLED: Final = dt.timedelta(days=7)
"""After a month's end: calls that began in it are over, and what was spooled has been written."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> Month:
        """`2026-08`. Raises BackupError."""
        found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
        if found is None:
            raise BackupError(f"`{text}` is no month", mend="write it as 2026-08")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, at: dt.datetime) -> Month:
        at = at.astimezone(dt.UTC)
        return cls(at.year, at.month)

    @property
    def begins(self) -> dt.datetime:
        return dt.datetime(self.year, self.month, 1, tzinfo=dt.UTC)

    @property
    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"


def months(first: dt.datetime, before: Month) -> Iterator[Month]:
    """From that of `first` to the one before `before`, in order."""
    month = Month.of(first)
    while month < before:
        yield month
        month = month.next


def refuse_unsettled(before: Month, now: dt.datetime) -> None:
    """Raises BackupError when the last month to be archived has not been over for long enough."""
    if before.begins + SETTLED > now:
        raise BackupError(
            f"the month before {before} is not over for a week yet", mend="name an earlier month"
        )
