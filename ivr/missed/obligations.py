"""What becomes of obligations in the database: begun, counted on, made good. One open one a caller at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from ivr.ids import new_call_id
from ivr.missed.earlier import Unjudged, judgements
from ivr.missed.judging import Answered, Judgement, Missed, Promised
from ivr.missed.settings import Policy
from storage.missed_records import ClosedHow, MissedCallRecord
from storage.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class CallbackOver:
    """A promise is over. talked: agent and citizen talked. refused: the citizen wants no call any more."""

    callback: str
    agent: str
    talked: bool
    refused: bool
    at: dt.datetime


Entry = Judgement | CallbackOver | Unjudged


class Obligations:
    """key: of a caller, by the number."""

    def __init__(self, key: Callable[[str], str], policy: Policy) -> None:
        self._key = key
        self._policy = policy

    async def write(
        self, uow: UnitOfWork, entry: Entry, now: dt.datetime, *, unsure: bool = False
    ) -> list[MissedCallRecord]:
        """Those that began or changed. unsure: perhaps it was written before, and must not be counted twice. Raises
        StorageError."""
        if unsure and isinstance(entry, Missed) and await self._counted(uow, entry):
            return await self._owed(uow, entry.number)
        match entry:
            case Unjudged():
                written = []
                for judgement in await judgements(uow, entry, self._policy):
                    if entry.again and isinstance(judgement, Missed) and await self._counted(uow, judgement):
                        continue
                    written += await self.write(uow, judgement, now)
                return written
            case Missed():
                return [await self._missed(uow, entry)]
            case Answered():
                owed = await self._owed(uow, entry.number)
                closed = [closed_by(one, "repeat_call", entry.agent, "", now, entry.call) for one in owed]
            case Promised():
                owed = await self._owed(uow, entry.number)
                closed = [replace(one, callback_id=entry.callback, revision=one.revision + 1) for one in owed]
            case CallbackOver():
                closed = [_after(one, entry, now) for one in await uow.missed.of_callback(entry.callback)]
            case _:
                assert_never(entry)
        await uow.missed.upsert(*closed)
        return closed

    async def _counted(self, uow: UnitOfWork, missed: Missed) -> bool:
        return await uow.missed.counted(self._key(missed.number), missed.call, missed.at)

    async def _owed(self, uow: UnitOfWork, number: str) -> list[MissedCallRecord]:
        key = self._key(number)
        found = await uow.missed.open_of(key) if key else None
        return [] if found is None else [found]

    async def _missed(self, uow: UnitOfWork, missed: Missed) -> MissedCallRecord:
        key, due_at = self._key(missed.number), missed.at + self._policy.due_after(missed.reason)
        known = await uow.missed.open_of(key) if key else None
        if known is None:
            record = MissedCallRecord(
                id=f"m-{new_call_id().removeprefix('c-n1-')}",
                caller_key=key,
                number=missed.number if key else "",
                reason=missed.reason,
                reasons={missed.reason: 1},
                count=1,
                first_at=missed.at,
                last_at=missed.at,
                due_at=due_at,
                call_id=missed.call,
                queue=missed.queue,
                language=missed.language,
            )
            if not key:
                why = "the number was withheld: nobody can be called back"
                record = closed_by(record, "withheld", "system", why, missed.at)
        else:
            reasons = dict(known.reasons)
            reasons[missed.reason] = reasons.get(missed.reason, 0) + 1
            record = replace(
                known,
                reason=missed.reason,
                reasons=reasons,
                count=known.count + 1,
                last_at=missed.at,
                due_at=min(known.due_at, due_at),
                call_id=missed.call,
                queue=missed.queue or known.queue,
                language=missed.language or known.language,
                revision=known.revision + 1,
            )
        await uow.missed.upsert(record)
        return record


def closed_by(
    record: MissedCallRecord, how: ClosedHow, by: str, why: str, at: dt.datetime, call: str = ""
) -> MissedCallRecord:
    return replace(
        record,
        state="closed",
        closed_at=at,
        closed_how=how,
        closed_by=by,
        closed_why=why,
        closing_call=call,
        revision=record.revision + 1,
    )


def _after(record: MissedCallRecord, over: CallbackOver, now: dt.datetime) -> MissedCallRecord:
    """Of the promise that was to make it good. Not reached: it is owed as before."""
    if over.talked:
        return closed_by(record, "callback", over.agent, "", now, over.callback)
    if over.refused:
        return closed_by(record, "callback", "caller", "wants no call any more", now, over.callback)
    return replace(record, callback_id="", revision=record.revision + 1)
