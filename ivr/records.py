"""Turns what calls and routing report into facts for storage. Nothing here waits: the writer batches behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Literal

from ivr.call.ports import CallerFacts, CallSummary, LiveCall, Recorded, Said
from ivr.call.saved import SHAPE
from ivr.flow.actions import JsonValue
from ivr.ids import CallId
from ivr.projections.entries import change_of
from ivr.status import TodayCount
from routing.board_events import AgentChanged, Decided, EntryChanged
from routing.board_events import Fact as RoutingFact
from storage.journal_versions import version_of
from storage.live_records import LiveCallRecord
from storage.promises import RecordingRecord
from storage.records import (
    AgentRecord,
    AgentStateChange,
    CallRecord,
    DecisionRecord,
    EntryRecord,
    Fact,
    JournalEvent,
    TranscriptLine,
)


class FactRecords:
    """Implements `ivr.call.ports.Records` and `ivr.dispatch.RoutingRecords`."""

    def __init__(self, put: Callable[[Fact], None], node: str, today: TodayCount) -> None:
        self._put = put
        self._node = node
        self._today = today

    def arrived(self, call: CallId, facts: CallerFacts, at: dt.datetime) -> None:
        if not (facts.agent or facts.handed_from):
            self._today.arrived()
        self._put(self._call(call, facts, at))

    def journal(
        self, call: CallId, seq: int, kind: str, data: Mapping[str, JsonValue], at: dt.datetime
    ) -> None:
        self._put(JournalEvent(call, seq, at, kind, data, version_of(kind)))

    def transcript(self, call: CallId, seq: int, line: Said, at: dt.datetime) -> None:
        self._put(
            TranscriptLine(
                call_id=call,
                seq=seq,
                at=at,
                speaker=line.speaker,
                text=line.text,
                language=line.language,
                confidence=line.confidence,
                engine=line.engine,
                words=[asdict(word) for word in line.words],
                party=line.party,
                source=line.source,
                began_at=line.began_at,
                ended_at=line.ended_at,
                engine_version=line.engine_version,
            )
        )

    def recorded(self, call: CallId, recording: Recorded) -> None:
        self._put(
            RecordingRecord(
                id=recording.id,
                call_id=call,
                purpose=recording.purpose,
                path=recording.path,
                created_at=recording.began_at,
                seconds=recording.seconds,
                language=recording.language,
                state=recording.state,
                data={"ended_by": recording.ended_by},
                revision=recording.revision,
            )
        )

    def ended(self, call: CallId, summary: CallSummary, at: dt.datetime) -> None:
        begun = self._call(call, summary.facts, summary.arrived_at)
        self._put(
            replace(
                begun,
                state="ended",
                language=summary.language,
                ended_at=at,
                ended_by=summary.ended_by,
                cause=summary.cause,
                data={
                    **begun.data,
                    "outcome": summary.outcome,
                    "queue": summary.queue,
                    "agent": summary.agent,
                    "waited_s": summary.waited_s,
                    "talked_s": summary.talked_s,
                    "survey": summary.survey,
                    **summary.notes,
                },
                revision=1,
            )
        )

    def _call(self, call: CallId, facts: CallerFacts, arrived_at: dt.datetime) -> CallRecord:
        """As it is when it begins."""
        return CallRecord(
            id=call,
            started_at=arrived_at,
            node=self._node,
            caller=facts.caller,
            dialled=facts.called,
            language=facts.language,
            flow=facts.entry_flow,
            flow_version=facts.flow_version,
            answered_at=arrived_at,
            data={"endpoint": facts.trunk, **_own(facts)},
        )

    def live(self, call: CallId, live: LiveCall) -> None:
        state: Literal["live", "over"] = "over" if live.over else "live"
        self._put(
            LiveCallRecord(call, self._node, live.channel, live.at, state, live.data, SHAPE, live.revision)
        )

    def routing(self, fact: RoutingFact, at: dt.datetime) -> None:
        match fact:
            case EntryChanged():
                if not fact.after.callback and fact.after.only is None:
                    # A call in a queue: no promise that is kept later, no transfer to a person.
                    self._today.entry_changed(fact.before, fact.after, at)
                row = EntryRecord.of(fact.after)
                self._put(row)
                self._put(change_of(fact, at, row))
            case AgentChanged():
                self._put(AgentRecord.of(fact.after))
                self._put(AgentStateChange.of(fact, at))
            case Decided():
                self._put(DecisionRecord.of(fact, at))
            case _:
                # Ignored: nothing changed, nothing to keep.
                pass


def _own(facts: CallerFacts) -> dict[str, JsonValue]:
    """Of a call that an agent made, and of one that came out of such a call."""
    if facts.handed_from:
        return {"kind": "outbound", "handed_from": facts.handed_from}
    return {"kind": "outbound", "agent": facts.agent} if facts.agent else {}
