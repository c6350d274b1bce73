"""A call session with everything around it but the telephone network, on virtual time.

    async with house(seed=1, agents=("a1", "a2")) as world: ...

The fake Asterisk couples commands to events and shuffles what Asterisk leaves open; dispatcher, board, machine and
session are the real ones; prompts sound one second each; what is recorded lies in lists.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from asr.protocol import (
    AsrUnavailable,
    Failed,
    Final,
    Heard,
    Hearing,
    LineQuality,
    ListenRequest,
    SpeechBegan,
    Word,
)
from ivr.ari.parse import AnyEvent, Gap
from ivr.call.dialogue import OneDialogue
from ivr.call.front_door import FrontDoor, FrontDoorSettings
from ivr.call.outbound import Outbound
from ivr.call.ports import CallerFacts, CallSummary, Recorded, Said, TalksWrittenDown
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
from ivr.flow.actions import JsonValue, Lookup, Notify, Prompt, Request
from ivr.flow.inputs import LookupEnded, RequestEnded
from ivr.flow.load import load
from ivr.flow.model import FlowLibrary
from ivr.ids import CallId, ChannelId
from ivr.reconcile.reconciler import Reconciler
from ivr.reconcile.wiring import reconcile_by
from ivr.records import FactRecords
from ivr.status import TodayCount
from ivr.talk.conversations import Conversations
from routing.board import Board
from routing.board_events import Fact
from routing.rules_load import load_agents, load_rules
from storage.errors import StorageAway
from storage.promises import CallbackRecord
from storage.records import Fact as StoredFact
from storage.records import JournalEvent
from tests.support.fake_ari import FakeAri
from tests.support.fake_ari_commands import FakeAsterisk
from tests.support.kept_facts import Both
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


class OneSecondPrompts:
    """Every prompt sounds one second, under the media name `sound:<id>`; the first time, `speaks_s` late."""

    def __init__(self) -> None:
        self.speaks_s = 0.0
        self.spoken: set[str] = set()

    def ready(self, prompts: Sequence[Prompt], language: str) -> bool:
        return not self.speaks_s or all(prompt.id in self.spoken for prompt in prompts)

    async def prepare(self, prompts: Sequence[Prompt], language: str) -> None:
        await asyncio.sleep(self.speaks_s)
        self.spoken.update(prompt.id for prompt in prompts)

    def media(self, prompts: Sequence[Prompt], language: str) -> list[str]:
        return [f"sound:{prompt.id}.{language}" for prompt in prompts]

    def seconds(self, prompts: Sequence[Prompt], language: str) -> float:
        return float(len(prompts))


@dataclass(slots=True)
class Utterance:
    """What the recogniser will hear next: begins after `after_s`, lasts `lasts_s`."""

    text: str
    after_s: float = 0.5
    lasts_s: float = 0.5
    phrase: str = ""
    fails: bool = False
    fails_within: bool = False
    line: LineQuality | None = None
    """How the line sounds while it is said."""


class ScriptedEars:
    """Hears what `script` says, one utterance a listening; with an empty script, nothing for ever.

    A talk that is written down hears what `talks` says of each end in turn: the first list the first that is opened.
    most: so many at once; one more is refused.
    """

    def __init__(self) -> None:
        self.script: list[Utterance] = []
        self.talks: list[list[Utterance]] = []
        self.most = 1000
        self.open_now = 0
        self.opened: list[ListenRequest] = []
        self.unavailable = False

    def languages(self) -> frozenset[str]:
        return frozenset({"zh", "en"})

    async def open(self, request: ListenRequest) -> Hearing:
        if self.unavailable:
            raise AsrUnavailable("no model")
        if self.open_now >= self.most:
            raise AsrUnavailable("too many", "overloaded")
        self.opened.append(request)
        self.open_now += 1
        return _ScriptedHearing(self, request)


class _ScriptedHearing:
    media_host = "127.0.0.1"
    media_port = 9999
    media_url = "ws://127.0.0.1:9998/media?hearing=0123456789abcdef"
    media_trust = True

    def __init__(self, ears: ScriptedEars, request: ListenRequest) -> None:
        self._ears = ears
        self._request = request
        self._closed = False

    def __aiter__(self) -> AsyncIterator[Heard]:
        return self._talk() if self._request.continuous else self._answer()

    async def _talk(self) -> AsyncIterator[Heard]:
        lines = self._ears.talks.pop(0) if self._ears.talks else []
        at_s = 0.0
        for said in lines:
            await asyncio.sleep(said.after_s)
            at_s += said.after_s
            if said.fails:
                yield Failed("lost", "the worker died")
                return
            yield SpeechBegan(at_s)
            await asyncio.sleep(said.lasts_s)
            if said.line is not None:
                yield said.line
            ended_s = at_s + said.lasts_s
            yield Final(said.text, self._request.language, "script", 0.9, began_s=at_s, ended_s=ended_s)
            at_s = ended_s
        await asyncio.sleep(100_000)

    async def _answer(self) -> AsyncIterator[Heard]:
        if not self._ears.script:
            await asyncio.sleep(100_000)
        said = self._ears.script.pop(0)
        await asyncio.sleep(said.after_s)
        if said.fails:
            yield Failed("lost", "the worker died")
            return
        yield SpeechBegan(said.after_s)
        await asyncio.sleep(said.lasts_s)
        if said.line is not None:
            yield said.line
        if said.fails_within:
            yield Failed("lost", "the worker died")
            return
        ended_s = said.after_s + said.lasts_s
        word = Word(said.text, said.after_s, ended_s)
        yield Final(
            said.text,
            self._request.language,
            "script",
            0.9,
            said.phrase,
            (word,),
            began_s=said.after_s,
            ended_s=ended_s,
            version="1",
        )

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._ears.open_now -= 1


@dataclass(slots=True)
class Memory:
    """`Records` and `RoutingRecords` as lists."""

    calls: dict[str, CallSummary] = field(default_factory=dict)
    events: list[tuple[str, int, str, Mapping[str, JsonValue]]] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    said_seq: list[int] = field(default_factory=list)
    routed: list[Fact] = field(default_factory=list)
    stored: list[StoredFact] = field(default_factory=list)
    """What the desk wrote down."""
    arrivals: list[CallerFacts] = field(default_factory=list)
    recorded_now: dict[str, Recorded] = field(default_factory=dict)
    """Recordings by id, as they stand."""
    ended_at: dict[str, dt.datetime] = field(default_factory=dict)

    def arrived(self, call: CallId, facts: CallerFacts, at: dt.datetime) -> None:
        self.arrivals.append(facts)

    def journal(
        self, call: CallId, seq: int, kind: str, data: Mapping[str, JsonValue], at: dt.datetime
    ) -> None:
        self.events.append((call, seq, kind, data))

    def transcript(self, call: CallId, seq: int, line: Said, at: dt.datetime) -> None:
        self.said.append(line)
        self.said_seq.append(seq)

    def ended(self, call: CallId, summary: CallSummary, at: dt.datetime) -> None:
        assert call not in self.calls, "a call ended twice"
        self.calls[call] = summary
        self.ended_at[call] = at

    def recorded(self, call: CallId, recording: Recorded) -> None:
        assert recording.id.startswith(call)
        before = self.recorded_now.get(recording.id)
        assert before is None or before.revision < recording.revision
        self.recorded_now[recording.id] = recording

    def routing(self, fact: Fact, at: dt.datetime) -> None:
        self.routed.append(fact)

    def kinds(self) -> list[str]:
        return [kind for _, _, kind, _ in self.events]


class ScriptedOutside:
    """Answers every request and lookup after `takes_s` with `body`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.told: list[Notify] = []
        self.running = 0
        self.takes_s = 0.5
        self.body: JsonValue = {"state": "open"}

    async def request(self, call: CallId, wanted: Request, library: FlowLibrary) -> RequestEnded:
        self.asked.append(("request", wanted.url))
        await self._time()
        return RequestEnded(wanted.op, "ok", 200, self.body, self.takes_s)

    async def lookup(self, call: CallId, wanted: Lookup, caller: str, library: FlowLibrary) -> LookupEnded:
        self.asked.append(("lookup", wanted.source))
        await self._time()
        return LookupEnded(wanted.op, "found", self.body)

    def notify(self, call: CallId, wanted: Notify, caller: str, at: dt.datetime) -> None:
        self.told.append(wanted)

    async def _time(self) -> None:
        self.running += 1
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.running -= 1


@dataclass(slots=True)
class MemoryPromises:
    """A database that takes `takes_s`, or is away."""

    records: dict[str, CallbackRecord] = field(default_factory=dict)
    earlier: list[Kept] = field(default_factory=list)
    events: dict[str, list[JournalEvent]] = field(default_factory=dict)
    takes_s: float = 0.01
    away: bool = False

    async def keep(self, record: CallbackRecord) -> None:
        await asyncio.sleep(self.takes_s)
        if self.away:
            raise StorageAway("the database is away")
        self.records[record.id] = record

    def note(self, record: CallbackRecord) -> None:
        before = self.records.get(record.id)
        assert before is None or before.revision < record.revision
        self.records[record.id] = record

    def journal(self, event: JournalEvent) -> None:
        known = self.events.setdefault(event.call_id, [])
        assert event.seq == len(known) + 1, "the promise's journal has a gap"
        known.append(event)

    def kinds(self) -> list[str]:
        """What happened to the only promise."""
        (events,) = self.events.values()
        return [event.kind for event in events]

    async def waiting(self) -> list[Kept]:
        return self.earlier


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
