"""From an agent's BYE to the next caller's INVITE at that agent: our dispatcher against Asterisk's app_queue.

One private Asterisk, one run, the same agents' phones and the same callers (SIPp). 200 callers wait; an agent answers
at once, talks for a while and hangs up; nobody has wrap-up. The idle gap is measured at the phone, from the moment
in which its BYE leaves to that in which the next INVITE is there. The phones send no voice, so that they are quick.

app_queue has `retry=1`, its least, `wrapuptime=0` and `autofill=yes`. The bench's own share of a gap is the same for
both sides.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvloop

from bench.controller import start_controller
from bench.percentiles import percentile
from ivr.accounts.service import Accounts
from ivr.asterisk.locate import locate
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderedAsterisk, RenderOptions, render
from ivr.clock import SystemClock
from ivr.demo import sip
from ivr.demo.light_call import Call
from ivr.demo.lightphone import LightPhone
from ivr.demo.sip import SipMessage
from storage.migrate import upgrade
from storage.store import Store
from tests.support.sipp import run_sipp

HERE: Final = Path(__file__).parent
SCENARIO: Final = HERE / "sipp" / "waiting.xml"
BASELINE_NUMBER: Final = "700701"
WAITING: Final = 200
CALLS_PER_S: Final = 50
TALKS_S: Final = {1: (0.5, 0.5), 50: (3.0, 6.0)}
"""Agents -> shortest and longest talk: 50 agents with half a second each would measure 100 calls a second instead."""
P50_GOAL_MS, P99_GOAL_MS = 15.0, 40.0
LONGEST_S: Final = 240.0
LOGIN: Final = "*45"


@dataclass(frozen=True, slots=True)
class Plan:
    """agents -> how many gaps are measured with so many agents, on each side."""

    gaps: dict[int, int]


FULL: Final = Plan({1: 150, 50: 1000})
QUICK: Final = Plan({1: 12, 50: 150})


class AgentPhone(LightPhone):
    """Answers at once, sends no voice, hangs up after a talk of `talk_s`. gaps_ms: of every call but the first."""

    def __init__(self, rendered: RenderedAsterisk, name: str, talk_s: Callable[[], float]) -> None:
        server = f"{rendered.sip_host}:{rendered.ports.sip}"
        super().__init__(name, server, password=rendered.account(name).password)
        self._talk_s = talk_s
        self.gaps_ms: list[float] = []
        self.working = False
        self._free_since: float | None = None

    async def answer(self) -> None:
        call = self._current("ringing")
        assert call.invite is not None
        call.state = "up"
        self._beside(self._accept(call, call.invite), "accept")
        self.events.add("established", peer=sip.address_of(call.remote))
        if self.working:
            self._beside(self._talk(call), "talk")

    async def _talk(self, call: Call) -> None:
        await asyncio.sleep(self._talk_s())
        if self.call is call and call.state == "up" and self.working:
            self._free_since = time.perf_counter()
            await self._goodbye(call, "hung up by user")

    def _requested(self, request: SipMessage) -> None:
        busy = self.call is not None and self.call.state != "over"
        if request.method == "INVITE" and not busy and self.working:
            if self._free_since is not None:
                self.gaps_ms.append((time.perf_counter() - self._free_since) * 1000)
                self._free_since = None
            self.auto_answer_after_s = 0.0
        super()._requested(request)


@dataclass(slots=True)
class Side:
    """gaps_ms: agents -> what was measured."""

    name: str
    number: str
    gaps_ms: dict[int, list[float]] = field(default_factory=dict)

    def figures(self) -> dict[str, dict[str, float]]:
        return {
            f"{agents}_agents": {
                "gaps": len(gaps),
                "p50_ms": percentile(gaps, 50),
                "p90_ms": percentile(gaps, 90),
                "p99_ms": percentile(gaps, 99),
                "max_ms": percentile(gaps, 100),
            }
            for agents, gaps in self.gaps_ms.items()
        }


class Bench:
    def __init__(self, asterisk: PrivateAsterisk) -> None:
        self._asterisk = asterisk
        self._rendered = asterisk.rendered

    async def measure(self, side: Side, agents: int, wanted: int) -> None:
        names = _names(agents)
        talk_s = functools.partial(random.Random(agents).uniform, *TALKS_S[agents])
        async with AsyncExitStack() as stack:
            callers = asyncio.create_task(self._callers(side.number, wanted + 2 * agents), name="callers")
            try:
                await self._until_waiting(WAITING)
                phones = [AgentPhone(self._rendered, name, talk_s) for name in names]
                for phone in phones:
                    await stack.enter_async_context(phone)
                    await phone.register()
                    if side.name == "ours":
                        await _log_in(phone)
                    phone.working = True
                await self._until_measured(phones, wanted)
                for phone in phones:
                    phone.working = False
            finally:
                callers.cancel()
                await asyncio.wait([callers])
        await self._asterisk.clear()
        side.gaps_ms[agents] = [gap for phone in phones for gap in phone.gaps_ms]
        shown = side.figures()[f"{agents}_agents"]
        print(f"  {side.name:9} {agents:3} agents: {shown}", flush=True)

    async def _callers(self, number: str, calls: int) -> None:
        await run_sipp(
            SCENARIO,
            f"{self._rendered.sip_host}:{self._rendered.ports.sip}",
            service=number,
            rate=CALLS_PER_S,
            calls=WAITING + calls,
            limit=WAITING + min(calls, 60),
            timeout_s=LONGEST_S,
            receive_timeout_s=LONGEST_S,
        )

    async def _until_waiting(self, callers: int) -> None:
        async with asyncio.timeout(60):
            while len((await self._asterisk.inventory()).channels) < callers:  # noqa: ASYNC110
                await asyncio.sleep(0.2)

    async def _until_measured(self, phones: Sequence[AgentPhone], wanted: int) -> None:
        async with asyncio.timeout(LONGEST_S):
            while sum(len(phone.gaps_ms) for phone in phones) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def _log_in(phone: AgentPhone) -> None:
    """By the feature code, hung up when it has been confirmed by voice."""
    await phone.dial(f"sip:{LOGIN}@{phone.server}")
    await phone.events.next("established", timeout=10)
    await phone.events.next("closed", timeout=20)


async def run(plan: Plan) -> dict[str, object]:
    binary = locate()
    load = os.getloadavg()[0]
    print(f"machine: {os.cpu_count()} processors, load {load:.1f} before the run", flush=True)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-dispatch-")))
        names = _names(max(plan.gaps))
        flows, state = folder / "flows", folder / "state"
        await asyncio.to_thread(_prepare, flows, state, names)
        rendered = render(folder / "asterisk", binary, RenderOptions(agents=tuple(names), rtp_count=6000))
        await asyncio.to_thread(_write_queue, rendered.etc, names)
        await _make_accounts(state, rendered)
        asterisk = await stack.enter_async_context(PrivateAsterisk(binary, rendered, accounts=False))
        bench = Bench(asterisk)
        baseline, ours = Side("app_queue", BASELINE_NUMBER), Side("ours", rendered.hotline_number)
        async with _controller(rendered, flows, state, folder / "cache"):
            for agents, wanted in plan.gaps.items():
                for side in (baseline, ours):
                    await bench.measure(side, agents, wanted)
    return _report(ours, baseline, load)


@contextlib.asynccontextmanager
async def _controller(
    rendered: RenderedAsterisk, flows: Path, state: Path, cache: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = {"IVR_CACHE": str(cache), "IVR_PROMPTS__RENDER": "false"}
    async with start_controller(rendered, flows, state, settings=settings) as process:
        yield process


async def _make_accounts(state: Path, rendered: RenderedAsterisk) -> None:
    """In the controller's database, with secrets that the phones know; it makes them in Asterisk."""
    url = f"sqlite+aiosqlite:///{state / 'hotline.db'}"
    await upgrade(url)
    async with await Store.open(url) as store:
        accounts = Accounts(store, SystemClock().now)
        for account in rendered.accounts:
            await accounts.create(account.name, secret=account.password)


