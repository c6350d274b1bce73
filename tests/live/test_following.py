"""A real call is followed by its journal, and judged as a scenario is."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ivr.call.ports import CallerFacts
from ivr.cli.live.following import Follower
from ivr.cli.live.variant import Addresses
from ivr.flow.codec import input_to_json
from ivr.flow.inputs import CallbackPlaced, Digit, PromptEnded, RecordingEnded, RequestEnded, SpeechHeard
from ivr.flow.scenarios.checking import Seen, mismatches
from ivr.flow.scenarios.model import Turn
from tests.flow.scenarios.hotline import library
from tests.flow.support import NOON

SERVER = "http://127.0.0.1:8123"


@dataclass
class Journal:
    """A hotline, as far as the follower looks at it."""

    events: list[Any] = field(default_factory=list)
    languages: Mapping[str, str | None] = field(default_factory=lambda: {"zh": "whisper", "en": None})

    def __post_init__(self) -> None:
        self.library = library()
        self.writer = SimpleNamespace(drain=self._nothing)
        self.store = SimpleNamespace(reading=self._reading)
        self.status = SimpleNamespace(changed=self._changed)

    async def _nothing(self) -> None: ...

    async def _changed(self, seen: int) -> int:
        return seen + 1

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Any]:
        async def of(call: str) -> list[Any]:
            return self.events

        yield SimpleNamespace(journal=SimpleNamespace(of=of))

    def write(self, kind: str, data: Mapping[str, Any]) -> None:
        at = NOON + dt.timedelta(seconds=len(self.events))
        self.events.append(SimpleNamespace(kind=kind, data=data, at=at))

    def input(self, event: Any) -> None:
        self.write("input", input_to_json(event))


def follower(journal: Journal) -> Follower:
    facts = CallerFacts("13800000007", "12345", "main", "v", "zh")
    session: Any = SimpleNamespace(call="c-n1-1", facts=facts, arrived_at=NOON)
    hotline: Any = journal
    return Follower(hotline, session, Addresses(library(), SERVER), "13800000000")


async def test_the_same_inputs_lead_to_the_same_place_and_are_checked_alike() -> None:
    journal = Journal()
    follows = follower(journal)
    await follows.update()
    assert follows.call.listening
    assert follows.call.state.call.speech == ("zh",)
    since = follows.call.moment()
    journal.input(Digit("1"))
    journal.write("option", {"option": "queue"})
    assert await follows.until(lambda call: call.queueing, 1.0)
    seen = Seen.since(follows.call, since)
    assert mismatches(Turn.model_validate({"node": "wait", "queued": "general"}), seen) == []
    assert mismatches(Turn.model_validate({"node": "bye"}), seen) == ["at `main.wait` instead of `bye`"]
    assert follows.digits() == 1


async def test_masked_keys_are_those_that_the_caller_pressed() -> None:
    journal = Journal()
    follows = follower(journal)
    follows.pressed.extend("12")
    journal.input(Digit("*"))
    await follows.update()
    assert follows.call.state.node == "main.wait"
    assert list(follows.pressed) == ["2"]


async def test_addresses_are_told_as_they_were_written() -> None:
    journal = Journal()
    addresses = Addresses(library(), SERVER)
    journal.library = library(
        *[text.replace("https://api.city.example", f"{SERVER}/https/api.city.example") for text in _sources()]
    )
    follows = follower(journal)
    journal.input(Digit("2"))
    await follows.update()
    assert follows.call.done_since(follows.call.moment()._replace(done=0)) == [
        "request GET https://api.city.example/weather"
    ]
    assert addresses.back("x") == "x"


def _sources() -> tuple[str, str]:
    from tests.flow.scenarios.hotline import FLOW, HOTLINE

    return FLOW, HOTLINE.replace("hosts: [api.city.example]", f"hosts: ['{SERVER}', api.city.example]")


async def test_it_is_told_in_the_words_of_a_simulation() -> None:
    journal = Journal()
    follows = follower(journal)
    assert follows.call.state.call.caller == "13800000000"
    follows.call.saying = "Take this, please"
    listen = follows.call.op_of("listen")
    assert listen is not None
    journal.input(SpeechHeard(listen, "take this please.", 0.9))
    await follows.update()
    assert follows.call.state.variables["said"] == "Take this, please"
    journal.events.clear()
    follows = follower(journal)
    journal.input(Digit("4"))
    await follows.update()
    record = follows.call.op_of("record")
    assert record is not None
    journal.input(RecordingEnded(record, "recorded", "c-n1-1.rec-77", 4.0, "silence"))
    await follows.update()
    assert follows.call.state.variables["message"] == {"id": "r-1", "seconds": 4.0, "ended_by": "silence"}
    follows = follower(journal := Journal())
    journal.input(Digit("6"))
    await follows.update()
    promise = follows.call.op_of("callback")
    assert promise is not None
    journal.input(CallbackPlaced(promise, "placed", "cb-n1-77", 1))
    await follows.update()
    assert follows.call.promises == ["cb-n1-77"]


async def test_the_end_of_the_journal_ends_the_waiting() -> None:
    journal = Journal()
    follows = follower(journal)
    journal.write("ended", {"outcome": "completed", "by": "caller"})
    assert not await follows.until(lambda call: call.over, 60.0)
    assert follows.finished


async def test_news_are_told_once_each() -> None:
    journal = Journal()
    follows = follower(journal)
    told: list[int] = []
    follows.on_news = lambda: told.append(len(follows.call.inputs))
    await follows.update()
    journal.input(Digit("2"))
    await follows.update()
    await follows.update()
    assert told == [1]
    op = follows.call.op_of("request")
    assert op is not None
    journal.input(RequestEnded(op, "ok", 200, {"sky": "blue"}))
    await follows.update()
    assert told == [1, 2]
    play = follows.call.op_of("play")
    assert play is not None
    journal.input(PromptEnded(play, "finished"))
    await follows.update()
    assert follows.call.over
