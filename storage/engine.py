"""Engines with our settings: pools, timeouts, JSON, and SQLite's transactions begun the way we need."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from typing import Any

import orjson
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from storage.errors import explained, parse_url

CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 20.0
BUSY_TIMEOUT_MS = 5000


async def reach(engine: AsyncEngine) -> None:
    """Whether an SQLite file can be opened at all. Raises StorageAway.

    Asked of the plain driver first: aiosqlite's thread outlives an opening that fails, and then finds no event loop.
    """
    path = engine.url.database
    if engine.dialect.name != "sqlite" or path is None:
        return

    def attempt() -> None:
        if not path.startswith((":", "file:")):
            # Calls and numbers are for the controller's user alone; the files beside it get the mode of this one.
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        sqlite3.connect(path).close()

    with explained(engine.url):
        try:
            await asyncio.to_thread(attempt)
        except sqlite3.Error as error:
            raise OSError(str(error)) from error


def create_engine(url: str, *, pool_size: int = 5) -> AsyncEngine:
    """An engine with our settings; nothing is connected yet. Raises StorageError for a wrong address."""
    parsed = parse_url(url)
    if parsed.drivername.startswith("sqlite"):
        engine = create_async_engine(
            parsed,
            json_serializer=json_text,
            json_deserializer=orjson.loads,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
        )
        _prepare_sqlite(engine)
        return engine
    engine = create_async_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_S,
        # A connection that died with a restarted server is found before it is used.
        pool_pre_ping=True,
        json_serializer=json_text,
        json_deserializer=orjson.loads,
        connect_args={"timeout": CONNECT_TIMEOUT_S, "command_timeout": STATEMENT_TIMEOUT_S},
    )
    _prepare_postgres(engine)
    return engine


def create_memory_engine() -> AsyncEngine:
    """An empty SQLite database that is gone when the engine is disposed of. One after the other uses it."""
    engine = create_async_engine(
        parse_url("sqlite+aiosqlite:///:memory:"),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_S,
        json_serializer=json_text,
        json_deserializer=orjson.loads,
    )
    _prepare_sqlite(engine)
    return engine


def json_text(value: Any) -> str:
    """As JSON columns hold it. Raises TypeError."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


def _prepare_postgres(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, record: ConnectionPoolEntry) -> None:
        # What the spool is trimmed of must have been written. A server may be set to answer before that.
        cursor = connection.cursor()
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
        cursor.close()
        connection.commit()


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, record: ConnectionPoolEntry) -> None:
        # The driver's own transactions are switched off: it begins them late and deferred, and two that read
        # and then write would fail on each other. Ours begin below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "foreign_keys = ON",
            # What is erased is overwritten, also where SQLite was not built so.
            "secure_delete = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
