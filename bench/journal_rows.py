"""Journals of calls for benches, and what the plain drivers make of them in the fastest way each has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import aiosqlite
import asyncpg
import orjson

from storage.records import JournalEvent

T0: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
EVENTS: Final = 20
"""A call."""
COLUMNS: Final = ("call_id", "seq", "at", "kind", "data", "version")
BATCH: Final = 1000
ON_CONFLICT: Final = "ON CONFLICT (call_id, seq) DO NOTHING"


def events(count: int, mark: str) -> list[JournalEvent]:
    """Of whole calls, as they come when 50 are up at once. mark: part of the calls' ids."""
    made = []
    for group in range(0, count // EVENTS, 50):
        calls = range(group, min(group + 50, count // EVENTS))
        made += [event for seq in range(1, EVENTS + 1) for event in _step(calls, seq, mark)]
    return made


def _step(calls: Iterable[int], seq: int, mark: str) -> Iterator[JournalEvent]:
    for call in calls:
        at = T0 + dt.timedelta(seconds=call, milliseconds=1500 * seq)
        kind, data, version = _what(call, seq)
        yield JournalEvent(f"c-n1-{mark}{call:09d}", seq, at, kind, data, version)


def _what(call: int, seq: int) -> tuple[str, dict[str, Any], int]:
    if seq == 1:
        facts = {"caller": f"138{call % 10**8:08d}", "called": "12345", "language": "zh"}
        return (
            "arrived",
            {"entry": "main", "version": "ab" * 32, **facts, "endpoint": "trunk", "agent": None},
            2,
        )
    if seq == EVENTS:
        end = {
            "outcome": "served",
            "by": "caller",
            "cause": 16,
            "language": "zh",
            "topic": "",
            "queue": "general",
        }
        more = {"agent": "a1", "agents": ["a1"], "again": False, "hung_up_at": None}
        return "ended", {**end, **more}, 2
    if seq % 3 == 0:
        return "played", {"op": f"{call}:{seq}", "prompts": ["welcome", f"menu_{seq}"], "heard_s": 3.25}, 1
    return "input", {"type": "digit", "op": f"{call}:{seq}", "digit": str(seq % 10), "at_ms": seq * 1500}, 1


def for_postgres(some: Sequence[JournalEvent]) -> list[tuple[Any, ...]]:
    return [(e.call_id, e.seq, e.at, e.kind, orjson.dumps(e.data).decode(), e.version) for e in some]


def for_sqlite(some: Sequence[JournalEvent]) -> list[tuple[Any, ...]]:
    return [
        (
            e.call_id,
            e.seq,
            e.at.isoformat(" ", "microseconds")[:26],
            e.kind,
            orjson.dumps(e.data).decode(),
            e.version,
        )
        for e in some
    ]


def batches(some: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for begin in range(0, len(some), BATCH):
        yield some[begin : begin + BATCH]


async def copy(connection: asyncpg.Connection, rows: Sequence[Any]) -> None:
    await connection.copy_records_to_table("journal", records=rows, columns=COLUMNS)


async def by_temporary_table(connection: asyncpg.Connection, rows: Sequence[Any]) -> None:
    await connection.execute("CREATE TEMP TABLE IF NOT EXISTS fresh (LIKE journal) ON COMMIT DELETE ROWS")
    await connection.copy_records_to_table("fresh", records=rows, columns=COLUMNS)
    await connection.execute(f"INSERT INTO journal SELECT * FROM fresh {ON_CONFLICT}")  # noqa: S608


async def by_columns(connection: asyncpg.Connection, rows: Sequence[Any]) -> None:
    await connection.execute(
        "INSERT INTO journal (call_id, seq, at, kind, data, version) SELECT a, b, c, d, e::jsonb, f FROM"
        " unnest($1::text[], $2::int[], $3::timestamptz[], $4::text[], $5::text[], $6::int[])"
        " AS row (a, b, c, d, e, f) ON CONFLICT (call_id, seq) DO NOTHING",
        *map(list, zip(*rows, strict=True)),
    )


async def executemany(connection: asyncpg.Connection, rows: Sequence[Any]) -> None:
    await connection.executemany(
        f"INSERT INTO journal ({', '.join(COLUMNS)}) VALUES ($1, $2, $3, $4, $5, $6) {ON_CONFLICT}",  # noqa: S608
        rows,
    )


async def sqlite_executemany(connection: aiosqlite.Connection, rows: Sequence[Any]) -> None:
    await connection.executemany(
        f"INSERT INTO journal ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?) {ON_CONFLICT}",  # noqa: S608
        rows,
    )


async def sqlite_values(connection: aiosqlite.Connection, rows: Sequence[Any]) -> None:
    for begin in range(0, len(rows), 500):
        part = rows[begin : begin + 500]
        values = ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(part))
        await connection.execute(
            f"INSERT INTO journal ({', '.join(COLUMNS)}) VALUES {values} {ON_CONFLICT}",  # noqa: S608
            [value for row in part for value in row],
        )
