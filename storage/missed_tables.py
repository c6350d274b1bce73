"""The tables of what was missed, and of what callers were told of their wait. In the metadata of `tables.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Double, Index, Integer, String, Table, Text, text

from storage.tables import Json, UtcDateTime, metadata

_OPEN: Final = text("state = 'open'")


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


missed_calls = Table(
    "missed_calls",
    metadata,
    Column("id", String(128), primary_key=True, nullable=False),
    Column("caller_key", String(128), nullable=False),
    _text("number"),
    _text("reason"),
    Column("reasons", Json, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("call_id", String(128), nullable=False),
    _text("queue"),
    _text("language"),
    _text("state"),
    Column("callback_id", String(128), nullable=False),
    Column("closed_at", UtcDateTime),
    _text("closed_how"),
    _text("closed_by"),
    _text("closed_why"),
    Column("closing_call", String(128), nullable=False),
    Column("revision", Integer, nullable=False),
    Index(None, "state", "due_at"),
    Index(None, "first_at"),
    Index(None, "closed_at"),
    Index(None, "callback_id"),
    Index(None, "caller_key"),
    Index(None, "call_id"),
    # One open obligation a caller, whoever writes it.
    Index("uq_missed_calls_open", "caller_key", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)

wait_estimates = Table(
    "wait_estimates",
    metadata,
    Column("id", String(128), primary_key=True, nullable=False),
    Column("entry_id", String(128), nullable=False),
    _text("queue"),
    Column("at", UtcDateTime, nullable=False),
    Column("place", Integer, nullable=False),
    Column("serving", Integer, nullable=False),
    Column("low_s", Double, nullable=False),
    Column("high_s", Double, nullable=False),
    Column("told", Boolean, nullable=False),
    Column("waited_s", Double, nullable=False),
    Column("hit", Boolean),
    Index(None, "queue", "at"),
    Index(None, "at"),
)
