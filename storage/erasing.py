"""What is erased when its time is over, or because a person wishes it: in small batches, so that no writer waits long.

A call's record and its queue entries are not deleted but lose what is personal, and say since when and by which rule:
the figures of the service stay what they were (docs/decisions/0175).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import missed_tables, tables
from storage.act_tables import acts
from storage.entry_changes import entry_changes
from storage.errors import explained
from storage.live_tables import live_calls
from storage.nuisances import nuisances
from storage.wrap_up_tables import wrap_ups

BATCH: Final = 1000
ERASED: Final = "erased"
"""In a call's `data`: {at, rule}. Such a record is never made again from a journal."""
PERSONAL_DATA: Final = ("topic",)
"""Of a call's `data`, besides the columns."""
_OVER: Final[Mapping[str, tuple[Table, ColumnElement[bool], ColumnElement[Any]]]] = {
    "journal": (tables.journal, tables.journal.c.at.is_not(None), tables.journal.c.at),
    "decisions": (tables.decisions, tables.decisions.c.at.is_not(None), tables.decisions.c.at),
    "entry_changes": (entry_changes, entry_changes.c.at.is_not(None), entry_changes.c.at),
    "agent_states": (tables.agent_states, tables.agent_states.c.at.is_not(None), tables.agent_states.c.at),
    "wrap_ups": (wrap_ups, wrap_ups.c.ended_at.is_not(None), wrap_ups.c.ended_at),
    "wait_estimates": (
        missed_tables.wait_estimates,
        missed_tables.wait_estimates.c.at.is_not(None),
        missed_tables.wait_estimates.c.at,
    ),
    "missed_calls": (
        missed_tables.missed_calls,
        missed_tables.missed_calls.c.state == "closed",
        missed_tables.missed_calls.c.closed_at,
    ),
    "notifications": (
        tables.notifications,
        tables.notifications.c.state != "pending",
        tables.notifications.c.created_at,
    ),
    "callbacks": (tables.callbacks, tables.callbacks.c.state != "waiting", tables.callbacks.c.created_at),
    "acts": (acts, acts.c.at.is_not(None), acts.c.at),
    "transcript_acts": (
        tables.transcript_acts,
        tables.transcript_acts.c.at.is_not(None),
        tables.transcript_acts.c.at,
    ),
}
"""Table -> the table, which of its rows are over, and since when they are."""