def _names(agents: int) -> list[str]:
    return [f"b{number}" for number in range(1, agents + 1)]


def _prepare(flows: Path, state: Path, names: Sequence[str]) -> None:
    shutil.copytree(HERE / "flows_dispatch", flows)
    agents = [
        {"id": name, "name": name, "extension": str(2000 + number), "queues": ["bench"]}
        for number, name in enumerate(names)
    ]
    (flows / "agents.yaml").write_text(json.dumps({"agents": agents}))
    state.mkdir()


def _write_queue(etc: Path, names: Sequence[str]) -> None:
    members = "\n".join(f"member => PJSIP/{name},0,{name},PJSIP/{name}" for name in names)
    with (etc / "queues.conf").open("a") as file:
        file.write(
            "\n[bench]\nmusicclass=default\nstrategy=leastrecent\ntimeout=15\nretry=1\nwrapuptime=0\nautofill=yes\n"
            f"joinempty=yes\nleavewhenempty=no\nringinuse=no\n{members}\n"
        )
    (etc / "extensions.d" / "bench.conf").write_text(
        f"[from-trunk](+)\nexten => {BASELINE_NUMBER},1,Answer()\n same => n,Queue(bench)\n same => n,Hangup()\n"
    )


def _report(ours: Side, baseline: Side, load: float) -> dict[str, object]:
    figures, theirs = ours.figures(), baseline.figures()
    return {
        "name": "dispatch",
        "ours": figures,
        "baseline": theirs,
        "ratio": {key: round(theirs[key]["p50_ms"] / figures[key]["p50_ms"], 1) for key in figures},
        "load_before": round(load, 1),
        "goals": {
            f"{key}_{name}": shown[name] < goal
            for key, shown in figures.items()
            for name, goal in (("p50_ms", P50_GOAL_MS), ("p99_ms", P99_GOAL_MS))
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer calls, about a minute")
    plan = QUICK if parser.parse_args().quick else FULL
    print(json.dumps(uvloop.run(run(plan))))


if __name__ == "__main__":
    main()
