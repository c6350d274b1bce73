"""What is wrong with a calendar, told so that its author can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.errors import FlowError

Path = tuple[str | int, ...]
"""Where in the calendar, as keys."""


@dataclass(frozen=True, slots=True)
class CalendarFault:
    path: Path
    cause: str
    mend: str = ""


class CalendarError(FlowError):
    """A calendar that cannot be read. `faults`: all that is wrong with it; `path`: where the first of them is."""

    def __init__(self, faults: Sequence[CalendarFault]) -> None:
        super().__init__(faults[0].cause, mend=faults[0].mend)
        self.faults = tuple(faults)
        self.path = faults[0].path


class Faults:
    """Collects them, so that one reading finds all."""

    def __init__(self) -> None:
        self.found: list[CalendarFault] = []

    def add(self, path: Path, cause: str, mend: str = "") -> None:
        self.found.append(CalendarFault(path, cause, mend))

    def raise_if_any(self) -> None:
        """Raises CalendarError."""
        if self.found:
            raise CalendarError(self.found)
