"""Records to store, with every field filled with something worth losing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from routing import board_events as ev
from routing import entries as en
from routing.agents import Agent, Leaving
from routing.board import Board
from routing.entries import Entry, Step, enter
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.rules import QueueRules, Rules
from storage.records import CallRecord, FlowVersion, JournalEvent, TranscriptLine

T0 = dt.datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=dt.UTC)
SHANGHAI = dt.timezone(dt.timedelta(hours=8))


def at(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


def call(id: str = "c-n1-1", **changes: Any) -> CallRecord:
    values: dict[str, Any] = {
        "caller": "13812345678",
        "dialled": "12345",
        "language": "zh",
        "flow": "main",
        "flow_version": "ab" * 32,
        "started_at": T0,
        "data": {"trunk": "模拟", "n": [1, 2.5, None]},
    }
    return CallRecord(id=id, **(values | changes))


def event(seq: int, call_id: str = "c-n1-1", **data: Any) -> JournalEvent:
    return JournalEvent(call_id, seq, at(seq), "node_entered", data or {"node": f"n{seq}"})


def line(seq: int, call_id: str = "c-n1-1") -> TranscriptLine:
    words = [{"text": "路灯", "start_s": 0.1, "end_s": 0.5, "confidence": 0.9}]
    return TranscriptLine(call_id, seq, at(seq), "caller", "路灯坏了", "zh", 0.87, "vosk", words)


def agent(id: str = "a1", extension: str = "1001") -> Agent:
    return Agent(
        id=AgentId(id),
        name="李梅",
        extension=extension,
        skills={SkillName("mandarin"): 5, SkillName("english"): 2},
        queues=frozenset({QueueName("general"), QueueName("crisis")}),
        since=T0,
        idle_since=at(-5),
        state="talking",
        until=at(9),
        no_answers=2,
        entry=EntryId("e1"),
        leaving=Leaving("paused", "meal"),
        labels={"site": "east"},
        revision=3,
    )


def entry(id: str = "e1", call_id: str = "c-n1-1") -> Entry:
    made = enter(
        EntryId(id),
        QueueName("general"),
        call_id,
        T0,
        skills={SkillName("mandarin"): 2},
        steps=(Step({SkillName("complaint"): 3}, {SkillName("english"): 1}, 20.0), Step()),
        priority=5,
        language="zh",
        reason="投诉",
        timeout_s=600.0,
    )
    for happened, seconds in (
        (en.Offered(AgentId("a1")), 1),
        (en.NotTaken("rejected"), 2),
        (en.Relaxed(1, at(20), "time"), 20),
        (en.Announced(3), 21),
        (en.Offered(AgentId("a2")), 22),
        (en.Joined(), 25),
        (en.Ended("served"), 99),
    ):
        made = en.apply(made, happened, at(seconds))
    return made


def decided() -> list[ev.Decided]:
    """Decisions of a real board: an offer, a wait and a rejection."""
    rules = Rules({QueueName("general"): QueueRules(QueueName("general"), max_length=1)})
    free = Agent(
        AgentId("a9"), "Ann", "1009", {}, frozenset({QueueName("general")}), T0, T0, state="available"
    )
    board = Board(rules, [free])
    results = []
    for number, id in enumerate(("e1", "e2")):
        arrived = ev.EntryArrived(enter(EntryId(id), QueueName("general"), f"call-{id}", at(number)))
        results += board.apply(arrived, at(number))
    results += board.apply(ev.NotAnswered(EntryId("e1"), AgentId("a9"), "busy"), at(3))
    return [each for each in results if isinstance(each, ev.Decided)]


def flow_version(hash: str = "cd" * 32, name: str = "main") -> FlowVersion:
    return FlowVersion(hash, name, "start: greeting\n", T0, "operator")
