"""Whether a queue takes a caller, and when its rules move one to another queue. Pure.

A rule (`rules.Overflow`) is used only where it helps: the queue that it names is there and open, has somebody logged
in (but for the rule `closed`: a night desk may begin a minute later), and the rules did not move the caller out of it
before. Otherwise the next rule is looked at.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection

from routing import rules as written
from routing.decisions import Move, Overflow, Reason, Reject
from routing.entries import Entry
from routing.floor import Staff
from routing.ids import QueueName
from routing.rules import QueueRules, Rules

Length = Callable[[QueueName], int]
"""How many stand in that line."""


def admit(
    entry: Entry, rules: Rules, staff: Staff, length: Length, closed: Collection[QueueName] = ()
) -> Move | Reject | None:
    """What becomes of an entry that comes to a queue, itself not counted in any line. None: it waits there."""
    if entry.only is not None:
        return None
    queue = rules.queues.get(entry.queue)
    if queue is None:
        return unknown(entry)
    waiting = length(queue.name)
    for rule in queue.overflow:
        why: Reason | None = None
        if rule.closed and queue.name in closed and not entry.callback:
            why = Reason("closed", {"queue": queue.name})
        elif rule.longer_than is not None and waiting > rule.longer_than:
            why = Reason(
                "too_long_a_line", {"queue": queue.name, "waiting": waiting, "most": rule.longer_than}
            )
        if (
            why is not None
            and _helps(rule, entry, rules, staff, closed)
            and not _full(rule.to, rules, length)
        ):
            return _move(entry, rule, why)
    if entry.callback:
        return None
    if queue.name in closed:
        return Reject(entry.id, "closed", (Reason("closed", {"queue": queue.name}),))
    if queue.max_length is not None and waiting >= queue.max_length:
        return Reject(entry.id, "full", (Reason("full", {"waiting": waiting, "most": queue.max_length}),))
    return None


def unknown(entry: Entry) -> Reject:
    return Reject(entry.id, "failed", (Reason("unknown_queue", {"queue": entry.queue}),))


def sent_on(
    entry: Entry,
    queue: QueueRules,
    rules: Rules,
    staff: Staff,
    now: dt.datetime,
    closed: Collection[QueueName],
) -> Move | Overflow | None:
    """What the rules make of an entry that waits: to another queue, out, or (None) on with waiting."""
    shut = queue.name in closed and not queue.serve_after_closing and not entry.callback
    for rule in queue.overflow:
        why: Reason | None = None
        if rule.closed and shut:
            why = Reason("closed", {"queue": queue.name})
        elif rule.after_s is not None and now >= entry.enqueued_at + dt.timedelta(seconds=rule.after_s):
            why = Reason("waited_for", {"waited_s": round(entry.waited_s(now), 1), "after_s": rule.after_s})
        elif rule.unstaffed and not staff.logged_in(queue.name, ()):
            why = Reason("unstaffed", {"queue": queue.name})
        if why is not None and _helps(rule, entry, rules, staff, closed):
            return _move(entry, rule, why)
    if shut:
        return Overflow(entry.id, "closed", (Reason("closed", {"queue": queue.name}),))
    return None


def sent_on_at(entry: Entry, queue: QueueRules, now: dt.datetime) -> dt.datetime | None:
    """When time alone may send it on."""
    times = [
        entry.enqueued_at + dt.timedelta(seconds=rule.after_s)
        for rule in queue.overflow
        if rule.after_s is not None
    ]
    return min((time for time in times if time > now), default=None)


def _helps(
    rule: written.Overflow, entry: Entry, rules: Rules, staff: Staff, closed: Collection[QueueName]
) -> bool:
    return (
        rule.to in rules.queues
        and rule.to != entry.queue
        and rule.to not in entry.been
        and rule.to not in closed
        and (rule.closed or staff.logged_in(rule.to, ()) > 0)
    )


def _full(to: QueueName, rules: Rules, length: Length) -> bool:
    most = rules.queues[to].max_length
    return most is not None and length(to) >= most


def _move(entry: Entry, rule: written.Overflow, why: Reason) -> Move:
    return Move(entry.id, rule.to, (why, Reason("moved_to", {"queue": rule.to, "from": entry.queue})))
