"""The table of what people did with power. In the metadata of `tables.py`."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from storage.tables import Json, UtcDateTime, metadata

acts = Table(
    "acts",
    metadata,
    Column("id", String(128), primary_key=True, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("author", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("act", String(32), nullable=False),
    Column("call_id", String(128), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("data", Json, nullable=False),
    Index(None, "at"),
    Index(None, "kind", "at"),
    Index(None, "call_id"),
    Index(None, "subject", "at"),
)
