"""What the matcher may decide, with the reasons as data. Plain values: JSON-able, storable, comparable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from routing.entry_events import Outcome
from routing.ids import AgentId, EntryId, QueueName

ReasonCode = Literal[
    # why this agent
    "longest_idle",
    "least_occupied",
    "best_skill",
    "round_robin",
    "agent_priority",
    "by_lot",
    "share",
    "preferred_agent",
    "preferred",
    "only_tried_left",
    "asked_for",
    "rung_too",
    "rung_for_the_rest",
    "given_up_elsewhere",
    # why this caller
    "next_in_line",
    "urgent",
    "aged",
    # how things stand
    "relaxed",
    "staffing",
    "all_busy",
    "nobody_logged_in",
    "cooling_off",
    "kept_for",
    "not_yet",
    "not_available",
    # why elsewhere, or not at all
    "moved_to",
    "waited_for",
    "waited_too_long",
    "too_long_a_line",
    "unstaffed",
    "full",
    "closed",
    "unknown_queue",
    # why a place is worse than was told
    "place_worse",
    "overtaken_priority",
    "overtaken_returned",
    "overtaken_sent_back",
    "overtaken_moved",
    "overtaken_aged",
    "moved_self",
    "new_rules",
    "overtaken",
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
class Move:
    """The caller goes on waiting in the queue `to`, as old as before (`rules.Overflow`)."""

    entry: EntryId
    to: QueueName
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


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Nothing was decided about the caller, but about others: the place is worse than the one that was told."""

    entry: EntryId
    told: int
    place: int
    reasons: tuple[Reason, ...]


Decision = Offer | Wait | Move | Overflow | Reject | Overtaken
