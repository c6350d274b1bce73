"""A queue entry's row out of the log of its changes, and the changes out of what the board tells. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import MISSING, fields
from functools import cache
from operator import attrgetter
from typing import Any, Final

from routing.board_events import EntryChanged
from storage.entry_changes import EntryChange
from storage.records import EntryRecord

_FIELDS: Final = tuple(each.name for each in fields(EntryRecord))
_values = attrgetter(*_FIELDS)
_NEEDED: Final = frozenset(
    each.name for each in fields(EntryRecord) if each.default is MISSING and each.default_factory is MISSING
)
_TIMES: Final = frozenset(
    {"enqueued_at", "since", "step_since", "limit_from", "joined_at", "ended_at", "not_before"}
)


def change_of(changed: EntryChanged, at: dt.datetime, row: EntryRecord | None = None) -> EntryChange:
    """What the log says of it. An entry that is put back on the board after a start is `arrived` again, under the
    revision that it has on record: the log knows that one, and keeps what it has.

    row: of the entry after it, for whoever has it already.
    """
    before, after = changed.before, changed.after
    row = EntryRecord.of(after) if row is None else row
    if before is None:
        names: Iterable[str] = _FIELDS
    else:
        # The record has the entry's fields, and most of them are the same objects as before.
        both = zip(_FIELDS, _values(before), _values(after), strict=True)
        names = [name for name, old, new in both if old is not new and old != new]
    # Plain JSON but for the times.
    data: dict[str, Any] = {name: getattr(row, name) for name in names}
    for name in _TIMES & data.keys():
        data[name] = None if data[name] is None else data[name].isoformat()
    event = "arrived" if changed.event is None else _name(type(changed.event).__name__)
    return EntryChange(row.id, row.revision, at, row.call_id, event, data)


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


@cache
def _name(event: str) -> str:
    """`NotTaken` -> `not_taken`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in event).lstrip("_")
