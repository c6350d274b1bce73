"""Records of what was missed, and of what callers were told of their wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from storage.masking import mask

MissedReason = Literal["abandoned", "dead_air", "lost", "not_served", "voicemail"]
"""abandoned: hung up in line. dead_air: never spoke nor pressed. lost: cut off by us or by Asterisk. not_served: the
queue's rules ended the wait. voicemail: left a message."""
ClosedHow = Literal["", "repeat_call", "callback", "hand", "withheld"]


@dataclass(frozen=True, slots=True)
class MissedCallRecord:
    """An obligation to a caller: one open one a caller at most. caller_key: "" and number "" of a withheld number.

    reason: of the latest call; reasons: how often each. count: calls in vain. due_at: to be made good by then, the
    earliest of all. call_id, queue, language: of the latest. callback_id: the promise that is to make it good, "" none.
    closed_*: how, by whom, why, and the call that did it ("" by hand). Replaced unless its revision is lower.
    """

    id: str
    caller_key: str = field(repr=False)
    number: str
    reason: MissedReason
    reasons: Mapping[str, int]
    count: int
    first_at: dt.datetime
    last_at: dt.datetime
    due_at: dt.datetime
    call_id: str
    queue: str = ""
    language: str = ""
    state: Literal["open", "closed"] = "open"
    callback_id: str = ""
    closed_at: dt.datetime | None = None
    closed_how: ClosedHow = ""
    closed_by: str = ""
    closed_why: str = field(default="", repr=False)
    closing_call: str = ""
    revision: int = 0

    def __repr__(self) -> str:
        number = mask(self.number)
        return (
            f"MissedCallRecord(id={self.id!r}, state={self.state!r}, count={self.count}, number={number!r})"
        )


@dataclass(frozen=True, slots=True)
class WaitEstimateRecord:
    """What was estimated of a wait, and what came of it. Written once, when that is known.

    told: the caller was told. waited_s: from the estimate to the join, or to the end of the wait without one.
    hit: the wait ended within the range; None: not known (gave up before its end).
    """

    id: str
    entry_id: str
    queue: str
    at: dt.datetime
    place: int
    serving: int
    low_s: float
    high_s: float
    told: bool
    waited_s: float
    hit: bool | None
