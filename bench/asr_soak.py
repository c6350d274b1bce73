"""Does a worker's memory grow? `python -m bench.asr_soak [--hours 2] [--minutes 30] [--quick]`.

Callers one after the other, some at once, speak to one worker with both engines (Vosk with a grammar, Whisper with
phrases and with open speech), as fast as the engines read: until so many hours of audio were heard, or so many minutes
have passed. Every call is a hearing of its own. Memory is what the worker itself reports; the baseline is what it held
when a twentieth of the audio was heard, since engines fill their working memory with the first utterances of each kind.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import uvloop

from asr.pool import WorkerPool
from asr.protocol import AsrUnavailable, Final, Heard, ListenRequest
from asr.recorded import read_out
from asr.settings import PoolSettings, WorkerSettings
from bench.asr_throughput import MENU, cases, progress
from ivr.demo.sayings import SAYINGS
from tests.support.speech import read_pcm, silence

AT_ONCE = 2
SETTLED = 0.05
"""Of the audio, before the baseline is taken."""


@dataclass(slots=True)
class Soak:
    """heard_s: audio so far. memory: (audio heard in s, MB)."""

    until_s: float
    until_clock: float
    heard_s: float = 0.0
    calls: int = 0
    texts: int = 0
    refused: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.heard_s >= self.until_s or time.monotonic() >= self.until_clock


def calls(folder: Path) -> Iterator[tuple[ListenRequest, bytes]]:
    """Without end, of every kind and of different lengths, in an order that is always the same."""
    chance = random.Random(4)
    vosk, _ = cases(folder, quick=True)
    mandarin = [read_pcm(saying.path) for saying in SAYINGS.values() if saying.language == "zh"]
    requests = [
        vosk.request,
        ListenRequest("zh", MENU, continuous=True),
        vosk.request,
        ListenRequest("zh", continuous=True),
    ]
    for request in itertools.cycle(requests):
        times = chance.randint(1, 4)
        if request.language == "ko":
            yield request, vosk.pcm * times
        else:
            said = chance.choices(mandarin, k=2 * times)
            yield request, b"".join(pcm + silence(chance.uniform(1.0, 3.0)) for pcm in said)


async def caller(pool: WorkerPool, soak: Soak, source: Iterator[tuple[ListenRequest, bytes]]) -> None:
    while not soak.over:
        request, pcm = next(source)

        def tell(heard: Heard) -> None:
            soak.texts += isinstance(heard, Final)

        pieces = (pcm[begin : begin + 64_000] for begin in range(0, len(pcm), 64_000))
        try:
            await read_out(pool, request, pieces, tell)
        except AsrUnavailable as error:
            soak.refused += 1
            progress(f"  {error}")
            await asyncio.sleep(0.5)
            continue
        soak.heard_s += len(pcm) / 32_000
        soak.calls += 1


async def watch(pool: WorkerPool, soak: Soak) -> None:
    """What the worker says of its memory, every few seconds."""
    while True:
        await asyncio.sleep(2.0)
        (state,) = pool.state()
        soak.memory.append((soak.heard_s, state.memory_mb))
        progress(f"  {soak.heard_s / 3600:.2f} h, {soak.calls} calls, {state.memory_mb:.0f} MB")


async def measure(hours: float, minutes: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        specs = tuple(case.spec for case in cases(folder, quick=True))
        worker = WorkerSettings(specs, max_streams=100, longest_wait_s=1000.0)
        settings = PoolSettings(worker, ready_s=120.0, open_s=30.0, growth_mb=1e6)
        async with WorkerPool(settings) as pool:
            soak = Soak(hours * 3600, time.monotonic() + minutes * 60)
            source = calls(folder)
            watching = asyncio.create_task(watch(pool, soak))
            began = time.monotonic()
            await asyncio.gather(*(caller(pool, soak, source) for _ in range(AT_ONCE)))
            took = time.monotonic() - began
            await asyncio.sleep(3.0)
            watching.cancel()
            (state,) = pool.state()
            soak.memory.append((soak.heard_s, state.memory_mb))
    return figures(soak, took)


def figures(soak: Soak, took_s: float) -> dict[str, Any]:
    settled = [mb for heard_s, mb in soak.memory if heard_s >= SETTLED * soak.heard_s]
    third = max(1, len(settled) // 3)
    first, last = statistics.mean(settled[:third]), statistics.mean(settled[-third:])
    return {
        "audio_hours": round(soak.heard_s / 3600, 2),
        "minutes": round(took_s / 60, 1),
        "calls": soak.calls,
        "texts": soak.texts,
        "refused": soak.refused,
        "memory_at_first_mb": settled[0],
        "memory_at_last_mb": settled[-1],
        "growth_share": round(settled[-1] / settled[0] - 1, 4),
        "growth_between_thirds_share": round(last / first - 1, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0, help="of audio")
    parser.add_argument("--minutes", type=float, default=30.0, help="at most, on the clock")
    parser.add_argument("--quick", action="store_true", help="40 s on the clock")
    given = parser.parse_args()
    ours = uvloop.run(measure(given.hours, 0.6 if given.quick else given.minutes))
    goals = {"growth_under_3_percent": ours["growth_share"] < 0.03}
    load = round(psutil.getloadavg()[0], 1)
    print(json.dumps({"name": "asr_soak", "ours": ours, "machine_load": load, "goals": goals}))


if __name__ == "__main__":
    main()
