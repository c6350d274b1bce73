"""A call session with everything around it but the telephone network, on virtual time.

    async with house(seed=1, agents=("a1", "a2")) as world: ...

The fake Asterisk couples commands to events and shuffles what Asterisk leaves open; dispatcher, board, machine and
session are the real ones; prompts sound one second each; what is recorded lies in lists.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ivr.ari.parse import AnyEvent, Gap
from ivr.call.dialogue import OneDialogue
from ivr.call.front_door import FrontDoor, FrontDoorSettings
from ivr.call.outbound import Outbound
from ivr.call.ports import TalksWrittenDown
from ivr.call.services import CallServices
from ivr.call.shared_ears import SharedEars
from ivr.call.standard_codes import AGENT_FLOW
from ivr.callback.desk import CallbackDesk
from ivr.callback.hours import Hours, always
from ivr.callback.promises import Kept
from ivr.callback.services import CallbackServices
from ivr.callback.settings import CallbackSettings
from ivr.desk.people import Author
from ivr.desk.service import Desk
from ivr.desk.telephone import DeskByTelephone
from ivr.dispatch import Dispatcher
from ivr.flow.actions import JsonValue
from ivr.flow.load import load
from ivr.flow.model import FlowLibrary
from ivr.ids import ChannelId
from ivr.reconcile.reconciler import Reconciler
from ivr.reconcile.wiring import reconcile_by
from ivr.records import FactRecords
from ivr.status import TodayCount
from ivr.talk.conversations import Conversations
from routing.board import Board
from routing.rules_load import load_agents, load_rules
from storage.records import Fact as StoredFact
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_commands import FakeAsterisk
from tests.support.in_memory import Memory, MemoryPromises
from tests.support.kept_facts import Both
from tests.support.scripted_ears import ScriptedEars
from tests.support.stand_ins import OneSecondPrompts, ScriptedOutside
from tests.support.virtual_time import VirtualClock

FLOWS = Path(__file__).parents[1] / "call" / "flows"

PINS = {"a2": "4711"}

OUTBOUND = Outbound(("110", "12356", "138X{8}"), caller_id="12345")

QUEUES = """
skills: {mandarin: {en: Mandarin}}
languages: {zh: {mandarin: 1}}
queues:
  general: {ring_s: 5, wrap_up_s: 10, max_wait_s: 60, no_answer_pause_after: 2, retry_s: 3}
