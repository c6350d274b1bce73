"""How many whole calls a second are held: our controller against Asterisk's app_queue with the same dialogue.

    python -m bench.load                  steps until the first failure, 1,000 waiting at once
    python -m bench.load --quick          coarse, under 90 s
    python -m bench.load --from 25        steps begin at 25 calls a second
    python -m bench.load --soak 30        and then so many minutes at 70 % of the highest rate held
    python -m bench.load --soak 30 --rate 8     only that, at this rate

A whole call: greeting, a menu by key, a prompt, the line, an agent who answers at once and talks for a second, a survey
by key, a prompt, the end. Citizens and agents are SIPp on the same processors; keys are SIP INFO. Both sides play the
same files, on one Asterisk, in one run. A rate is held when every call of it came to its end, no channel or bridge was
left, the generator kept it up and the probes (`whole_probes.py`) had their prompts within `LATE_MS` of the key, p99.
The rate grows step by step, both sides by turns; a rate that fails is tried once more, and then it is the end.

Waiting at once: so many citizens in line with no agent there; resident memory of the controller without and with them,
and key -> prompt meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final

import uvloop

from bench.percentiles import percentile
from bench.whole_house import CALL_S, TALK_S, House, Used, handles, open_house, used
from bench.whole_probes import Noticed, probe_whole

LATE_MS: Final = 300.0
RATIO_GOAL, KB_GOAL, GROWTH_GOAL = 0.8, 60.0, 0.02
WARM_CALLS: Final = 20
STAY_MORE_S: Final = 12.0
SAMPLE_S: Final = 10.0
SOAK_SHARE: Final = 0.7
IN_PIECES_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """rates: calls a second, ascending. step_s: how long each is held. waiting: so many at once, who come at
    `waiting_rate` a second."""

    rates: Sequence[float]
    step_s: float
    agents: int
    probes: int
    waiting: int
    waiting_rate: float
    patience_s: float


QUICK: Final = Plan((8, 16, 24), 4.0, 50, 4, 200, 40.0, 6.0)
FULL: Final = Plan(
    (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 70, 80, 90, 100), 15.0, 150, 8, 1000, 20.0, 10.0
)


@dataclass(slots=True)
class Side:
    """rate: the highest held. stuck: channels and bridges that any run of it left."""

    name: str
    number: str
    rate: float = 0.0
    stuck: int = 0
    noticed: Noticed = field(default_factory=Noticed)
    post_dial_ms: tuple[float, ...] = ()
    why: str = ""
    over: bool = False

    def figures(self) -> dict[str, Any]:
        """What was noticed is that of the highest rate that was held."""
        return {
            "calls_per_s": self.rate,
            "stuck": self.stuck,
            "ended_by": self.why,
            "keys": len(self.noticed.key_to_prompt),
            "key_to_prompt_p50_ms": percentile(self.noticed.key_to_prompt, 50),
            "key_to_prompt_p99_ms": percentile(self.noticed.key_to_prompt, 99),
            "to_survey_p50_ms": percentile(self.noticed.to_survey, 50),
            "to_survey_p99_ms": percentile(self.noticed.to_survey, 99),
            "post_dial_p50_ms": percentile(self.post_dial_ms, 50),
            "post_dial_p99_ms": percentile(self.post_dial_ms, 99),
        }


async def hold(house: House, plan: Plan, side: Side, rate: float) -> bool:
    """One step. Says why it was not held in `side.why`."""
    until_s = asyncio.get_running_loop().time() + plan.step_s - 1.0
    async with asyncio.TaskGroup() as group:
        load = group.create_task(house.whole_calls(side.number, rate, plan.step_s, plan.patience_s))
        probing = group.create_task(
            probe_whole(house.server, side.number, house.leads_ms, callers=plan.probes, until_s=until_s)
        )
    (result, stuck), noticed = load.result(), probing.result()
    late_ms = percentile(noticed.key_to_prompt, 99)
    faults = {
        f"{result.failed} calls failed": result.failed,
        f"{noticed.failed} probes failed": noticed.failed,
        f"{stuck} stuck": stuck,
        f"key to prompt {late_ms:.0f} ms": late_ms > LATE_MS,
        "the generator fell behind": result.took_s > plan.step_s + CALL_S + 3.0 or result.cut,
    }
    why = ", ".join(text for text, is_so in faults.items() if is_so)
    side.stuck += stuck
    print(
        f"  {side.name:9} {rate:5g}/s: {result.succeeded} of {result.calls} calls, key to prompt p99 {late_ms:.0f} ms, "
        f"{result.retransmissions} retransmissions, load {os.getloadavg()[0]:.0f} {'FAILED: ' + why if why else ''}",
        flush=True,
    )
    if why:
        side.why = f"{rate:g}/s: {why}"
        for text in (*result.causes.items(), *result.errors):
            print(f"    {str(text).partition(chr(10))[0]}", flush=True)
        return False
    side.rate, side.noticed, side.post_dial_ms = rate, noticed, result.response_times_ms.get("post_dial", ())
    return True


async def highest(house: House, plan: Plan, sides: Sequence[Side]) -> None:
    for rate in plan.rates:
        for side in sides:
            if not side.over:
                side.over = not (await hold(house, plan, side, rate) or await hold(house, plan, side, rate))
        if all(side.over for side in sides):
            return


async def waiting_at_once(house: House, plan: Plan, pid: int) -> dict[str, Any]:
    """With nobody logged in. The controller has had a few calls before, so that what is loaded once is loaded."""
    await house.staying_calls("136", WARM_CALLS, 10.0, 0.5, 1.0)
    await house.asterisk.wait_empty(plan.patience_s)
    await asyncio.sleep(1.0)
    before = used(pid)
    come_s = plan.waiting / plan.waiting_rate
    staying = asyncio.create_task(
        house.staying_calls("137", plan.waiting, plan.waiting_rate, 1.0, come_s + STAY_MORE_S)
    )
    most, during, noticed = 0.0, before, Noticed()
    while not staying.done() and most < plan.waiting:
        await asyncio.sleep(0.25)
        most = max(most, (await house.metrics()).get("hotline_queue_waiting{bench}", 0.0))
    if most >= plan.waiting:
        await asyncio.sleep(1.0)
        during = used(pid)
        until_s = asyncio.get_running_loop().time() + STAY_MORE_S / 2
        noticed = await probe_whole(
            house.server, house.ours, house.leads_ms, callers=3, until_s=until_s, only_menu=True
        )
    result = await staying
    left = await house.asterisk.wait_empty(plan.patience_s)
    found = {
        "calls": plan.waiting,
        "most_waiting": int(most),
        "failed": result.failed,
        "stuck": len(left.channels) + len(left.bridges),
        "rss_kb_without": round(before.rss_kb),
        "rss_kb_with": round(during.rss_kb),
        "kb_per_call": round((during.rss_kb - before.rss_kb) / max(1.0, most), 1),
        "key_to_prompt_p99_ms": percentile(noticed.key_to_prompt, 99),
        "probes_failed": noticed.failed,
    }
    print(f"  waiting at once: {found}", flush=True)
    return found


async def soak(house: House, rate: float, minutes: float, pid: int, patience_s: float) -> dict[str, Any]:
    """Whole calls without a break, after a piece of them that opens what such a rate needs; what the controller has of
    the machine, before and after, with nobody there, and of memory the median of the second tenth and of the last
    while calls go on."""
    samples: list[tuple[Used, float]] = []
    loop = asyncio.get_running_loop()
    failed = stuck = calls = 0
    await house.whole_calls(house.ours, rate, IN_PIECES_S, patience_s)
    idle_before, open_before = await _idle(house, pid), handles(pid)

    async def sample() -> None:
        while True:
            samples.append((used(pid), (await house.metrics())["hotline_tasks"]))
            await asyncio.sleep(SAMPLE_S)

    sampling = asyncio.create_task(sample(), name="samples")
    until_s = loop.time() + minutes * 60
    try:
        while (rest_s := until_s - loop.time()) > CALL_S:
            result, left = await house.whole_calls(house.ours, rate, min(IN_PIECES_S, rest_s), patience_s)
            calls, failed, stuck = calls + result.calls, failed + result.failed, stuck + left
    finally:
        sampling.cancel()
        await asyncio.wait([sampling])
    await asyncio.sleep(2.0)
    idle_after = await _idle(house, pid)
    tenth = max(1, len(samples) // 10)
    early_kb, late_kb = (
        statistics.median(one.rss_kb for one, _ in part)
        for part in (samples[tenth : 2 * tenth], samples[-tenth:])
    )
    found = {
        "minutes": minutes,
        "calls_per_s": rate,
        "calls": calls,
        "failed": failed,
        "stuck": stuck,
        "rss_kb_early": round(early_kb),
        "rss_kb_late": round(late_kb),
        "growth": round(late_kb / early_kb - 1, 4),
        "idle_before": idle_before,
        "idle_after": idle_after,
    }
    print(f"  soak: {found}", flush=True)
    for what, more in (handles(pid) - open_before).items():
        print(f"    {more} more open than before: {what}", flush=True)
    return found


async def _idle(house: House, pid: int) -> dict[str, float]:
    now, told = used(pid), await house.metrics()
    inventory = await house.asterisk.inventory()
    calls = sum(value for name, value in told.items() if name.startswith("hotline_calls{"))
    return {
        "handles": now.handles,
        "threads": now.threads,
        "tasks": told["hotline_tasks"],
        "calls": calls,
        "channels": len(inventory.channels),
        "bridges": len(inventory.bridges),
    }


def dispatch_p99_ms(told: dict[str, float], which: str) -> float:
    """The upper edge of the histogram's bucket in which it lies."""
    prefix = f"hotline_dispatch_{which}_seconds_bucket{{"
    edges = sorted(
        (float(name.removeprefix(prefix).rstrip("}").replace("+Inf", "inf")), value)
        for name, value in told.items()
        if name.startswith(prefix)
    )
    every = edges[-1][1] if edges else 0.0
    return next((edge * 1000 for edge, value in edges if every and value >= 0.99 * every), -1.0)


