"""The tables. Column names are the field names of `records.py`.

Append-only logs (journal, decisions, agent states, transcripts and their corrections, dialogues and their releases)
carry keys that come with the fact, so that writing one twice changes nothing. The rest are rows of present state, each
write the whole row; `revision` keeps an older one from replacing a newer. No foreign keys between them: facts are
written in batches, may come from a spool after an outage, and must be taken in any order (docs/decisions/0060).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.types import TypeEngine

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Aware in, aware UTC out, on both databases. SQLite holds UTC without a zone; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class SearchWords(TypeDecorator[Sequence[str]]):
    """The words that a text is found by, in order: a `tsvector` on Postgres, on SQLite the same with spaces between.

    They come from `search_words.py` and hold letters and digits only. Written, never read back.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[str] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if dialect.name != "postgresql":
            return " ".join(value)
        return " ".join(f"'{word}':{min(place, _LAST_PLACE)}" for place, word in enumerate(value, start=1))


_LAST_PLACE = 16383
"""In a `tsvector`; what comes after has that place too."""

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def _id(name: str, *, primary_key: bool = False) -> Column[str]:
    return Column(name, String(128), primary_key=primary_key, nullable=False)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _whole(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _at(name: str) -> Column[dt.datetime]:
    return Column(name, UtcDateTime, nullable=False)


def _maybe_at(name: str) -> Column[dt.datetime]:
    return Column(name, UtcDateTime)


def _json(name: str) -> Column[object]:
    return Column(name, Json, nullable=False)


calls = Table(
    "calls",
    metadata,
    _id("id", primary_key=True),
    _text("node"),
    _text("state"),
    _text("caller"),
    _text("dialled"),
    _text("language"),
    _text("flow"),
    _text("flow_version"),
    _at("started_at"),
    _maybe_at("answered_at"),
    _maybe_at("ended_at"),
    _text("ended_by"),
    Column("cause", Integer),
    _json("data"),
    _whole("revision"),
    Index(None, "state"),
    Index(None, "started_at"),
    Index(None, "caller", "started_at"),
)

journal = Table(
    "journal",
    metadata,
    _id("call_id", primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _at("at"),
    _text("kind"),
    _json("data"),
    _whole("version"),
    Index(None, "at"),
)

queue_entries = Table(
    "queue_entries",
    metadata,
    _id("id", primary_key=True),
    _id("call_id"),
    _text("queue"),
    _text("state"),
    _at("enqueued_at"),
    _at("since"),
    _at("step_since"),
    _at("limit_from"),
    _json("skills"),
    _json("steps"),
    _whole("priority"),
    _text("language"),
    _text("reason"),
    Column("timeout_s", Double),
    _whole("step"),
    Column("agent", String(128)),
    _whole("attempts"),
    _json("tried"),
    Column("announced", Integer),
    _maybe_at("joined_at"),
    _maybe_at("ended_at"),
    Column("outcome", Text),
    _whole("revision"),
    Column("only", String(128)),
    Column("ring_s", Double),
    # Rows of an older version have none: theirs is "".
    Column("callback", String(128), nullable=False, server_default=""),
    _maybe_at("not_before"),
    Column("preferred", String(128)),
    Column("caller_key", String(128), nullable=False, server_default=""),
    Index(None, "call_id"),
    Index(None, "state"),
    Index(None, "queue", "enqueued_at"),
    Index(None, "enqueued_at"),
    Index(None, "caller_key", "ended_at"),
    Index(None, "ended_at"),
)

decisions = Table(
    "decisions",
    metadata,
    _id("entry_id", primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, primary_key=True),
    Column("kind", String(16), primary_key=True),
    _id("call_id"),
    Column("agent", String(128)),
    _whole("step"),
    _text("outcome"),
    _json("reasons"),
    _text("sentence_zh"),
    _text("sentence_en"),
    Index(None, "call_id"),
    Index(None, "at"),
)

agents = Table(
    "agents",
    metadata,
    _id("id", primary_key=True),
    _text("name"),
    Column("extension", String(32), nullable=False),
    _json("skills"),
    _json("queues"),
    _json("labels"),
    _text("state"),
    _at("since"),
    _at("idle_since"),
    _maybe_at("until"),
    _text("pause_reason"),
    _whole("no_answers"),
    Column("entry", String(128)),
    Column("leaving", Json),
    _whole("revision"),
    Column("rank", Integer, nullable=False, server_default="0"),
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("busy_s", Double, nullable=False, server_default="0"),
    _maybe_at("last_given_at"),
    _maybe_at("logged_in_at"),
    Column("reminders", Integer, nullable=False, server_default="0"),
    _maybe_at("missed_at"),
    Column("own_call", String(128), nullable=False, server_default=""),
    Column("do_not_disturb", Boolean, nullable=False, server_default=false()),
    Index(None, "extension", unique=True),
)

agent_states = Table(
    "agent_states",
    metadata,
    _id("agent_id", primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _at("at"),
    _text("before"),
    _text("after"),
    _text("event"),
    _text("reason"),
    Column("entry", String(128)),
    _json("data"),
    Index(None, "at"),
    Index(None, "agent_id", "at"),
    Index(None, "entry"),
)

transcripts = Table(
    "transcripts",
    metadata,
    # SQLite's full-text index refers to rows by a number that must never change.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    _id("call_id"),
    Column("party", String(128), nullable=False, server_default=""),
    _whole("seq"),
    _at("at"),
    _maybe_at("began_at"),
    _maybe_at("ended_at"),
    _text("speaker"),
    _text("source"),
    _text("language"),
    _text("text"),
    Column("confidence", Double),
    _text("engine"),
    _text("engine_version"),
    _json("words"),
    Column("corrected", Text),
    _whole("revision"),
    Column("open_words", SearchWords),
    Column("secret_words", SearchWords),
    UniqueConstraint("call_id", "party", "seq"),
    Index(None, "at"),
)
"""open_words: what everybody who may search finds it by; secret_words: the same before anything was masked, None where
nothing was. Both None: not indexed yet."""

TRANSCRIPT_INDEXES: Final = ("ix_transcripts_open_words", "ix_transcripts_secret_words", "transcripts_words")
"""Beginnings of the names of what revision 0004 makes by hand to search them: GIN indexes on Postgres, tables of FTS5
on SQLite."""

transcript_corrections = Table(
    "transcript_corrections",
    metadata,
    _id("call_id", primary_key=True),
    Column("party", String(128), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _at("at"),
    _text("author"),
    _text("reason"),
    _text("before"),
    _text("after"),
)

transcript_acts = Table(
    "transcript_acts",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    _at("at"),
    _text("author"),
    Column("act", String(16), nullable=False),
    Column("call_id", String(128), nullable=False),
    _json("data"),
    Index(None, "at"),
    Index(None, "call_id"),
)

callbacks = Table(
    "callbacks",
    metadata,
    _id("id", primary_key=True),
    _id("call_id"),
    _id("entry_id"),
    _text("queue"),
    _text("number"),
    _text("language"),
    _json("skills"),
    _whole("priority"),
    _text("reason"),
    _at("enqueued_at"),
    _maybe_at("not_before"),
    _text("state"),
    _whole("attempts"),
    _at("created_at"),
    _json("data"),
    _whole("revision"),
    Column("plan", Json, nullable=False, server_default="{}"),
    Index(None, "call_id"),
    Index(None, "state", "enqueued_at"),
    Index(None, "created_at"),
)

recordings = Table(
    "recordings",
    metadata,
    _id("id", primary_key=True),
    _id("call_id"),
    _text("purpose"),
    _text("path"),
    Column("seconds", Double, nullable=False),
    _text("language"),
    _at("created_at"),
    _text("state"),
    _json("data"),
    _whole("revision"),
    Column("retention", String(64), nullable=False, server_default=""),
    Column("sha256", String(64), nullable=False, server_default=""),
    Index(None, "call_id"),
    Index(None, "created_at"),
)

notifications = Table(
    "notifications",
    metadata,
    _id("id", primary_key=True),
    _id("call_id"),
    _text("channel"),
    _text("recipient"),
    _text("text"),
    _text("language"),
    _json("data"),
    _text("state"),
    _whole("attempts"),
    _at("next_at"),
    _at("created_at"),
    _maybe_at("sent_at"),
    _text("error"),
    _whole("revision"),
    Index(None, "call_id"),
    Index(None, "state", "next_at"),
    Index(None, "created_at"),
)

flow_files = Table(
    "flow_files",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

flow_versions = Table(
    "flow_versions",
    metadata,
    Column("hash", String(64), primary_key=True),
    _text("name"),
    _json("files"),
    _text("author"),
    _text("message"),
    _at("created_at"),
    Column("parent", String(64)),
    Index(None, "name", "created_at"),
)

flow_releases = Table(
    "flow_releases",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("version", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    _at("at"),
    _text("author"),
    _text("message"),
    _json("mapping"),
)
