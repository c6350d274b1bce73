"""Identifiers with a kind prefix. All ids are chosen by us, before the object exists in Asterisk.

A call id carries the node's name (`c-n1-...`), so that ids of several controllers never meet.
"""

from __future__ import annotations

import functools
import itertools
import secrets
import time
from collections.abc import Iterator
from typing import NewType

CallId = NewType("CallId", str)
"""`c-<node>-<time>-<random>`: one citizen's call, from INVITE to its end, whatever channels it uses."""
ChannelId = NewType("ChannelId", str)
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)


@functools.cache
def _numbers() -> Iterator[int]:
    """Begins, with the first id, where no earlier process has been: a call outlives its controller, and so do the
    objects of the call. Not when this is loaded: processes that are forked from one that has loaded it would all begin
    at the same number, and take each other's channels for their own."""
    return itertools.count(time.time_ns() // 1_000_000)


def new_call_id(node: str = "n1") -> CallId:
    return CallId(f"c-{node}-{int(time.time()):x}-{secrets.token_hex(4)}")


def child_id(call: str, kind: str) -> str:
    """An id for an object of this call (kind: `agent`, `bridge`, `snoop` ...), never given twice."""
    return f"{call}.{kind}{next(_numbers()):x}"


def promised_as(op: str) -> str:
    """The kind of the place that is promised anew by this step of a dialogue: by it the next controller sees that the
    promise has been made."""
    return f"entry-{op}-"


def owner_of(object_id: str) -> CallId | None:
    """The call that an object made by `child_id` belongs to; None for an id that Asterisk chose."""
    call, dot, _ = object_id.partition(".")
    return CallId(call) if dot and call.startswith("c-") else None
