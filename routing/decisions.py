"""What the matcher may decide, with the reasons as data. Plain values: JSON-able, storable, comparable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from routing.entries import Outcome
from routing.ids import AgentId, EntryId

ReasonCode = Literal[
    "longest_idle",
    "next_in_line",
    "preferred",
    "only_tried_left",
    "relaxed",
    "staffing",
    "all_busy",
    "nobody_logged_in",
    "cooling_off",
    "not_yet",
    "asked_for",
    "not_available",
    "waited_too_long",
    "unstaffed",
    "full",
    "closed",
    "unknown_queue",
]
Value = str | int | float | Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Reason:
    """data by code: see `sentences.py`, which says each of them in words."""

    code: ReasonCode
    data: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """The caller is to be offered to this agent. step: the step of the rules in force (0 = first)."""

    entry: EntryId
    agent: AgentId
    step: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody can take the caller now. again_at: when time alone may change that; None = only an event can."""

    entry: EntryId
    step: int
    again_at: dt.datetime | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Overflow:
    """The caller waited here as long as the rules allow."""

    entry: EntryId
    outcome: Outcome
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Reject:
    """The queue does not take the caller at all."""

    entry: EntryId
    outcome: Outcome
    reasons: tuple[Reason, ...]


Decision = Offer | Wait | Overflow | Reject
