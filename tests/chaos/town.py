"""Everybody who telephones: so many citizens in each state at once, and the agents."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections import deque
from collections.abc import Sequence
from typing import Final

from tests.chaos.agents import AgentPhone
from tests.chaos.citizens import Caller, Calm, Citizen, Problem, Role, telephone
from tests.chaos.rig import Rig
from tests.support.faults_sip import BadNetwork

LINES: Final[Sequence[Role]] = (
    "menu", "story", "collect", "collect", "record", "desk", "desk", "desk", "desk", "line", "line", "line", "promise",
)  # fmt: skip
"""So many telephones, each calling again and again in one role."""
PAUSE_S: Final = (0.3, 2.5)
PROMISE_PAUSE_S: Final = (10.0, 25.0)
AT_WORK: Final = ("a1001", "a1002", "a1003", "a1004")
LONG: Final = ("a1004",)
BEGIN_S: Final = 60.0
DIALS_ANYWAY: Final = 0.03
"""The chance that somebody dials although no controller is there."""
HANG_UP_S: Final = 2.0
"""Two telephones' times of one moment differ by less."""
TOLD_S: Final = 25.0
"""The other side of a talk hears of a hang-up within this: a fault may delay it."""
NOTES: Final = 3000
EVERY_S: Final = 0.2


class Town:
    """`calm`: set while no fault is under way. `problems`: what was noticed and not yet taken by `take_problems`."""

    def __init__(self, rig: Rig, chance: random.Random) -> None:
        self.rig = rig
        self.network = BadNetwork(random.Random(chance.random()))
        self.calm = Calm()
        self.citizens: list[Citizen] = []
        """Live ones."""
        self.over: list[Citizen] = []
        """Their calls ended; whoever looks them up in the journal takes them out."""
        self.hung_up: deque[float] = deque(maxlen=100)
        """When citizens who had an agent hung up."""
        self.calls = 0
        self.notes: deque[str] = deque(maxlen=NOTES)
        self._chance = chance
        self._numbers = itertools.count(13810000001)
        self._problems: list[Problem] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self.agents = {
            name: AgentPhone(
                name, rig, self.network, random.Random(chance.random()), self.note, long=name in LONG
            )
            for name in AT_WORK
        }

    async def begin(self) -> None:
        """Returns when the agents are at work and calls are in every state."""
        loop = asyncio.get_running_loop()
        for agent in self.agents.values():
            self._tasks.append(loop.create_task(agent.run(), name=f"telephone {agent.name}"))
        await self._at_work()
        for number, role in enumerate(LINES):
            chance = random.Random(self._chance.random())
            self._tasks.append(loop.create_task(self._line(role, chance), name=f"line {number} {role}"))
        wanted = {"menu", "story", "collect", "record", "waiting", "talking"}
        async with asyncio.timeout(BEGIN_S):
            while not wanted <= {citizen.stage for citizen in self.citizens}:
                self._look_at_tasks()
                await asyncio.sleep(EVERY_S)

    async def _at_work(self) -> None:
        async with asyncio.timeout(BEGIN_S):
            for agent in self.agents.values():
                await agent.at_work.wait()

    async def end(self) -> None:
        """Nobody calls any more; every call under way is hung up."""
        self._closing = True
        async with asyncio.timeout(BEGIN_S):
            while self.citizens:
                await self._hang_up_all()
                await asyncio.sleep(EVERY_S)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def start_over(self) -> None:
        """After a failure: no call is left and everything begins anew, so that one failure is told once."""
        for citizen in list(self.citizens):
            citizen.may_end = True
            citizen.phone.vanish()
        for agent in self.agents.values():
            agent.at_work.clear()
            agent.log_in_again()
        await self.rig.begin_anew()
        self.over.clear()
        self.take_problems()
        for agent in self.agents.values():
            agent.cut_off.clear()
        await self._at_work()

    async def _hang_up_all(self) -> None:
        for citizen in list(self.citizens):
            if citizen.sip_call and citizen.phone.call is not None and citizen.phone.call.state == "up":
                citizen.may_end = True
                citizen.ended_by = "citizen"
                with contextlib.suppress(Exception):
                    await citizen.phone.hangup()

    def asterisk_is_gone(self) -> None:
        """Every telephone's call is cut; agents' telephones register again as soon as somebody answers."""
        self.rig.asterisk_epoch += 1
        for citizen in self.citizens:
            citizen.story.append(f"{asyncio.get_running_loop().time():.2f} Asterisk is gone")
            citizen.phone.vanish()
        for agent in self.agents.values():
            agent.vanish()

    def talks_cut(self) -> list[Problem]:
        """Talks that ended although neither citizen nor agent hung up. Each is told once."""
        now_s = asyncio.get_running_loop().time()
        found: list[Problem] = []
        for agent in self.agents.values():
            for at_s in [at_s for at_s in agent.cut_off if now_s - at_s > HANG_UP_S]:
                agent.cut_off.remove(at_s)
                near = [end_s for end_s in self.hung_up if -HANG_UP_S < at_s - end_s < TOLD_S]
                if near:
                    self.hung_up.remove(near[0])
                else:
                    found.append(Problem("talk_cut", f"at {at_s:.2f}, and no citizen hung up", agent.name))
        return found

    def problem(self, problem: Problem) -> None:
        self.note(f"PROBLEM {problem.code} {problem.about}: {problem.text}")
        self._problems.append(problem)

    def take_problems(self) -> list[Problem]:
        taken, self._problems = self._problems, []
        return taken

    def note(self, text: str) -> None:
        self.notes.append(f"{asyncio.get_running_loop().time():.2f} {text}")

    def sip_calls(self) -> dict[str, str]:
        """SIP Call-ID -> whose, of every call that a telephone believes to have."""
        found = {citizen.sip_call: citizen.number for citizen in self.citizens if citizen.sip_call}
        found |= {agent.sip_call: agent.name for agent in self.agents.values() if agent.sip_call}
        return found

    def _look_at_tasks(self) -> None:
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def _line(self, role: Role, chance: random.Random) -> None:
        while not self._closing:
            pause = PROMISE_PAUSE_S if role == "promise" else PAUSE_S
            await asyncio.sleep(chance.uniform(*pause))
            while (self.rig.away or not self.calm.is_set()) and chance.random() > DIALS_ANYWAY:  # noqa: ASYNC110
                await asyncio.sleep(EVERY_S)
            if self._closing:
                return
            number = str(next(self._numbers))
            now_s = asyncio.get_running_loop().time()
            phone = telephone(number, self.rig)
            citizen = Citizen(number, role, phone, self.rig.asterisk_epoch, now_s)
            citizen.may_end = self.rig.away
            self.calls += 1
            self.citizens.append(citizen)
            try:
                await Caller(citizen, self.rig, self.network, chance, self.calm, self.problem).run()
            finally:
                self.citizens.remove(citizen)
                if citizen.joined and citizen.ended_by in ("citizen", "vanished"):
                    self.hung_up.append(citizen.ended_s or now_s)
                self.over.append(citizen)
