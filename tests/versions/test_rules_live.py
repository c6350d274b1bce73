"""Rules that change while calls are up: in force at once, for all; nobody is logged out, nobody's queue is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ivr.call.dialogue import Dialogue
from ivr.call.ports import Offer
from ivr.dispatch import Dispatcher
from ivr.flow.load import load_sources
from ivr.rules_live import LiveRules
from ivr.versions.routing_rules import rules_of
from ivr.versions.service import Versions
from routing.agent_events import LogIn
from routing.board import Board
from routing.board_events import AgentActed, BoardEvent, Fact, Result
from routing.entries import enter
from routing.ids import AgentId, EntryId, QueueName
from routing.rules_load import load_agents
from storage.records import EntryRecord
from storage.store import Store
from tests.support.stand_ins import OneSecondPrompts
from tests.support.virtual_time import VirtualClock, run_virtual
from tests.versions.drafts import BASE, waiting

GENERAL, HELP = QueueName("general"), QueueName("help")
HOUR_S = 3600.0
DAY_DESK = b"""hotline: demo
languages: [zh, en]
entry: main
calendars: {desk: {timezone: Asia/Shanghai, weekly: {daily: "09:00-18:00"}}}
"""


def dialogue(queues: str, **beside: bytes) -> Dialogue:
    sources = {
        **BASE,
        "queues.yaml": queues.encode(),
        **{f"{name}.yaml": each for name, each in beside.items()},
    }
    return Dialogue(load_sources(sources), OneSecondPrompts(), rules=rules_of(sources))


class Flows:
    """Which versions calls run, as `LiveFlows` knows it."""

    def __init__(self, first: Dialogue) -> None:
        self._all = [first]
        self.on_change: Callable[[], None] = lambda: None

    @property
    def current(self) -> Dialogue:
        return self._all[0]

    @property
    def library(self) -> object:
        return self.current.library

    def dialogues(self) -> list[Dialogue]:
        return list(self._all)

    def become(self, dialogue: Dialogue, *, older_in_use: bool = False) -> None:
        self._all = [dialogue, *(self._all if older_in_use else ())]
        self.on_change()

    def retire_older(self) -> None:
        del self._all[1:]
        self.on_change()


class Seat:
    def __init__(self) -> None:
        self.offers: list[Offer] = []
        self.ended: list[str] = []

    def offered(self, offer: Offer) -> None:
        self.offers.append(offer)

    def withdrawn(self, offer: Offer) -> None:
        self.ended.append("withdrawn")

    def rejected(self, why: str) -> None:
        self.ended.append(why)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class Floor(Dispatcher):
    """The dispatcher, with what it told its board in words."""

    def __init__(self, board: Board, clock: VirtualClock) -> None:
        super().__init__(board, clock, Silent())
        self.told: list[str] = []

    def apply(self, event: BoardEvent) -> list[Result]:
        name = type(event).__name__
        if name == "HoursChanged":
            self.told.append(f"closed: {' '.join(sorted(event.closed))}".strip())  # type: ignore[union-attr]
        elif name == "RulesChanged":
            self.told.append("rules")
        return super().apply(event)

    def wait(self, queue: str, name: str = "e1") -> Seat:
        seat = Seat()
        now = self._clock.now()
        self.put(enter(EntryId(name), QueueName(queue), f"c-{name}", now), "", seat)  # type: ignore[arg-type]
        return seat


class Silent:
    def routing(self, fact: Fact, at: object) -> None:
        pass


AGENTS = """
agents:
  - {id: a1, name: Li, extension: "1001", skills: {english: 3}, queues: [general, help]}
