"""Repository of what people did with power."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.act_records import ActRecord
from storage.act_tables import acts
from storage.repository import FactRepository


class Acts(FactRepository[ActRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, ActRecord)

    async def append(self, *records: ActRecord) -> None:
        await self._write(*records)

    async def of_call(self, call_id: str) -> list[ActRecord]:
        """Oldest first."""
        query = self._select().where(acts.c.call_id == call_id)
        return await self._many(query.order_by(acts.c.at, acts.c.id))

    async def listed(
        self,
        *,
        kind: str | None = None,
        subject: str | None = None,
        author: str | None = None,
        since: dt.datetime | None = None,
        limit: int = 100,
    ) -> list[ActRecord]:
        """Youngest first; None = all."""
        where: list[ColumnElement[bool]] = []
        if kind is not None:
            where.append(acts.c.kind == kind)
        if subject is not None:
            where.append(acts.c.subject == subject)
        if author is not None:
            where.append(acts.c.author == author)
        if since is not None:
            where.append(acts.c.at >= since)
        query = self._select().where(*where).order_by(acts.c.at.desc(), acts.c.id.desc())
        return await self._many(query.limit(limit))
