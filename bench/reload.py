"""How long a reload holds up the event loop: a hotline of 200 flows with 50 nodes each is published while calls are up.

The whole way as in `ivr run`: the release is found in the database, read, checked, built, its prompts looked up, made
current, and the old version is freed after its last call. Meanwhile a heart beats on the loop every millisecond; what
it comes late by is the stall that a call would notice. The baseline loads the same sources on the loop itself.

The computer may be busy with other things, and a beat is late for that too. So a stall counts only as far as this
process used the processor while it lasted: what came late while nothing of ours ran was not held up by us. The plain
lateness is told beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import platform
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import uvloop

from ivr.flow.load import load_sources
from ivr.prompts.catalogue import Folders
from ivr.versions.live import LiveFlows
from ivr.versions.service import Versions
from storage.flow_records import FlowRelease
from storage.migrate import upgrade
from storage.store import Store

FLOWS: Final = 200
NODES: Final = 50
BEAT_S: Final = 0.001
GOAL_MS: Final = 10.0

HOTLINE: Final = """
hotline: big
languages: [zh, en]
entry: flow_0
variables: {tries: 0, topic: ""}
fallback: flow_0.last
always:
  person: {key: "0", say: {zh: [人工, 转人工], en: [person, agent]}, next: flow_0.last}
