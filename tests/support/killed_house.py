"""A house whose controller is killed at any moment and started again, on a fake Asterisk that lives on.

    async with lasting(seed=1) as here:
        here.die_after(17)
        caller = here.world.call("call", "12345", "trunk")
        ...                      # the controller dies with its 17th fact, and another one adopts the call
        here.assert_nothing_left()

What a controller has written down (`facts`) is all that the next one knows: the database after the spool was flushed.
The kill comes in the very moment after a fact was written: what the controller would have done from there on, written
or asked of Asterisk, is not done.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import orjson

from ivr.adoption.adopting import Adopted, Ground, adopt
from ivr.adoption.kept import Kept, kept_of
from ivr.adoption.wiring import before_connecting
from ivr.ari.parse import Gap
from ivr.ari.repository import Reply, Request
from ivr.call.dialogue import OneDialogue
from ivr.call.front_door import FrontDoor, FrontDoorSettings
from ivr.call.services import CallServices
from ivr.call.shared_ears import SharedEars
from ivr.desk.people import Author
from ivr.desk.service import Desk
from ivr.desk.telephone import DeskByTelephone
from ivr.dispatch import Dispatcher
from ivr.errors import AriUnavailable
from ivr.flow.actions import Lookup, Notify
from ivr.flow.actions import Request as Asked
from ivr.flow.inputs import LookupEnded, RequestEnded
from ivr.flow.model import FlowLibrary
from ivr.ids import CallId
from ivr.records import FactRecords
from ivr.status import TodayCount
from ivr.talk.conversations import Conversations
from routing.agents import Agent
from routing.board import Board
from routing.restoring import restore
from routing.rules import Rules
from routing.rules_load import load_agents, load_rules
from storage.live_records import LiveCallRecord
from storage.promises import RecordingRecord
from storage.records import (
    AgentRecord,
    CallRecord,
    EntryRecord,
    Fact,
    JournalEvent,
    TranscriptLine,
)
from tests.support.call_house import OUTBOUND, QUEUES, agents_yaml, the_dialogues
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_commands import FakeAsterisk
from tests.support.kept_facts import assert_rows_are_folds
from tests.support.scripted_ears import ScriptedEars
from tests.support.stand_ins import OneSecondPrompts, ScriptedOutside
from tests.support.virtual_time import VirtualClock

NODE = "n1"
START = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
Stored = TypeVar("Stored", LiveCallRecord, JournalEvent)
Row = TypeVar("Row", LiveCallRecord, CallRecord, EntryRecord, AgentRecord, RecordingRecord)


class _Line:
    """The way to Asterisk, cut when the controller dies: what is on its way arrives all the same."""

    def __init__(self, world: FakeAsterisk) -> None:
        self.world = world
        self.cut = False

    async def exchange(self, request: Request) -> Reply:
        reply = None if self.cut else await self.world.exchange(request)
        if self.cut or reply is None:
            raise AriUnavailable("this controller is dead")
        return reply


class _Ari(FakeAri):
    """Of one controller: it may be cut off from Asterisk."""

    def __init__(self, world: FakeAsterisk) -> None:
        self.line = _Line(world)
        super().__init__(world, commands=self.line)

    def cut(self) -> None:
        self.line.cut = True
        self.disconnect()


class Outside:
    """What a dead controller asks for is not asked, nor answered."""

    def __init__(self, outside: ScriptedOutside, dead: Callable[[], bool]) -> None:
        self._outside = outside
        self._dead = dead

    async def request(self, call: CallId, wanted: Asked, library: FlowLibrary) -> RequestEnded:
        if self._dead():
            await asyncio.get_running_loop().create_future()
        return await self._outside.request(call, wanted, library)

    async def lookup(self, call: CallId, wanted: Lookup, caller: str, library: FlowLibrary) -> LookupEnded:
        if self._dead():
            await asyncio.get_running_loop().create_future()
        return await self._outside.lookup(call, wanted, caller, library)

    def notify(self, call: CallId, wanted: Notify, caller: str, at: dt.datetime) -> None:
        if not self._dead():
            self._outside.notify(call, wanted, caller, at)


class _Database:
    """Facts in order; of the states the newest."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def all(self, kind: type[Row]) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for fact in self.facts:
            if isinstance(fact, kind) and (fact.id not in rows or fact.revision >= rows[fact.id].revision):
                rows[fact.id] = fact
        return rows

    def journal(self, call: str) -> list[JournalEvent]:
        """Written once: a second line of the same number is a fault, unless it is the same."""
        lines: dict[int, JournalEvent] = {}
        for fact in self.facts:
            if isinstance(fact, JournalEvent) and fact.call_id == call:
                assert fact.seq not in lines, f"line {fact.seq} was written twice: {fact.kind}"
                lines[fact.seq] = fact
        return [lines[seq] for seq in sorted(lines)]

    def kept(self) -> Kept:
        live = [_as_stored(one) for one in self.all(LiveCallRecord).values() if one.state == "live"]
        calls = self.all(CallRecord).values()
        seqs = {one.id: len(self.journal(one.id)) for one in (*live, *calls)}
        said = {
            one.id: max(
                (x.seq for x in self.facts if isinstance(x, TranscriptLine) and x.call_id == one.id),
                default=0,
            )
            for one in live
        }
        return kept_of(
            live,
            [one for one in calls if one.state == "live"],
            {one.id for one in calls if one.state == "ended"},
            (),
            seqs,
            said,
            {one.id: [_as_stored(event) for event in self.journal(one.id)] for one in live},
        )


