"""What stored queue entries say: who served a caller last, whose place was lost, how long calls take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import explained
from storage.records import EntryRecord
from storage.repository import FactRepository
from storage.tables import queue_entries

LOST_PLACES = ("abandoned", "failed")
"""Outcomes after which a caller who calls again had a place."""


_entries = queue_entries.c
_SERVED: Final = (
    _entries.caller_key.in_(bindparam("callers", expanding=True)),
    _entries.ended_at >= bindparam("since"),
    _entries.outcome == "served",
    _entries.agent.is_not(None),
)
_LAST: Final = (
    select(_entries.caller_key, func.max(_entries.ended_at).label("ended_at"))
    .where(*_SERVED)
    .group_by(_entries.caller_key)
    .subquery()
)
_LAST_AGENTS: Final = (
    select(_entries.caller_key, _entries.agent)
    .join(_LAST, (_LAST.c.caller_key == _entries.caller_key) & (_LAST.c.ended_at == _entries.ended_at))
    .where(*_SERVED)
)
"""Asked for of all callers who arrive, some together."""


class Waits(FactRepository[EntryRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, EntryRecord)

    async def last_agents(self, caller_keys: Collection[str], since: dt.datetime) -> dict[str, str]:
        """Who served each of these callers last, since then; without those whom nobody did."""
        with explained(self._connection.engine.url):
            rows = await self._connection.execute(
                _LAST_AGENTS, {"callers": list(caller_keys), "since": since}
            )
            return {key: agent for key, agent in rows.all() if agent}

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
