"""Jumps of the machine's clock, on record among the acts, and what they make of times that were measured meanwhile.

    keep_on_record(clock, put, node)
    jumps = await jumps_on_record(uow, node, until)
    apart_s(jumps, since, until)     # so far may a measured time be from what the two times of day say

While the hotline's clock makes up for a jump, its times of day are up to a tenth further from each other, or nearer,
than what passed between them.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Final

from ivr.clock import Clock
from ivr.steady_clock import MADE_UP, Jump, SteadyClock
from storage.act_records import ActRecord
from storage.store import UnitOfWork

AUTHOR: Final = "hotline"
KIND: Final = "clock"
ACT: Final = "jump"
MOST: Final = 1_000
"""Of the latest ones, looked through for one call."""


def keep_on_record(clock: Clock, put: Callable[[ActRecord], None], node: str) -> None:
    """Those that it has noticed, and from now on each one at once. Other clocks than a `SteadyClock` do not tell."""
    if isinstance(clock, SteadyClock):
        clock.tell(lambda jump: put(act_of(jump, node)))


def act_of(jump: Jump, node: str) -> ActRecord:
    data = {"by_s": round(jump.by_s, 3), "ahead_s": round(jump.ahead_s, 3)}
    return ActRecord(f"act-{secrets.token_hex(8)}", jump.at, AUTHOR, KIND, ACT, subject=node, data=data)


async def jumps_on_record(uow: UnitOfWork, node: str, until: dt.datetime) -> list[Jump]:
    """Of this node's clock before that, in their order. Raises StorageError."""
    acts = await uow.acts.listed(kind=KIND, subject=node, limit=MOST)
    return [Jump(act.at, act.data["by_s"], act.data["ahead_s"]) for act in reversed(acts) if act.at <= until]


def apart_s(jumps: Sequence[Jump], since: dt.datetime, until: dt.datetime) -> float:
    """How far what passed may be from the difference of these two times of day, at most. jumps: in their order.

    A jump is made up for until the difference is gone, or the next jump makes it another one.
    """
    apart = 0.0
    for jump, following in zip_longest(jumps, jumps[1:]):
        ends = until if following is None else min(until, following.at)
        begins = max(since, jump.at)
        within_s = max(0.0, (ends - begins).total_seconds())
        if jump.ahead_s < 0:
            # The clock goes slower: more has passed than it says.
            rate, left_s = MADE_UP / (1 - MADE_UP), abs(jump.ahead_s) * (1 - MADE_UP) / MADE_UP
        else:
            rate, left_s = MADE_UP / (1 + MADE_UP), jump.ahead_s * (1 + MADE_UP) / MADE_UP
        lasts_s = max(0.0, left_s - (begins - jump.at).total_seconds())
        apart += rate * min(within_s, lasts_s)
    return apart
