"""The record of a promise, made of what the dialogue wants and of the entry whose place it takes."""

from __future__ import annotations

import datetime as dt
import logging

from ivr.flow.actions import Callback
from ivr.ids import CallId
from routing.entries import Entry
from storage.promises import CallbackRecord

log = logging.getLogger(__name__)


def record_of(id: str, call: CallId, wanted: Callback, entry: Entry, now: dt.datetime) -> CallbackRecord:
    asked = _moment(wanted.not_before)
    plan = dict(wanted.plan)
    if "expires_s" in plan:
        begun = now if asked is None else max(now, asked)
        plan["expires_at"] = (begun + dt.timedelta(seconds=float(str(plan.pop("expires_s"))))).isoformat()
    return CallbackRecord(
        id=id,
        call_id=call,
        entry_id=entry.id,
        queue=entry.queue,
        number=wanted.number,
        enqueued_at=entry.enqueued_at,
        created_at=now,
        language=wanted.language,
        skills={skill: level for skill, level in entry.skills.items()},
        priority=entry.priority,
        reason=wanted.reason or entry.reason,
        not_before=asked,
        plan=plan,
    )


def _moment(written: str) -> dt.datetime | None:
    """An ISO time as the dialogue wrote it; None for none, and for what is no time with a zone."""
    if not written:
        return None
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        log.warning("%r is no time: the callback is made as soon as it is its turn", written)
        return None
    return moment if moment.tzinfo is not None else moment.astimezone()
