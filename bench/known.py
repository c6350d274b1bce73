"""What a start without the database goes by: what it costs while the database is there, and how soon it is read.

    python -m bench.known              300 live calls
    python -m bench.known --quick      60 live calls

On SQLite, in a folder of its own; each call with 30 lines of its journal and a live row of 1.5 KB, as real ones have.
Told: microseconds a fact that is stored (behind it, in the file of facts) against the spool's own append of the same
facts; a snapshot; a stand-in made of the snapshot and of as many facts behind it, with the longest time that either
holds up the event loop.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Final, TypeVar

from storage import spool_codec
from storage.last_known import LastKnown
from storage.live_records import LiveCallRecord
from storage.migrate import upgrade
from storage.records import CallRecord, Fact, JournalEvent
from storage.spool import Spool
from storage.store import Store

NOW: Final = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)
LINES: Final = 30
ROUNDS: Final = 5
TICK_S: Final = 0.001
Result = TypeVar("Result")


def facts_of(call: int, revision: int) -> list[Fact]:
    """What a call puts from one stand to the next."""
    id = f"c-n1-{call:06d}"
    data = {
        "state": {"node": "main.menu", "variables": {"topic": "street light"}},
        "parts": {"note": "x" * 1400},
    }
    seqs = range(revision * LINES + 1, (revision + 1) * LINES + 1)
    return [
        CallRecord(id, NOW, caller=f"1380000{call:04d}"),
        LiveCallRecord(id, "n1", f"channel-{call}", NOW, data=data, revision=revision),
        *(JournalEvent(id, seq, NOW, "node", {"node": f"main.n{seq}", "by": "digit"}) for seq in seqs),
    ]


async def timed(work: Awaitable[Result]) -> tuple[Result, float, float]:
    """(its result, s, the longest time that the event loop did not turn, s)."""
    worst, last, over = 0.0, time.perf_counter(), False

    async def tick() -> None:
        nonlocal worst, last
        while not over:
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            worst, last = max(worst, now - last - TICK_S), now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(TICK_S)
    began = time.perf_counter()
    result = await work
    took = time.perf_counter() - began
    over = True
    await ticking
    return result, took, worst


async def measure(calls: int, folder: Path) -> dict[str, float]:
    url = f"sqlite+aiosqlite:///{folder / 'hotline.db'}"
    await upgrade(url)
    known = LastKnown(folder / "last-known", url, "n1", "12345")
    spool = Spool(folder / "spool")
    spool.open()
    async with await Store.open(url) as store:
        async with store.unit_of_work() as uow:
            for call in range(calls):
                await uow.write(facts_of(call, 0))
        _, snapshot_s, snapshot_held_s = await timed(known.renew(store))
        later = [fact for call in range(calls) for fact in facts_of(call, 1)]
        seen: list[float] = []
        spooled: list[float] = []
        for part in range(ROUNDS):
            some = later[part::ROUNDS]
            began = time.process_time()
            known.see(some)
            seen.append((time.process_time() - began) / len(some))
            began = time.process_time()
            for fact in some:
                spool.append(spool_codec.encode(fact))
            spooled.append((time.process_time() - began) / len(some))
    spool.close()
    known.close()
    stand_in, made_s, held_s = await timed(known.stand_in(folder / "spool"))
    assert stand_in is not None
    async with stand_in, stand_in.reading() as uow:
        found = await uow.live_calls.all_live("n1")
        assert {one.revision for one in found} == {1} and len(found) == calls
    return {
        "calls": calls,
        "facts_behind_the_snapshot": len(later),
        "a_stored_fact_us": round(1e6 * sorted(seen)[ROUNDS // 2], 2),
        "the_spool_us": round(1e6 * sorted(spooled)[ROUNDS // 2], 2),
        "ratio": round(sorted(seen)[ROUNDS // 2] / sorted(spooled)[ROUNDS // 2], 2),
        "snapshot_s": round(snapshot_s, 3),
        "snapshot_holds_the_loop_s": round(snapshot_held_s, 3),
        "stand_in_s": round(made_s, 3),
        "stand_in_holds_the_loop_s": round(held_s, 3),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="60 calls")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(prefix="hotline-known-") as folder:
        found = asyncio.run(measure(60 if quick else 300, Path(folder)))
    for name, value in found.items():
        print(f"{name:32} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
