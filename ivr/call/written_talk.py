"""A talk that is no call's session's: it is written down as any other, under the id that it was made under."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from ivr.call.onward_port import Lines
from ivr.call.ports import CallerFacts, CallSummary, LiveCall, Recorded, Records, Said
from ivr.call.services import CallServices, OpenCall
from ivr.call.transcribing import Transcripts
from ivr.flow.actions import JsonValue
from ivr.ids import CallId, ChannelId

Note = Callable[[str, Mapping[str, JsonValue]], None]


@dataclass(frozen=True, slots=True)
class _LinesOnly:
    """Implements `ports.Records`: what is said goes to the records, what is noted about it to `note`."""

    records: Records
    note: Note
    lines: Lines

    def arrived(self, call: CallId, facts: CallerFacts, at: dt.datetime) -> None:
        pass

    def journal(
        self, call: CallId, seq: int, kind: str, data: Mapping[str, JsonValue], at: dt.datetime
    ) -> None:
        self.note(kind, data)

    def transcript(self, call: CallId, seq: int, line: Said, at: dt.datetime) -> None:
        self.lines.last = max(self.lines.last, seq)
        self.records.transcript(call, seq, line, at)

    def recorded(self, call: CallId, recording: Recorded) -> None:
        pass

    def ended(self, call: CallId, summary: CallSummary, at: dt.datetime) -> None:
        pass

    def live(self, call: CallId, live: LiveCall) -> None:
        pass


@asynccontextmanager
async def written_talk(
    services: CallServices,
    hot_words: Callable[[str], tuple[str, ...]],
    call: CallId,
    citizen: ChannelId,
    note: Note,
    lines: Lines,
) -> AsyncIterator[Transcripts]:
    """While inside. citizen: the channel. lines: of this id so far."""
    here = OpenCall(
        replace(services, records=_LinesOnly(services.records, note, lines)),
        call,
        citizen,
        CallerFacts("", "", "", "", ""),
    )
    here.history.resume({"said": lines.last}, ())
    async with asyncio.TaskGroup() as group:
        here.begin(group)
        try:
            yield Transcripts(here, services.written_down, hot_words)
        finally:
            here.stop_children()
