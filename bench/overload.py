"""More whole calls a second than the controller can serve: with and without refusing for lateness, in one run.

    python -m bench.overload                 60 calls/s for 40 s, each way on a controller of its own
    python -m bench.overload --rate 30 --seconds 20
    python -m bench.overload --quick         30 calls/s for 10 s, under 60 s on a quiet machine

Whole calls as in `bench.load`; a refused one counts as failed for SIPp, so whole and refused calls are told apart by
the controller's own figures. Key -> prompt is that of probes that were let in. The baseline is `overload_late_s: 0`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
from contextlib import AsyncExitStack
from typing import Any, Final

import aiohttp
import uvloop

from bench.percentiles import percentile
from bench.whole_house import PROMPTS, TALK_S, House, open_house
from bench.whole_probes import probe_whole
from ivr.errors import AsteriskError

SAID: Final = {"line.full": (700.0, 4.0), "emergency.numbers": (760.0, 4.0)}
"""What the refused hear."""
AGENTS: Final = 150
PATIENCE_S: Final = 10.0


async def storm(rate: float, seconds: float, agents: int, late_s: float) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        house = await open_house(stack, agents=agents)
        house.settings["IVR_LIMITS__OVERLOAD_LATE_S"] = str(late_s)
        await stack.enter_async_context(house.controller())
        await stack.enter_async_context(house.agents(TALK_S))
        before, late, shares = await house.metrics(), [0.0], [0.0]
        until_s = asyncio.get_running_loop().time() + seconds - 1.0
        watching = asyncio.create_task(_watch(house, late, shares), name="lateness")
        probing = asyncio.create_task(
            probe_whole(house.server, house.ours, house.leads_ms, callers=4, until_s=until_s)
        )
        # What is left of a storm that was not held may be more than can be cleared away.
        with contextlib.suppress(AsteriskError):
            await house.whole_calls(house.ours, rate, seconds, PATIENCE_S)
        noticed = await probing
        watching.cancel()
        await asyncio.wait([watching])
        after = await house.metrics()

    def grew(name: str) -> int:
        return round(after.get(name, 0.0) - before.get(name, 0.0))

    found = {
        "overload_late_s": late_s,
        "calls": round(rate * seconds),
        "completed": grew("hotline_calls_ended_total{completed}"),
        "refused": grew("hotline_calls_refused_total{overload}"),
        "refused_unheard": grew("hotline_calls_refused_unheard_total"),
        "late_most_s": round(max(late), 2),
        "share_most": round(max(shares), 2),
        "keys": len(noticed.key_to_prompt),
        "key_to_prompt_p50_ms": percentile(noticed.key_to_prompt, 50),
        "key_to_prompt_p99_ms": percentile(noticed.key_to_prompt, 99),
        "load_after": round(os.getloadavg()[0], 1),
    }
    print(f"  {found}", flush=True)
    return found


async def _watch(house: House, late: list[float], shares: list[float]) -> None:
    """Until cancelled: a look a second, as far as the controller answers."""
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            told = await house.metrics()
            late.append(told["hotline_late_seconds"])
            shares.append(told["hotline_refused_share"])
        await asyncio.sleep(1.0)


async def run(rate: float, seconds: float, agents: int) -> dict[str, Any]:
    load = os.getloadavg()[0]
    print(f"machine: {os.cpu_count()} processors, load {load:.1f} before the run", flush=True)
    PROMPTS.update(SAID)
    without, ours = [await storm(rate, seconds, agents, late_s) for late_s in (0.0, 1.0)]
    ratio = round(ours["completed"] / max(1, without["completed"]), 2)
    return {
        "name": "overload",
        "load_before": round(load, 1),
        "rate": rate,
        "seconds": seconds,
        "without": without,
        "ours": ours,
        "completed_ratio": ratio,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=60.0, help="calls a second")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--agents", type=int, default=AGENTS)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    rate, seconds = (30.0, 10.0) if options.quick else (options.rate, options.seconds)
    print(json.dumps(uvloop.run(run(rate, seconds, options.agents))))


if __name__ == "__main__":
    main()
