"""The town of a drawn shift: citizens, agents, the fake Asterisk, and one controller after the other.

async with town(seed=1, jitter_s=0.004) as here:
    ...            # steps (`acting.py`)
    await here.settled()
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ivr import ids
from ivr.ari.parse import Gap
from ivr.callback.settings import CallbackSettings
from ivr.errors import StorageError
from ivr.flow.load import load
from ivr.flow.model import FlowLibrary
from ivr.talk.results import Done
from ivr.talk.supervising_state import Supervised
from routing.ids import AgentId, EntryId
from routing.rules_load import load_agents, load_rules
from storage.migrate import upgrade
from tests.machine.controller import Controller, Database, House, Life, controlling
from tests.support.fake_ari_commands import FakeAsterisk
from tests.support.inline_database import inline_sqlite
from tests.support.virtual_time import VirtualClock

FLOWS = Path(__file__).parent / "flows"
AGENTS = ("a1", "a2", "a3")
QUEUES = """
skills: {mandarin: {en: Mandarin}}
languages: {zh: {mandarin: 1}}
queues:
  general: {ring_s: 5, wrap_up_s: 10, max_wait_s: 120, no_answer_pause_after: 2, retry_s: 3}
  line: {ring_s: 6, wrap_up_s: 4, max_wait_s: 300, no_answer_pause_after: 3, retry_s: 3, ring: 2}
