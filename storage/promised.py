"""Repositories of what outlives its call: callbacks, recordings, the outbox of messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import and_, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables
from storage.promises import CallbackRecord, NotificationRecord, RecordingRecord
from storage.repository import FactRepository


class Callbacks(FactRepository[CallbackRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, CallbackRecord)

    async def upsert(self, *records: CallbackRecord) -> None:
        await self._write(*records)

    async def get(self, id: str) -> CallbackRecord | None:
        return await self._one(tables.callbacks.c.id == id)

    async def of_call(self, call_id: str) -> list[CallbackRecord]:
        """In the order in which they were promised."""
        table = tables.callbacks
        query = self._select().where(table.c.call_id == call_id)
        return await self._many(query.order_by(table.c.created_at, table.c.id))

    async def waiting(self, due_at: dt.datetime | None = None) -> list[CallbackRecord]:
        """Those still to be made, by place; with `due_at` only those that may be made by then."""
        table = tables.callbacks
        query = self._select().where(table.c.state == "waiting")
        if due_at is not None:
            query = query.where(or_(table.c.not_before.is_(None), table.c.not_before <= due_at))
        return await self._many(query.order_by(table.c.enqueued_at, table.c.id))


class Recordings(FactRepository[RecordingRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, RecordingRecord)

    async def upsert(self, *records: RecordingRecord) -> None:
        await self._write(*records)

    async def get(self, id: str) -> RecordingRecord | None:
        return await self._one(tables.recordings.c.id == id)

    async def of_call(self, call_id: str) -> list[RecordingRecord]:
        """Oldest first."""
        table = tables.recordings
        query = self._select().where(table.c.call_id == call_id)
        return await self._many(query.order_by(table.c.created_at, table.c.id))

    async def recent(self, limit: int = 50) -> list[RecordingRecord]:
        """Youngest first."""
        table = tables.recordings
        return await self._many(self._select().order_by(table.c.created_at.desc(), table.c.id).limit(limit))

    async def kept(
        self, oldest: dt.datetime, after: RecordingRecord | None = None, limit: int = 500
    ) -> list[RecordingRecord]:
        """Those kept that began at `oldest` or later, oldest first, from behind `after` on."""
        table = tables.recordings
        query = self._select().where(table.c.state == "kept", table.c.created_at >= oldest)
        if after is not None:
            query = query.where(
                or_(
                    table.c.created_at > after.created_at,
                    and_(table.c.created_at == after.created_at, table.c.id > after.id),
                )
            )
        return await self._many(query.order_by(table.c.created_at, table.c.id).limit(limit))

    async def listed(
        self,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        purpose: str = "",
        retention: str | None = None,
        states: Collection[str] = ("kept",),
        after: RecordingRecord | None = None,
        limit: int = 500,
    ) -> list[RecordingRecord]:
        """Those that all of these are true of, oldest first, from behind `after` on. until: not included."""
        table = tables.recordings
        query = self._select().where(table.c.state.in_(sorted(states)))
        if since is not None:
            query = query.where(table.c.created_at >= since)
        if until is not None:
            query = query.where(table.c.created_at < until)
        if purpose:
            query = query.where(table.c.purpose == purpose)
        if retention is not None:
            query = query.where(table.c.retention == retention)
        if after is not None:
            query = query.where(tuple_(table.c.created_at, table.c.id) > (after.created_at, after.id))
        return await self._many(query.order_by(table.c.created_at, table.c.id).limit(limit))


class Notifications(FactRepository[NotificationRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, NotificationRecord)

    async def upsert(self, *records: NotificationRecord) -> None:
        await self._write(*records)

    async def get(self, id: str) -> NotificationRecord | None:
        return await self._one(tables.notifications.c.id == id)

    async def of_call(self, call_id: str) -> list[NotificationRecord]:
        """Oldest first."""
        table = tables.notifications
        query = self._select().where(table.c.call_id == call_id)
        return await self._many(query.order_by(table.c.created_at, table.c.id))

    async def due(self, now: dt.datetime, limit: int = 100) -> list[NotificationRecord]:
        """Pending ones whose time has come, the longest due first."""
        table = tables.notifications
        query = self._select().where(table.c.state == "pending", table.c.next_at <= now)
        return await self._many(query.order_by(table.c.next_at, table.c.id).limit(limit))

    async def next_at(self) -> dt.datetime | None:
        """When the next pending one is due; None: there is none."""
        table = tables.notifications
        query = self._select().where(table.c.state == "pending").order_by(table.c.next_at, table.c.id)
        found = await self._many(query.limit(1))
        return found[0].next_at if found else None
