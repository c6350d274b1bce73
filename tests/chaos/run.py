"""One run: faults by the seed's plan on a rig in use, after each the oracle, at the end the verdict."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from tests.chaos.citizens import Problem
from tests.chaos.faults import Fault, plan
from tests.chaos.journal import JournalCheck
from tests.chaos.oracle import Before, SeenAgent, SeenCitizen, View, Watch, kept
from tests.chaos.rig import Rig, StartFailed, open_rig
from tests.chaos.town import Town

LOOK_EVERY_S: Final = 0.25
BETWEEN_S: Final = (0.8, 2.5)
"""Calm between all being well and the next fault, in which people press keys."""
EARS_S: Final = 40.0
"""A speech worker may take so long to load its models where everything else wants the processor too."""
LASTING_S: Final = 4.0
"""A difference that is there for so long when the bound is over is a failure."""
END_S: Final = 60.0
LINES_TOLD: Final = 25


@dataclass(slots=True)
class Verdict:
    seed: int
    faults: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    calls_checked: int = 0
    journal_rows: int = 0
    talks: int = 0
    repairs: str = ""
    settled_s: list[float] = field(default_factory=list)
    seconds: float = 0.0
    ended_by: str = ""
    """The signal by which somebody ended the run before its end."""
    left: list[str] = field(default_factory=list)

    @property
    def green(self) -> bool:
        return not self.failed and not self.left and not self.ended_by and self.faults > 0

    @property
    def word(self) -> Literal["passed", "failed", "not finished"]:
        if self.failed or self.left:
            return "failed"
        return "not finished" if self.ended_by else "passed" if self.green else "failed"

    def as_json(self) -> dict[str, Any]:
        settled = sorted(self.settled_s)
        return {
            "seed": self.seed,
            "verdict": self.word,
            "ended_by": self.ended_by,
            "faults": self.faults,
            "passed": sum(self.passed.values()),
            "failed": sum(self.failed.values()),
            "by_kind": {
                kind: {"passed": self.passed[kind], "failed": self.failed[kind]}
                for kind in sorted(self.passed | self.failed)
            },
            "reasons": dict(self.reasons.most_common()),
            "left_at_the_end": self.left,
            "calls": self.calls,
            "talks": self.talks,
            "calls_checked": self.calls_checked,
            "journal_rows": self.journal_rows,
            "settled_s": {
                "p50": round(settled[len(settled) // 2], 2) if settled else None,
                "p95": round(settled[int(len(settled) * 0.95)], 2) if settled else None,
                "max": round(settled[-1], 2) if settled else None,
            },
            "seconds": round(self.seconds, 1),
        }


class Run:
    def __init__(self, rig: Rig, town: Town, journal: JournalCheck, say: Callable[[str], None]) -> None:
        self._rig = rig
        self._town = town
        self._journal = journal
        self._say = say
        self._loop = asyncio.get_running_loop()
        self._began_at_line = 0
        self._last = ""
        """What the last look but one of a fault still found."""

    async def one(self, number: int, fault: Fault, chance: random.Random, verdict: Verdict) -> None:
        """One fault and what came of it."""
        town = self._town
        before = await self._before()
        stages = {citizen.number: (citizen.stage, citizen.since_s) for citizen in town.citizens}
        self._began_at_line = self._rig.controllers.lines
        town.note(f"FAULT {number} {fault.name}")
        town.calm.clear()
        began_s = self._loop.time()
        try:
            done = await fault.do(self._rig, town, chance)
            caused_s = self._loop.time()
            problems = await self._settle(fault, caused_s)
        finally:
            town.calm.set()
        calm_s = self._loop.time()
        if not fault.cuts:
            problems += await self._kept(before, stages, began_s)
        problems += await self._journalled(calm_s)
        await asyncio.sleep(chance.uniform(*BETWEEN_S))
        problems += town.take_problems() + town.talks_cut()
        verdict.faults += 1
        settled = f"well after {calm_s - caused_s:.1f} s" + (f" (last {self._last})" if self._last else "")
        if not problems:
            verdict.passed[fault.name] += 1
            verdict.settled_s.append(calm_s - caused_s)
            self._say(f"{number:4} ok     {fault.name}: {done}; {settled}; {len(town.citizens)} calls")
            return
        verdict.failed[fault.name] += 1
        self._say(f"{number:4} FAILED {fault.name}: {done}")
        await self._tell(problems)
        verdict.reasons.update({f"{fault.name}: {one.code}" for one in problems})
        await town.start_over()
        await self._journal.open(self._rig.database_url)

    async def _before(self) -> Before | None:
        controller = self._rig.controller
        seen = await controller.inspect() if controller is not None else None
        return None if seen is None else Before.of(seen)

    async def _settle(self, fault: Fault, caused_s: float) -> list[Problem]:
        """[] once everything agrees; at the bound what has not agreed for long."""
        watch = Watch()
        self._last = ""
        problems: list[Problem] = []
        found: list[Problem] = []
        while True:
            controller = self._rig.controller
            if controller is None or controller.ended.is_set():
                status = None if controller is None else controller.status
                problems.append(Problem("controller_ended", f"the controller ended by itself ({status})"))
                self._rig.away = True
                await self._rig.serve()
            view = await self._view()
            now_s = self._loop.time()
            found = watch.look(view, now_s)
            if not found:
                return problems
            self._last = ", ".join(sorted({one.code for one in found}))
            only_ears = {one.code for one in found} == {"no_ears"}
            if now_s - caused_s > (max(fault.settles_s, EARS_S) if only_ears else fault.settles_s):
                return problems + watch.lasting(found, now_s, LASTING_S)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _view(self) -> View:
        town, rig = self._town, self._rig
        channels, bridges = await rig.ari("channels"), await rig.ari("bridges")
        assert rig.controller is not None
        controller = await rig.controller.inspect()
        now_s = self._loop.time()
        for citizen in town.citizens:
            if citizen.ear is not None:
                citizen.ear.listen()
        citizens = [
            SeenCitizen(one.number, one.sip_call, one.stage, now_s - one.since_s, one.greeted, one.muddled)
            for one in town.citizens
        ]
        agents = [
            SeenAgent(name, agent.truth, agent.excused_until_s > now_s) for name, agent in town.agents.items()
        ]
        return View(citizens, agents, town.sip_calls(), channels, bridges, controller)

    async def _kept(
        self, before: Before | None, stages: dict[str, tuple[str, float]], began_s: float
    ) -> list[Problem]:
        after = await self._before()
        if before is None or after is None:
            return []
        still = {
            citizen.number: (citizen.stage, citizen.greeted)
            for citizen in self._town.citizens
            if stages.get(citizen.number) == (citizen.stage, citizen.since_s)
            and not citizen.muddled
            and began_s - citizen.since_s > 1.5
        }
        return list(kept(before, after, still))

    async def _journalled(self, calm_s: float) -> list[Problem]:
        town = self._town
        done, problems = await self._journal.look(list(town.over), self._loop.time(), calm_s)
        for citizen in done:
            town.over.remove(citizen)
        return problems

    async def finish(self, verdict: Verdict) -> list[Problem]:
        """Everybody hangs up; nothing may be left, and every call must be in the journal."""
        await self._town.end()
        calm_s = self._loop.time()
        problems: list[Problem] = []
        while self._loop.time() < calm_s + END_S:
            problems += await self._journalled(calm_s)
            view = await self._view()
            controller = view.controller or {"calls": ["no answer"], "entries": []}
            left = [f"channel {one['name']}" for one in view.channels or ()]
            left += [f"bridge {one['id']}" for one in view.bridges or ()]
            left += [f"call {one}" for one in controller["calls"]]
            left += [f"entry {one}" for one in controller["entries"] if not one["callback"]]
            if not left and not self._town.over:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        else:
            verdict.left = left + [f"not in the journal: {one.number}" for one in self._town.over]
        if view.controller is not None:
            verdict.repairs = view.controller["repairs"]
        return problems + self._town.take_problems()

    async def _tell(self, problems: Sequence[Problem]) -> None:
        """What went wrong, with the story of each call concerned and the controllers' words about it."""
        for problem in problems:
            self._say(f"       {problem.code} {problem.about}: {problem.text}")
        town = self._town
        for about in sorted({problem.about for problem in problems if problem.about}):
            of = next((one for one in [*town.citizens, *town.over] if one.number == about), None)
            if of is not None:
                self._say(f"       -- {about} ({of.role}): " + "; ".join(of.story[-LINES_TOLD:]))
                if of.ear is not None:
                    heard = [f"{one.since_s:.2f}+{one.heard_s:.1f} {one.name}" for one in of.ear.stretches]
                    self._say("          heard: " + ", ".join(heard[-LINES_TOLD:]))
            for line in await self._journal.timelines(about):
                self._say("          journal: " + line)
        self._say("       -- telephones: " + "; ".join(list(town.notes)[-LINES_TOLD:]))
        self._say("       -- controllers:")
        for line in self._rig.controllers.log_since(self._began_at_line, LINES_TOLD * 4):
            self._say("          " + line)


