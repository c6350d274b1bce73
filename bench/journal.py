"""How many events of calls the writer and its spool bring into the database, against the drivers' own limit.

    python -m bench.journal            # 100,000 events a round, 1 million folded
    python -m bench.journal --quick    # 20,000 and 60,000, under a minute

Ours: `FactWriter.put` with its write-ahead spool, batches of 1,000, until all is in the database. Baseline, in turns
with ours: what the driver itself takes of the same events in batches as large, `COPY` by asyncpg and `executemany` by
aiosqlite, rows made from the events included. processor_us is what an event takes of all processors, ours and the
driver's, the server's part included: on a machine that has other work the ratio of these is the one that counts.

The other ways that a driver has are told beside it, as is what one `put` costs (with the database away) against
`os.write` of the same bytes, also while a thread computes (p99: of single calls, the clock's own 0.1 us included). The
fold makes call records of stored journals; its baseline reads the same rows by the plain driver and does nothing with
them.
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
import statistics
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import aiosqlite
import asyncpg
import psutil
import uvloop

from bench import journal_rows as rows
from ivr.projections.calls import call_of
from storage import spool_format, spool_rows
from storage.errors import StorageAway
from storage.migrate import upgrade
from storage.projected import BEGINNING, Logs
from storage.records import JournalEvent
from storage.spool import Spool
from storage.store import Store, UnitOfWork
from storage.writer import FactWriter
from tests.support.postgres import start

GOAL: Final = 0.7
AHEAD: Final = 8_000
"""Facts that wait at most before the source waits too."""
TURN: Final = 200
"""Facts that are put in one turn of the loop."""


async def through_the_writer(store: Store, folder: Path | None, events: Sequence[JournalEvent]) -> float:
    """Events a second. folder: the spool's, None: without one."""
    async with FactWriter(store, spool=None if folder is None else Spool(folder)) as writer:
        room = asyncio.Event()
        writer.watchers.append(lambda *_: room.set())
        begin = time.perf_counter()
        for at in range(0, len(events), TURN):
            for event in events[at : at + TURN]:
                writer.put(event)
            await asyncio.sleep(0)
            while writer.waiting > AHEAD:
                # Without looking again and again, which would take the database's processor and SQLite's lock.
                room.clear()
                await room.wait()
        await writer.drain(120)
        assert (writer.figures.written, writer.figures.lost) == (len(events), 0)
        return len(events) / (time.perf_counter() - begin)


async def by_the_driver(
    connection: Any, way: Callable[[Any, Sequence[Any]], Awaitable[None]], events: Sequence[JournalEvent]
) -> float:
    sqlite = isinstance(connection, aiosqlite.Connection)
    made = rows.for_sqlite if sqlite else rows.for_postgres
    begin = time.perf_counter()
    for part in rows.batches(events):
        await connection.execute("BEGIN")
        await way(connection, made(part))
        await connection.execute("COMMIT")
    return len(events) / (time.perf_counter() - begin)


def _made(count: int, mark: str) -> list[JournalEvent]:
    """Out of the way of the garbage collector, as what a hotline holds is."""
    gc.unfreeze()
    made = rows.events(count, mark)
    gc.collect()
    gc.freeze()
    return made


def processor_us(server: int | None) -> float:
    """Used so far by this process and, server: its first process's id, by a database's processes that are there."""
    everyone = [psutil.Process()] + ([] if server is None else psutil.Process(server).children())
    return sum(each.cpu_times().user + each.cpu_times().system for each in everyone) * 1e6


async def compare(
    url: str, connection: Any, count: int, rounds: int, server: int | None = None
) -> dict[str, Any]:
    """Ours and the driver's best way in turns, the other ways once a round. server: as above."""
    sqlite = isinstance(connection, aiosqlite.Connection)
    baseline = rows.sqlite_executemany if sqlite else rows.copy
    ways = [rows.sqlite_values] if sqlite else [rows.by_temporary_table, rows.by_columns, rows.executemany]
    ours, plain, ratios, used = [], [], [], []
    others: dict[str, list[float]] = {way.__name__: [] for way in ways} | {"ours_without_spool": []}
    with tempfile.TemporaryDirectory() as name:
        async with await Store.open(url) as store:
            await through_the_writer(store, Path(name), rows.events(2000, "warm"))
            for turn in range(rounds):
                events = [_made(count, f"{whose}{turn}") for whose in "op"]
                begin = processor_us(server)
                ours.append(await through_the_writer(store, Path(name), events[0]))
                middle = processor_us(server)
                plain.append(await by_the_driver(connection, baseline, events[1]))
                used.append(((middle - begin) / count, (processor_us(server) - middle) / count))
                ratios.append(ours[-1] / plain[-1])
                unspooled = await through_the_writer(store, None, _made(count, f"u{turn}"))
                others["ours_without_spool"].append(unspooled)
                for way in ways:
                    made = _made(count, f"{way.__name__[:9]}{turn}")
                    others[way.__name__].append(await by_the_driver(connection, way, made))
    return {
        "ours_per_s": round(statistics.median(ours)),
        f"{baseline.__name__}_per_s": round(statistics.median(plain)),
        "ratio": round(statistics.median(ratios), 2),
        "processor_us": [round(statistics.median(found), 1) for found in zip(*used, strict=True)],
        "processor_ratio": round(statistics.median(plain / ours for ours, plain in used), 2),
        "other_ways_per_s": {name: round(statistics.median(found)) for name, found in others.items()},
    }


