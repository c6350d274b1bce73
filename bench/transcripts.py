"""How long it takes to find what was said, and what the index costs when it is written.

    python -m bench.transcripts            # a million lines, on SQLite and on a private Postgres
    python -m bench.transcripts --quick    # 50,000

The baseline is `text LIKE '%word%'` over the same lines in the same run; of lines written, the same table without
the index. The words that a line is found by are made once for each of some thousand different texts: what making them
takes is told apart (`line_ms`), since it is the same for both databases.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, select

from storage import tables
from storage.migrate import upgrade
from storage.personal.chinese import read_dictionary, words
from storage.search_query import parse
from storage.store import Store
from storage.transcript_search import TranscriptSearch
from storage.transcript_words import found_by
from tests.support.postgres import start

LINES: Final = 1_000_000
QUICK: Final = 50_000
TEXTS: Final = 4_000
BATCH: Final = 1_000
ROUNDS: Final = 3
T0: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _list(text: str) -> list[str]:
    return text.split()


PLACES: Final = _list("长江路 人民路 阳光小区 和平小区 白云路 黄河路 中山公园 火车站 北门市场 第三中学")
THINGS: Final = _list("路灯 水管 井盖 电梯 垃圾 噪音 公交车 停车位 暖气 燃气 下水道 红绿灯 围墙 树枝")
STATES: Final = _list("坏了 漏水 丢了 停了 很吵 堵了 没人管 太脏 有异味 倒了")
RARE: Final = _list("无人机 蜂窝 白蚁 沼气 龙卷风 地窖")
ENGLISH: Final = [
    "the street light is broken",
    "my neighbor is making noise",
    "water is leaking",
    "the bus was late",
]
ASKED: Final = (
    "蜂窝",
    "无人机 长江路",
    "白蚁 -电梯",
    '"水管漏水"',
    "井盖丢了",
    "长江路 路灯 坏了",
    "leaking",
    "路灯",
)


def texts(count: int) -> list[str]:
    chosen = random.Random(4)
    made = []
    for number in range(count):
        if number % 12 == 0:
            made.append(f"{chosen.choice(ENGLISH)} near building {number}")
            continue
        text = f"您好，{chosen.choice(PLACES)}{number % 97}号附近的{chosen.choice(THINGS)}{chosen.choice(STATES)}"
        made.append(text + (f"，还有{chosen.choice(RARE)}" if number % 400 == 7 else "已经三天了"))
    return made


def rows(prepared: list[tuple[str, dict[str, Any]]], count: int, call: str) -> Iterator[list[dict[str, Any]]]:
    chosen = random.Random(5)
    made = (
        {
            "call_id": f"{call}-{number // 20}",
            "seq": number % 20,
            "at": T0 + dt.timedelta(seconds=number * 10),
            "speaker": "caller",
            "source": "dialogue",
            "language": "zh",
            "text": text,
            "engine": "vosk",
            "engine_version": "",
            "words": [],
            "revision": 0,
            **found,
        }
        for number, (text, found) in ((n, chosen.choice(prepared)) for n in range(count))
    )
    while batch := list(itertools.islice(made, BATCH)):
        yield batch


async def write(store: Store, batches: Iterator[list[dict[str, Any]]]) -> float:
    """Lines a second."""
    count, spent = 0, 0.0
    for batch in batches:
        began = time.perf_counter()
        async with store.unit_of_work() as uow:
            await uow.connection.execute(insert(tables.transcripts), batch)
        spent += time.perf_counter() - began
        count += len(batch)
    return count / spent


async def without_index(store: Store) -> None:
    async with store.unit_of_work() as uow:
        if store.dialect == "postgresql":
            for name in ("open_words", "secret_words"):
                await uow.connection.exec_driver_sql(f"DROP INDEX ix_transcripts_{name}")
        else:
            for name in ("put", "taken", "changed"):
                await uow.connection.exec_driver_sql(f"DROP TRIGGER transcripts_{name}")


async def ask(store: Store) -> tuple[list[float], list[float]]:
    """(by the index, by LIKE): ms a question."""
    found, liked = [], []
    table = tables.transcripts
    for typed in ASKED * ROUNDS:
        query = parse(typed, words)
        async with store.reading() as uow:
            began = time.perf_counter()
            await uow.found_transcripts.find(TranscriptSearch(query))
            found.append((time.perf_counter() - began) * 1000)
            like = select(table).order_by(table.c.number.desc()).limit(20)
            for word in typed.replace('"', "").split():
                pattern = table.c.text.like(f"%{word.lstrip('-')}%")
                like = like.where(~pattern if word.startswith("-") else pattern)
            began = time.perf_counter()
            (await uow.connection.execute(like)).all()
            liked.append((time.perf_counter() - began) * 1000)
    return found, liked


async def measure(
    url: str, bare_url: str, count: int, prepared: list[tuple[str, dict[str, Any]]]
) -> dict[str, float]:
    await upgrade(url)
    await upgrade(bare_url)
    async with await Store.open(bare_url) as store:
        await without_index(store)
        bare = await write(store, rows(prepared, min(count, QUICK), "b"))
    async with await Store.open(url) as store:
        indexed = await write(store, rows(prepared, count, "c"))
        if store.dialect == "postgresql":
            async with store.unit_of_work() as uow:
                await uow.connection.exec_driver_sql("ANALYZE transcripts")
        found, liked = await ask(store)
    p50, like_p50 = statistics.median(found), statistics.median(liked)
    p95, like_p95 = (statistics.quantiles(each, n=20)[18] for each in (found, liked))
    return {
        "p50_ms": round(p50, 2),
        "p95_ms": round(p95, 2),
        "like_p50_ms": round(like_p50, 2),
        "like_p95_ms": round(like_p95, 2),
        "times_faster_p50": round(like_p50 / p50, 1),
        "times_faster_p95": round(like_p95 / p95, 1),
        "written_a_second": round(indexed),
        "without_index_a_second": round(bare),
        "written_share": round(indexed / bare, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} lines instead of {LINES}")
    parser.add_argument("--lines", type=int, default=0)
    given = parser.parse_args()
    count = given.lines or (QUICK if given.quick else LINES)
    read_dictionary()
    began = time.perf_counter()
    prepared = [(text, found_by(text)) for text in texts(TEXTS)]
    line_ms = (time.perf_counter() - began) * 1000 / TEXTS
    results: dict[str, Any] = {"lines": count, "line_ms": round(line_ms, 3)}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        urls = [f"sqlite+aiosqlite:///{Path(name) / file}" for file in ("a.db", "b.db")]
        results["sqlite"] = asyncio.run(measure(urls[0], urls[1], count, prepared))
    with tempfile.TemporaryDirectory(prefix="hotline-pg-") as name:
        cluster = start(Path(name))
        try:
            urls = [cluster.url(asyncio.run(cluster.create())) for _ in range(2)]
            results["postgresql"] = asyncio.run(measure(urls[0], urls[1], count, prepared))
        finally:
            cluster.stop()
    for database in ("sqlite", "postgresql"):
        one = results[database]
        print(
            f"{database:<11} {count} lines: p50 {one['p50_ms']} ms, p95 {one['p95_ms']} ms; "
            f"LIKE {one['like_p50_ms']} and {one['like_p95_ms']} ms "
            f"({one['times_faster_p50']} and {one['times_faster_p95']} times as long); "
            f"written {one['written_a_second']}/s, without the index {one['without_index_a_second']}/s"
        )
    print(f"the words of a line are made in {line_ms:.2f} ms")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
