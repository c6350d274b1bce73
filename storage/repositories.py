"""One repository a kind of record, over the connection of a unit of work. They know SQL; nobody else does.

Those of what outlives a call are in `promised.py`, those of the dialogues in `flows.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables
from storage.entry_changes import EntryChange, entry_changes
from storage.errors import explained
from storage.records import (
    AgentRecord,
    AgentStateChange,
    CallRecord,
    DecisionRecord,
    EntryRecord,
    JournalEvent,
)
from storage.repository import PART, FactRepository


class Calls(FactRepository[CallRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, CallRecord)

    async def upsert(self, *records: CallRecord) -> None:
        await self._write(*records)

    async def get(self, id: str) -> CallRecord | None:
        return await self._one(tables.calls.c.id == id)

    async def some(self, ids: Collection[str]) -> list[CallRecord]:
        """Those of them that are stored, in no order."""
        return await self._of(tables.calls.c.id, ids)

    async def live_by_version(self) -> Mapping[str, int]:
        """Version of the dialogue -> calls not ended that run it."""
        table = tables.calls
        query = select(table.c.flow_version, func.count()).where(table.c.state == "live")
        with explained(self._connection.engine.url):
            rows = await self._connection.execute(query.group_by(table.c.flow_version))
            return {version: count for version, count in rows}

    async def live(self) -> list[CallRecord]:
        """Those not ended, oldest first."""
        query = self._select().where(tables.calls.c.state == "live")
        return await self._many(query.order_by(tables.calls.c.started_at, tables.calls.c.id))

    async def ended_since(self, since: dt.datetime, longest: dt.timedelta) -> list[CallRecord]:
        """Those that ended since then and lasted no longer, in the order in which they ended."""
        table = tables.calls.c
        where = (table.state == "ended", table.started_at >= since - longest, table.ended_at >= since)
        return await self._many(self._select().where(*where).order_by(table.ended_at, table.id))

    async def recent(self, limit: int = 50) -> list[CallRecord]:
        """Youngest first."""
        order = (tables.calls.c.started_at.desc(), tables.calls.c.id.desc())
        return await self._many(self._select().order_by(*order).limit(limit))


class Journal(FactRepository[JournalEvent]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, JournalEvent)

    async def append(self, *events: JournalEvent) -> None:
        """Idempotent: a (call_id, seq) that is there stays as it is."""
        await self._write(*events)

    async def of(self, call_id: str) -> list[JournalEvent]:
        """The whole journal of a call, in order."""
        query = self._select().where(tables.journal.c.call_id == call_id)
        return await self._many(query.order_by(tables.journal.c.seq))

    async def of_calls(self, call_ids: Collection[str]) -> list[JournalEvent]:
        """The whole journals of these calls, by call and in order."""
        table = tables.journal
        return await self._of(table.c.call_id, call_ids, order_by=(table.c.call_id, table.c.seq))

    async def of_kinds(self, call_ids: Collection[str], kinds: Collection[str]) -> list[JournalEvent]:
        """Only what is of these kinds, by call and in order."""
        table = tables.journal
        of_these = table.c.kind.in_(sorted(kinds))
        return await self._of(table.c.call_id, call_ids, of_these, order_by=(table.c.call_id, table.c.seq))

    async def last_seq(self, call_id: str) -> int:
        """0 when there is nothing."""
        query = select(func.max(tables.journal.c.seq)).where(tables.journal.c.call_id == call_id)
        with explained(self._connection.engine.url):
            return (await self._connection.execute(query)).scalar() or 0


class Entries(FactRepository[EntryRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, EntryRecord)

    async def upsert(self, *records: EntryRecord) -> None:
        await self._write(*records)

    async def get(self, id: str) -> EntryRecord | None:
        return await self._one(tables.queue_entries.c.id == id)

    async def live(self) -> list[EntryRecord]:
        """Those not ended, oldest first: what a start puts back onto the board."""
        table = tables.queue_entries
        query = self._select().where(table.c.state.in_(("waiting", "offered", "ringing", "joined")))
        return await self._many(query.order_by(table.c.enqueued_at, table.c.id))

    async def some(self, ids: Collection[str]) -> list[EntryRecord]:
        """Those of them that are stored, in no order."""
        return await self._of(tables.queue_entries.c.id, ids)

    async def of_call(self, call_id: str) -> list[EntryRecord]:
        table = tables.queue_entries
        query = self._select().where(table.c.call_id == call_id)
        return await self._many(query.order_by(table.c.enqueued_at, table.c.id))


class EntryChanges(FactRepository[EntryChange]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, EntryChange)

    async def append(self, *changes: EntryChange) -> None:
        await self._write(*changes)

    async def of(self, entry_id: str) -> list[EntryChange]:
        """The whole history of an entry, in order."""
        query = self._select().where(entry_changes.c.entry_id == entry_id)
        return await self._many(query.order_by(entry_changes.c.revision))

    async def of_entries(self, entry_ids: Collection[str]) -> list[EntryChange]:
        """By entry and in order."""
        order_by = (entry_changes.c.entry_id, entry_changes.c.revision)
        return await self._of(entry_changes.c.entry_id, entry_ids, order_by=order_by)


class Decisions(FactRepository[DecisionRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, DecisionRecord)

    async def append(self, *records: DecisionRecord) -> None:
        await self._write(*records)

    async def of(self, entry_id: str) -> list[DecisionRecord]:
        return await self._ordered(tables.decisions.c.entry_id == entry_id)

    async def of_call(self, call_id: str) -> list[DecisionRecord]:
        return await self._ordered(tables.decisions.c.call_id == call_id)

    async def _ordered(self, where: ColumnElement[bool]) -> list[DecisionRecord]:
        table = tables.decisions
        order = (table.c.at, table.c.entry_id, table.c.revision, table.c.kind.desc())
        return await self._many(self._select().where(where).order_by(*order))


class Agents(FactRepository[AgentRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, AgentRecord)

    async def upsert(self, *records: AgentRecord) -> None:
        """Raises StorageRefused when another agent has the extension."""
        await self._write(*records)

    async def get(self, id: str) -> AgentRecord | None:
        return await self._one(tables.agents.c.id == id)

    async def by_extension(self, extension: str) -> AgentRecord | None:
        return await self._one(tables.agents.c.extension == extension)

    async def all(self) -> list[AgentRecord]:
        return await self._many(self._select().order_by(tables.agents.c.id))


class AgentStates(FactRepository[AgentStateChange]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, AgentStateChange)

    async def append(self, *changes: AgentStateChange) -> None:
        await self._write(*changes)

    async def of(self, agent_id: str, limit: int = 1000) -> list[AgentStateChange]:
        """The newest `limit` changes, oldest first."""
        table = tables.agent_states
        query = self._select().where(table.c.agent_id == agent_id)
        return (await self._many(query.order_by(table.c.revision.desc()).limit(limit)))[::-1]

    async def of_entries(self, entry_ids: Collection[str]) -> list[AgentStateChange]:
        """What became of these entries at the agents: reserved, rung, answered, missed ...; oldest first."""
        found = await self._of(tables.agent_states.c.entry, entry_ids)
        return sorted(found, key=lambda change: (change.at, change.agent_id, change.revision))

    async def some(self, keys: Sequence[tuple[str, int]]) -> list[AgentStateChange]:
        """Those of these (agent, revision) that are stored, in no order."""
        table, found = tables.agent_states, []
        for start in range(0, len(keys), PART // 2):
            part = tuple_(table.c.agent_id, table.c.revision).in_(keys[start : start + PART // 2])
            found += await self._many(self._select().where(part))
        return found

    async def as_of(self, at: dt.datetime) -> list[AgentStateChange]:
        """The last change before that time of each agent who is known, by agent."""
        states, agents = tables.agent_states, tables.agents
        last = (
            select(states.c.revision)
            .where(states.c.agent_id == agents.c.id, states.c.at < at)
            .order_by(states.c.at.desc(), states.c.revision.desc())
            .limit(1)
            .scalar_subquery()
        )
        with explained(self._connection.engine.url):
            rows = (await self._connection.execute(select(agents.c.id, last))).all()
        found = await self.some([(id, revision) for id, revision in rows if revision is not None])
        return sorted(found, key=lambda change: change.agent_id)

    async def between(self, since: dt.datetime, until: dt.datetime) -> list[AgentStateChange]:
        """Of all agents, both ends included, oldest first."""
        table = tables.agent_states
        query = self._select().where(table.c.at >= since, table.c.at <= until)
        return await self._many(query.order_by(table.c.at, table.c.agent_id, table.c.revision))
