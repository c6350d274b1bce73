"""A controller killed with -9 under live calls, and started again: how long until it has them, and what is missing.

    python -m bench.recovery              300 calls; Postgres away for 60 s in the second part
    python -m bench.recovery --quick      40 calls; away for 8 s

A third of the calls listen to the menu's greeting, a third wait in line, a third talk with agents: real SIP (SIPp), a
private Asterisk and a private Postgres. Then the controller is killed and started anew at once. Told: seconds from its
start, and from Asterisk's answer to its websocket, until every call is adopted (by its own log); calls that were hung
up on, places that are not what they were, journals with a line missing or twice, keys that the telephones pressed and
no journal has. Those in the menu press their key after the adoption.

In the second part Postgres is killed first. The calls go on without it, new ones come, and after that time the
controller is killed too; then both are started: what it wrote meanwhile is in its spool only. The baseline of the times
is the same controller's start with no call there.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop
from sqlalchemy.engine import make_url

from bench.whole_house import House, open_house
from tests.support import faults_postgres
from tests.support.postgres import PrivatePostgres, start
from tests.support.sipp import SippResult

GOAL_S: Final = 3.0
RATE: Final = 20.0
LISTEN_S: Final = 1.0
GREETING_S: Final = 300.0
SETTLE_S: Final = 3.0
AFTER_S: Final = 6.0
"""The calls go on for so long after everything was adopted."""
START_S: Final = 90.0
LOOK_S: Final = 0.005
ADOPTED: Final = re.compile(r"calls of the earlier controller: (.*)")
STEP: Final = re.compile(r"^starting: (.+)$", re.MULTILINE)
FIGURE: Final = re.compile(r"(\w+)=([\d.]+)")


@dataclass(frozen=True, slots=True)
class Plan:
    calls: int
    away_s: float


QUICK: Final = Plan(40, 8.0)
FULL: Final = Plan(300, 60.0)


@dataclass(frozen=True, slots=True)
class Place:
    """A queue entry, as far as it must not change."""

    state: str
    enqueued_at: str
    priority: int
    agent: str


class Records:
    """What the database holds, asked directly."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    async def rows(self, question: str) -> list[asyncpg.Record]:
        url = self._url
        connection = await asyncpg.connect(
            host=str(url.query["host"]), user=url.username, database=url.database
        )
        try:
            found: list[asyncpg.Record] = await connection.fetch(question)
            return found
        finally:
            await connection.close()

    async def places(self) -> dict[str, Place]:
        found = await self.rows(
            "SELECT id, state, enqueued_at, priority, agent FROM queue_entries WHERE state <> 'ended'"
        )
        return {
            row["id"]: Place(row["state"], str(row["enqueued_at"]), row["priority"], row["agent"] or "")
            for row in found
        }

    async def journals(self) -> dict[str, list[tuple[int, str, str]]]:
        """Call -> its lines: number, kind, data as text."""
        lines: dict[str, list[tuple[int, str, str]]] = {}
        for row in await self.rows(
            "SELECT call_id, seq, kind, data::text FROM journal ORDER BY call_id, seq"
        ):
            lines.setdefault(row["call_id"], []).append((row["seq"], row["kind"], row["data"]))
        return lines


@dataclass(slots=True)
class Started:
    """A controller that was started now. Times: s from the start of its process; -1: not seen."""

    process: asyncio.subprocess.Process
    log: Path
    began: float
    connected_s: float = -1.0
    adopted_s: float = -1.0
    adopted: dict[str, float] | None = None
    steps_s: dict[str, float] = field(default_factory=dict)
    """Step that the controller tells -> when it began."""

    async def until_adopted(self, *, calls: bool) -> None:
        """calls: there are some; without them until calls are taken."""
        async with asyncio.timeout(START_S):
            while True:
                text = await asyncio.to_thread(self.log.read_text, errors="replace")
                now_s = time.perf_counter() - self.began
                for step in STEP.findall(text):
                    self.steps_s.setdefault(step, round(now_s, 2))
                if self.connected_s < 0 and "Asterisk answers" in text:
                    self.connected_s = now_s
                found = ADOPTED.search(text)
                if found:
                    self.adopted = {name: float(value) for name, value in FIGURE.findall(found[1])}
                if found or (not calls and "The hotline takes calls" in text):
                    self.adopted_s = now_s
                    return
                if self.process.returncode is not None:
                    raise RuntimeError(f"the controller ended:\n{text[-2000:]}")
                await asyncio.sleep(LOOK_S)