"""
AFTER_FAULTS_S = 45.0
"""Commands may have been tried for so long (`controller.PATIENCE_S`), and their objects be found after that."""


@functools.cache
def the_dialogue() -> FlowLibrary:
    return load(FLOWS)


@functools.cache
def empty_database() -> Path:
    path = Path(tempfile.mkdtemp(prefix="hotline-machine-")) / "empty.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


def _agents_yaml() -> str:
    lines = [
        f"  - {{id: {name}, name: {name}, extension: '{1001 + n}', skills: {{mandarin: 5}}, "
        f"queues: [{queues}]}}"
        for n, (name, queues) in enumerate(
            zip(AGENTS, ("general, line", "general, line", "line"), strict=True)
        )
    ]
    return "agents:\n" + "\n".join(lines) + "\n"


class Town:
    def __init__(self, house: House, seed: int) -> None:
        self.house = house
        self.world = house.world
        self.random = random.Random(seed)
        self.citizens: list[str] = []
        """Channels of citizens' calls, in the order in which they came."""
        self.numbers: dict[str, str] = {}
        """Channel -> the number that called."""
        self.forced_out: set[tuple[EntryId, AgentId]] = set()
        """Conversations that a supervisor ended by forcing the agent."""
        self.devices: list[str] = []
        """Channels of calls that agents' telephones made."""
        self.now: Controller | None = None
        self.life = Life()
        self.lives = 0
        self.adopting_since = 0.0
        self.away_s = 0.0
        self.trouble_until = 0.0
        """Until then something is wrong on purpose."""
        self.troubled = False
        """Anything was ever wrong on purpose but for the order of events and their doubling."""
        self.problems: list[str] = []
        self.wrong = asyncio.Event()
        self._acts: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.Task[None]] = set()
        self.story: list[str] = []
        self.lives_on: asyncio.Task[None] | None = None
        self.restarting = False
        self.ends = asyncio.Event()
        """The last controller is to end, as after `ivr run` was told to."""
        self.repairs = self.joins = self.acts_done = 0
        """Of reconcilers; of agents with citizens; of what people did in talks."""

    # --- time

    @property
    def time(self) -> float:
        return asyncio.get_running_loop().time()

    def tell(self, what: str) -> None:
        self.story.append(f"{self.time:9.3f}  {what}")

    def trouble(self, lasts_s: float) -> None:
        self.troubled = True
        self.trouble_until = max(self.trouble_until, self.time + lasts_s)

    @property
    def calm(self) -> bool:
        """Nothing has been wrong on purpose for so long that all of it must be mended."""
        return self.now is not None and self.time >= self.trouble_until + AFTER_FAULTS_S

    def later(self, after_s: float, work: Coroutine[Any, Any, None], name: str) -> None:
        """Once that time is over, whatever becomes of controllers."""

        async def wait() -> None:
            try:
                await asyncio.sleep(after_s)
                await work
            finally:
                work.close()

        task = asyncio.create_task(wait(), name=name)
        self._timers.add(task)
        task.add_done_callback(self._timers.discard)

    def wrongly(self, what: str) -> None:
        self.problems.append(what)
        self.wrong.set()

    # --- who does something by way of the controller

    def act(self, work: Coroutine[Any, Any, object], name: str) -> None:
        """Ends with the controller. What it raises is a problem."""

        async def guarded() -> None:
            life = self.life
            try:
                result = await work
                self.acts_done += isinstance(result, Done | Supervised)
                self.tell(f"    {name} -> {result}")
            except Exception as error:
                if not life.dead:
                    self.wrongly(f"{name} raised {error!r}")

        task = asyncio.create_task(guarded(), name=name)
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)

    # --- controllers

    async def live(self) -> None:
        """Controllers, one after the other."""
        while True:
            self.life = Life()
            life = self.life
            self.lives += 1
            life.at_death.append(self._mourn)
            controller = asyncio.create_task(self._one(life), name=f"controller {self.lives}")
            died = asyncio.create_task(life.died.wait())
            try:
                await asyncio.wait([controller, died], return_when=asyncio.FIRST_COMPLETED)
            finally:
                died.cancel()
                for act in self._acts:
                    act.cancel()
                self.now = None
                ended = controller.done()
                controller.cancel()
                await asyncio.wait([controller, died, *self._acts])
                self.now = None
            if ended and not life.dead:
                if isinstance(controller.exception(), StorageError):
                    self.tell(f"the controller does not start: {controller.exception()}")
                    await asyncio.sleep(1.0)  # whoever watches over services starts it again
                    continue
                controller.result()
                if not self.restarting:
                    return
                self.restarting = False
                self.ends.clear()
            await asyncio.sleep(max(self.away_s, 0.001))

    def _mourn(self) -> None:
        self.now = None
        self.tell("the controller is dead")
        self.trouble(0.0)

    async def _one(self, life: Life) -> None:
        async with controlling(self.house, life) as controller:
            self.now = controller
            self.tell(f"controller {self.lives} takes calls: {controller.adopted}")
            self.trouble_until = max(self.trouble_until, self.time) if self.troubled else self.trouble_until
            await self.ends.wait()
        self.world.online = False
        self.world.deliver = lambda raw: None

    def restart(self) -> None:
        """As an administrator does it: the controller ends by itself, and the next one starts."""
        if self.now is not None:
            self.trouble(0.0)
            self.away_s = 1.0
            self.restarting = True
            self.ends.set()

    def kill(self, after: int, away_s: float) -> None:
        """after: so many moments (`Life`); 0 = now."""
        self.away_s = away_s
        self.trouble(away_s)
        if after:
            self.life.dies_in = after
        else:
            self.life.die()

    def gap(self, away_s: float, *, restarted: bool = False) -> None:
        controller = self.now
        if controller is None or not controller.ari.connected:
            return
        self.trouble(away_s)
        controller.ari.disconnect()
        if restarted:
            self.world.vanish()
            fault = self.world.fault("*", status=503, times=1_000_000)

        async def back() -> None:
            if restarted and fault in self.world.faults:
                self.world.faults.remove(fault)
            if self.now is controller:  # else the next one has connected by itself
                controller.ari.connect(Gap(False, away_s, restarted=restarted))

        self.later(away_s, back(), "Asterisk is back" if restarted else "the websocket is back")

    async def until_it_runs(self) -> Controller:
        while self.now is None:
            if self.lives_on is not None and self.lives_on.done():
                self.lives_on.result()
            await asyncio.sleep(0.1)
        return self.now


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """What is made by chance or of the time is the same each time."""
    chance = random.Random(seed)
    numbers = itertools.count(1)
    clock = SimpleNamespace(time=lambda: 1_700_000_000 + asyncio.get_running_loop().time())
    with (
        mock.patch("secrets.token_hex", lambda size=8: f"{chance.getrandbits(8 * size):0{2 * size}x}"),
        mock.patch.object(ids, "_numbers", lambda: numbers),
        mock.patch.object(ids, "time", clock),
    ):
        yield


@asynccontextmanager
async def town(seed: int, jitter_s: float, promised_by: CallbackSettings) -> AsyncIterator[Town]:
    with tempfile.TemporaryDirectory(prefix="hotline-machine-") as folder, seeded(seed):
        path = Path(folder) / "hotline.db"
        shutil.copy(empty_database(), path)
        rules = load_rules(QUEUES)
        staff = load_agents(_agents_yaml(), rules, VirtualClock().now())
        house = House(
            FakeAsterisk(seed=seed, jitter_s=jitter_s),
            Database(path),
            Path(folder),
            the_dialogue(),
            rules,
            staff,
            promised_by,
        )
        here = Town(house, seed)
        with inline_sqlite(lambda: functools.partial(house.database.gate, here.life)):
            life = asyncio.create_task(here.live(), name="controllers")
            here.lives_on = life
            try:
                await here.until_it_runs()
                yield here
            finally:
                life.cancel()
                for task in here._timers:
                    task.cancel()
                await asyncio.wait([life, *here._timers])
                here.world.close()
                await asyncio.gather(*here.world.under_way, return_exceptions=True)
