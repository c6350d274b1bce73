"""What calls, board and promises write down, kept in lists and dictionaries instead of a database."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr.call.ports import CallerFacts, CallSummary, Recorded, Said
from ivr.callback.promises import Kept
from ivr.flow.actions import JsonValue
from ivr.ids import CallId
from routing.board_events import Fact
from storage.errors import StorageAway
from storage.promises import CallbackRecord
from storage.records import Fact as StoredFact
from storage.records import JournalEvent


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
