"""One controller, joined as `ivr/main/` joins it, on the fake Asterisk and a real SQLite file; it may be killed.

A killed controller has no effect from that moment on: what it would still write is not written, what it would ask of
Asterisk is not asked, its open transaction is rolled back. Its spool stays as it is, for the next one.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ivr.adoption.adopting import Adopted
from ivr.adoption.board import restored
from ivr.adoption.wiring import before_connecting, take_over_calls
from ivr.ari.heart import Heart
from ivr.ari.parse import AnyEvent, Gap
from ivr.ari.patience import Patient
from ivr.ari.repository import Reply, Request
from ivr.call.dialogue import OneDialogue
from ivr.call.front_door import FrontDoor, FrontDoorSettings
from ivr.call.outbound import Outbound
from ivr.call.services import CallServices
from ivr.call.shared_ears import SharedEars
from ivr.callback.desk import CallbackDesk
from ivr.callback.promises import StoredPromises
from ivr.callback.services import CallbackServices
from ivr.callback.settings import CallbackSettings
from ivr.callers_known import CallerKeys
from ivr.callers_wiring import Callers
from ivr.desk.settings import DeskSettings
from ivr.desk.wiring import AtWork, open_desk
from ivr.dispatch import Dispatcher
from ivr.errors import AriUnavailable
from ivr.flow.model import FlowLibrary
from ivr.gate import Gate
from ivr.missed.settings import MissedSettings
from ivr.reconcile.reconciler import Reconciler
from ivr.reconcile.wiring import reconcile_by
from ivr.records import FactRecords
from ivr.status import TodayCount
from ivr.talk.supervising import Supervising
from routing.agents import Agent
from routing.board import Board
from routing.rules import Rules
from storage.records import Fact
from storage.spool import Spool
from storage.store import Store
from storage.writer import FactWriter
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_commands import FakeAsterisk
from tests.support.killed_house import Outside
from tests.support.scripted_ears import ScriptedEars
from tests.support.stand_ins import OneSecondPrompts, ScriptedOutside
from tests.support.virtual_time import VirtualClock

NODE = "n1"
OUTBOUND = Outbound(("110", "138X{8}"), caller_id="12345")
LIMIT_S, PATIENCE_S = 10.0, 30.0
"""Of one command, and of all its tries: as `AsteriskSettings` has them."""


class Life:
    """dies_in: so many moments more (facts, commands, statements, each before and after); 0: it lives on."""

    def __init__(self) -> None:
        self.dead = False
        self.dies_in = 0
        self.died = asyncio.Event()
        self.at_death: list[Callable[[], None]] = []

    def moment(self) -> None:
        if self.dies_in and not self.dead:
            self.dies_in -= 1
            if not self.dies_in:
                self.die()

    def die(self) -> None:
        if not self.dead:
            self.dead = True
            for tell in self.at_death:
                tell()
            self.died.set()


class Line:
    """The way to Asterisk, cut when the controller dies: what is on its way arrives all the same."""

    def __init__(self, world: FakeAsterisk, life: Life) -> None:
        self.world = world
        self.life = life

    async def exchange(self, request: Request) -> Reply:
        self.life.moment()
        reply = None if self.life.dead else await self.world.exchange(request)
        self.life.moment()
        if self.life.dead or reply is None:
            raise AriUnavailable("this controller is dead")
        return reply


class Ari(FakeAri):
    """Of one controller: it dies with that one, and has the product's patience."""

    def __init__(self, world: FakeAsterisk, life: Life) -> None:
        self.life = life
        patient = Patient(Line(world, life), Heart(1.0, 3.0), LIMIT_S, PATIENCE_S)
        life.at_death += [patient.hurry, self.disconnect]
        super().__init__(world, commands=patient)

    def connect(self, gap: Gap) -> None:
        if not self.life.dead:
            super().connect(gap)


class MortalWriter(FactWriter):
    def __init__(self, store: Store, spool: Spool, life: Life) -> None:
        super().__init__(store, spool=spool, jitter=lambda: 0.5)
        self._life = life

    def put(self, fact: Fact) -> None:
        if not self._life.dead:
            super().put(fact)
            self._life.moment()


