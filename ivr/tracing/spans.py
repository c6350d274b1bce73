"""What happens in calls, as spans. Told by those who write it down anyway; on the loop; never waits, never raises.

call                      from the arrival to the end
├── prompt, listen, record, request, lookup, transfer, callback, desk_act      an action, until its answer
├── queue                 from the first moment in line to the end of the entry
│   ├── offer             an agent is reserved, until the telephone answers or the offer is over
│   │   └── ring          the telephone rings
│   └── talk              the two are joined
├── ari channels.play ... a command to Asterisk
└── asr                   the recogniser listens
storage batch             facts written together, linked to the calls they are of
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, Span, Status, StatusCode

from ivr.ari.repository import Reply, Request
from ivr.flow.actions import (
    Action,
    Callback,
    DeskAct,
    Listen,
    Lookup,
    Play,
    Record,
    StopListen,
    Transfer,
)
from ivr.flow.actions import Request as WebRequest
from ivr.ids import owner_of
from ivr.log import call_context
from ivr.tracing.identity import CallIds, context_of
from routing.board_events import EntryChanged
from routing.entries import Entry
from storage.records import CallRecord, Fact, JournalEvent

MOST_CALLS: Final = 10_000
MOST_LINKS: Final = 100
_LASTING: Final[Mapping[type[Action], str]] = {
    Play: "prompt",
    Listen: "listen",
    Record: "record",
    WebRequest: "request",
    Lookup: "lookup",
    Transfer: "transfer",
    Callback: "callback",
    DeskAct: "desk_act",
}
_ANSWERS: Final = frozenset(
    {
        "prompt_ended",
        "speech_heard",
        "speech_failed",
        "recording_ended",
        "request_ended",
        "lookup_ended",
        "transfer_ended",
        "callback_placed",
        "desk_answered",
    }
)
"""Inputs that answer an action, by their tag in the journal."""


@dataclass(slots=True)
class _Call:
    span: Span
    actions: dict[str, Span] = field(default_factory=dict)
    """By operation id."""
    waits: dict[str, Span] = field(default_factory=dict)
    """By `<part> <entry>`."""

    def open(self) -> Iterable[Span]:
        return (*self.actions.values(), *reversed(self.waits.values()))


class CallSpans:
    """provider: with `CallIds` as its generator of ids. now_ns: since 1970."""

    def __init__(
        self,
        provider: TracerProvider,
        ids: CallIds,
        node: str,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._tracer = provider.get_tracer("ivr")
        self._ids = ids
        self._node = node
        self._now_ns = now_ns
        self._calls: dict[str, _Call] = {}

    @property
    def open_calls(self) -> int:
        return len(self._calls)

    # --- a call

    def see(self, fact: Fact) -> None:
        """A fact of a call on its way to the database."""
        match fact:
            case CallRecord(state="ended"):
                self._end(fact)
            case CallRecord(revision=0):
                about = {"hotline.flow": fact.flow, "hotline.flow_version": fact.flow_version[:12]}
                self._begin(fact.id, fact.started_at, about)
            case JournalEvent(kind="adopted"):
                self._begin(fact.call_id, fact.at, {"hotline.adopted": True})
            case JournalEvent(kind="input"):
                self._answered(fact)
            case JournalEvent(kind="node"):
                known = self._calls.get(fact.call_id)
                if known is not None:
                    name = str(fact.data.get("node", ""))
                    known.span.add_event("node", {"hotline.node_name": name}, _ns(fact.at))
            case _:
                pass

    def _begin(self, call: str, at: dt.datetime, about: Mapping[str, Any]) -> None:
        if call in self._calls or len(self._calls) >= MOST_CALLS:
            return
        self._ids.call = call
        try:
            span = self._tracer.start_span(
                "call",
                context=trace.set_span_in_context(trace.INVALID_SPAN),
                start_time=_ns(at),
                attributes={"hotline.call": call, "hotline.node": self._node, **about},
            )
        finally:
            self._ids.call = ""
        self._calls[call] = _Call(span)

    def _end(self, record: CallRecord) -> None:
        known = self._calls.pop(record.id, None)
        if known is None or record.ended_at is None:
            return
        at_ns, outcome = _ns(record.ended_at), str(record.data.get("outcome", ""))
        for span in known.open():
            span.end(at_ns)
        known.span.set_attributes(
            {
                "hotline.outcome": outcome,
                "hotline.ended_by": record.ended_by,
                "hotline.cause": record.cause or 0,
                "hotline.language": record.language,
            }
        )
        if outcome == "failed":
            known.span.set_status(Status(StatusCode.ERROR))
        known.span.end(at_ns)

    def _answered(self, event: JournalEvent) -> None:
        known, op = self._calls.get(event.call_id), event.data.get("op")
        if known is not None and isinstance(op, str) and event.data.get("type") in _ANSWERS:
            self._over(known, op, _ns(event.at), str(event.data.get("outcome") or event.data["type"]))

    def action(self, call: str, action: Action) -> None:
        """The dialogue wants it, and it is begun."""
        known = self._calls.get(call)
        if known is None:
            return
        if isinstance(action, StopListen):
            self._over(known, action.op, self._now_ns(), "stopped")
            return
        name = _LASTING.get(type(action))
        if name is None:
            return
        op: str = action.op  # type: ignore[union-attr]  # all of these have one
        known.actions[op] = self._child(known.span, name, self._now_ns(), _about(action))

    def _over(self, known: _Call, op: str, at_ns: int, outcome: str) -> None:
        span = known.actions.pop(op, None)
        if span is not None:
            span.set_attribute("hotline.outcome", outcome)
            span.end(at_ns)

    # --- its place in a queue

    def entry(self, fact: EntryChanged | object, at: dt.datetime) -> None:
        """On the dispatcher's watch list."""
        if isinstance(fact, EntryChanged):
            known = self._calls.get(fact.after.call_id)
            if known is not None:
                self._entry(known, fact.after, _ns(at))

    def _entry(self, known: _Call, entry: Entry, at_ns: int) -> None:
        wanted: dict[str, str] = {}
        """Part -> the one that it is in."""
        if entry.state != "ended":
            wanted["queue"] = ""
        if entry.state in ("offered", "ringing"):
            wanted["offer"] = "queue"
        if entry.state == "ringing":
            wanted["ring"] = "offer"
        if entry.state == "joined":
            wanted["talk"] = "queue"
        for part in ("ring", "offer", "talk", "queue"):
            span = known.waits.get(f"{part} {entry.id}")
            if span is not None and part not in wanted:
                del known.waits[f"{part} {entry.id}"]
                if part == "queue":
                    span.set_attribute("hotline.outcome", entry.outcome or "")
                span.end(at_ns)
        for part, within in wanted.items():
            if f"{part} {entry.id}" not in known.waits:
                parent = known.waits.get(f"{within} {entry.id}", known.span)
                about = {"hotline.queue": entry.queue, "hotline.agent": entry.agent or ""}
                known.waits[f"{part} {entry.id}"] = self._child(parent, part, at_ns, about)

    # --- Asterisk, the recogniser, the database

    def command(self, request: Request, seconds: float, reply: Reply | None) -> None:
        """A command that was sent on behalf of the call whose task is running, or that names an object of one."""
        call = call_context.get()
        known = self._calls.get(call) or self._calls.get(owner_of(_object(request)) or "")
        if known is None:
            return
        now = self._now_ns()
        span = self._child(
            known.span,
            f"ari {request.operation.name}",
            now - round(seconds * 1e9),
            {"http.response.status_code": 0 if reply is None else reply.status},
        )
        if reply is None or reply.status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(now)

    def listening(self, call: str, attributes: Mapping[str, Any]) -> Span | None:
        """The recogniser listens for this call; whoever asks ends the span."""
        known = self._calls.get(call)
        return None if known is None else self._child(known.span, "asr", self._now_ns(), attributes)

    def batch(self, facts: Iterable[Fact], seconds: float) -> None:
        """Facts that were written together, in so many seconds."""
        facts = list(facts)
        calls = dict.fromkeys(call for call in map(_call_of, facts) if call)
        links = [Link(context_of(call)) for call in list(calls)[:MOST_LINKS]]
        now = self._now_ns()
        span = self._tracer.start_span(
            "storage batch",
            context=trace.set_span_in_context(trace.INVALID_SPAN),
            links=links,
            start_time=now - round(seconds * 1e9),
            attributes={"hotline.facts": len(facts), "hotline.calls": len(calls)},
        )
        span.end(now)

    def close(self) -> None:
        """The controller ends: what is open ends here, and whoever adopts the calls goes on."""
        for known in self._calls.values():
            for span in (*known.open(), known.span):
                span.end()
        self._calls.clear()

    def _child(self, parent: Span, name: str, at_ns: int, attributes: Mapping[str, Any]) -> Span:
        return self._tracer.start_span(
            name, context=trace.set_span_in_context(parent), start_time=at_ns, attributes=dict(attributes)
        )


def _about(action: Action) -> dict[str, Any]:
    match action:
        case Play():
            return {
                "hotline.prompts": [prompt.id for prompt in action.prompts],
                "hotline.language": action.language,
            }
        case Listen():
            return {"hotline.language": action.language, "hotline.phrases": len(action.phrases)}
        case WebRequest():
            return {"http.request.method": action.method}
        case _:
            return {}


def _call_of(fact: Fact) -> str:
    return str(getattr(fact, "call_id", "") or "")


def _object(request: Request) -> str:
    """`/channels/c-n1-....agent-1/play?...` -> `c-n1-....agent-1`."""
    return request.target.partition("?")[0].split("/", 3)[2] if request.target.count("/") > 1 else ""


def _ns(at: dt.datetime) -> int:
    return round(at.timestamp() * 1e9)
