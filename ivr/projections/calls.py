"""A call's record out of its journal. Pure.

| of the record | out of |
|---|---|
| number, number called, dialogue, way in | `arrived` |
| wait | the first `joined` with a wait |
| talk, hold | the sums of `parted` |
| rating | the last `survey` |
| faults of the caller's line | `line` |
| transfers | notes of the talk that are on record (`ivr/talk/on_record.py`) |
| why the caller was not let in | `not_admitted` |
| outcome, who ended it and when, language, topic, queue, agents | `ended` |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ivr.talk.on_record import on_record
from storage.journal_versions import current
from storage.records import CallRecord, JournalEvent


@dataclass(frozen=True, slots=True)
class Folded:
    """unknown: columns, and keys of `data`, that the journal of an older version does not tell."""

    record: CallRecord
    unknown: frozenset[str] = frozenset()

    def beside(self, stored: CallRecord | None) -> CallRecord:
        """With what is unknown as it is stored, and the stored row's revision where that is higher."""
        if stored is None:
            return self.record
        columns: dict[str, Any] = {name: getattr(stored, name) for name in self.unknown if name in _COLUMNS}
        known = {name: value for name, value in self.record.data.items() if name not in self.unknown}
        kept = {name: value for name, value in stored.data.items() if name in self.unknown}
        revision = max(self.record.revision, stored.revision)
        return replace(self.record, **columns, data=known | kept, revision=revision)


NOT_ADMITTED: Final = "not_admitted"
"""Of a caller who was let in no further than to hear why (`ivr/admission/refusal.py`)."""
_COLUMNS: Final = ("caller", "dialled", "language", "ended_at")


@dataclass(slots=True)
class _Figures:
    waited_s: float | None = None
    talked_s: float | None = None
    held_s: float = 0.0
    survey: int | None = None
    faults: set[str] = field(default_factory=set)
    transfers: list[Mapping[str, Any]] = field(default_factory=list)

    def take(self, event: JournalEvent) -> None:
        data = event.data
        match event.kind:
            case "joined" if self.waited_s is None and "waited_s" in data:
                self.waited_s = data["waited_s"]
            case "parted":
                self.talked_s = round((self.talked_s or 0.0) + data.get("talked_s", 0.0), 3)
                self.held_s = round(self.held_s + data.get("held_s", 0.0), 3)
            case "survey" if isinstance(data.get("rating"), int):
                self.survey = data["rating"]
            case "line" if data.get("speaker") == "caller":
                self.faults.add(str(data["fault"]))
            case "arrived" | "ended" | "input":
                pass
            case _ if on_record(data):
                self.transfers.append({**data, "at": event.at.isoformat()})
            case _:
                pass


def figures(events: Iterable[JournalEvent]) -> Mapping[str, Any]:
    """What the events of a call come to, whether or not it is over: `waited_s`, `talked_s`, `survey`, and where there
    is something to tell `held_s` (all in seconds), `transfers`, `line`."""
    found = _Figures()
    for event in events:
        found.take(event)
    told: dict[str, Any] = {
        "waited_s": found.waited_s,
        "talked_s": found.talked_s,
        "survey": found.survey,
    }
    if found.transfers:
        told["transfers"] = found.transfers
    if found.held_s:
        told["held_s"] = found.held_s
    if found.faults:
        told["line"] = sorted(found.faults)
    return told


def end_of(events: Iterable[JournalEvent]) -> JournalEvent | None:
    """Where the call ended; None: it goes on."""
    return next(filter(is_end, events), None)


def is_end(event: JournalEvent) -> bool:
    """The call's own; the dialogue notes where it `ended`, too."""
    return event.kind == "ended" and "outcome" in event.data


def call_of(events: Sequence[JournalEvent]) -> Folded | None:
    """events: of one call, in order. None: this is no call's journal, or not the whole of it (some has been archived
    or erased), and nothing can be said."""
    numbers = [event.seq for event in events]
    if not events or events[0].kind != "arrived" or numbers != list(range(1, len(numbers) + 1)):
        return None
    first = current(events[0])
    begun = first.data
    data: dict[str, Any] = {"endpoint": begun["endpoint"] or ""}
    if begun["agent"]:
        data |= {"kind": "outbound", "agent": begun["agent"]}
    elif begun.get("handed_from"):
        data |= {"kind": "outbound", "handed_from": begun["handed_from"]}
    record = CallRecord(
        id=first.call_id,
        started_at=first.at,
        node=node_of(first.call_id),
        caller=begun["caller"] or "",
        dialled=begun["called"] or "",
        language=begun["language"] or "",
        flow=begun.get("entry", ""),
        flow_version=begun.get("version", ""),
        answered_at=first.at,
        data=data,
    )
    unknown = {"caller", "dialled", "language", "endpoint", "kind"} if begun["caller"] is None else set()
    last = end_of(events)
    if last is None:
        return Folded(record, frozenset(unknown | ({"agent"} if unknown else set())))
    over = current(last).data
    if over["agents"] is None:
        unknown |= {"language", "topic", "queue", "agent", "agents", "hung_up_in_line_again"}
    told = figures(events)
    data |= {
        "outcome": over["outcome"],
        "queue": over["queue"] or "",
        "agent": over["agent"] or "",
        **{name: told[name] for name in ("waited_s", "talked_s", "survey")},
    }
    if over["topic"]:
        data["topic"] = over["topic"]
    if over["agents"]:
        data["agents"] = over["agents"]
    data |= {name: told[name] for name in ("transfers", "held_s", "line") if name in told}
    if refused := next((event.data["reason"] for event in events if event.kind == NOT_ADMITTED), ""):
        data["refused"] = refused
    if over["again"] and over["by"] == "caller":
        data["hung_up_in_line_again"] = True
    hung_up_at = dt.datetime.fromisoformat(over["hung_up_at"]) if over["hung_up_at"] else last.at
    record = replace(
        record,
        state="ended",
        language=over["language"] or record.language,
        ended_at=hung_up_at,
        ended_by=over["by"],
        cause=over["cause"],
        data=data,
        revision=1,
    )
    if over["hung_up_at"] is None:
        unknown.add("ended_at")
    return Folded(record, frozenset(unknown))


def node_of(call_id: str) -> str:
    """`c-n1-...` -> `n1`."""
    return call_id.split("-", 2)[1] if call_id.count("-") >= 2 else ""
