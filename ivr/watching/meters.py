"""What is counted and timed as it happens. Levels (how many now) are read when somebody asks: `levels.py`.

One registry a hotline, so that several in a process do not meet. Each `see_...` costs a microsecond or two, never waits
and never raises. Times are in seconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from ivr.ari.repository import Reply, Request
from ivr.gate import Gate
from ivr.watching.bounded import BoundedLabel
from routing.board_events import AgentChanged, EntryChanged
from storage.records import CallRecord, Fact

WAITS_S: Final = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600)
QUICK_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TALKS_S: Final = (5, 15, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600)
_OUTCOMES: Final = frozenset({"completed", "abandoned", "failed", "refused", "lost"})


class FactCounts(Collector):
    """Numbers by kind, as `hotline_facts_total`."""

    def __init__(self, counts: Mapping[type, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "hotline_facts", "Facts given to the database, by kind.", labels=["kind"]
        )
        for kind, count in dict(self._counts).items():
            family.add_metric([kind.__name__], count)
        yield family


class Meters:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._queue = BoundedLabel()
        self._ended_how = BoundedLabel(20)
        self._command = BoundedLabel(150)
        self._observe_command: dict[str, Callable[[float], None]] = {}
        """By operation, of which there are so many and no more."""
        self._seen_available: dict[str, float] = {}
        self._reserved: dict[str, float] = {}

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(name, what, labels, namespace="hotline", registry=registry)

        def times(name: str, what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(name, what, labels, namespace="hotline", buckets=buckets, registry=registry)

        self.arrived = counter("calls_arrived", "Calls that got a session.")
        self.ended = counter("calls_ended", "Calls that are over, refused ones too.", "outcome")
        self.queued = counter("queue_entries", "Callers who began to wait.", "queue")
        self.waits_over = counter(
            "queue_ended", "Waits that are over, by how they ended.", "queue", "outcome"
        )
        self.waited = times("queue_wait_seconds", "Wait of callers whom an agent took.", WAITS_S, "queue")
        self.talked = times("talk_seconds", "Talks of callers with agents.", TALKS_S, "queue")
        self.matched = times(
            "dispatch_match_seconds", "From a free agent and a waiting caller to the offer.", QUICK_S
        )
        self.dispatched = times("dispatch_ring_seconds", "From the offer to the command that rings.", QUICK_S)
        self.missed = counter("offers_not_answered", "Agents who were rung in vain.")
        self.commands = times(
            "ari_command_seconds", "Commands to Asterisk, tries in all.", QUICK_S, "command"
        )
        self.command_errors = counter(
            "ari_command_errors",
            "Commands without a good answer: status, or unavailable.",
            "command",
            "status",
        )
        self.event_lag = times("event_lag_seconds", "Age of Asterisk's events as they reach us.", QUICK_S)
        self.loop_lag = times("loop_lag_seconds", "How late the event loop wakes a sleeper.", QUICK_S)
        self.batches = times("write_seconds", "Batches of facts, tries in all.", QUICK_S)
        self.heard = counter("asr_requests", "Hearings asked for, and what came of it.", "use", "result")
        self.log_records = counter("log_records", "Lines of the log.", "level")
        self.errors = counter("errors", "Errors by kind: an exception's name, or where it was said.", "kind")

    # --- facts on their way to the database

    def watch(self, gate: Gate) -> None:
        """Facts by kind are counted by the gate itself: seventy a call, so nothing more than a number each."""
        self.registry.register(FactCounts(gate.taken))
        gate.watch(self._see_call, (CallRecord,))

    def _see_call(self, fact: CallRecord) -> None:
        if fact.state == "ended":
            outcome = str(fact.data.get("outcome", ""))
            self.ended.labels(outcome if outcome in _OUTCOMES else "other").inc()
        elif fact.revision == 0:
            self.arrived.inc()

    def see_batch(self, facts: Sequence[Fact], seconds: float) -> None:
        self.batches.observe(seconds)

    # --- routing

    def see_routing(self, fact: EntryChanged | AgentChanged | object, at: dt.datetime) -> None:
        """On the dispatcher's watch list."""
        if isinstance(fact, EntryChanged):
            self._entry(fact)
        elif isinstance(fact, AgentChanged):
            self._agent(fact, at.timestamp())

    def _entry(self, change: EntryChanged) -> None:
        entry, before = change.after, change.before
        if entry.only is not None:
            return
        queue = self._queue.of(entry.queue)
        if before is None:
            self.queued.labels(queue).inc()
        elif entry.state == "joined" and before.state != "joined" and entry.joined_at is not None:
            self.waited.labels(queue).observe(max(0.0, (entry.joined_at - entry.enqueued_at).total_seconds()))
        elif entry.state == "ended":
            self.waits_over.labels(queue, self._ended_how.of(entry.outcome or "")).inc()
            if entry.joined_at is not None and entry.ended_at is not None:
                self.talked.labels(queue).observe(
                    max(0.0, (entry.ended_at - entry.joined_at).total_seconds())
                )
        if entry.state == "offered" and (before is None or before.state != "offered"):
            waited_since = max(entry.enqueued_at, entry.step_since).timestamp()
            since = max(waited_since, self._seen_available.get(entry.agent or "", 0.0))
            self.matched.observe(max(0.0, entry.since.timestamp() - since))

    def _agent(self, change: AgentChanged, at: float) -> None:
        agent, before = change.after, change.before
        if before is not None and agent.no_answers > before.no_answers:
            self.missed.inc()
        if before is not None and before.state == agent.state:
            return
        reserved = self._reserved.pop(agent.id, None)
        match agent.state:
            case "available":
                self._seen_available[agent.id] = at
            case "reserved":
                self._reserved[agent.id] = at
            case "ringing" if reserved is not None:
                self.dispatched.observe(max(0.0, at - reserved))
            case _:
                pass

    # --- Asterisk

    def see_command(self, request: Request, seconds: float, reply: Reply | None) -> None:
        name = request.operation.name
        observe = self._observe_command.get(name)
        if observe is None:
            observe = self._observe_command[name] = self.commands.labels(self._command.of(name)).observe
        observe(seconds)
        command = self._command.of(name) if reply is None or reply.status >= 400 else ""
        if reply is None:
            self.command_errors.labels(command, "unavailable").inc()
        elif reply.status >= 400:
            self.command_errors.labels(command, str(reply.status)).inc()
