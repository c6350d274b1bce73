"""The table of what calls came to. In the metadata of `tables.py`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from storage.tables import UtcDateTime, metadata

wrap_ups = Table(
    "wrap_ups",
    metadata,
    Column("agent_id", String(128), primary_key=True, nullable=False),
    Column("revision", Integer, primary_key=True, autoincrement=False, nullable=False),
    Column("entry_id", String(128)),
    Column("call_id", String(128), nullable=False),
    Column("code", Text, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("ended_by", Text, nullable=False),
    Index(None, "call_id"),
    Index(None, "entry_id"),
    Index(None, "ended_at"),
)
