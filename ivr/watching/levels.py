"""Levels for Prometheus: read when somebody scrapes, so that they cost nothing in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ivr.admission.rules import REASONS
from ivr.watching.health import LEVELS, Limits, judge
from ivr.watching.readings import AGENT_STATES, CALL_STATES, Readings


class Levels(Collector):
    """read: one walk over the live parts. Every family is there at every scrape, with a zero where nothing is."""

    def __init__(self, read: Callable[[], Readings], limits: Limits) -> None:
        self._read = read
        self._limits = limits

    def describe(self) -> Iterable[Metric]:
        """Nothing is read while the registry is put together."""
        return ()

    def collect(self) -> Iterator[Metric]:
        now = self._read()
        yield from _calls(now)
        yield from _routing(now)
        yield from _asterisk(now)
        yield from _storage(now)
        yield from _speech(now)
        yield from _process(now)
        health = GaugeMetricFamily(
            "hotline_health", "Of each part: 0 well, 1 degraded, 2 no call can be taken.", labels=["part"]
        )
        report = judge(now, self._limits)
        for part in report.parts:
            health.add_metric([part.name], LEVELS[part.level])
        yield health
        yield _gauge("ready", "1: calls can be taken.", float(report.ready))


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"hotline_{name}", what, value=value)


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(f"hotline_{name}", what, value=value)


def _labelled(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
    name: str,
    what: str,
    label: str,
    values: Iterable[tuple[str, float]],
) -> Metric:
    family = kind(f"hotline_{name}", what, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def _calls(now: Readings) -> Iterator[Metric]:
    calls = ((state, float(now.calls.get(state, 0))) for state in CALL_STATES)
    yield _labelled(GaugeMetricFamily, "calls", "Calls with a session, by state.", "state", calls)
    yield _gauge("calls_most", "So many may be live at once.", now.most_calls)
    # Zeros too: of a count that begins with 1 Prometheus sees no increase, and the first would not be told of.
    refused: dict[str, int] = dict.fromkeys(REASONS, 0)
    refused.update(now.refused)
    yield _counter("calls_admitted", "Calls that were let in.", now.admitted)
    yield _labelled(
        CounterMetricFamily, "calls_refused", "Calls that were not let in.", "reason", _counts(refused)
    )
    yield _counter("calls_refused_unheard", "Of these, without an announcement.", now.refused_unheard)
    yield _gauge(
        "refused_share", "Of new callers, while the controller is late: 0..1.", round(now.refused_share, 3)
    )
    yield _gauge(
        "late_seconds", "How late a ping's answer was dealt with, behind all events before it.", now.late_s
    )
    yield _gauge("nuisances", "Numbers and patterns that are not let in.", now.nuisances)
    yield _labelled(
        CounterMetricFamily, "repairs", "What the reconcilers put right.", "reason", _counts(now.repairs)
    )


def _routing(now: Readings) -> Iterator[Metric]:
    agents = ((state, float(now.agents.get(state, 0))) for state in AGENT_STATES)
    yield _labelled(GaugeMetricFamily, "agents", "Agents by state.", "state", agents)
    waiting = ((queue.name, float(queue.waiting)) for queue in now.queues)
    yield _labelled(GaugeMetricFamily, "queue_waiting", "Callers on the line who wait.", "queue", waiting)
    longest = ((queue.name, queue.longest_s) for queue in now.queues)
    yield _labelled(
        GaugeMetricFamily, "queue_longest_wait_seconds", "Of those who wait now.", "queue", longest
    )
    free = ((queue.name, float(queue.free)) for queue in now.queues)
    yield _labelled(
        GaugeMetricFamily, "queue_agents_free", "Agents who could take a call at once.", "queue", free
    )
    yield _gauge("callbacks_waiting", "Promises to call back that are not kept yet.", now.callbacks)


def _asterisk(now: Readings) -> Iterator[Metric]:
    yield _gauge("asterisk_connected", "1: events are being received.", float(now.connected))
    yield _gauge("application_replaced", "1: another controller has our application.", float(now.replaced))
    yield _gauge("asterisk_silent_seconds", "Since Asterisk's last sign of life.", now.asterisk_silent_s)
    yield _counter("asterisk_restarts", "Times a private Asterisk was started again.", now.asterisk_restarts)
    yield _counter("events", "Events received.", now.events)
    yield _counter("events_unwatched", "Events that concerned nobody.", now.events_unwatched)
    yield _counter("events_unreadable", "Events that could not be read.", now.events_unknown)
    yield _gauge("event_age_seconds", "Age of the last event that was looked at.", now.event_lag_s)


def _storage(now: Readings) -> Iterator[Metric]:
    yield _gauge("database_up", "1: facts are being written.", float(now.database_ok))
    yield _labelled(
        CounterMetricFamily, "writer", "The writer's figures since the start.", "figure", _counts(now.writer)
    )
    yield _gauge("facts_waiting", "Facts that are not in the database yet.", now.facts_waiting)
    yield _gauge("journal_lag_seconds", "Age of the oldest of them.", now.lag_s)
    yield _gauge("spool_bytes", "Of the write-ahead spool.", now.spool_bytes)
    yield _gauge("spool_most_bytes", "It may grow to so much.", now.spool_most_bytes)
    yield _counter("spool_failures", "Writes into it that the disk did not take.", now.spool_failures)
    yield _gauge("disk_free_bytes", "Where state and recordings lie.", now.disk_free_bytes)
    yield _gauge("disk_total_bytes", "Likewise.", now.disk_total_bytes)


def _speech(now: Readings) -> Iterator[Metric]:
    def each(name: str, what: str, value: Callable[[int], float]) -> Metric:
        values = [(worker.name, value(n)) for n, worker in enumerate(now.speech)]
        return _labelled(GaugeMetricFamily, f"asr_{name}", what, "worker", values)

    workers = now.speech
    yield each("ready", "1: the worker serves.", lambda n: float(workers[n].ready))
    yield each("hearings", "Callers being listened to.", lambda n: workers[n].hearings)
    yield each("late_seconds", "How long the oldest live work waits.", lambda n: workers[n].late_s)
    yield each("wait_seconds", "What one more caller may have to wait.", lambda n: workers[n].wait_s)
    yield each("use_ratio", "Share of the worker's threads that is spoken for.", lambda n: workers[n].use)
    yield each("memory_bytes", "Resident memory.", lambda n: workers[n].memory_bytes)
    for name, what, figures in (
        ("asr_refused", "Hearings refused for load.", [float(w.refused) for w in workers]),
        ("asr_restarts", "Workers that died and were started again.", [float(w.restarts) for w in workers]),
    ):
        names = [worker.name for worker in workers]
        yield _labelled(CounterMetricFamily, name, what, "worker", zip(names, figures, strict=True))
    yield _gauge("languages_keys_only", "Languages understood by keys only.", len(now.keys_only))


def _process(now: Readings) -> Iterator[Metric]:
    held = ((buffer.name, float(buffer.held)) for buffer in now.buffers)
    yield _labelled(
        GaugeMetricFamily,
        "buffer_held",
        "What each buffer holds; of many alike, the fullest.",
        "buffer",
        held,
    )
    most = ((buffer.name, float(buffer.most)) for buffer in now.buffers if buffer.most is not None)
    yield _labelled(GaugeMetricFamily, "buffer_most", "Its bound.", "buffer", most)
    yield _gauge("loop_lag_worst_seconds", "How late the event loop was lately.", now.loop_lag_s)
    yield _gauge("tasks", "Tasks of the event loop.", now.tasks)
    yield _gauge("uptime_seconds", "Since the start.", now.uptime_s)
    info = GaugeMetricFamily("hotline_info", "What runs here.", labels=["node", "version"])
    info.add_metric([now.node, now.version], 1)
    yield info


def _counts(values: Mapping[str, int]) -> Iterable[tuple[str, float]]:
    return [(str(key), float(value)) for key, value in values.items()]
