"""Records of what people did with power."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ActRecord:
    """One act of power, as a line of a log. kind: about what (`agent`, `entry`, `recording`, `talk` ...); act: which.

    subject: to whom or to what, an agent's, an entry's or a recording's id. call_id: "" = no call. data: JSON.
    """

    id: str
    at: dt.datetime
    author: str
    kind: str
    act: str
    call_id: str = ""
    subject: str = ""
    why: str = field(default="", repr=False)
    data: Mapping[str, Any] = field(default_factory=dict)