"""


def agents_yaml(names: Sequence[str]) -> str:
    lines = [
        f"  - {{id: {name}, name: {name}, extension: '{1001 + n}', skills: {{mandarin: 5}}, queues: [general]}}"
        for n, name in enumerate(names)
    ]
    return "agents:\n" + "\n".join(lines) + "\n"


@dataclass(slots=True)
class House:
    ari: FakeAri
    ears: ScriptedEars
    memory: Memory
    dispatcher: Dispatcher
    front_door: FrontDoor
    outside: ScriptedOutside
    promises: MemoryPromises
    callbacks: CallbackDesk
    prompts: OneSecondPrompts
    desk: Desk
    talks: Conversations
    reconciler: Reconciler
    facts: list[StoredFact]
    """What the records of calls and routing would store."""

    async def until(self, done: float) -> None:
        """Let virtual time go on for `done` seconds."""
        await asyncio.sleep(done)

    def heard(self, channel: str) -> list[str]:
        """Media that began to play to this channel, in order."""
        return [
            media.removeprefix("sound:")
            for name, values in self.ari.world.commands
            if name == "channels.play_with_id" and values["channelId"] == channel
            for media in _list(values["media"])
        ]

    def log_in(self, *agents: str) -> None:
        for agent in agents:
            self.desk.log_in(Author.of_agent(agent), pin=PINS.get(agent, ""))

    def log_out(self, agent: str) -> None:
        self.desk.log_out(Author.of_agent(agent))

    def pause(self, agent: str) -> None:
        self.desk.pause(Author.of_agent(agent))

    def unpause(self, agent: str) -> None:
        self.desk.unpause(Author.of_agent(agent))

    def states(self) -> dict[str, str]:
        return {agent.id: agent.state for agent in self.dispatcher.board.agents.values()}

    def assert_nothing_left(self) -> None:
        """No channel, bridge or playback in Asterisk, no live call, no open ear, nobody in line."""
        self.ari.world.assert_empty()
        assert len(self.front_door.registry) == 0
        assert self.front_door.failed == 0, "see the log for what failed"
        assert self.ears.open_now == 0
        assert self.outside.running == 0
        assert self.dispatcher.board.entries() == []
        for call in self.memory.calls:
            numbers = [seq for owner, seq, _, _ in self.memory.events if owner == call]
            assert numbers == list(range(1, len(numbers) + 1)), "the journal has gaps"


def _list(value: object) -> list[str]:
    return value.split(",") if isinstance(value, str) else [str(item) for item in value]  # type: ignore[attr-defined]


@functools.cache
def the_dialogues() -> FlowLibrary:
    return load(FLOWS)


def _without_codes(library: FlowLibrary) -> Mapping[str, Any]:
    return {name: flow for name, flow in library.flows.items() if name != AGENT_FLOW}


@asynccontextmanager
async def house(
    seed: int = 0,
    agents: Sequence[str] = ("a1", "a2"),
    max_calls: int = 100,
    jitter_s: float = 0.004,
    entry: str = "main",
    earlier: Sequence[Kept] = (),
    history: Callable[[str], Awaitable[Mapping[str, JsonValue]]] | None = None,
    written_down: TalksWrittenDown = "off",
    promised_by: CallbackSettings | None = None,
    callback_hours: Hours = always,
    codes: bool = False,
) -> AsyncIterator[House]:
    """entry: the flow that calls begin with. earlier: promises of an earlier run. history: what is known of callers,
    which the dialogue then looks at. codes: the dialogue has its flow `agent_codes`."""
    clock = VirtualClock()
    rules = load_rules(QUEUES)
    memory, ears = Memory(), ScriptedEars()
    facts: list[StoredFact] = []
    records: Any = Both(memory, FactRecords(facts.append, "n1", TodayCount(clock)))
    board = Board(rules, load_agents(agents_yaml(agents), rules, clock.now()))
    library = the_dialogues()
    async with FakeAri(FakeAsterisk(seed=seed, jitter_s=jitter_s)) as ari:
        dispatcher = Dispatcher(board, clock, records)
        prompts = OneSecondPrompts()
        outside, promises = ScriptedOutside(), MemoryPromises(earlier=list(earlier))
        house_of = CallbackServices(
            ari, dispatcher, OUTBOUND, clock, audio=lambda: prompts, number_of=library.numbers.get
        )
        callbacks = CallbackDesk(
            house_of, dispatcher, promises, "n1", settings=promised_by, hours=callback_hours
        )
        talks = Conversations()
        ended: list[ChannelId] = []
        desk = Desk(dispatcher, clock, memory.stored.append, talks, ended.append, PINS)
        services = CallServices(
            ari,
            prompts,
            SharedEars(ears),
            dispatcher,
            records,
            clock,
            outside=outside,
            callbacks=callbacks,
            outbound=OUTBOUND,
            written_down=written_down,
            desk=DeskByTelephone(desk),
            talks=talks,
            in_talk=house_of.in_talk,
            onward=house_of.onward,
        )

        def heard(event: AnyEvent) -> None:
            if isinstance(event, Gap):
                reconciler.soon()

        settings = FrontDoorSettings("n1", entry, "zh", max_calls)
        spoken = library if codes else replace(library, flows=_without_codes(library))
        dialogues = OneDialogue(spoken, services.audio, asks_history=history is not None)
        door = FrontDoor(services, dialogues, settings, lambda: None, heard, history)
        reconciler = reconcile_by(ari, clock, "n1", door, dispatcher, talks, services.in_talk, callbacks)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(door.run(), name="front door"),
                group.create_task(callbacks.run(door.registry), name="callbacks"),
                group.create_task(reconciler.run(), name="reconciler"),
            ]
            dispatcher.start()
            await asyncio.sleep(0.1)
            try:
                yield House(
                    ari,
                    ears,
                    memory,
                    dispatcher,
                    door,
                    outside,
                    promises,
                    callbacks,
                    prompts,
                    desk,
                    talks,
                    reconciler,
                    facts,
                )
            finally:
                for task in tasks:
                    task.cancel()
                dispatcher.close()
