"""The ledger for people: list, look at one, close it by hand, turn it into a promised call, count.

For the command line, the screens and the supervisors' service alike. Numbers are shown only to who asks for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ivr.errors import HotlineError
from ivr.missed.obligations import closed_by
from storage.missed import MissedCounts
from storage.missed_records import MissedCallRecord, MissedReason
from storage.store import Store

CallBack = Callable[[MissedCallRecord, str], Awaitable[str]]
"""(obligation, by whom) -> the promise's id. Raises HotlineError: nobody may be called there."""


class MissedError(HotlineError):
    """There is no such obligation, or it is closed."""


class MissedCalls:
    """call_back: makes a promise of an obligation, None = not from here. changed: as of `MissedLedger`."""

    def __init__(
        self,
        store: Store,
        now: Callable[[], dt.datetime],
        call_back: CallBack | None = None,
        changed: Callable[[MissedCallRecord], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._now = now
        self._call_back = call_back
        self._changed = changed

    async def listed(
        self,
        *,
        state: str | None = "open",
        reason: MissedReason | None = None,
        queue: str | None = None,
        overdue: bool = False,
        limit: int = 50,
    ) -> list[MissedCallRecord]:
        """What is due soonest first. overdue: only what should have been made good by now."""
        due = self._now() if overdue else None
        async with self._store.reading() as uow:
            return await uow.missed.listed(
                state=state, reason=reason, queue=queue, due_before=due, limit=limit
            )

    async def get(self, id: str) -> MissedCallRecord:
        """Raises MissedError."""
        async with self._store.reading() as uow:
            return _found(await uow.missed.get(id), id)

    async def cause(self, record: MissedCallRecord) -> str:
        """Why the latest of the calls failed, in words; "" where none did, or that is not kept any more."""
        async with self._store.reading() as uow:
            events = await uow.journal.of_kinds([record.call_id], ["failed"])
        return str(events[-1].data.get("why", "")) if events else ""

    async def calls(self, record: MissedCallRecord) -> list[str]:
        """Ids of the calls of this number from its first call in vain to its latest, which is last; each has its
        transcript so far. One of them that nobody owes anything for (hung up at once, turned away) is there too; one
        that was cut off after an agent had called the citizen is not, unless it is the latest: it is the agent's call.
        """
        async with self._store.reading() as uow:
            found = await uow.callers.ended(record.number, record.first_at, record.last_at)
        return [*(one for one in found if one != record.call_id), record.call_id]

    async def close(self, id: str, *, by: str, why: str) -> MissedCallRecord:
        """By hand. Raises MissedError: unknown, closed already, or nobody says why."""
        if not by.strip() or not why.strip():
            raise MissedError("closing an obligation needs who and why", mend="say why in a few words")
        async with self._store.unit_of_work() as uow:
            record = _open(_found(await uow.missed.get(id), id))
            closed = closed_by(record, "hand", by, why.strip(), self._now())
            await uow.missed.upsert(closed)
        self._changed(closed)
        return closed

    async def call_back(self, id: str, *, by: str) -> MissedCallRecord:
        """Promise the caller a call, at the end of the line. Raises MissedError, or why it cannot be promised."""
        record = _open(await self.get(id))
        if self._call_back is None:
            raise MissedError("calls are made by the running hotline only", mend="use its screens")
        if record.callback_id:
            raise MissedError(f"{id} is promised a call already", mend="wait for it, or take it back")
        callback = await self._call_back(record, by)
        async with self._store.unit_of_work() as uow:
            record = _open(_found(await uow.missed.get(id), id))
            promised = replace(record, callback_id=callback, revision=record.revision + 1)
            await uow.missed.upsert(promised)
        self._changed(promised)
        return promised

    async def counts(self, since: dt.datetime, until: dt.datetime) -> MissedCounts:
        """Of the obligations that began within this time."""
        async with self._store.reading() as uow:
            return await uow.missed.counts(since, until, self._now())


def _found(record: MissedCallRecord | None, id: str) -> MissedCallRecord:
    if record is None:
        raise MissedError(f"there is no missed call {id}", mend="`ivr missed list` shows them")
    return record


def _open(record: MissedCallRecord) -> MissedCallRecord:
    if record.state != "open":
        raise MissedError(
            f"{record.id} is closed already ({record.closed_how}, {record.closed_by or 'nobody'})",
            mend="`ivr missed show` tells more",
        )
    return record
