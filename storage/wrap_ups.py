"""Repository of what calls came to, by the agents' codes."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.repository import FactRepository
from storage.wrap_up_records import WrapUpRecord
from storage.wrap_up_tables import wrap_ups


class WrapUps(FactRepository[WrapUpRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, WrapUpRecord)

    async def append(self, *records: WrapUpRecord) -> None:
        await self._write(*records)

    async def of_call(self, call_id: str) -> list[WrapUpRecord]:
        """Oldest first."""
        query = self._select().where(wrap_ups.c.call_id == call_id)
        return await self._many(query.order_by(wrap_ups.c.began_at, wrap_ups.c.agent_id))

    async def of_agent(self, agent_id: str, limit: int = 100) -> list[WrapUpRecord]:
        """Youngest first."""
        query = self._select().where(wrap_ups.c.agent_id == agent_id)
        return await self._many(query.order_by(wrap_ups.c.revision.desc()).limit(limit))
