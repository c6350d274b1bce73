"""Writes the database of a release, small and with rows in every table, for the test that it comes up to today's.

    .venv/bin/python -m scripts.generate_release_dump 0009    # tests/storage/release_0009.db.gz

Run it for the newest revision when a release is made, with the code of that release, and commit the file.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import sqlite3
import sys
import tempfile
from pathlib import Path

from sqlalchemy import Connection, insert

from storage.engine import create_engine
from storage.migrate import upgrade
from tests.support import any_rows

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "storage"
CALL = "c-n1-67f3a2b0-0badcafe"
T0 = dt.datetime(2026, 11, 20, 1, 30, tzinfo=dt.UTC).replace(tzinfo=None)
JOURNAL = (
    ("arrived", {"entry": "main", "version": "ab" * 32}),
    ("joined", {"queue": "general", "agent": "a1001", "waited_s": 12.5}),
    ("parted", {"talked_s": 61.25, "held_s": 0.0}),
    ("survey", {"question": "satisfaction", "rating": 1, "scale": 5}),
    ("ended", {"outcome": "completed", "by": "caller", "cause": 16}),
)


def fill(connection: Connection) -> None:
    """A row that a generator makes into every table, and a call as that release wrote it."""
    any_rows.fill(connection, range(1, 2))
    tables = any_rows.tables_of(connection)
    summary = {
        "endpoint": "trunk",
        "outcome": "completed",
        "queue": "general",
        "agent": "a1001",
        "agents": ["a1001"],
        "waited_s": 12.5,
        "talked_s": 61.25,
        "survey": 1,
        "topic": "路灯",
    }
    call = {
        "id": CALL,
        "node": "n1",
        "state": "ended",
        "caller": "13812345678",
        "dialled": "12345",
        "language": "zh",
        "flow": "main",
        "flow_version": "ab" * 32,
        "started_at": T0,
        "answered_at": T0,
        "ended_at": T0 + dt.timedelta(seconds=90),
        "ended_by": "caller",
        "cause": 16,
        "data": summary,
        "revision": 1,
    }
    connection.execute(insert(tables["calls"]), [call])
    connection.execute(
        insert(tables["journal"]),
        [
            {
                "call_id": CALL,
                "seq": seq,
                "at": T0 + dt.timedelta(seconds=10 * seq),
                "kind": kind,
                "data": data,
                "version": 1,
            }
            for seq, (kind, data) in enumerate(JOURNAL, start=1)
        ],
    )
    line = {
        "number": 2,
        "call_id": CALL,
        "party": "",
        "seq": 1,
        "at": T0,
        "speaker": "caller",
        "source": "dialogue",
        "language": "zh",
        "text": "路灯坏了",
        "engine": "vosk",
        "engine_version": "1",
        "words": [],
        "revision": 0,
        "open_words": "路灯 坏",
    }
    connection.execute(insert(tables["transcripts"]), [line])


async def made(revision: str, path: Path) -> None:
    url = f"sqlite+aiosqlite:///{path}"
    await upgrade(url, revision)
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(fill)
    await engine.dispose()


def main(revision: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made_at, small = Path(folder) / "made.db", Path(folder) / "small.db"
        asyncio.run(made(revision, made_at))
        file = sqlite3.connect(made_at)
        file.execute("PRAGMA journal_mode = DELETE")
        file.execute("PRAGMA page_size = 512")
        file.execute("VACUUM INTO ?", (str(small),))
        file.close()
        target = FOLDER / f"release_{revision}.db.gz"
        target.write_bytes(gzip.compress(small.read_bytes(), mtime=0))
    print(f"{target.name}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