"""


def world(first: Dialogue, work: Callable[[Flows, LiveRules, Floor], Awaitable[None]]) -> list[str]:
    """Runs it on virtual time, from 9 in the morning UTC (17 o'clock in Shanghai). What the board was told."""
    told: list[str] = []

    async def main() -> None:
        nonlocal told
        clock = VirtualClock()
        flows = Flows(first)
        rules = LiveRules(flows, None, clock)  # type: ignore[arg-type]  # begun below, without a store
        rules.in_force = first.rules
        floor = Floor(Board(first.rules, load_agents(AGENTS, first.rules, clock.now())), clock)
        told = floor.told
        rules.drive(floor)
        await work(flows, rules, floor)
        rules.close()
        floor.close()

    run_virtual(main)
    return told


SHARED = "skills: {english: {}, knots: {}}\n"
BOTH = dialogue(SHARED + "queues: {general: {}, help: {}}\n")
WITHOUT_HELP = dialogue(SHARED + "queues: {general: {}}\n")


def test_who_waits_already_is_served_by_the_new_rules() -> None:
    strict = dialogue(SHARED + "queues: {general: {steps: [{require: {knots: 1}}]}, help: {}}\n")

    async def relax(flows: Flows, rules: LiveRules, floor: Floor) -> None:
        floor.apply(AgentActed(AgentId("a1"), LogIn()))
        seat = floor.wait("general")
        assert seat.offers == []
        flows.become(BOTH)
        assert [offer.agent for offer in seat.offers] == ["a1"]
        assert floor.board.agents[AgentId("a1")].logged_in

    assert world(strict, relax) == ["rules"]


def test_the_same_rules_are_not_told_again() -> None:
    louder = dialogue(
        SHARED + "queues: {general: {}, help: {}}\n", extra=b"flow: extra\nnodes: {a: {kind: hangup}}\n"
    )

    async def publish(flows: Flows, rules: LiveRules, floor: Floor) -> None:
        flows.become(louder, older_in_use=True)
        flows.retire_older()

    assert world(BOTH, publish) == []


def test_a_queue_that_is_gone_stays_for_calls_of_the_version_that_has_it() -> None:
    async def publish(flows: Flows, rules: LiveRules, floor: Floor) -> None:
        flows.become(WITHOUT_HELP, older_in_use=True)
        assert HELP in floor.board.rules.queues
        floor.apply(AgentActed(AgentId("a1"), LogIn()))
        assert [offer.agent for offer in floor.wait("help").offers] == ["a1"]

    world(BOTH, publish)


def test_a_queue_that_is_gone_stays_for_those_who_wait_in_it() -> None:
    async def publish(flows: Flows, rules: LiveRules, floor: Floor) -> None:
        seat = floor.wait("help")
        flows.become(WITHOUT_HELP)
        assert HELP in floor.board.rules.queues
        assert seat.ended == []
        floor.apply(AgentActed(AgentId("a1"), LogIn()))
        assert [offer.agent for offer in seat.offers] == ["a1"]

    world(BOTH, publish)


def test_it_goes_when_nobody_needs_it() -> None:
    async def publish(flows: Flows, rules: LiveRules, floor: Floor) -> None:
        flows.become(WITHOUT_HELP, older_in_use=True)
        flows.retire_older()
        assert set(floor.board.rules.queues) == {"general"}

    assert world(BOTH, publish) == ["rules"]


def test_it_goes_when_the_last_who_waits_there_leaves() -> None:
    async def publish(flows: Flows, rules: LiveRules, floor: Floor) -> None:
        floor.wait("help", "e1")
        floor.wait("help", "e2")
        flows.become(WITHOUT_HELP)
        floor.leave(EntryId("e1"), "abandoned")
        await asyncio.sleep(1)
        assert HELP in floor.board.rules.queues
        floor.leave(EntryId("e2"), "abandoned")
        await asyncio.sleep(1)
        assert set(floor.board.rules.queues) == {"general"}

    world(BOTH, publish)


def test_queues_close_by_the_calendar_that_they_name_or_have() -> None:
    timed = dialogue(
        "queues:\n  general: {hours: desk}\n  help: {hours: {base: desk, weekly: {daily: '09:00-17:30'}}}\n"
        + "  night: {}\n"
        + SHARED,
        hotline=DAY_DESK,
    )

    async def evening(flows: Flows, rules: LiveRules, floor: Floor) -> None:
        assert rules.hours.closed == frozenset()
        await asyncio.sleep(0.75 * HOUR_S)
        assert rules.hours.closed == {HELP}
        await asyncio.sleep(0.5 * HOUR_S)
        assert rules.hours.closed == {HELP, GENERAL}
        rules.hours.say("desk", True, by="li", why="storm")
        assert rules.hours.closed == {HELP}

    assert world(timed, evening) == [
        "closed: help",
        "closed: general help",
        "closed: help",
    ]


def test_who_still_waits_at_the_closing_is_moved_on_and_served() -> None:
    closing = dialogue(
        SHARED
        + "queues:\n  general: {max_wait_s: null}\n"
        + "  help: {hours: desk, serve_after_closing: false, max_wait_s: null, steps: [{require: {knots: 1}}],\n"
        + "         overflow: [{to: general, closed: true}]}\n",
        hotline=DAY_DESK,
    )

    async def evening(flows: Flows, rules: LiveRules, floor: Floor) -> None:
        floor.apply(AgentActed(AgentId("a1"), LogIn()))
        seat = floor.wait("help")
        await asyncio.sleep(0.9 * HOUR_S)
        assert seat.offers == []
        await asyncio.sleep(0.2 * HOUR_S)
        assert [offer.agent for offer in seat.offers[:1]] == ["a1"]
        late = floor.wait("help", "e2")
        entry = floor.board.entry(EntryId("e2"))
        assert entry is not None and (entry.queue, late.ended) == ("general", [])

    assert world(closing, evening) == ["closed: help"]


def test_what_opens_with_new_rules_opens_before_them_and_what_closes_closes_after() -> None:
    before = dialogue("queues: {general: {hours: {always: closed}}, help: {}}\n" + SHARED)
    after = dialogue("queues: {general: {}, help: {hours: {always: closed}}}\n" + SHARED)

    async def publish(flows: Flows, rules: LiveRules, floor: Floor) -> None:
        flows.become(after)

    assert world(before, publish) == ["closed: general", "closed:", "rules", "closed: help"]


async def test_a_promise_in_a_queue_that_is_gone_finds_its_rules_again(store: Store) -> None:
    versions = Versions(store, "demo")
    old = {**BASE, "queues.yaml": b"queues: {general: {}, help: {ring_s: 33}}\n"}
    first = (await versions.publish(old, author="", message="")).release.version
    await versions.publish(BASE, author="", message="")
    entry = await waiting(store, first)
    async with store.unit_of_work() as uow:
        moved = enter(EntryId("e2"), HELP, entry.call_id, entry.enqueued_at)
        await uow.entries.upsert(EntryRecord.of(moved))
    flows = Flows(Dialogue(load_sources(BASE), OneSecondPrompts(), rules=rules_of(BASE)))
    clock = VirtualClock()
    rules = LiveRules(flows, versions, clock)  # type: ignore[arg-type]
    in_force = await rules.begin()
    assert in_force.queues[HELP].ring_s == 33
    floor = Floor(Board(in_force), clock)
    rules.drive(floor)
    assert HELP in floor.board.rules.queues
    rules.close()
    floor.close()
