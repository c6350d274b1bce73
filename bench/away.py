"""Postgres goes away under a stream of facts, in each way that it can, and comes back.

    python -m bench.away            # away for 60 s each time, 300 facts a second
    python -m bench.away --quick    # for 5 s

Four ways: stopped (every connection ends, none is taken), frozen (SIGSTOP: nothing is refused, nothing answers), killed
with -9 and started again, and, with the database stopped, the writing process killed with -9, so that another one
writes what that had left in its spool. Told of each: facts lost, doubled and out of order (by what the table holds, in
the order in which its rows came), how long after its return the database was seen to be back and all was caught up, and
the longest stall of the loop that no other process explains (see `bench.reload`). A baseline of the same run: how long
a plain INSERT takes of as many facts as waited.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop

from bench import journal_rows as rows
from bench.reload import beating
from storage.errors import StorageAway
from storage.migrate import upgrade
from storage.records import JournalEvent
from storage.spool import Spool
from storage.store import Store
from storage.writer import FactWriter
from tests.support import faults_postgres
from tests.support.faults_processes import tree
from tests.support.postgres import PrivatePostgres, start

A_SECOND: Final = 300
CATCH_UP_S: Final = 120.0
BEFORE_S: Final = 1.0


@dataclass(slots=True)
class Stream:
    """Puts facts at a pace, whatever the writer does."""

    writer: FactWriter
    mark: str
    put: int = 0

    async def run(self) -> None:
        begin = time.perf_counter()
        while True:
            due = int((time.perf_counter() - begin) * A_SECOND)
            while self.put < due:
                self.put += 1
                self.writer.put(_event(self.mark, self.put))
            await asyncio.sleep(0.01)


def _event(mark: str, seq: int) -> JournalEvent:
    return JournalEvent(f"c-n1-{mark}", seq, rows.T0, "input", {"type": "digit", "digit": str(seq % 10)})


Fault = Callable[[PrivatePostgres], Awaitable[None]]


async def _stop(cluster: PrivatePostgres) -> None:
    await asyncio.to_thread(cluster.stop)


async def _kill(cluster: PrivatePostgres) -> None:
    await asyncio.to_thread(faults_postgres.kill, cluster)


async def _revive(cluster: PrivatePostgres) -> None:
    await asyncio.to_thread(faults_postgres.revive, cluster)


async def _signal(number: int, cluster: PrivatePostgres) -> None:
    for pid in tree(cluster.process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


WAYS: Final[Sequence[tuple[str, Fault, Fault]]] = (
    ("stopped", _stop, _revive),
    ("frozen", partial(_signal, signal.SIGSTOP), partial(_signal, signal.SIGCONT)),
    ("killed", _kill, _revive),
)


async def away(
    cluster: PrivatePostgres, url: str, name: str, go: Fault, come: Fault, away_s: float
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        async with await Store.open(url) as store:
            async with FactWriter(store, spool=Spool(Path(folder))) as writer, beating() as heart:
                stream = Stream(writer, name)
                source = asyncio.create_task(stream.run(), name="source")
                await asyncio.sleep(BEFORE_S)
                heart.take()
                await go(cluster)
                await asyncio.sleep(away_s)
                await come(cluster)
                back = time.perf_counter()
                waited = writer.waiting
                caught_up_s, seen_s = await _catch_up(writer, back)
                beats = heart.take()
                source.cancel()
                await asyncio.wait([source])
                await writer.drain(CATCH_UP_S)
            found = await _compare(url, f"c-n1-{name}", stream.put)
    return {
        **found,
        "waited": waited,
        "catch_up_s": round(caught_up_s, 2),
        "seen_after_s": round(seen_s, 2),
        "longest_stall_ms": round(max(busy for busy, _ in beats), 1),
        "longest_late_ms": round(max(late for _, late in beats), 1),
        "lost_by_the_writer": writer.figures.lost,
    }


async def _catch_up(writer: FactWriter, back: float) -> tuple[float, float]:
    """(until no more waits than comes in a moment, until the first batch is in), s."""
    written, seen_s = writer.figures.written, 0.0
    async with asyncio.timeout(CATCH_UP_S):
        while writer.waiting > A_SECOND // 3:
            await asyncio.sleep(0.01)
            if not seen_s and writer.figures.written > written:
                seen_s = time.perf_counter() - back
    return time.perf_counter() - back, seen_s


async def _compare(url: str, call: str, put: int) -> dict[str, int]:
    """What the table holds, in the order in which its rows came."""
    connection = await _connect(url)
    found = [row["seq"] for row in await connection.fetch("SELECT seq FROM journal WHERE call_id = $1", call)]
    in_order = await connection.fetch("SELECT seq FROM journal WHERE call_id = $1 ORDER BY ctid", call)
    await connection.close()
    came = [row["seq"] for row in in_order]
    return {
        "put": put,
        "lost": len(set(range(1, put + 1)) - set(found)),
        "doubled": len(found) - len(set(found)),
        "out_of_order": sum(later < earlier for earlier, later in zip(came, came[1:], strict=False)),
    }


async def _connect(url: str) -> asyncpg.Connection:
    from sqlalchemy.engine import make_url

    parsed = make_url(url)
    return await asyncpg.connect(
        host=str(parsed.query["host"]), user=parsed.username, database=parsed.database
    )


async def killed_while_away(cluster: PrivatePostgres, url: str, away_s: float) -> dict[str, Any]:
    """Another process puts, and tells each; the database ends, then that process; what it told is looked for."""
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.away", "--writer", url, folder), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        await process.stdout.readline()
        await asyncio.sleep(BEFORE_S)
        await _stop(cluster)
        await asyncio.sleep(min(away_s, 10.0))
        process.kill()
        told = (await process.stdout.read()).split()
        await process.wait()
        await _revive(cluster)
        begin = time.perf_counter()
        async with await Store.open(url) as store, FactWriter(store, spool=Spool(Path(folder))) as writer:
            recovered, recovery_s = writer.figures.recovered, time.perf_counter() - begin
            # One more may have been put than was told when it was killed.
            found = await _compare(url, "c-n1-mortal", int(told[-1]))
    return {**found, "recovered": recovered, "recovery_s": round(recovery_s, 2)}


async def be_a_writer(url: str, folder: str) -> None:
    """Puts, and prints each number after its put has returned, until killed."""
    async with await Store.open(url) as store, FactWriter(store, spool=Spool(Path(folder))) as writer:
        stream = Stream(writer, "mortal")
        source = asyncio.create_task(stream.run(), name="source")
        while True:
            print(stream.put, flush=True)
            await asyncio.sleep(0.005)
            assert not source.done()


async def measure(away_s: float) -> dict[str, Any]:
    gc.freeze()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="hotline-pg-") as name:
        cluster = start(Path(name))
        try:
            url = cluster.url(await cluster.create())
            await upgrade(url)
            for way, go, come in WAYS:
                found[way] = await away(cluster, url, way, go, come, away_s)
            found["controller_killed"] = await killed_while_away(cluster, url, away_s)
            found["plain_insert_s"] = await _plain(url, max(found[way]["waited"] for way, _, _ in WAYS))
        finally:
            await _signal(signal.SIGCONT, cluster)
            cluster.stop()
    return found


async def _plain(url: str, count: int) -> float:
    connection = await _connect(url)
    made = rows.for_postgres([_event("plain", seq) for seq in range(1, count + 1)])
    begin = time.perf_counter()
    for part in rows.batches(made):
        async with connection.transaction():
            await rows.executemany(connection, part)
    took = time.perf_counter() - begin
    await connection.close()
    return round(took, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--writer", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if options.writer:
            runner.run(be_a_writer(*options.writer))
            return
        try:
            found = runner.run(measure(5.0 if options.quick else 60.0))
        except StorageAway as error:
            sys.exit(str(error))
    for name, of_it in found.items():
        told = (
            ", ".join(f"{key} {value}" for key, value in of_it.items()) if isinstance(of_it, dict) else of_it
        )
        print(f"{name}: {told}")
    cases = [value for value in found.values() if isinstance(value, dict)]
    goals = {name: not any(case[name] for case in cases) for name in ("lost", "doubled", "out_of_order")}
    print(json.dumps({"name": "away", **found, "goals": goals, "python": platform.python_version()}))


if __name__ == "__main__":
    main()
