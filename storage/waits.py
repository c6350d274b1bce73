"""What stored queue entries say: who served a caller last, whose place was lost, how long calls take."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import explained
from storage.records import EntryRecord
from storage.repository import FactRepository
from storage.tables import queue_entries

LOST_PLACES = ("abandoned", "failed")
"""Outcomes after which a caller who calls again had a place."""


_entries = queue_entries.c
_LAST_AGENT: Final = (
    select(_entries.agent)
    .where(
        _entries.caller_key == bindparam("caller"),
        _entries.ended_at >= bindparam("since"),
        _entries.outcome == "served",
        _entries.agent.is_not(None),
    )
    .order_by(_entries.ended_at.desc())
    .limit(1)
)
"""Asked for with every call that arrives."""


class Waits(FactRepository[EntryRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, EntryRecord)

    async def last_agent(self, caller_key: str, since: dt.datetime) -> str | None:
        """Who served this caller last, since then; None: nobody, or not known who calls."""
        if not caller_key:
            return None
        with explained(self._connection.engine.url):
            found: str | None = (
                await self._connection.execute(_LAST_AGENT, {"caller": caller_key, "since": since})
            ).scalar()
        return found

    async def lost_places(self, since: dt.datetime) -> list[EntryRecord]:
        """Entries of known callers that ended since then without an agent through no rule, oldest first."""
        table = queue_entries.c
        query = self._select().where(
            table.ended_at >= since, table.outcome.in_(LOST_PLACES), table.caller_key != ""
        )
        return await self._many(query.order_by(table.ended_at, table.id))

    async def talks(
        self, since: dt.datetime, limit: int = 50_000
    ) -> list[tuple[str, dt.datetime, dt.datetime]]:
        """(queue, joined, ended) of the newest calls served since then, oldest first."""
        table = queue_entries.c
        query = (
            select(table.queue, table.joined_at, table.ended_at)
            .where(table.ended_at >= since, table.outcome == "served", table.joined_at.is_not(None))
            .order_by(table.ended_at.desc())
            .limit(limit)
        )
        with explained(self._connection.engine.url):
            rows = (await self._connection.execute(query)).all()
        return [(queue, joined, ended) for queue, joined, ended in rows if joined and ended][::-1]
