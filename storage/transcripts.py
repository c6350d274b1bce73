"""What was said in calls: stored once, corrected, erased."""

from __future__ import annotations

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables
from storage.records import TranscriptLine
from storage.repository import FactRepository


class Transcripts(FactRepository[TranscriptLine]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, TranscriptLine)

    async def append(self, *lines: TranscriptLine) -> None:
        """Idempotent: a (call_id, party, seq) that is there stays as it is."""
        await self._write(*lines)

    async def of(self, call_id: str) -> list[TranscriptLine]:
        """All of a call in the order in which it was spoken, whenever it was understood."""
        table = tables.transcripts
        query = self._select().where(table.c.call_id == call_id)
        begins = func.coalesce(table.c.began_at, table.c.at)
        return await self._many(query.order_by(begins, table.c.seq, table.c.party))
