"""What is kept about transcripts beside their lines: who corrected them, and who looked at what is hidden."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody made of a line. revision: 1 is the first one of the line; it must follow the one before."""

    call_id: str
    party: str
    seq: int
    revision: int
    at: dt.datetime
    author: str
    reason: str
    before: str = field(repr=False)
    after: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TranscriptAct:
    """Somebody saw, took away or erased transcripts. call_id: "" where it is not one call. data: no words of calls."""

    at: dt.datetime
    author: str
    act: Literal["show", "search", "export", "erase"]
    call_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