class _Away(Store):
    """So that `put` is measured and nothing else."""

    copies = True

    def __init__(self) -> None:
        pass

    @contextlib.asynccontextmanager
    async def unit_of_work(self, limit_s: float | None = None) -> AsyncIterator[UnitOfWork]:
        raise StorageAway("away", mend="")
        yield


async def cost_of_put(count: int) -> dict[str, float]:
    """Microseconds a fact, mean and p99, and of `os.write` of the same bytes; then both while a thread computes.

    floor: what cannot be saved, however a spool is written: the event encoded, the checksum, one call of the kernel.
    """
    events = rows.events(count, "put")
    framed = list(map(_framed, events))
    with tempfile.TemporaryDirectory() as name:
        file = os.open(Path(name) / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        writer = FactWriter(_Away(), spool=Spool(Path(name) / "spool"), capacity=1000, close_timeout_s=0.01)
        async with writer:
            found = {"put_us": _each(writer.put, events), "os_write_us": _each(_writes(file), framed)}
            found["floor_us"] = _each(lambda event: os.write(file, _framed(event)), events)
            found["put_p99_us"] = _p99(writer.put, events)
            found["os_write_p99_us"] = _p99(_writes(file), framed)
            with _computing():
                some = len(events) // 20
                found["put_beside_a_thread_us"] = _each(writer.put, events[:some])
                found["os_write_beside_a_thread_us"] = _each(_writes(file), framed[:some])
                found["put_beside_a_thread_p99_us"] = _p99(writer.put, events[:some])
                found["os_write_beside_a_thread_p99_us"] = _p99(_writes(file), framed[:some])
        os.close(file)
    return {name: round(value, 1) for name, value in found.items()}


def _framed(event: JournalEvent) -> bytes:
    return spool_format.record(spool_rows.row(event))


def _writes(file: int) -> Callable[[bytes], object]:
    return lambda framed: os.write(file, framed)


def _each(do: Callable[[Any], object], things: Sequence[Any]) -> float:
    begin = time.perf_counter()
    for thing in things:
        do(thing)
    return (time.perf_counter() - begin) / len(things) * 1e6


def _p99(do: Callable[[Any], object], things: Sequence[Any]) -> float:
    took = []
    for thing in things:
        begin = time.perf_counter()
        do(thing)
        took.append(time.perf_counter() - begin)
    return sorted(took)[int(len(took) * 0.99)] * 1e6


@contextlib.contextmanager
def _computing() -> Any:
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


async def fold(url: str, raw: asyncpg.Connection, count: int) -> dict[str, Any]:
    """Call records of journals that are stored, against reading the rows."""
    await by_the_driver(raw, rows.copy, rows.events(count, "fold"))
    await raw.execute("ANALYZE journal")
    begin = time.perf_counter()
    calls = events = 0
    async with await Store.open(url) as store, store.reading() as uow:
        place = BEGINNING
        while True:
            journals, last = await Logs(uow.connection).calls((None, None), place)
            if last is None:
                break
            place = last
            for journal in journals:
                folded = call_of(journal)
                assert folded is not None
                assert folded.record.state == "ended"
                events += len(journal)
            calls += len(journals)
    ours_s = time.perf_counter() - begin
    begin = time.perf_counter()
    async with raw.transaction():
        read = 0
        async for _ in raw.cursor("SELECT * FROM journal ORDER BY call_id, seq", prefetch=4000):
            read += 1
    plain_s = time.perf_counter() - begin
    assert read == events
    return {
        "events": events,
        "calls": calls,
        "fold_s": round(ours_s, 1),
        "events_per_s": round(events / ours_s),
        "plain_read_s": round(plain_s, 1),
        "ratio": round(plain_s / ours_s, 2),
    }


async def measure(count: int, folded: int, rounds: int) -> dict[str, Any]:
    found: dict[str, Any] = {"put": await cost_of_put(count)}
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite+aiosqlite:///{name}/hotline.db"
        await upgrade(url)
        async with aiosqlite.connect(f"{name}/hotline.db", isolation_level=None) as lite:
            await lite.execute("PRAGMA synchronous = NORMAL")
            found["sqlite"] = await compare(url, lite, count, rounds)
    # Not in the folder of this process: the server runs as somebody else. Short, for the socket's path.
    with tempfile.TemporaryDirectory(prefix="hotline-pg-") as name:
        cluster = start(Path(name))
        try:
            databases = [await cluster.create(), await cluster.create()]
            for each in databases:
                await upgrade(cluster.url(each))
            raws = [await asyncpg.connect(host=name, user="hotline", database=each) for each in databases]
            server = cluster.process.pid
            found["postgres"] = await compare(cluster.url(databases[0]), raws[0], count, rounds, server)
            found["fold"] = await fold(cluster.url(databases[1]), raws[1], folded)
            for raw in raws:
                await raw.close()
        finally:
            cluster.stop()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    quick = parser.parse_args().quick
    logging.disable(logging.CRITICAL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(measure(*((20_000, 60_000, 3) if quick else (100_000, 1_000_000, 5))))
    for name, of_it in found.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in of_it.items()))
    goals = {name: found[name]["ratio"] >= GOAL for name in ("postgres", "sqlite")}
    print(json.dumps({"name": "journal", **found, "goals": goals, "python": platform.python_version()}))


if __name__ == "__main__":
    main()
