"""What projections are made of, page by page: the logs of calls and entries that began in a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from sqlalchemy import ColumnElement, Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.entry_changes import EntryChange, entry_changes
from storage.errors import explained
from storage.records import EntryRecord, JournalEvent
from storage.repositories import EntryChanges, Journal
from storage.repository import Repository
from storage.tables import journal, queue_entries

PAGE = 200
"""Calls, or entries, at a time."""
Span = tuple[dt.datetime | None, dt.datetime | None]
"""From (included) and until (not included); None: without that end."""
Place = tuple[dt.datetime, str]
"""When it began, and its id: what pages are in the order of."""
BEGINNING: Place = (dt.datetime(1, 1, 2, tzinfo=dt.UTC), "")


class Logs:
    """Over the connection of a unit of work."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def calls(
        self, span: Span, after: Place = BEGINNING
    ) -> tuple[list[list[JournalEvent]], Place | None]:
        """The journals of calls that arrived in the span, the oldest first; None: there are no more."""
        places = await self._places(journal, "call_id", span, after, journal.c.kind == "arrived")
        ids = [id for _, id in places]
        events = await Journal(self._connection).of_calls(ids)
        return _groups(events, "call_id", ids), places[-1] if places else None

    async def entries(
        self, span: Span, after: Place = BEGINNING
    ) -> tuple[list[list[EntryChange]], Place | None]:
        """The histories of entries that arrived in the span; likewise."""
        places = await self._places(
            entry_changes, "entry_id", span, after, entry_changes.c.event == "arrived"
        )
        ids = [id for _, id in places]
        changes = await EntryChanges(self._connection).of_entries(ids)
        return _groups(changes, "entry_id", ids), places[-1] if places else None

    async def _places(
        self, table: Table, id: str, span: Span, after: Place, where: ColumnElement[bool]
    ) -> list[Place]:
        since, until = span
        query = select(table.c.at, table.c[id]).where(where)
        if after is BEGINNING:
            if since is not None:
                query = query.where(table.c.at >= since)
        else:
            query = query.where(table.c.at >= after[0], tuple_(table.c.at, table.c[id]) > after)
        if until is not None:
            query = query.where(table.c.at < until)
        with explained(self._connection.engine.url):
            rows = await self._connection.execute(query.order_by(table.c.at, table.c[id]).limit(PAGE))
            return [(at, id) for at, id in rows]


class Waited(Repository[EntryRecord]):
    """Entries by when they began to wait, and when each first had an agent."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, EntryRecord, queue_entries)

    async def between(self, since: dt.datetime, until: dt.datetime) -> list[EntryRecord]:
        table = queue_entries.c
        query = self._select().where(table.enqueued_at >= since, table.enqueued_at < until)
        return await self._many(query.order_by(table.enqueued_at, table.id))

    async def first_joins(self, since: dt.datetime) -> dict[str, dt.datetime]:
        """Entry -> its first join, of those that were joined since then."""
        table, found = entry_changes.c, dict[str, dt.datetime]()
        query = select(table.entry_id, table.at).where(table.at >= since, table.event == "joined")
        with explained(self._connection.engine.url):
            for entry, at in await self._connection.execute(query.order_by(table.at)):
                found.setdefault(entry, at)
        return found


Row = TypeVar("Row")


def _groups(rows: Sequence[Row], id: str, ids: Sequence[str]) -> list[list[Row]]:
    """rows: by `id`. In the order of `ids`."""
    by_id = {key: list(group) for key, group in groupby(rows, key=attrgetter(id))}
    return [by_id[key] for key in ids if key in by_id]
