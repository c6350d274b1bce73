"""Records to store, with every field filled with something worth losing."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from routing import board_events as ev
from routing import entries as en
from routing.agents import Agent, Leaving
from routing.board import Board
from routing.entries import Entry, Step, enter
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.rules import QueueRules, Rules
from storage.flow_records import FlowFile, FlowRelease, FlowVersion
from storage.promises import CallbackRecord, NotificationRecord, RecordingRecord
from storage.records import CallRecord, JournalEvent, TranscriptLine

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
        only=AgentId("a2"),
        ring_s=12.5,
        callback="b1",
        not_before=at(-5),
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


def flow_file(content: bytes = b"flow: main\n") -> FlowFile:
    return FlowFile(hashlib.sha256(content).hexdigest(), content)


def flow_version(hash: str = "cd" * 32, name: str = "12345", **changes: Any) -> FlowVersion:
    values: dict[str, Any] = {
        "files": {"main.yaml": flow_file().hash},
        "author": "operator",
        "message": "问候更短",
        "created_at": T0,
        "parent": "ab" * 32,
    }
    return FlowVersion(hash, name, **(values | changes))


def release(seq: int = 1, version: str = "cd" * 32, name: str = "12345", **changes: Any) -> FlowRelease:
    values: dict[str, Any] = {
        "kind": "publish",
        "at": at(seq),
        "author": "operator",
        "message": "问候更短",
        "mapping": {"main.old": "main.new", "main.gone": None},
    }
    return FlowRelease(name, seq, version, **(values | changes))


def callback(id: str = "b1", **changes: Any) -> CallbackRecord:
    values: dict[str, Any] = {
        "call_id": "c-n1-1",
        "entry_id": "e1",
        "queue": "general",
        "number": "13812345678",
        "enqueued_at": at(5),
        "created_at": at(70),
        "language": "zh",
        "skills": {"mandarin": 1},
        "priority": 2,
        "reason": "投诉",
        "not_before": at(600),
        "attempts": 1,
        "data": {"tried": ["busy"]},
        "revision": 3,
    }
    return CallbackRecord(id, **(values | changes))


def recording(id: str = "r1", **changes: Any) -> RecordingRecord:
    values: dict[str, Any] = {
        "call_id": "c-n1-1",
        "purpose": "suggestion",
        "path": "2026/11/r1.wav",
        "created_at": at(30),
        "seconds": 12.5,
        "language": "zh",
        "state": "kept",
        "data": {"finished_by": "#"},
        "revision": 1,
    }
    return RecordingRecord(id, **(values | changes))


def notification(id: str = "m1", **changes: Any) -> NotificationRecord:
    values: dict[str, Any] = {
        "call_id": "c-n1-1",
        "channel": "sms",
        "recipient": "13812345678",
        "text": "您的诉求已受理",
        "next_at": at(10),
        "created_at": at(9),
        "language": "zh",
        "data": {"template": "accepted"},
        "attempts": 2,
        "error": "timeout",
        "revision": 2,
    }
    return NotificationRecord(id, **(values | changes))