"""


def sources(mark: str) -> dict[str, bytes]:
    """name -> content. mark: makes every prompt of two versions differ."""
    files = {"hotline.yaml": HOTLINE}
    prompts = {"zh": "", "en": ""}
    for number in range(FLOWS):
        lines = [f"flow: flow_{number}", "nodes:"]
        for node in range(NODES - 1):
            prompt = f"p_{number}_{node}"
            prompts["zh"] += f"{prompt}: 第{number}类事项的第{node}步，请选择{mark}。\n"
            prompts["en"] += f"{prompt}: Step {node} of matter {number}, please choose {mark}.\n"
            following = f"n{node + 1}" if node < NODES - 2 else "last"
            lines.append(f"  n{node}: {_node(node, prompt, following)}")
        lines.append("  last: {kind: hangup}")
        files[f"flow_{number}.yaml"] = "\n".join(lines) + "\n"
    files |= {f"prompts/{language}.yaml": text for language, text in prompts.items()}
    return {name: text.encode() for name, text in files.items()}


def _node(number: int, prompt: str, following: str) -> str:
    match number % 5:
        case 0:
            return (
                f"{{kind: menu, prompt: {prompt}, options: {{"
                f"one: {{key: 1, say: {{zh: [投诉, 举报], en: [complaint]}}, next: {following}}}, "
                f"two: {{key: 2, say: {{zh: [咨询], en: [question]}}, next: last}}}}, "
                f"on: {{no_input: {{say: {prompt}, reprompt: true}}, "
                f"no_match: [{{count: 2, next: last}}, {{reprompt: true}}]}}}}"
            )
        case 1:
            return f"{{kind: branch, cases: [{{if: tries > {number}, next: last}}], else: {following}}}"
        case 2:
            return f"{{kind: set, values: {{tries: = tries + 1}}, next: {following}}}"
        case _:
            return f"{{kind: say, prompt: {prompt}, next: {following}}}"


@dataclass(slots=True)
class Heart:
    """Each beat: (how much of its lateness this process was busy, its lateness), ms."""

    beats: list[tuple[float, float]] = field(default_factory=list)

    async def beat(self) -> None:
        last, busy = time.perf_counter(), time.process_time()
        while True:
            await asyncio.sleep(BEAT_S)
            now, used = time.perf_counter(), time.process_time()
            late = (now - last - BEAT_S) * 1000
            self.beats.append((min(late, (used - busy) * 1000), late))
            last, busy = now, used

    def take(self) -> list[tuple[float, float]]:
        taken, self.beats = self.beats, []
        return taken


@asynccontextmanager
async def beating() -> AsyncIterator[Heart]:
    heart = Heart()
    task = asyncio.create_task(heart.beat(), name="heart")
    try:
        yield heart
    finally:
        task.cancel()


async def measure(reloads: int) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite+aiosqlite:///{folder / 'bench.db'}"
        await upgrade(url)
        async with await Store.open(url) as store:
            versions = Versions(store, "bench")
            hashes = [await versions.keep(sources(mark), author="bench", message=mark) for mark in ("A", "B")]
            async with store.unit_of_work() as uow:
                await uow.flow_releases.add(FlowRelease("bench", 1, hashes[1], "publish", versions.now()))
            folders = Folders(folder / "audio", folder / "recordings", folder / "cache")
            live = LiveFlows(versions, folder, folders, ask_every_s=0.1)
            await live.begin()
            gc.collect()
            gc.freeze()
            running = asyncio.create_task(live.run(), name="live")
            async with beating() as heart:
                found = await _reload(live, versions, hashes, heart, reloads)
            running.cancel()
            await asyncio.wait([running])
            return found


async def _reload(
    live: LiveFlows, versions: Versions, hashes: list[str], heart: Heart, reloads: int
) -> dict[str, dict[str, float]]:
    await asyncio.sleep(2)
    idle = heart.take()
    beats: list[tuple[float, float]] = []
    took: list[float] = []
    for number in range(reloads):
        dialogue = live.enter()
        wanted = hashes[number % 2]
        # Written as another process would, so that only what the server does is on this loop.
        await asyncio.to_thread(_roll, versions, wanted)
        begin = time.perf_counter()
        heart.take()
        while True:  # the server tells nobody when it has changed
            if live.library.version == wanted:
                break
            await asyncio.sleep(0.01)
        took.append(time.perf_counter() - begin)
        live.leave(dialogue)
        del dialogue
        await asyncio.sleep(1)  # the old version is freed
        beats += heart.take()
    begin = time.process_time()
    load_sources(sources("A"))
    on_the_loop_ms = (time.process_time() - begin) * 1000
    stalls = sorted(stall for stall, _ in beats)
    return {
        "ours": {
            "longest_stall_ms": round(stalls[-1], 2),
            "stall_p99_ms": round(stalls[int(len(stalls) * 0.99)], 2),
            "longest_late_ms": round(max(late for _, late in beats), 2),
            "idle_longest_late_ms": round(max(late for _, late in idle), 2),
            "reload_s": round(max(took), 2),
            "reloads": reloads,
        },
        "baseline": {"longest_stall_ms": round(on_the_loop_ms, 1)},
    }


def _roll(versions: Versions, version: str) -> None:
    async def roll() -> None:
        url = versions.store.url.render_as_string(hide_password=False)
        async with await Store.open(url, pool_size=1) as store, store.unit_of_work() as uow:
            live = await uow.flow_releases.live(versions.hotline)
            assert live is not None
            await uow.flow_releases.add(replace(live, seq=live.seq + 1, version=version))

    asyncio.run(roll())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="half a minute instead of two")
    logging.basicConfig(level=logging.ERROR)
    reloads = 2 if parser.parse_args().quick else 20
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(measure(reloads))
    ours, baseline = found["ours"], found["baseline"]
    print(f"reloading {FLOWS} flows of {NODES} nodes, {reloads} times")
    print(
        f"  longest stall of the loop  {ours['longest_stall_ms']:>9.2f} ms  (p99 {ours['stall_p99_ms']:.2f} ms)"
    )
    print(
        f"  longest lateness           {ours['longest_late_ms']:>9.2f} ms  (idle {ours['idle_longest_late_ms']:.2f} ms)"
    )
    print(f"  from release to live       {ours['reload_s']:>9.2f} s")
    print(f"  loaded on the loop itself  {baseline['longest_stall_ms']:>9.2f} ms")
    print(
        json.dumps(
            {
                "name": "reload",
                "ours": ours,
                "baseline": baseline,
                "ratio": round(ours["longest_stall_ms"] / baseline["longest_stall_ms"], 5),
                "goals": {"longest_stall_ms": ours["longest_stall_ms"] < GOAL_MS},
                "python": platform.python_version(),
            }
        )
    )


if __name__ == "__main__":
    main()
