"""The log of what happened to queue entries: its table and its record.

An entry's row in `queue_entries` is the fold of its changes (`ivr/projections/entries.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Column, Index, Integer, String, Table, Text

from storage.tables import Json, UtcDateTime, metadata

entry_changes: Final = Table(
    "entry_changes",
    metadata,
    Column("entry_id", String(128), primary_key=True, nullable=False),
    Column("revision", Integer, primary_key=True, autoincrement=False, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("call_id", String(128), nullable=False),
    Column("event", Text, nullable=False),
    Column("data", Json, nullable=False),
    Index(None, "at"),
    Index(None, "call_id"),
)


@dataclass(frozen=True, slots=True)
class EntryChange:
    """One line of an entry's history. revision: the entry's, after. event: `arrived`, then the event's name.

    data: fields of the entry's record that are others now, as JSON; of the first line all of them.
    """

    entry_id: str
    revision: int
    at: dt.datetime
    call_id: str
    event: str
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
