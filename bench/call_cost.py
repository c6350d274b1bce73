"""What a whole call costs the controller's one event loop, in numbers that the machine's load does not change.

    python -m bench.call_cost [--quick] [--profile FILE]

The whole controller (`ivr.main.hotline`: front door, sessions, dispatcher, records, spool, writer, SQLite, ARI client),
started as `ivr run` starts it, with the dialogue of `bench.load`: greeting, menu by key, line, an agent, a survey by
key. Asterisk is the fake one, met as bytes: events and answers come in as messages of the websocket, commands go out as
such or as requests over HTTP; only aiohttp's sockets are left out. Time is virtual and the database is asked on the
loop, so that every run takes the same course. Only what the controller does is measured, not the fake.

Counted: turns of the loop, calls of Python's functions (cProfile), events, commands, facts, writes to the spool.
Timed: processor time. The baseline, of the same run: what nobody could leave out of such a call: the dialogue's own
steps, JSON of the same events read and of the same commands and facts written, and as many writes to a file.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import logging
import os
import pstats
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any, Final, Self, TypeVar
from unittest import mock

import aiohttp
import orjson

from bench.whole_house import PROMPTS, TALK_S, prepare_flows
from ivr.ari.client import AriClient
from ivr.ari.parse import Gap
from ivr.ari.repository import Reply, Request
from ivr.ari.results import Operation
from ivr.config import load_settings
from ivr.desk.people import Author
from ivr.flow import codec, machine
from ivr.flow.model import FlowLibrary
from ivr.flow.state import CallFacts
from ivr.hotline import Hotline
from ivr.main.running import hotline
from ivr.opening import UNWANTED
from ivr.steady_clock import SteadyClock
from storage import spool_codec
from storage.records import Fact, JournalEvent
from storage.spool_segments import Segments
from storage.writer import FactWriter
from tests.support.fake_ari_commands import FakeAsterisk
from tests.support.fake_ari_objects import Phone
from tests.support.fake_ari_server import operation_of
from tests.support.inline_database import InlineLoop, inline_sqlite

T = TypeVar("T")

NAMES: Final = tuple(f"b{number}" for number in range(1, 61))
"""Of the agents."""
PER_S: Final = 30
"""Calls that begin in a second of virtual time."""
PRESSES: Final = {1: "1", 3: "5"}
"""While the so-many-th prompt of the call sounds, the greeting and the survey."""
PRESSED_AFTER_S: Final = 0.7
ANSWERS: Final[dict[str, Reply]] = {
    "asterisk.set_global_var": Reply(204),
    "asterisk.delete_object": Reply(204),
    "asterisk.get_object": Reply(404, b'{"message":"no such object"}'),
    "endpoints.list_by_tech": Reply(
        200,
        orjson.dumps(
            [
                {"technology": "PJSIP", "resource": name, "state": "online", "channel_ids": []}
                for name in NAMES
            ]
        ),
    ),
}
"""To what a start asks that the fake Asterisk does not know."""
WARM_UP: Final = 20
OVER_S: Final = 30.0
BEGINS: Final = 1.8e9
"""The wall clock, s since 1970."""

_whose: ContextVar[str] = ContextVar("whose", default="other")
"""Who does what is being done: `ours`, or `other`: the fake Asterisk, the bench."""


@dataclass(slots=True)
class Meter:
    """What the controller's turns of the loop cost, while it is `on`."""

    turns: int = 0
    spent_s: float = 0.0
    profile: cProfile.Profile | None = None

    @contextmanager
    def looking(self) -> Iterator[None]:
        """At every turn of the loop within the block."""
        plain = asyncio.Handle._run

        def run(handle: Any) -> None:
            if handle._context.get(_whose) != "ours":
                return plain(handle)
            self.turns += 1
            began = time.thread_time()
            if self.profile is not None:
                self.profile.enable()
            try:
                plain(handle)
            finally:
                if self.profile is not None:
                    self.profile.disable()
                self.spent_s += time.thread_time() - began

        with mock.patch.object(asyncio.Handle, "_run", run):
            yield


@dataclass(slots=True)
class Seen:
    """What went through. counts: while it is True. Commands by operation, over the websocket and over HTTP."""

    counts: bool = False
    events: list[bytes] = field(default_factory=list)
    by_socket: Counter[str] = field(default_factory=Counter)
    by_http: Counter[str] = field(default_factory=Counter)
    commands: list[bytes] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    """Bytes of each."""

    @contextmanager
    def looking(self, writer: FactWriter) -> Iterator[None]:
        """Within the block."""
        put_down = Segments.put_down

        def seen_put_down(segments: Segments, framed: bytes, index: int) -> None:
            self.writes.append(len(framed))
            put_down(segments, framed, index)

        def see_batch(facts: Sequence[Fact], seconds: float) -> None:
            self.facts.extend(facts)

        writer.watchers.append(see_batch)
        self.counts = True
        try:
            with mock.patch.object(Segments, "put_down", seen_put_down):
                yield
        finally:
            self.counts = False
            writer.watchers.remove(see_batch)