async def run(
    seed: int,
    count: int,
    minutes: float,
    *,
    kinds: Sequence[str] = (),
    say: Callable[[str], None] = print,
    keep: Path | None = None,
    verdict: Verdict | None = None,
) -> Verdict:
    """So many faults, or as many as fit in the time after everything is up (0 = no limit). verdict: an empty one, for
    whoever wants to know how far it came if it is cancelled; it is the one that is returned."""
    verdict = verdict or Verdict(seed)
    chance = random.Random(seed)
    began_s = time.monotonic()
    async with AsyncExitStack() as stack:
        rig = await stack.enter_async_context(open_rig(keep))
        town = Town(rig, chance)
        stack.push_async_callback(town.close)
        await town.begin()
        journal = JournalCheck()
        stack.push_async_callback(journal.close)
        await journal.open(rig.database_url)
        this = Run(rig, town, journal, say)
        say(f"everything is up after {time.monotonic() - began_s:.1f} s: {len(town.citizens)} calls")
        up_s = time.monotonic()
        try:
            for number, (fault, of_fault) in enumerate(plan(seed, count, kinds), start=1):
                if minutes and time.monotonic() - up_s > minutes * 60:
                    break
                await this.one(number, fault, of_fault, verdict)
            problems = await this.finish(verdict)
            if problems:
                verdict.failed["end"] += 1
                verdict.reasons.update({f"end: {one.code}" for one in problems})
                await this._tell(problems)
        except StartFailed as error:
            say(str(error))
            verdict.left.append("the controller does not start")
        verdict.calls = town.calls
        verdict.talks = sum(agent.taken for agent in town.agents.values())
        verdict.calls_checked = journal.checked
        verdict.journal_rows = journal.rows
    verdict.seconds = time.monotonic() - began_s
    return verdict