def _as_stored(row: Stored) -> Stored:
    """As it comes back from a column of JSON."""
    return replace(row, data=orjson.loads(orjson.dumps(row.data)))


@functools.cache
def _rules() -> Rules:
    return load_rules(QUEUES)


@functools.cache
def _staff(names: tuple[str, ...], now: dt.datetime) -> tuple[Agent, ...]:
    return load_agents(agents_yaml(names), _rules(), now)


@dataclass(slots=True)
class _Controller:
    ari: _Ari
    front_door: FrontDoor
    dispatcher: Dispatcher
    desk: Desk


@dataclass(slots=True)
class LastingHouse:
    """away_s: how long nobody is there after a kill."""

    world: FakeAsterisk
    database: _Database
    agents: tuple[str, ...]
    entry: str
    away_s: float
    most_calls: int = 100
    ears: ScriptedEars = field(default_factory=ScriptedEars)
    outside: ScriptedOutside = field(default_factory=ScriptedOutside)
    prompts: OneSecondPrompts = field(default_factory=OneSecondPrompts)
    adoptions: list[Adopted] = field(default_factory=list)
    died: asyncio.Event = field(default_factory=asyncio.Event)
    here: asyncio.Event = field(default_factory=asyncio.Event)
    now: _Controller | None = None
    dies_in: int = 0
    """Facts; 0 = it lives."""
    dies_at: Callable[[Fact], bool] = lambda fact: False
    """The controller of now is killed with that fact."""

    @property
    def front_door(self) -> FrontDoor:
        assert self.now is not None
        return self.now.front_door

    @property
    def dispatcher(self) -> Dispatcher:
        assert self.now is not None
        return self.now.dispatcher

    @property
    def desk(self) -> Desk:
        assert self.now is not None
        return self.now.desk

    def put(self, controller: _Ari, fact: Fact) -> None:
        if controller.line.cut:
            return
        self.database.facts.append(fact)
        self.dies_in -= 1
        if self.dies_in == 0 or self.dies_at(fact):
            self.kill(controller)

    def die_after(self, facts: int) -> None:
        """The controller of now is killed with the that many-th fact from now on."""
        self.dies_in = facts

    def kill(self, ari: _Ari) -> None:
        """From this moment on nothing of the controller has any effect."""
        ari.cut()
        self.died.set()

    async def live(self) -> None:
        """Controllers, one after the other."""
        while True:
            self.died.clear()
            controller = asyncio.ensure_future(self._control())
            died = asyncio.ensure_future(self.died.wait())
            try:
                await asyncio.wait([controller, died], return_when=asyncio.FIRST_COMPLETED)
            finally:
                died.cancel()
                ended = controller.done()
                controller.cancel()
                await asyncio.wait([controller])
            if ended:
                controller.result()
            # What was on its way to Asterisk has arrived before anybody can come.
            await asyncio.sleep(max(self.away_s, 0.001))

    async def _control(self) -> None:
        clock = VirtualClock()
        rules = _rules()
        ari = _Ari(self.world)
        today = TodayCount(clock)

        def put(fact: Fact) -> None:
            self.put(ari, fact)

        records = FactRecords(put, NODE, today)
        kept = self.database.kept()
        stored = {one.id: one.agent() for one in self.database.all(AgentRecord).values()}
        seed = _staff(self.agents, START)
        found = restore(
            [stored.get(agent.id, agent) for agent in seed],
            [one.entry() for one in self.database.all(EntryRecord).values() if one.state != "ended"],
            {call.call for call in kept.saved},
            rules,
            clock.now(),
        )
        dispatcher = Dispatcher(Board(rules, found.agents, found.entries), clock, records)
        dispatcher.begin(found)
        talks = Conversations()
        desk = Desk(dispatcher, clock, put, talks, lambda channel: None, {})
        services = CallServices(
            ari,
            self.prompts,
            SharedEars(self.ears),
            dispatcher,
            records,
            clock,
            outside=Outside(self.outside, lambda: ari.line.cut),
            desk=DeskByTelephone(desk),
            talks=talks,
            outbound=OUTBOUND,
        )
        door = FrontDoor(
            services,
            OneDialogue(the_dialogues(), self.prompts),
            FrontDoorSettings(NODE, self.entry, "zh", self.most_calls),
            lambda: None,
            lambda event: None,
        )
        door.wait_for_adoption()
        before_connecting(ari)
        ari.connect(Gap(True, 0.0))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(door.run(), name="front door")
                await asyncio.sleep(0)
                self.now = _Controller(ari, door, dispatcher, desk)
                self.here.set()
                adopted = await adopt(Ground(ari, door, dispatcher, records, clock, put), kept)
                self.adoptions.append(adopted)
                door.open()
                dispatcher.start()
        finally:
            dispatcher.close()

    async def until(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def soon(self, true: Callable[[], object], within_s: float = 60.0) -> None:
        """Until that is so; looks every 0.1 s of virtual time."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + within_s
        while not true():
            assert loop.time() < limit, "it never came to that"
            await asyncio.sleep(0.1)

    def together_with(self, endpoint: str) -> list[str]:
        """The channels to that telephone that are in a bridge with somebody."""
        return [
            channel.id
            for channel in self.world.channels.values()
            if channel.endpoint == endpoint
            and channel.bridge
            and len(self.world.bridges[channel.bridge].channels) > 1
        ]

    def log_in(self, *agents: str) -> None:
        for agent in agents:
            self.desk.log_in(Author.of_agent(agent))

    def states(self) -> dict[str, str]:
        return {agent.id: agent.state for agent in self.dispatcher.board.agents.values()}

    def heard(self, channel: str) -> list[str]:
        """Media that began to play to this channel, in order."""
        return [
            media.removeprefix("sound:")
            for name, values in self.world.commands
            if name == "channels.play_with_id" and values["channelId"] == channel
            for media in (values["media"].split(",") if isinstance(values["media"], str) else values["media"])
        ]

    def calls(self) -> list[CallRecord]:
        return list(self.database.all(CallRecord).values())

    def events(self, call: str = "") -> list[tuple[str, Mapping[str, Any]]]:
        """The journal of that call, the only one where none is named."""
        if not call:
            (call,) = (one.id for one in self.calls())
        return [(event.kind, event.data) for event in self.database.journal(call)]

    def assert_nothing_left(self) -> None:
        """In Asterisk, in line, in sessions; every call is over on record, with a whole journal."""
        self.world.assert_empty()
        assert len(self.front_door.registry) == 0
        assert self.dispatcher.board.entries() == []
        assert self.ears.open_now == 0
        for call in self.calls():
            assert call.state == "ended", f"{call.id} is still {call.state}"
            numbers = [event.seq for event in self.database.journal(call.id)]
            assert numbers == list(range(1, len(numbers) + 1)), "the journal has gaps"
        assert not [
            one for one in self.database.all(LiveCallRecord).values() if one.state == "live" or one.data
        ]
        assert not [one for one in self.database.all(EntryRecord).values() if one.state != "ended"]
        assert_rows_are_folds(self.database.facts, killed=True)


@asynccontextmanager
async def lasting(
    seed: int = 0,
    *,
    agents: Sequence[str] = ("a1", "a2"),
    entry: str = "main",
    away_s: float = 0.0,
    most_calls: int = 100,
    jitter_s: float = 0.0,
) -> AsyncIterator[LastingHouse]:
    world = FakeAsterisk(seed=seed, jitter_s=jitter_s)
    here = LastingHouse(world, _Database(), tuple(agents), entry, away_s, most_calls)
    life = asyncio.create_task(here.live(), name="controllers")
    try:
        await here.here.wait()
        await asyncio.sleep(0.05)
        yield here
    finally:
        if here.now is not None:
            here.now.ari.line.cut = True
        life.cancel()
        await asyncio.wait([life])
        world.close()