class FakeSocket:
    """The event websocket, as `AriClient` uses it."""

    close_code = 1000

    def __init__(self) -> None:
        self._messages: asyncio.Queue[aiohttp.WSMessage] = asyncio.Queue()

    def tell(self, raw: bytes) -> None:
        self._messages.put_nowait(aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, raw, None))  # type: ignore[call-arg]

    async def receive(self) -> Any:
        return await self._messages.get()


class Exchange:
    """The fake Asterisk behind a websocket and an HTTP port without either. The caller presses what `PRESSES` says."""

    def __init__(self, world: FakeAsterisk, seen: Seen) -> None:
        self._world = world
        self._seen = seen
        self._as_other = Context()
        self._under_way: set[asyncio.Task[Any]] = set()
        self._played: Counter[str] = Counter()
        self.socket = FakeSocket()
        world.deliver = self._event

    def _event(self, raw: bytes) -> None:
        if orjson.loads(raw)["type"] in UNWANTED:
            return
        if self._seen.counts:
            self._seen.events.append(raw)
        self.socket.tell(raw)

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work, context=self._as_other)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _answered(self, request: Request) -> Reply:
        if request.operation.name in ANSWERS:
            return ANSWERS[request.operation.name]
        if request.operation.name == "channels.play_with_id":
            channel = request.target.split("/")[2]
            self._played[channel] += 1
            if key := PRESSES.get(self._played[channel]):
                self._world.press(channel, key, after_s=PRESSED_AFTER_S)
        return await self._world.exchange(request)

    async def exchange(self, request: Request) -> Reply:
        """Over HTTP."""
        if self._seen.counts:
            self._seen.by_http[request.operation.name] += 1
            self._seen.commands.append(request.target.encode() + (request.body or b""))
        reply: Reply = await asyncio.shield(self._begin(self._answered(request)))
        return reply

    async def send(self, message: bytes) -> None:
        """Over the websocket."""
        self._begin(self._read_and_answered(message))

    async def _read_and_answered(self, message: bytes) -> None:
        asked = orjson.loads(message)
        target = "/" + asked["uri"]
        operation = operation_of(asked["method"], target.partition("?")[0])
        assert isinstance(operation, Operation)
        if self._seen.counts:
            self._seen.by_socket[operation.name] += 1
            self._seen.commands.append(message)
        reply = await self._answered(
            Request(operation, target, asked.get("message_body", "").encode() or None)
        )
        told = {"type": "RESTResponse", "transaction_id": "", "request_id": asked["request_id"]}
        answer: dict[str, Any] = told | {
            "status_code": reply.status,
            "reason_phrase": "",
            "uri": asked["uri"],
        }
        if reply.body:
            answer |= {"content_type": "application/json", "message_body": reply.body.decode()}
        self.socket.tell(orjson.dumps(answer))


class WiredClient(AriClient):
    """The real client on an `Exchange`: no connection is made, all else is as ever."""

    exchange: Exchange

    async def __aenter__(self) -> Self:
        wire = self.exchange
        self._switch.http = wire
        self._switch.socket = self._socket_rest
        self._socket_rest.opened(wire.send)
        self.heart.opened()
        self._set_connected(True)
        self.bus.dispatch(Gap(True, 0.0))
        self._reader = asyncio.create_task(self._read(wire.socket), name="ari reader")  # type: ignore[arg-type, assignment]
        return self


@dataclass(slots=True)
class House:
    running: Hotline
    world: FakeAsterisk
    as_other: Context = field(default_factory=Context)
    callers: Iterator[int] = field(default_factory=count)

    async def calls(self, number: int) -> None:
        """So many whole calls, each of another caller, until the last is over and everything is stored."""
        for caller in islice(self.callers, number):
            self.as_other.run(self.world.call, caller=f"138{caller:08}", dialled="12345")
            await asyncio.sleep(1 / PER_S)
        async with asyncio.timeout(OVER_S):
            while self.world.channels or len(self.running.front_door.registry):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)


