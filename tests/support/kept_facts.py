"""Facts as the house's records would store them, and whether the rows among them are what the logs among them say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson

from ivr.projections.calls import call_of
from ivr.projections.entries import entry_of
from storage.entry_changes import EntryChange
from storage.records import CallRecord, EntryRecord, Fact, JournalEvent


class Both:
    """Whatever is told to it is told to each of these, in order; the answer is the first one's."""

    def __init__(self, *parts: Any) -> None:
        self._parts = parts

    def __getattr__(self, name: str) -> Callable[..., Any]:
        told = [getattr(part, name) for part in self._parts if hasattr(part, name)]
        return lambda *values: [tell(*values) for tell in told][0]


def assert_rows_are_folds(facts: Sequence[Fact], *, killed: bool = False) -> None:
    """Each call's record and each entry's row, as the newest facts say it, comes out of the logs the same.

    killed: a controller was, perhaps between an entry's row and its line in the log: then the log must not say anything
    else, but may say less.
    """
    logs: dict[str, list[JournalEvent]] = {}
    changes: dict[str, dict[int, EntryChange]] = {}
    rows: dict[str, CallRecord | EntryRecord] = {}
    for fact in facts:
        match fact:
            case JournalEvent():
                logs.setdefault(fact.call_id, []).append(replace(fact, data=_stored(fact.data)))
            case EntryChange():
                # A key that is there already stays as it is.
                known = changes.setdefault(fact.entry_id, {})
                known.setdefault(fact.revision, replace(fact, data=_stored(fact.data)))
            case CallRecord() | EntryRecord():
                if fact.id not in rows or fact.revision >= rows[fact.id].revision:
                    rows[fact.id] = fact
            case _:
                pass
    for id, row in rows.items():
        if isinstance(row, CallRecord):
            folded = call_of(logs.get(id, []))
            assert folded is not None, f"{id} has no whole journal"
            assert not folded.unknown
            assert folded.record == replace(row, data=_stored(row.data))
        else:
            log = changes.get(id, {})
            made = entry_of(log[revision] for revision in sorted(log))
            if killed and (made is None or made.revision < row.revision):
                continue
            assert made == replace(row, steps=_stored(row.steps))


def _stored(value: Any) -> Any:
    """As it comes back from a column of JSON."""
    return orjson.loads(orjson.dumps(value))
