"""Repository of what live calls need to be gone on with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import Column, ColumnElement, delete, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables
from storage.errors import explained
from storage.live_records import LiveCallRecord
from storage.live_tables import live_calls
from storage.repository import PART, FactRepository


class LiveCalls(FactRepository[LiveCallRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, LiveCallRecord)

    async def upsert(self, *records: LiveCallRecord) -> None:
        await self._write(*records)

    async def get(self, id: str) -> LiveCallRecord | None:
        return await self._one(live_calls.c.id == id)

    async def all_live(self, node: str) -> list[LiveCallRecord]:
        """Of this node, not over, in the order of their ids."""
        query = self._select().where(live_calls.c.node == node, live_calls.c.state == "live")
        return await self._many(query.order_by(live_calls.c.id))

    async def last_lines(self, ids: Collection[str]) -> tuple[dict[str, int], dict[str, int]]:
        """Numbers of the last lines stored of these calls: of the journal, and of what was said on the line."""
        journal, said = tables.journal, tables.transcripts
        on_the_line = said.c.source.in_(("dialogue", "conversation"))
        return (
            await self._last(journal.c.call_id, journal.c.seq, ids, true()),
            await self._last(said.c.call_id, said.c.seq, ids, on_the_line),
        )

    async def _last(
        self, call: Column[str], seq: Column[int], ids: Collection[str], where: ColumnElement[bool]
    ) -> dict[str, int]:
        found: dict[str, int] = {}
        ordered = sorted(set(ids))
        for start in range(0, len(ordered), PART):
            part = ordered[start : start + PART]
            query = select(call, func.max(seq)).where(call.in_(part), where).group_by(call)
            with explained(self._connection.engine.url):
                rows = await self._connection.execute(query)
                found.update((row[0], row[1]) for row in rows)
        return found

    async def erase_over(self, node: str, before: dt.datetime) -> int:
        """Rows of calls that were over before then. Not at once: until a spool is empty an older state of such a call
        may still come, and must find the row that it is older than. Returns how many."""
        table = live_calls
        erasing = delete(table).where(table.c.node == node, table.c.state == "over", table.c.at < before)
        with explained(self._connection.engine.url):
            return (await self._connection.execute(erasing)).rowcount
