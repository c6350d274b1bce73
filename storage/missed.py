"""Repositories of the ledger of missed calls and of what callers were told of their wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import explained
from storage.missed_records import MissedCallRecord, WaitEstimateRecord
from storage.missed_tables import missed_calls, wait_estimates
from storage.repository import FactRepository


@dataclass(frozen=True, slots=True)
class MissedCounts:
    """Of the obligations whose first call was within a time. open: of them, still. overdue: of these, past due.

    calls: in vain, all of them. closed: by how. reasons: of the latest call.
    """

    obligations: int
    calls: int
    open: int
    overdue: int
    closed: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


_OWED: Final = select(missed_calls.c.caller_key).where(
    missed_calls.c.state == "open", missed_calls.c.caller_key.in_(bindparam("callers", expanding=True))
)


class Missed(FactRepository[MissedCallRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, MissedCallRecord)

    async def upsert(self, *records: MissedCallRecord) -> None:
        """Raises StorageRefused when the caller has another open obligation."""
        await self._write(*records)

    async def get(self, id: str) -> MissedCallRecord | None:
        return await self._one(missed_calls.c.id == id)

    async def open_of(self, caller_key: str) -> MissedCallRecord | None:
        return await self._one(missed_calls.c.state == "open", missed_calls.c.caller_key == caller_key)

    async def owed(self, caller_keys: Collection[str]) -> set[str]:
        """Those of these callers with an open obligation."""
        with explained(self._connection.engine.url):
            rows = await self._connection.execute(_OWED, {"callers": list(caller_keys)})
            return set(rows.scalars())

    async def of_callback(self, callback_id: str) -> list[MissedCallRecord]:
        """The open ones that this promise is to make good."""
        table = missed_calls
        where = (table.c.state == "open", table.c.callback_id == callback_id)
        return await self._many(self._select().where(*where).order_by(table.c.id))

    async def counted(self, caller_key: str, call_id: str, at: dt.datetime) -> bool:
        """Whether this call, which ended then, is in the ledger: calls of a caller come to it in their order."""
        table = missed_calls.c
        where = table.call_id == call_id
        if caller_key:
            where |= (table.caller_key == caller_key) & (table.last_at >= at)
        return await self._one(where) is not None

    async def listed(
        self,
        *,
        state: str | None = "open",
        reason: str | None = None,
        queue: str | None = None,
        due_before: dt.datetime | None = None,
        limit: int = 50,
    ) -> list[MissedCallRecord]:
        """What is due soonest comes first. state: None = open and closed ones."""
        table, where = missed_calls.c, list[ColumnElement[bool]]()
        if state is not None:
            where.append(table.state == state)
        if reason is not None:
            where.append(table.reason == reason)
        if queue is not None:
            where.append(table.queue == queue)
        if due_before is not None:
            where.append(table.due_at <= due_before)
        query = self._select().where(*where).order_by(table.due_at, table.id)
        return await self._many(query.limit(limit))

    async def counts(self, since: dt.datetime, until: dt.datetime, now: dt.datetime) -> MissedCounts:
        table = missed_calls.c
        within = (table.first_at >= since, table.first_at < until)
        with explained(self._connection.engine.url):
            total = select(
                func.count(),
                func.coalesce(func.sum(table.count), 0),
                func.count().filter(table.state == "open"),
                func.count().filter(table.state == "open", table.due_at < now),
            )
            found = (await self._connection.execute(total.where(*within))).one()
            closed, reasons = [
                {
                    str(key): int(count)
                    for key, count in await self._connection.execute(
                        select(column, func.count()).where(*within, column != "").group_by(column)
                    )
                }
                for column in (table.closed_how, table.reason)
            ]
        obligations, calls, still, overdue = map(int, found)
        return MissedCounts(obligations, calls, still, overdue, closed, reasons)


class WaitEstimates(FactRepository[WaitEstimateRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, WaitEstimateRecord)

    async def append(self, *records: WaitEstimateRecord) -> None:
        await self._write(*records)

    async def of_entry(self, entry_id: str) -> list[WaitEstimateRecord]:
        table = wait_estimates.c
        return await self._many(self._select().where(table.entry_id == entry_id).order_by(table.at))

    async def measured(self, queue: str, since: dt.datetime, limit: int) -> list[WaitEstimateRecord]:
        """The newest ones that are known to have hit or missed, oldest first."""
        table = wait_estimates.c
        query = self._select().where(table.queue == queue, table.at >= since, table.hit.is_not(None))
        return (await self._many(query.order_by(table.at.desc(), table.id).limit(limit)))[::-1]