async def start_again(house: House) -> Started:
    log = house.state / f"controller-{time.time():.0f}.log"
    process, began = await house.start_alone(log), time.perf_counter()
    return Started(process, log, began)


@dataclass(slots=True)
class Calls:
    """prefixes: of the citizens' numbers, by what they do. running: SIPp's processes."""

    running: dict[str, asyncio.Task[SippResult]]

    async def results(self) -> dict[str, SippResult]:
        return {name: await task for name, task in self.running.items()}


@contextlib.asynccontextmanager
async def live_calls(
    house: House, plan: Plan, lasts_s: float, menu_key_after_s: float
) -> AsyncIterator[Calls]:
    """As many who talk as there are agents, then those in line, then those in the menu, all there when it begins.

    lasts_s: from then on until they hang up. menu_key_after_s: from then on until the last in the menu presses."""
    third = plan.calls // 3
    counts = {"talk": third, "line": third, "menu": plan.calls - 2 * third}
    prefixes = {"talk": "131", "line": "132", "menu": "133"}
    come_s = {name: count / RATE for name, count in counts.items()}
    all_come_s = sum(come_s.values()) + 3 * SETTLE_S
    tasks: dict[str, asyncio.Task[SippResult]] = {}
    gone_s = 0.0
    for name, count in counts.items():
        rest_s = all_come_s - gone_s + lasts_s
        listen_s = LISTEN_S if name != "menu" else come_s[name] + SETTLE_S + menu_key_after_s
        tasks[name] = asyncio.create_task(
            house.staying_calls(prefixes[name], count, RATE, listen_s, rest_s - listen_s), name=name
        )
        await asyncio.sleep(come_s[name] + SETTLE_S)
        gone_s += come_s[name] + SETTLE_S
    try:
        yield Calls(tasks)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def one_part(
    house: House, plan: Plan, records: Records, cluster: PrivatePostgres, away_s: float
) -> dict[str, Any]:
    """away_s: 0: Postgres stays."""
    reserve_s = 20.0 + away_s + plan.calls * 0.05
    before = await start_again(house)
    await before.until_adopted(calls=False)
    await house.until_served()
    baseline = {"start_s": before.adopted_s, "connected_s": before.connected_s}
    known = set(await records.journals())
    async with house.agents(3600.0):
        async with live_calls(house, plan, reserve_s + AFTER_S, reserve_s) as calls:
            loop_began = time.perf_counter()
            await asyncio.sleep(1.0)
            there = len((await house.asterisk.inventory()).channels)
            places = await records.places()
            more: asyncio.Task[SippResult] | None = None
            if away_s:
                await asyncio.to_thread(faults_postgres.kill, cluster)
                more = asyncio.create_task(
                    house.staying_calls("134", max(4, plan.calls // 20), 2.0, LISTEN_S, reserve_s + AFTER_S)
                )
                await asyncio.sleep(away_s)
            facts = (await house.metrics())["hotline_facts_waiting"]
            before.process.send_signal(signal.SIGKILL)
            killed = time.perf_counter()
            await before.process.wait()
            back_s = 0.0
            if away_s:
                await asyncio.to_thread(faults_postgres.revive, cluster)
                back_s = time.perf_counter() - killed
            after = await start_again(house)
            await after.until_adopted(calls=True)
            adopted_after_kill_s = time.perf_counter() - killed
            await house.until_served()
            now = await records.places()
            late = time.perf_counter() - loop_began > reserve_s
            results = await calls.results()
            if more is not None:
                results["new"] = await more
        left = await house.asterisk.wait_empty(10.0)
    after.process.send_signal(signal.SIGTERM)
    await after.process.wait()
    journals = {call: lines for call, lines in (await records.journals()).items() if call not in known}
    found = _judged(journals, results, places, now)
    assert after.adopted is not None
    return {
        "calls": plan.calls,
        "channels_before": there,
        "baseline": {key: round(value, 2) for key, value in baseline.items()},
        "start_to_adopted_s": round(after.adopted_s, 2),
        "steps_s": after.steps_s | {"connected": round(after.connected_s, 2)},
        "connected_to_adopted_s": round(after.adopted_s - after.connected_s, 2),
        "adoption_s": round(after.adopted.get("took_s", -1.0), 2),
        "kill_to_adopted_s": round(adopted_after_kill_s, 2),
        "database_start_s": round(back_s, 2),
        "adopted": int(after.adopted.get("going_on", 0)),
        "facts_in_the_spool": int(facts),
        **found,
        "stuck": len(left.channels) + len(left.bridges),
        "keys_before_adoption": late,
        "load": round(os.getloadavg()[0], 1),
    }


def _judged(
    journals: dict[str, list[tuple[int, str, str]]],
    results: dict[str, SippResult],
    before: dict[str, Place],
    now: dict[str, Place],
) -> dict[str, Any]:
    gaps = sum([seq for seq, _, _ in lines] != list(range(1, len(lines) + 1)) for lines in journals.values())
    pressed = Counter(
        sum(1 for _, kind, data in lines if kind == "input" and '"digit"' in data)
        for lines in journals.values()
    )
    citizens = {name: result.calls for name, result in results.items()}
    # Each citizen presses one key; agents' own calls for logging in press none.
    keys = sum(count * times for count, times in pressed.items())
    changed = [entry for entry, place in before.items() if now.get(entry) != place]
    order = [entry for entry in sorted(before, key=lambda x: before[x].enqueued_at) if entry in now]
    order_now = [entry for entry in sorted(now, key=lambda x: now[x].enqueued_at) if entry in before]
    return {
        "dropped": sum(result.failed for result in results.values()),
        "places": len(before),
        "places_changed": len(changed) + (order != order_now),
        "journals_with_gaps": gaps,
        "keys_pressed": sum(citizens.values()),
        "keys_lost": sum(citizens.values()) - keys,
        "keys_per_call": {str(times): count for times, count in sorted(pressed.items())},
        "ended_on_record": sum(any(kind == "ended" for _, kind, _ in lines) for lines in journals.values()),
    }


async def run(plan: Plan) -> dict[str, Any]:
    load = os.getloadavg()[0]
    print(f"machine: {os.cpu_count()} processors, load {load:.1f} before the run", flush=True)
    report: dict[str, Any] = {"name": "recovery", "load_before": round(load, 1)}
    with tempfile.TemporaryDirectory(prefix="hotline-pg-") as name:
        cluster = await asyncio.to_thread(start, Path(name))
        try:
            for part, away_s in (("killed", 0.0), ("database_away", plan.away_s)):
                async with AsyncExitStack() as stack:
                    url = cluster.url(await cluster.create())
                    house = await open_house(
                        stack, agents=plan.calls // 3, greeting_s=GREETING_S, database_url=url
                    )
                    report[part] = await one_part(house, plan, Records(url), cluster, away_s)
                print(f"{part}: {report[part]}", flush=True)
        finally:
            await asyncio.to_thread(cluster.stop)
    parts: Sequence[dict[str, Any]] = [report["killed"], report["database_away"]]
    zero = ("dropped", "places_changed", "journals_with_gaps", "keys_lost", "stuck")
    report["goals"] = {name: not any(part[name] for part in parts) for name in zero} | {
        "start_to_adopted_s": all(part["start_to_adopted_s"] < GOAL_S for part in parts),
        "connected_to_adopted_s": all(part["connected_to_adopted_s"] < GOAL_S for part in parts),
    }
    return report


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="40 calls")
    plan = QUICK if parser.parse_args().quick else FULL
    print(json.dumps(uvloop.run(run(plan))))


if __name__ == "__main__":
    main()
