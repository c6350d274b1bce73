"""The hot queries on a Postgres with 5 million rows in the journal: how long each takes, and through which indexes.

    python -m bench.plans            # 5,000,000 events of the journal, 250,000 calls
    python -m bench.plans --quick    # 200,000
    python -m bench.plans --plans    # with the plan of each

The baseline is the same in a database with a twentieth of the rows, in the same run: through indexes, twenty times the
rows cost nearly the same; reading a table from end to end costs twenty times as much (told as `scan`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from bench.big_database import fill
from bench.hot_queries import QUERIES, explained
from storage.migrate import upgrade
from storage.store import Store, UnitOfWork
from storage.tables import journal
from tests.support.postgres import PrivatePostgres, start

EVENTS: Final = 5_000_000
QUICK: Final = 200_000
SMALLER: Final = 20
ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """ms: the median, warm. scans: big tables that it read from end to end."""

    ms: float
    scans: tuple[str, ...]
    plan: str


async def scan(uow: UnitOfWork, calls: int) -> object:
    return await uow.connection.execute(select(func.count()).where(journal.c.kind == "none"))


async def measured(cluster: PrivatePostgres, events: int) -> tuple[dict[str, Taken], float]:
    """Each query's, and how long it took to make the database, s."""
    name = await cluster.create()
    url = cluster.url(name)
    await upgrade(url)
    found: dict[str, Taken] = {}
    async with await Store.open(url) as store:
        began = time.perf_counter()
        async with store.unit_of_work() as uow:
            calls = await fill(uow.connection, events)
        made_s = time.perf_counter() - began
        for about, query in {**QUERIES, "scan": scan}.items():
            rounds = [await explained(store, query, calls, run=True) for _ in range(ROUNDS)]
            ms = statistics.median(sum(plan.took_ms for plan in plans) for plans in rounds)
            scans = tuple(sorted({table for plan in rounds[0] for table in plan.scans}))
            found[about] = Taken(ms, scans, "\n".join(plan.text for plan in rounds[0]))
    await cluster.drop(name)
    return found, made_s


async def main(events: int, plans: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="hotline-plans-") as folder:
        cluster = start(Path(folder))
        try:
            small, _ = await measured(cluster, events // SMALLER)
            big, made_s = await measured(cluster, events)
        finally:
            cluster.stop()
    width = max(map(len, big))
    print(
        f"{'':{width}} {'small ms':>9} {'big ms':>9} {'ratio':>7}   {events:,} events, made in {made_s:.0f} s"
    )
    for about, taken in big.items():
        ratio = taken.ms / max(small[about].ms, 0.001)
        scans = f"  reads all of {', '.join(taken.scans)}" if taken.scans else ""
        print(f"{about:{width}} {small[about].ms:9.3f} {taken.ms:9.3f} {ratio:7.1f}{scans}")
        if plans:
            print("    " + taken.plan.replace("\n", "\n    "))
    asked = [taken for about, taken in big.items() if about != "scan"]
    print(
        json.dumps(
            {
                "events": events,
                "queries": len(asked),
                "slowest_ms": round(max(taken.ms for taken in asked), 3),
                "median_ms": round(statistics.median(taken.ms for taken in asked), 3),
                "scan_ms": round(big["scan"].ms, 1),
                "scans": {
                    about: taken.scans for about, taken in big.items() if taken.scans and about != "scan"
                },
                "made_s": round(made_s, 1),
            }
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a small database")
    parser.add_argument("--plans", action="store_true", help="print the plans")
    wanted = parser.parse_args()
    asyncio.run(main(QUICK if wanted.quick else EVENTS, wanted.plans))
