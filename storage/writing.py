"""How each kind of fact is written, in bulk (`bulk.py`).

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
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import act_tables, live_tables, missed_tables, tables, wrap_up_tables
from storage.act_records import ActRecord
from storage.bulk import BulkInsert
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


def _found_by(line: TranscriptLine) -> dict[str, Any]:
    # Loaded with the first line: what knows names, addresses and numbers compiles many patterns.
    from storage.transcript_words import found_by

    return found_by(line.shown)


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
        derive=_found_by,
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


async def write(connection: AsyncConnection, facts: Iterable[Fact], *, new: bool = False) -> None:
    """All of them, by kind, in their own order within a kind; of several states of one row only the last.

    new: no line of a log among them was written before, so far as is known: faster. If one was, StorageRefused comes
    of it.
    """
    by_kind: dict[type[Fact], list[Fact]] = {}
    for fact in facts:
        by_kind.setdefault(type(fact), []).append(fact)
    for kind, how in KINDS.items():
        if kind in by_kind:
            wanted = _latest(by_kind[kind]) if how.replaced else by_kind[kind]
            columns = [list(map(read, wanted)) for read in _READERS[kind]]
            if how.derive is not None:
                more = await asyncio.to_thread(list, map(how.derive, wanted))
                columns += [[each[name] for each in more] for name in _derived(how)]
            await _INSERTS[kind].insert(connection, columns, new=new and not how.replaced)


def _latest(facts: Sequence[Fact]) -> Sequence[Fact]:
    latest: dict[Any, Fact] = {}
    for fact in facts:
        # Not simply the last one: rows of several tasks may meet here out of order.
        known = latest.get(fact.id)  # type: ignore[union-attr]  # every replaced kind has id and revision
        if known is None or fact.revision >= known.revision:  # type: ignore[union-attr]
            latest[fact.id] = fact  # type: ignore[union-attr]
    return list(latest.values())


def _derived(how: Kind) -> list[str]:
    """Those of the columns that are written: a number that is the key is given by the database."""
    return sorted(name for name in how.derived if not how.table.c[name].primary_key)


def _insert(kind: type[Fact], how: Kind) -> BulkInsert:
    columns = (*(each.name for each in fields(kind)), *_derived(how))
    key = how.key or tuple(column.name for column in how.table.primary_key)
    return BulkInsert(how.table, columns, key, how.replaced)


_INSERTS: Final[dict[type[Fact], BulkInsert]] = {kind: _insert(kind, how) for kind, how in KINDS.items()}
_READERS: Final[dict[type[Fact], list[Callable[[Fact], Any]]]] = {
    kind: [attrgetter(each.name) for each in fields(kind)] for kind in KINDS
}
"""Of each field, in order."""
