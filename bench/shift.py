"""A shift on real SIP: simulated agents and citizens on a real Asterisk, and every figure checked against the journal.

Agents log in by code, answer sooner or later, let some calls ring, reject a few, hold, consult, transfer, bring a third
in, pause, and hang up or are hung up on. Citizens call at random, some give up while they wait or ring, some hang up in
the middle of the talk. At the end nothing may be left in Asterisk or in the hotline, each call's record must agree with
its journal (`ivr/audit`), and the agents' histories must have no gap and no two calls at once.

    python -m bench.shift                    20 agents, 200 calls, 20 minutes
    python -m bench.shift --quick            6 agents, 20 calls, 1 minute
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import json
import math
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvloop

from ivr.audit.evidence import Evidence, evidence_of
from ivr.audit.figures import discrepancies
from ivr.config import load_settings
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError
from ivr.main import Hotline, RunningHotline
from ivr.talk.service import TalkService
from ivr.talk.targets import ToAgent, ToQueue
from storage.records import AgentStateChange
from tests.support.softphone import agent_phone, citizen_phone

HERE: Final = Path(__file__).parent
FLOWS: Final = HERE.parent / "flows"
PATIENCE_S: Final = 60.0
LAST_CALLS_S: Final = 180.0
SETTLE_S: Final = 15.0
GOAL_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Plan:
    """talk_s: the mean of a talk (lognormal, CV 0.8)."""

    agents: int
    calls: int
    minutes: float
    talk_s: float


FULL: Final = Plan(20, 200, 20.0, 90.0)
QUICK: Final = Plan(6, 20, 1.0, 10.0)


@dataclass(slots=True)
class Shift:
    hotline: Hotline
    plan: Plan
    dice: random.Random
    did: Counter[str] = field(default_factory=Counter)

    @property
    def talks(self) -> TalkService:
        talks = self.hotline.desk.in_talk
        assert talks is not None
        return talks

    def talk_s(self) -> float:
        spread = math.sqrt(math.log(1 + 0.8**2))
        return min(600.0, self.dice.lognormvariate(math.log(self.plan.talk_s) - spread**2 / 2, spread))

    # --- agents

    async def agent(self, name: str) -> None:
        """Until cancelled; then logged out."""
        rendered = self.hotline.rendered
        assert rendered is not None
        async with agent_phone(rendered, name, kind=LightPhone) as phone:
            assert isinstance(phone, LightPhone)
            await phone.register()
            await self.code(phone, "*45")
            try:
                while True:
                    await phone.events.next("incoming", timeout=24 * 3600)
                    with contextlib.suppress(PhoneError):
                        await self.take(phone, name)
                    await self.between(phone)
            finally:
                with contextlib.suppress(PhoneError, TimeoutError):
                    await self.code(phone, "*46")

    async def take(self, phone: LightPhone, name: str) -> None:
        dice = self.dice
        what = dice.choices(("answer", "ignore", "reject"), (90, 6, 4))[0]
        self.did[what] += 1
        if what == "reject":
            await asyncio.sleep(dice.uniform(0.2, 2.0))
            await phone.reject()
            return
        if what == "answer":
            await asyncio.sleep(dice.uniform(0.5, 4.0))
            if phone.call is not None and phone.call.state == "ringing":
                await phone.answer()
                over = asyncio.create_task(phone.events.next("closed", timeout=3600), name=f"{name} over")
                acting = asyncio.create_task(self.talk(phone, name), name=f"{name} talks")
                try:
                    await asyncio.wait({over, acting}, return_when=asyncio.FIRST_COMPLETED)
                    if not over.done():
                        await phone.hangup()
                finally:
                    for task in (over, acting):
                        task.cancel()
                    await asyncio.gather(over, acting, return_exceptions=True)
                return
        await phone.events.next("closed", timeout=120)

    async def talk(self, phone: LightPhone, name: str) -> None:
        """A part of the talk, something done with the call perhaps, the rest of it."""
        length_s = self.talk_s()
        await asyncio.sleep(length_s / 2)
        await self.act(name)
        await asyncio.sleep(length_s / 2)
        if self.dice.random() < 0.3:
            # The citizen has the last word, and hangs up.
            await phone.events.next("closed", timeout=300)

    async def act(self, name: str) -> None:
        dice, talks = self.dice, self.talks
        others = [agent for agent in self.names() if agent != name]
        acts: list[tuple[str, int, Callable[[], Awaitable[object]]]] = [
            ("nothing", 60, lambda: asyncio.sleep(0)),
            ("hold", 15, lambda: self.then(talks.hold(name), 4.0, lambda: talks.resume(name))),
            (
                "consult",
                8,
                lambda: self.then(
                    talks.consult(name, ToAgent(dice.choice(others))), 8.0, lambda: talks.back(name)
                ),
            ),
            (
                "consult_complete",
                4,
                lambda: self.then(
                    talks.consult(name, ToAgent(dice.choice(others))), 8.0, lambda: talks.complete(name)
                ),
            ),
            ("to_queue", 5, lambda: talks.transfer(name, ToQueue("general"))),
            ("to_agent", 4, lambda: talks.transfer(name, ToAgent(dice.choice(others)))),
            (
                "three_way",
                4,
                lambda: self.then(
                    talks.add(name, ToAgent(dice.choice(others))), 8.0, lambda: talks.leave(name)
                ),
            ),
        ]
        what, _, work = dice.choices(acts, [weight for _, weight, _ in acts])[0]
        result = await work()
        self.did[f"{what}: {type(result).__name__}" if result is not None else what] += 1

    async def then(
        self, first: Awaitable[object], seconds: float, second: Callable[[], Awaitable[object]]
    ) -> object:
        done = await first
        await asyncio.sleep(seconds)
        await second()
        return done

    async def between(self, phone: LightPhone) -> None:
        if self.dice.random() < 0.5:
            await asyncio.sleep(self.dice.uniform(0.0, 3.0))
            await self.code(phone, "*48")
        if self.dice.random() < 0.05:
            self.did["pause"] += 1
            await self.code(phone, "*47")
            await asyncio.sleep(self.dice.uniform(3.0, 15.0))
            await self.code(phone, "*48")

    async def code(self, phone: LightPhone, code: str) -> None:
        """Not while a call rings or goes on: that first."""
        if phone.call is not None and phone.call.state != "over":
            return
        with contextlib.suppress(PhoneError, TimeoutError):
            await phone.dial(f"sip:{code}@{phone.server}")
            await phone.events.next("closed", timeout=20)

    def names(self) -> list[str]:
        return [f"s{number}" for number in range(1, self.plan.agents + 1)]

    # --- citizens

    async def citizen(self, number: int) -> None:
        rendered = self.hotline.rendered
        assert rendered is not None
        patience_s = self.dice.expovariate(1 / PATIENCE_S) + 5.0
        leaves = self.dice.random() < 0.1
        caller = f"139{number:08d}"
        try:
            async with citizen_phone(rendered, caller, kind=LightPhone) as phone:
                assert isinstance(phone, LightPhone)
                await phone.dial(rendered.hotline_uri)
                if (await phone.events.next("established", "closed", timeout=30)).kind == "closed":
                    self.did["citizen refused"] += 1
                    return
                over = asyncio.create_task(phone.events.next("closed", timeout=3600), name=f"{caller} over")
                waits = asyncio.create_task(
                    self.wait(phone, caller, patience_s, leaves), name=f"{caller} waits"
                )
                try:
                    await asyncio.wait({over, waits}, return_when=asyncio.FIRST_COMPLETED)
                    if not over.done():
                        await phone.hangup()
                finally:
                    for task in (over, waits):
                        task.cancel()
                    await asyncio.gather(over, waits, return_exceptions=True)
        except (PhoneError, OSError) as error:
            self.did[f"citizen: {error}"[:60]] += 1

    async def wait(self, phone: LightPhone, caller: str, patience_s: float, leaves: bool) -> None:
        """Press the way to a person, wait as long as patience lasts, talk; the survey is hung up on."""
        await asyncio.sleep(self.dice.uniform(0.3, 1.5))
        await phone.send_digits("10")
        began, stage = time.monotonic(), ""
        while stage != "talking":
            if time.monotonic() - began > patience_s:
                self.did["gave up waiting"] += 1
                return
            await asyncio.sleep(0.25)
            stage = self.stage(caller)
        if leaves:
            await asyncio.sleep(self.dice.uniform(0.0, self.plan.talk_s))
            self.did["hung up in the talk"] += 1
            return
        quiet, ends = time.monotonic(), time.monotonic() + 1.5 * self.talk_s() + 5.0
        while time.monotonic() - quiet < 6.0 and time.monotonic() < ends:
            # After the talk: the survey, or the line again.
            if self.stage(caller) not in ("menu", ""):
                quiet = time.monotonic()
            await asyncio.sleep(0.5)

    def stage(self, caller: str) -> str:
        return next((one.stage for one in self.hotline.front_door.registry if one.facts.caller == caller), "")

    # --- all of it

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            agents = [group.create_task(self.agent(name), name=name) for name in self.names()]
            await asyncio.sleep(3.0)
            gap_s = self.plan.minutes * 60 / self.plan.calls
            citizens = []
            for number in range(1, self.plan.calls + 1):
                citizens.append(group.create_task(self.citizen(number), name=f"citizen {number}"))
                await asyncio.sleep(self.dice.expovariate(1 / gap_s))
            await asyncio.wait(citizens, timeout=LAST_CALLS_S)
            for agent in self.hotline.dispatcher.board.agents.values():
                own = f" ({agent.own_call.split('-')[0]})" if agent.own_call else ""
                self.did[f"agents at the end: {agent.state}{own} {agent.pause_reason}".strip()] += 1
            self.did["citizens left over"] += sum(not one.done() for one in citizens)
            for task in (*citizens, *agents):
                task.cancel()


async def run(plan: Plan, seed: int) -> dict[str, Any]:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-shift-") as name:
        folder = Path(name)
        await asyncio.to_thread(_prepare, folder / "flows", plan)
        running = RunningHotline(
            load_settings(
                state_dir=folder / "state",
                flows_dir=folder / "flows",
                web={"enabled": False},
                speech={"engine": "off"},
                asterisk={"allow_anonymous": True},
                prompts={"render": False},
            )
        )
        hotline = await running.start()
        try:
            shift = Shift(hotline, plan, random.Random(seed))
            await shift.run()
            assert hotline.asterisk is not None
            left = await hotline.asterisk.wait_empty(SETTLE_S)
            report = await _report(shift)
            report["left_in_asterisk"] = len(left.channels) + len(left.bridges)
            report["left_waiting"] = len(hotline.dispatcher.board.entries())
            report["repairs"] = str(hotline.front_door.repairs)
        finally:
            await running.stop()
    report["load_before"] = round(load, 1)
    return report


def _prepare(flows: Path, plan: Plan) -> None:
    shutil.copytree(FLOWS, flows, symlinks=True, ignore=shutil.ignore_patterns("audio"))
    (flows / "audio").symlink_to(FLOWS / "audio")
    skills = {"mandarin": 5, "english": 3, "complaint": 3, "business": 3, "elderly": 3, "crisis": 3}
    queues = ["general", "complaint", "business", "elderly", "crisis"]
    agents = [
        {
            "id": f"s{number}",
            "name": f"Agent {number}",
            "extension": str(3000 + number),
            "skills": skills,
            "queues": queues,
        }
        for number in range(1, plan.agents + 1)
    ]
    (flows / "agents.yaml").write_text(json.dumps({"agents": agents}))


async def _report(shift: Shift) -> dict[str, Any]:
    hotline, plan = shift.hotline, shift.plan
    await hotline.writer.drain()
    async with hotline.store.reading() as uow:
        records = await uow.calls.recent(10 * plan.calls)
        found = [await evidence_of(uow, record) for record in records]
        histories = {name: await uow.agent_states.of(name, 100_000) for name in shift.names()}
    wrong = {one.record.id: faults for one in found if (faults := discrepancies(one))}
    broken = {name: faults for name, changes in histories.items() if (faults := _history(changes))}
    return {
        "name": "shift",
        "agents": plan.agents,
        "minutes": plan.minutes,
        **_figures(found),
        "did": dict(sorted(shift.did.items())),
        "discrepancies": wrong,
        "histories_broken": broken,
        "rows_of_journal": sum(len(one.journal) for one in found),
    }


def _figures(found: list[Evidence]) -> dict[str, Any]:
    """Of the records alone; `discrepancies` says whether the journal agrees."""
    data = [one.record.data for one in found]
    waits = [float(one["waited_s"]) for one in data if one.get("waited_s") is not None]
    outcomes = collections.Counter(str(one.get("outcome")) for one in data)
    return {
        "calls": len(found),
        "not_ended": sum(one.record.state != "ended" for one in found),
        "outcomes": dict(outcomes),
        "answered": len(waits),
        "mean_wait_s": round(sum(waits) / len(waits), 2) if waits else None,
        "within_15_s": round(sum(wait <= GOAL_S for wait in waits) / len(waits), 3) if waits else None,
        "talked_s": round(sum(float(one.get("talked_s") or 0) for one in data), 1),
        "held_s": round(sum(float(one.get("held_s") or 0) for one in data), 1),
        "transfers": sum(len(one.get("transfers") or ()) for one in data),
    }


def _history(changes: list[AgentStateChange]) -> list[str]:
    """Each change begins where the one before ended; nobody is reserved who is not free."""
    faults = []
    for earlier, later in zip(changes, changes[1:], strict=False):
        if later.before != earlier.after:
            faults.append(f"{later.revision}: {later.before} after {earlier.after}")
        if later.after == "reserved" and later.before != "available":
            faults.append(f"{later.revision}: reserved while {later.before}")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a minute with 6 agents")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    plan = QUICK if arguments.quick else FULL
    if arguments.minutes is not None:
        share = arguments.minutes / plan.minutes
        plan = Plan(plan.agents, max(1, round(plan.calls * share)), arguments.minutes, plan.talk_s)
    print(json.dumps(uvloop.run(run(plan, arguments.seed)), ensure_ascii=False))


if __name__ == "__main__":
    main()
