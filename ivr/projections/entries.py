"""A queue entry's row out of the log of its changes, and the changes out of what the board tells. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, Final

from routing.board_events import EntryChanged
from storage.entry_changes import EntryChange
from storage.records import EntryRecord

_FIELDS: Final = tuple(each.name for each in fields(EntryRecord))
_NEEDED: Final = frozenset(
    each.name for each in fields(EntryRecord) if each.default is MISSING and each.default_factory is MISSING
)
_TIMES: Final = frozenset(
    {"enqueued_at", "since", "step_since", "limit_from", "joined_at", "ended_at", "not_before"}
)


def change_of(changed: EntryChanged, at: dt.datetime) -> EntryChange:
    """What the log says of it. An entry that is put back on the board after a start is `arrived` again, under the
    revision that it has on record: the log knows that one, and keeps what it has."""
    after = EntryRecord.of(changed.after)
    before = None if changed.before is None else EntryRecord.of(changed.before)
    data = {
        name: _plain(getattr(after, name))
        for name in _FIELDS
        if before is None or getattr(before, name) != getattr(after, name)
    }
    event = "arrived" if changed.event is None else _name(changed.event)
    return EntryChange(after.id, after.revision, at, after.call_id, event, data)


def entry_of(changes: Iterable[EntryChange]) -> EntryRecord | None:
    """changes: of one entry, by revision. None: the log does not go back to the entry's beginning, or a line is missing
    (archived; or the controller was killed between the row and its line)."""
    values: dict[str, Any] = {}
    whole, last = False, 0
    for change in changes:
        if change.event == "arrived":
            # Tells all of it, whatever was before.
            values, whole = dict(change.data), True
        elif whole := whole and change.revision == last + 1:
            values.update(change.data)
        last = change.revision
    if not whole or not values.keys() >= _NEEDED:
        return None
    # A field that is newer than the log has its default.
    known: dict[str, Any] = {name: values[name] for name in _FIELDS if name in values}
    for name in _TIMES & known.keys():
        known[name] = None if known[name] is None else dt.datetime.fromisoformat(known[name])
    return EntryRecord(**known)


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def _name(event: object) -> str:
    """`NotTaken` -> `not_taken`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in type(event).__name__).lstrip("_")
