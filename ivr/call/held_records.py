"""The records of a code that an agent dials: kept back, and written only when it becomes a call to somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from ivr.call.ports import CallerFacts, CallSummary, LiveCall, Recorded, Records, Said
from ivr.flow.actions import JsonValue
from ivr.ids import CallId


class HeldRecords:
    """Implements `ports.Records`. `keep()`: what was written so far, and all that follows, is written for good."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._held: list[Callable[[], None]] | None = []

    def keep(self) -> None:
        held, self._held = self._held, None
        for write in held or ():
            write()

    def _write(self, write: Callable[[], None]) -> None:
        if self._held is None:
            write()
        else:
            self._held.append(write)

    def arrived(self, call: CallId, facts: CallerFacts, at: dt.datetime) -> None:
        self._write(lambda: self._records.arrived(call, facts, at))

    def journal(
        self, call: CallId, seq: int, kind: str, data: Mapping[str, JsonValue], at: dt.datetime
    ) -> None:
        self._write(lambda: self._records.journal(call, seq, kind, data, at))

    def transcript(self, call: CallId, seq: int, line: Said, at: dt.datetime) -> None:
        self._write(lambda: self._records.transcript(call, seq, line, at))

    def recorded(self, call: CallId, recording: Recorded) -> None:
        self._write(lambda: self._records.recorded(call, recording))

    def live(self, call: CallId, live: LiveCall) -> None:
        # Of a code that becomes no call nobody need go on with.
        if self._held is None:
            self._records.live(call, live)

    def ended(self, call: CallId, summary: CallSummary, at: dt.datetime) -> None:
        self._write(lambda: self._records.ended(call, summary, at))