class Erasing:
    """Over the connection of a unit of work."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def old(self, table: str, before: dt.datetime, limit: int = BATCH) -> int:
        """Rows that were over before then, `limit` at most: how many. table: one of `_OVER`."""
        where, over, at = _OVER[table]
        key = list(where.primary_key.columns)
        with explained(self._connection.engine.url):
            found = (
                await self._connection.execute(
                    select(*key).where(over, at < before).order_by(at).limit(limit)
                )
            ).all()
            for start in range(0, len(found), BATCH // 4):
                some = found[start : start + BATCH // 4]
                await self._connection.execute(
                    delete(where).where(tuple_(*key).in_([tuple(row) for row in some]))
                )
        return len(found)

    async def oldest(self, table: str) -> dt.datetime | None:
        _, over, at = _OVER[table]
        with explained(self._connection.engine.url):
            found: dt.datetime | None = (
                await self._connection.execute(select(at).where(over).order_by(at).limit(1))
            ).scalar()
        return found

    async def old_calls(
        self, before: dt.datetime, limit: int = BATCH, after: dt.datetime | None = None
    ) -> list[tuple[str, dt.datetime]]:
        """Calls that are over with all the promises made in them, began before then and are not anonymous yet, those
        with a withheld number too; with when they began, the oldest first. after: that of the last one seen, so that
        none is looked at twice."""
        calls, callbacks = tables.calls.c, tables.callbacks.c
        query = (
            select(calls.id, calls.started_at)
            .where(
                calls.started_at < before,
                calls.state == "ended",
                calls.data[(ERASED, "at")].as_string().is_(None),
                # While a promise to call back waits, its place is written again with the reason and the caller's key.
                # Another place whose end is missing was lost with its controller, and nobody writes it any more.
                ~exists().where(callbacks.call_id == calls.id, callbacks.state == "waiting"),
            )
            .order_by(calls.started_at)
            .limit(limit)
        )
        if after is not None:
            query = query.where(calls.started_at >= after)
        with explained(self._connection.engine.url):
            return [(id, at) for id, at in await self._connection.execute(query)]

    async def make_anonymous(self, ids: Collection[str], at: dt.datetime, rule: str) -> int:
        """The records of these calls and their queue entries lose what is personal; their figures stay."""
        calls, entries = tables.calls, tables.queue_entries
        with explained(self._connection.engine.url):
            rows = (
                await self._connection.execute(select(calls.c.id, calls.c.data).where(calls.c.id.in_(ids)))
            ).all()
            for id, data in rows:
                kept = {name: value for name, value in data.items() if name not in PERSONAL_DATA}
                lost = {"caller": "", "data": kept | {ERASED: {"at": at.isoformat(), "rule": rule}}}
                if data.get("kind") == "outbound":
                    # Of an agent's own call: the citizen's number, behind a code.
                    lost["dialled"] = ""
                await self._connection.execute(update(calls).where(calls.c.id == id).values(lost))
            await self._connection.execute(
                update(entries).where(entries.c.call_id.in_(ids)).values(reason="", caller_key="")
            )
            await self._connection.execute(delete(entry_changes).where(entry_changes.c.call_id.in_(ids)))
        return len(rows)

    async def old_nuisances(self, before: dt.datetime, by: str) -> int:
        """What was off the nuisance list before then loses the number and why it was listed: how many rows. The rows
        stay: their serials number the changes of all. by: on record where only the time was over."""
        listed = nuisances.c
        off = func.coalesce(listed.removed_at, listed.until)
        with explained(self._connection.engine.url):
            lost = {"pattern": "", "reason": "", "removed_at": off}
            lost["removed_by"] = func.coalesce(func.nullif(listed.removed_by, ""), by)
            statement = update(nuisances).where(off < before, listed.pattern != "").values(lost)
            return (await self._connection.execute(statement)).rowcount

    # --- of a person

    async def calls_of(self, numbers: Collection[str], key: str) -> list[str]:
        """Calls from one of these numbers, or with a queue entry of that caller's key. A call in which somebody else
        asked that this number be called stays that one's; where the number was withheld the promise tells whose it is.
        """
        calls, entries, missed = tables.calls.c, tables.queue_entries.c, missed_tables.missed_calls.c
        found: set[str] = set()
        queries = [select(calls.id).where(calls.caller.in_(numbers))]
        if key:
            queries += [
                select(entries.call_id)
                .outerjoin(tables.calls, calls.id == entries.call_id)
                .where(entries.caller_key == key, or_(entries.callback == "", calls.caller == "")),
                select(missed.call_id).where(missed.caller_key == key),
            ]
        with explained(self._connection.engine.url):
            for query in queries:
                found.update((await self._connection.execute(query)).scalars())
        return sorted(found)

    async def promises_of(self, calls: Collection[str], numbers: Collection[str], key: str) -> list[str]:
        """Promises to call back that were made in these calls or to these numbers, those too of which only the place in
        line is left."""
        callbacks, entries = tables.callbacks.c, tables.queue_entries.c
        queries = [
            select(callbacks.id).where(or_(callbacks.call_id.in_(calls), callbacks.number.in_(numbers))),
            select(entries.callback).where(entries.call_id.in_(calls), entries.callback != ""),
        ]
        if key:
            queries.append(select(entries.callback).where(entries.caller_key == key, entries.callback != ""))
        found: set[str] = set()
        with explained(self._connection.engine.url):
            for query in queries:
                found.update((await self._connection.execute(query)).scalars())
        return sorted(found)

    async def attempts_of(self, promises: Collection[str]) -> list[str]:
        """Ids under which talks that promises came to were recorded and written down, mostly of no call's record: out
        of the promises' journals, and where those are archived of what the recordings say."""
        journal, recordings, entries = tables.journal.c, tables.recordings.c, tables.queue_entries.c
        places = select(entries.id).where(entries.callback.in_(promises))
        with explained(self._connection.engine.url):
            noted = await self._connection.execute(select(journal.data).where(journal.call_id.in_(promises)))
            found = {data["call"] for data in noted.scalars() if isinstance(data.get("call"), str)}
            heard = select(recordings.call_id).where(recordings.data["entry"].as_string().in_(places))
            found.update((await self._connection.execute(heard)).scalars())
        return sorted(found)

    async def open_of(self, calls: Collection[str], numbers: Collection[str]) -> list[str]:
        """What of them is not over: `call c-n1-...`, `callback ...`, `message ...`."""
        callbacks, messages = tables.callbacks.c, tables.notifications.c
        queries = (
            (
                "call",
                select(tables.calls.c.id).where(tables.calls.c.id.in_(calls), tables.calls.c.state == "live"),
            ),
            (
                "callback",
                select(callbacks.id).where(
                    or_(callbacks.call_id.in_(calls), callbacks.number.in_(numbers)),
                    callbacks.state == "waiting",
                ),
            ),
            (
                "message",
                select(messages.id).where(
                    or_(messages.call_id.in_(calls), messages.recipient.in_(numbers)),
                    messages.state == "pending",
                ),
            ),
        )
        found: list[str] = []
        with explained(self._connection.engine.url):
            for kind, query in queries:
                found += [f"{kind} {id}" for id in (await self._connection.execute(query)).scalars()]
        return found

    async def of_calls(self, calls: Collection[str]) -> dict[str, int]:
        """Journals, histories of entries, live state, messages, promises and obligations of these calls: rows by
        table."""
        found: dict[str, int] = {}
        callbacks = tables.callbacks.c
        with explained(self._connection.engine.url):
            promises = await self.promises_of(calls, (), "")
        for table, where in (
            (tables.journal, tables.journal.c.call_id.in_([*calls, *promises])),
            (entry_changes, entry_changes.c.call_id.in_(calls)),
            (live_calls, live_calls.c.id.in_(calls)),
            (tables.notifications, tables.notifications.c.call_id.in_(calls)),
            (tables.callbacks, callbacks.call_id.in_(calls)),
            (missed_tables.missed_calls, missed_tables.missed_calls.c.call_id.in_(calls)),
        ):
            found[table.name] = await self._deleted(table, where)
        return found

    async def of_person(self, numbers: Collection[str], key: str) -> dict[str, int]:
        """What is kept under the number itself, of whatever call; likewise."""
        callbacks, messages, missed = (
            tables.callbacks.c,
            tables.notifications.c,
            missed_tables.missed_calls.c,
        )
        with explained(self._connection.engine.url):
            promises = await self.promises_of((), numbers, key)
            waited = await self._places_of(key) if key else []
        whose = missed.number.in_(numbers)
        found: dict[str, int] = {}
        for table, where in (
            (entry_changes, entry_changes.c.entry_id.in_(waited)),
            (tables.journal, tables.journal.c.call_id.in_(promises)),
            (tables.callbacks, callbacks.number.in_(numbers)),
            (tables.notifications, messages.recipient.in_(numbers)),
            (missed_tables.missed_calls, or_(whose, missed.caller_key == key) if key else whose),
        ):
            found[table.name] = await self._deleted(table, where)
        return found

    async def _places_of(self, key: str) -> list[str]:
        """Promises' places in line that are left in calls of others: they lose the key and the reason."""
        entries = tables.queue_entries
        made = update(entries).where(entries.c.caller_key == key).values(reason="", caller_key="")
        return list((await self._connection.execute(made.returning(entries.c.id))).scalars())

    async def _deleted(self, table: Table, where: ColumnElement[bool]) -> int:
        with explained(self._connection.engine.url):
            return (await self._connection.execute(delete(table).where(where))).rowcount
