"""What a dialogue gives others to do, and how the work of a draft is found among that of a stored call. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, assert_never, cast

from ivr.flow.actions import Callback, DeskAct, Enqueue, JsonValue, Lookup, Record, Request, Transfer
from ivr.flow.inputs import (
    AgentJoined,
    CallbackPlaced,
    DeskAnswered,
    Input,
    LookupEnded,
    OpId,
    PartyJoined,
    QueueEnded,
    QueueProgress,
    RecordingEnded,
    RequestEnded,
    SentToFlow,
    TransferEnded,
    WaitsAgain,
)
from ivr.flow.replaying import digest
from ivr.flow.replaying.model import Happening, Purpose, Work

_EXACTLY: Final = 7
"""The likeness of work of the same name and detail at the same node."""


def described(work: digest.Work) -> tuple[Purpose, str, JsonValue, float | None]:
    """Purpose, name, detail, timeout (s) of a queue."""
    match work:
        case Enqueue():
            return "queue", work.queue, None, work.timeout_s
        case Transfer():
            return "transfer", f"{work.to} {work.target}", work.mode, None
        case Record():
            return "record", work.purpose, None, None
        case Request():
            return "request", work.url.partition("?")[0], f"{work.method} {work.url}", None
        case Lookup():
            return "lookup", work.source, dict(work.by), None
        case Callback():
            return "callback", work.queue, None, None
        case DeskAct():
            return "desk", work.do, None, None
        case _:
            assert_never(work)


def happened(event: Input) -> str:
    """In a few words, for people."""
    match event:
        case AgentJoined():
            return "(an agent joins)"
        case PartyJoined():
            return "(the other party joins)"
        case QueueProgress():
            return f"(place {event.place})"
        case WaitsAgain():
            return f"(the caller waits again, in {event.queue})"
        case SentToFlow():
            return f"(an agent sends the caller to the flow {event.flow})"
        case QueueEnded():
            return f"(queue: {event.outcome})"
        case TransferEnded():
            return f"(transfer: {event.outcome})"
        case RecordingEnded():
            return f"(message: {event.outcome})"
        case RequestEnded():
            return f"(request: {event.outcome} {event.status or ''})".replace(" )", ")")
        case LookupEnded():
            return f"(lookup: {event.outcome})"
        case CallbackPlaced():
            return f"(callback: {event.outcome})"
        case DeskAnswered():
            return f"(desk: {event.outcome})"
        case _:
            return ""


def find(
    works: Sequence[Work], left: list[int], purpose: Purpose, name: str, detail: JsonValue, was_at: str
) -> Work | None:
    """The stored work whose outcome this work gets: the likest of those left, which is taken away from them.

    left: numbers. was_at: the node, as the stored call's version calls it. A queue or a party that was not asked then
    answers as another one did: what differs is told of by its name.
    """
    best, likeness = None, -1
    for number in left:
        work = works[number]
        if work.purpose != purpose:
            continue
        same_name, same_node = work.name == name, work.node == was_at
        if purpose in ("request", "lookup") and not (same_name or same_node):
            continue
        alike = 4 * same_name + 2 * (work.detail == detail) + same_node
        if alike > likeness:
            best, likeness = number, alike
            if alike == _EXACTLY:
                break
    if best is None:
        return None
    left.remove(best)
    return works[best]


def within(work: Work, timeout_s: float | None) -> tuple[Happening, ...]:
    """What happens in a queue whose patience is `timeout_s`: whoever waited longer is sent away then, and who was
    sent away by the clock, at that time instead."""
    happenings = work.happenings
    if timeout_s is None or work.timeout_s is None or timeout_s == work.timeout_s or not happenings:
        return happenings
    if any(isinstance(one.event, AgentJoined) and one.after_s <= timeout_s for one in happenings):
        return happenings
    by_clock = any(isinstance(one.event, QueueEnded) and one.event.outcome == "timeout" for one in happenings)
    if not by_clock and happenings[-1].after_s <= timeout_s:
        return happenings
    cut = [one for one in happenings if one.after_s < timeout_s and not (by_clock and one is happenings[-1])]
    ended = QueueEnded(OpId(""), "timeout", waited_s=timeout_s)
    at_s = happenings[0].at_s - happenings[0].after_s + timeout_s
    return (*cut, Happening(timeout_s, at_s, ended, happened(ended), happenings[-1].number))


def with_op(event: Input, op: str) -> Input:
    """The same, as an answer to this op."""
    known: Any = event
    return event if known.op == op else cast(Input, replace(known, op=OpId(op)))