async def run(plan: Plan, soak_minutes: float, soak_rate: float) -> dict[str, Any]:
    load, began = os.getloadavg()[0], time.monotonic()
    print(f"machine: {os.cpu_count()} processors, load {load:.1f} before the run", flush=True)
    report: dict[str, Any] = {"name": "load", "load_before": round(load, 1), "late_ms": LATE_MS}
    goals: dict[str, bool] = {}
    async with AsyncExitStack() as stack:
        house = await open_house(stack, agents=plan.agents)
        process = await stack.enter_async_context(house.controller())
        rate = soak_rate
        if not soak_rate:
            report["waiting"] = waiting = await waiting_at_once(house, plan, process.pid)
            goals["kb_per_call"] = 0 < waiting["kb_per_call"] < KB_GOAL
            goals["waiting"] = (
                waiting["most_waiting"] >= plan.waiting and not waiting["failed"] and not waiting["stuck"]
            )
        await stack.enter_async_context(house.agents(TALK_S))
        if not soak_rate:
            baseline, ours = Side("app_queue", house.baseline), Side("ours", house.ours)
            await highest(house, plan, (baseline, ours))
            told = await house.metrics()
            report |= {
                "ours": ours.figures()
                | {
                    "dispatch_match_p99_ms": dispatch_p99_ms(told, "match"),
                    "dispatch_ring_p99_ms": dispatch_p99_ms(told, "ring"),
                },
                "baseline": baseline.figures(),
                "ratio": round(ours.rate / baseline.rate, 3) if baseline.rate else 0.0,
            }
            goals["calls_per_s"] = report["ratio"] >= RATIO_GOAL
            goals["stuck"] = ours.stuck == 0
            rate = ours.rate * SOAK_SHARE
        if soak_minutes and rate:
            report["soak"] = found = await soak(house, rate, soak_minutes, process.pid, plan.patience_s)
            goals["memory"] = found["growth"] < GROWTH_GOAL
            same = ("handles", "tasks", "calls", "channels", "bridges")
            goals["nothing_grows"] = all(found["idle_after"][x] <= found["idle_before"][x] for x in same)
            goals["soak_without_failure"] = not found["failed"] and not found["stuck"]
    return report | {"took_s": round(time.monotonic() - began), "goals": goals}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few rates, 200 waiting, under 90 s")
    parser.add_argument("--soak", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--from", type=float, default=0.0, dest="least", help="steps begin at this rate")
    parser.add_argument("--rate", type=float, default=0.0, help="of the soak, instead of finding the highest")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    plan = replace(plan, rates=[rate for rate in plan.rates if rate >= options.least])
    print(json.dumps(uvloop.run(run(plan, options.soak, options.rate))))


if __name__ == "__main__":
    main()
