"""The table of what live calls need to be gone on with. In the metadata of `tables.py`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table

from storage.tables import Json, UtcDateTime, metadata

live_calls = Table(
    "live_calls",
    metadata,
    Column("id", String(128), primary_key=True, nullable=False),
    Column("node", String(64), nullable=False),
    Column("channel", String(128), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state", String(8), nullable=False),
    Column("data", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Index(None, "node", "state"),
)
