"""What a controller needs to go on with a call that another one, or itself before it was killed, had begun."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class LiveCallRecord:
    """A live call as it stands: written after each thing that happened in it, emptied when it is over.

    channel: the caller's. version: of the shape of `data` (ivr/call/saved.py). data: JSON, holds what the caller
    pressed and said: never logged, `{}` once the call is over. A later write replaces the row unless its revision is
    lower.
    """

    id: str
    node: str
    channel: str
    at: dt.datetime
    state: Literal["live", "over"] = "live"
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    version: int = 1
    revision: int = 0