@asynccontextmanager
async def open_house(folder: Path, seen: Seen) -> AsyncIterator[House]:
    prepare_flows(folder / "flows", folder / "cache", NAMES, PROMPTS)
    loop, world = asyncio.get_running_loop(), FakeAsterisk(seed=1)
    for name in NAMES:
        world.phones[f"PJSIP/{name}"] = Phone(rings_s=0.1, talks_s=TALK_S)
    exchange = Exchange(world, seen)
    settings = load_settings(
        state_dir=folder / "state",
        flows_dir=folder / "flows",
        entry_flow="bench",
        default_language="en",
        web={"enabled": False},
        speech={"engine": "off"},
        prompts={"render": False},
        max_calls=5000,
        watch=False,
        asterisk={"mode": "external"},
    )

    def client(*arguments: Any) -> WiredClient:
        made = WiredClient(*arguments)
        made.exchange = exchange
        return made

    (folder / "state").mkdir()
    clock = SteadyClock(folder / "clock.json", wall=lambda: BEGINS + loop.time(), count=loop.time)
    _whose.set("ours")
    with mock.patch("ivr.main.ground.AriClient", client):
        async with hotline(settings, clock=clock) as running:
            for name in NAMES:
                running.desk.log_in(Author.of_agent(name))
            _whose.set("other")
            await asyncio.sleep(1.0)
            yield House(running, world)
            _whose.set("ours")


def baseline_s(calls: int, seen: Seen, library: FlowLibrary, folder: Path) -> float:
    """Processor time of what nobody could leave out of these calls."""
    told: dict[str, list[Any]] = {}
    for fact in seen.facts:
        if isinstance(fact, JournalEvent) and fact.kind in ("arrived", "input"):
            told.setdefault(fact.call_id, []).append((fact.at, dict(fact.data), fact.kind))
    inputs = [
        [(at, codec.input_from_json(data) if kind == "input" else None) for at, data, kind in events]
        for events in told.values()
    ]
    assert len(inputs) == calls
    facts = [orjson.loads(spool_codec.as_json(fact)) for fact in seen.facts]
    commands = [one.decode() for one in seen.commands]
    file = os.open(folder / "baseline", os.O_RDWR | os.O_CREAT)
    began = time.thread_time()
    for events in inputs:
        step = machine.start(library, "", CallFacts("c", "1", "2", "en"), events[0][0])
        for at, event in events[1:]:
            step = machine.step(library, step.state, event, at)
    for raw in seen.events:
        orjson.loads(raw)
    for command in commands:
        orjson.dumps(command)
    for fact in facts:
        orjson.dumps(fact)
    at = 0
    for size in seen.writes:
        at += os.pwrite(file, bytes(size), at)
    spent_s = time.thread_time() - began
    os.close(file)
    return spent_s


async def measured(calls: int, rounds: int, profile_to: str) -> dict[str, Any]:
    seen, counting, spent_ms, base_ms = Seen(), Meter(profile=cProfile.Profile()), [], []
    with tempfile.TemporaryDirectory(prefix="bench-call-") as folder:
        async with open_house(Path(folder), seen) as house:
            await house.calls(WARM_UP)
            with seen.looking(house.running.writer):
                await house.calls(calls)
            with counting.looking():
                await house.calls(calls)
            for _ in range(rounds):
                meter = Meter()
                with meter.looking():
                    await house.calls(calls)
                spent_ms.append(meter.spent_s / calls * 1000)
                spent_s = baseline_s(calls, seen, house.running.flows.library, Path(folder))
                base_ms.append(spent_s / calls * 1000)
    assert counting.profile is not None
    if profile_to:
        counting.profile.dump_stats(profile_to)
    functions = pstats.Stats(counting.profile).stats.items()  # type: ignore[attr-defined]
    python_calls = sum(ncalls for (file, _, _), (_, ncalls, *_) in functions if file != "~")

    def a_call(number: float) -> float:
        return round(number / calls, 1)

    return {
        "calls": calls,
        "events": a_call(len(seen.events)),
        "commands_by_websocket": a_call(seen.by_socket.total()),
        "commands_by_http": {name: a_call(number) for name, number in sorted(seen.by_http.items())},
        "facts": a_call(len(seen.facts)),
        "facts_by_kind": {
            kind.__name__: a_call(number)
            for kind, number in Counter(type(fact) for fact in seen.facts).most_common()
        },
        "writes": a_call(len(seen.writes)),
        "bytes_written": round(sum(seen.writes) / calls),
        "turns_of_the_loop": a_call(counting.turns),
        "python_calls": a_call(python_calls),
        "processor_ms": round(min(spent_ms), 2),
        "processor_ms_median": round(median(spent_ms), 2),
        "baseline_ms": round(min(base_ms), 2),
        "ratio": round(min(spent_ms) / min(base_ms), 1),
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--profile", default="", help="a file for cProfile's figures of the counted calls")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    calls, rounds = (40, 3) if arguments.quick else (100, 7)
    measuring = measured(calls, rounds, arguments.profile)
    with inline_sqlite(lambda: nullcontext), asyncio.Runner(loop_factory=InlineLoop) as runner:
        print(json.dumps(runner.run(measuring)))


if __name__ == "__main__":
    main()
