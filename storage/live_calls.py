"""Repository of what live calls need to be gone on with."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import explained
from storage.live_records import LiveCallRecord
from storage.live_tables import live_calls
from storage.repository import FactRepository


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

    async def erase_over(self, node: str, before: dt.datetime) -> int:
        """Rows of calls that were over before then. Not at once: until a spool is empty an older state of such a call
        may still come, and must find the row that it is older than. Returns how many."""
        table = live_calls
        erasing = delete(table).where(table.c.node == node, table.c.state == "over", table.c.at < before)
        with explained(self._connection.engine.url):
            return (await self._connection.execute(erasing)).rowcount
