"""How each kind of fact is written: one statement a kind and database, made once, fed with rows in bulk.

Logs: inserted, a key that is there already is left alone. States: inserted or replaced, unless the stored
revision is higher.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert

from storage import act_tables, live_tables, missed_tables, tables, wrap_up_tables
from storage.act_records import ActRecord
from storage.entry_changes import EntryChange, entry_changes
from storage.live_records import LiveCallRecord
from storage.missed_records import MissedCallRecord, WaitEstimateRecord
from storage.promises import CallbackRecord, NotificationRecord, RecordingRecord
from storage.records import (
    AgentRecord,
    AgentStateChange,
    CallRecord,
    DecisionRecord,
    EntryRecord,
    Fact,
    JournalEvent,
    TranscriptLine,
)
from storage.transcript_words import found_by
from storage.wrap_up_records import WrapUpRecord


@dataclass(frozen=True, slots=True)
class Kind:
    """replaced: a row of present state (else a line of a log). key: of a fact, where it is not the table's own.

    derived: columns that the row has beside the fact's own. derive: what to put into them; it may take long.
    """

    table: Table
    replaced: bool
    key: tuple[str, ...] = ()
    derived: frozenset[str] = frozenset()
    derive: Callable[[Any], dict[str, Any]] | None = None


KINDS: Final[dict[type[Fact], Kind]] = {
    CallRecord: Kind(tables.calls, replaced=True),
    AgentRecord: Kind(tables.agents, replaced=True),
    EntryRecord: Kind(tables.queue_entries, replaced=True),
    JournalEvent: Kind(tables.journal, replaced=False),
    DecisionRecord: Kind(tables.decisions, replaced=False),
    AgentStateChange: Kind(tables.agent_states, replaced=False),
    TranscriptLine: Kind(
        tables.transcripts,
        replaced=False,
        key=("call_id", "party", "seq"),
        derived=frozenset({"number", "open_words", "secret_words"}),
        derive=lambda line: found_by(line.shown),
    ),
    CallbackRecord: Kind(tables.callbacks, replaced=True),
    RecordingRecord: Kind(tables.recordings, replaced=True),
    NotificationRecord: Kind(tables.notifications, replaced=True),
    MissedCallRecord: Kind(missed_tables.missed_calls, replaced=True),
    WaitEstimateRecord: Kind(missed_tables.wait_estimates, replaced=False),
    ActRecord: Kind(act_tables.acts, replaced=False),
    WrapUpRecord: Kind(wrap_up_tables.wrap_ups, replaced=False),
    LiveCallRecord: Kind(live_tables.live_calls, replaced=True),
    EntryChange: Kind(entry_changes, replaced=False),
}
"""In the order in which a batch writes them."""


async def write(connection: AsyncConnection, facts: Iterable[Fact]) -> None:
    """All of them, by kind, in their own order within a kind; of several states of one row only the last."""
    by_kind: dict[type[Fact], list[Fact]] = {}
    for fact in facts:
        by_kind.setdefault(type(fact), []).append(fact)
    for kind in KINDS:
        if kind in by_kind:
            rows = _rows(kind, by_kind[kind])
            derive = KINDS[kind].derive
            if derive is not None:
                more = await asyncio.to_thread(list, map(derive, by_kind[kind]))
                rows = [row | others for row, others in zip(rows, more, strict=True)]
            await connection.execute(statement(kind, connection.dialect.name), rows)


def _rows(kind: type[Fact], facts: Sequence[Fact]) -> list[dict[str, Any]]:
    names, values = _READERS[kind]
    if KINDS[kind].replaced:
        latest: dict[Any, Fact] = {}
        for fact in facts:
            # Not simply the last one: rows of several tasks may meet here out of order.
            known = latest.get(fact.id)  # type: ignore[union-attr]  # every replaced kind has id and revision
            if known is None or fact.revision >= known.revision:  # type: ignore[union-attr]
                latest[fact.id] = fact  # type: ignore[union-attr]
        facts = list(latest.values())
    return [dict(zip(names, values(fact), strict=True)) for fact in facts]


def statement(kind: type[Fact], dialect: str) -> Insert:
    """The insert of this kind for `sqlite` or `postgresql`: the same object each time, so it is compiled once."""
    return _STATEMENTS[kind, dialect]


def _make(kind: Kind, dialect: str) -> Insert:
    table = kind.table
    key = kind.key or tuple(column.name for column in table.primary_key)
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    if not kind.replaced:
        return insert.on_conflict_do_nothing(index_elements=key)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=key,
        set_={column.name: new[column.name] for column in table.columns if column.name not in key},
        where=new["revision"] >= table.c.revision,
    )


_STATEMENTS: Final[dict[tuple[type[Fact], str], Insert]] = {
    (kind, dialect): _make(how, dialect)
    for kind, how in KINDS.items()
    for dialect in ("sqlite", "postgresql")
}
_READERS: Final[dict[type[Fact], tuple[tuple[str, ...], Callable[[Fact], tuple[Any, ...]]]]] = {
    kind: (names, attrgetter(*names))
    for kind in KINDS
    for names in [tuple(each.name for each in fields(kind))]
}
"""Field names, and all of a fact's values in that order."""