class Database:
    """The SQLite file, and how it is: `works`, `away` (every statement fails), `frozen` (none is answered)."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite+aiosqlite:///{path}"
        self.state = "works"
        self._works = asyncio.Event()
        self._works.set()

    def be(self, state: str) -> None:
        self.state = state
        (self._works.clear if state == "frozen" else self._works.set)()

    @asynccontextmanager
    async def gate(self, life: Life) -> AsyncIterator[None]:
        self._check(life)
        await asyncio.sleep(0)
        await self._works.wait()
        life.moment()
        self._check(life)
        yield
        life.moment()
        if life.dead:
            raise sqlite3.OperationalError("this controller is dead")

    def _check(self, life: Life) -> None:
        if life.dead:
            raise sqlite3.OperationalError("this controller is dead")
        if self.state == "away":
            raise sqlite3.OperationalError("unable to open database file")


class Controller:
    """Made by `controlling`, taking calls when it is given."""

    def __init__(
        self,
        life: Life,
        ari: Ari,
        store: Store,
        writer: MortalWriter,
        door: FrontDoor,
        dispatcher: Dispatcher,
        work: AtWork,
        callbacks: CallbackDesk,
        callers: Callers,
        supervising: Supervising,
        reconciler: Reconciler,
        adopted: Adopted,
    ) -> None:
        self.life = life
        self.ari = ari
        self.store = store
        self.writer = writer
        self.door = door
        self.dispatcher = dispatcher
        self.work = work
        self.callbacks = callbacks
        self.callers = callers
        self.supervising = supervising
        self.reconciler = reconciler
        self.adopted = adopted


class House:
    """What outlives controllers. rules, staff: in force; library: the dialogue."""

    def __init__(
        self,
        world: FakeAsterisk,
        database: Database,
        folder: Path,
        library: FlowLibrary,
        rules: Rules,
        staff: tuple[Agent, ...],
        promised_by: CallbackSettings,
    ) -> None:
        self.world = world
        self.database = database
        self.folder = folder
        self.library = library
        self.rules = rules
        self.staff = staff
        self.promised_by = promised_by
        self.ears = ScriptedEars()
        self.outside = ScriptedOutside()
        self.prompts = OneSecondPrompts()
        self.clock = VirtualClock()


@asynccontextmanager
async def controlling(house: House, life: Life) -> AsyncIterator[Controller]:
    """Raises StorageError: it does not start. Left in the middle when it dies; then nothing is finished."""
    clock = house.clock
    store = await Store.open(house.database.url)
    spool = Spool(house.folder / "spool", segment_bytes=64 * 1024, spares=1)
    writer = MortalWriter(store, spool, life)
    try:
        await writer.__aenter__()
        found = await restored(store, house.staff, house.rules, clock, NODE)
        ari = Ari(house.world, life)
        before_connecting(ari)
        gate = Gate(writer.put)
        callers = Callers(store, gate, clock, CallerKeys(b"0123456789abcdef"), NODE)
        callers.keep_ledger(MissedSettings())
        records = FactRecords(gate, NODE, TodayCount(clock))
        dispatcher = Dispatcher(Board(house.rules, found.agents, found.entries), clock, records)
        dispatcher.begin(found)
        await callers.begin(dispatcher, writer.left)
        outside: Any = Outside(house.outside, lambda: life.dead)
        async with open_desk(DeskSettings(), dispatcher, clock, store, writer.put, ari, outside) as work:
            calling_back = CallbackServices(
                ari,
                dispatcher,
                OUTBOUND,
                clock,
                work.talks,
                lambda: house.prompts,
                work.in_talk,
                number_of=house.library.numbers.get,
            )
            promises = StoredPromises(store, gate, writer.durable)
            callbacks = CallbackDesk(calling_back, dispatcher, promises, NODE, settings=house.promised_by)
            callers.call_back_by(callbacks.owe)
            services = CallServices(
                ari,
                house.prompts,
                SharedEars(house.ears),
                dispatcher,
                records,
                clock,
                outside=outside,
                callbacks=callbacks,
                outbound=OUTBOUND,
                desk=work.by_telephone,
                talks=work.talks,
                in_talk=work.in_talk,
                lines=calling_back.lines,
                settled=writer.settled,
            )

            def heard(event: AnyEvent) -> None:
                if isinstance(event, Gap):
                    reconciler.soon()

            door = FrontDoor(
                services,
                OneDialogue(house.library, house.prompts),
                FrontDoorSettings(NODE, "main", "zh", 100),
                lambda: None,
                heard,
            )
            door.wait_for_adoption()
            reconciler = reconcile_by(ari, clock, NODE, door, dispatcher, work.talks, work.in_talk, callbacks)
            supervising = Supervising(
                ari, clock, work.talks, work.in_talk, dispatcher, writer.put, lambda one: f"PJSIP/{one}"
            )
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [
                        group.create_task(door.run(), name="front door"),
                        group.create_task(writer.failed(), name="writer watched"),
                    ]
                    ari.connect(Gap(True, 0.0))
                    adopted = await take_over_calls(store, ari, door, dispatcher, records, gate, clock, NODE)
                    dispatcher.start()
                    beside: list[tuple[str, Coroutine[Any, Any, None]]] = [
                        ("callbacks", callbacks.run(door.registry)),
                        ("reconciler", reconciler.run()),
                        ("missed calls", callers.run()),
                        ("supervisors", supervising.run()),
                    ]
                    tasks += [group.create_task(work_of, name=name) for name, work_of in beside]
                    yield Controller(
                        life,
                        ari,
                        store,
                        writer,
                        door,
                        dispatcher,
                        work,
                        callbacks,
                        callers,
                        supervising,
                        reconciler,
                        adopted,
                    )
                    for task in tasks:
                        task.cancel()
            finally:
                dispatcher.close()
                await callers.known.close()
                if not life.dead and callers.ledger is not None:
                    await callers.ledger.finish()
    finally:
        if life.dead:
            await _dropped(writer, spool)
        elif writer._task is not None:
            await writer.__aexit__(None, None, None)
        await store.close()


async def _dropped(writer: MortalWriter, spool: Spool) -> None:
    """As the kernel does it for a process that is gone."""
    if writer._spooling is not None:
        writer._spooling.cancel()
    if writer._task is not None:
        writer._task.cancel()
        await asyncio.wait([writer._task])
    spool._segments.close(keep=True)
