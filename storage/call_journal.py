"""Calls that are over, page by page, for those who look at many of them again: replays, exports."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables
from storage.records import CallRecord
from storage.repository import Repository

PAGE = 500


class EndedCalls(Repository[CallRecord]):
    """Their journals: `Journal.of_kinds`."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, CallRecord, tables.calls)

    async def page(
        self, after: CallRecord | None = None, *, since: dt.datetime | None = None, size: int = PAGE
    ) -> list[CallRecord]:
        """Youngest first, those that began before `after` and not before `since`; [] when there are no more."""
        table = tables.calls
        query = self._select().where(table.c.state == "ended")
        if since is not None:
            query = query.where(table.c.started_at >= since)
        if after is not None:
            query = query.where(tuple_(table.c.started_at, table.c.id) < (after.started_at, after.id))
        return await self._many(query.order_by(table.c.started_at.desc(), table.c.id.desc()).limit(size))
