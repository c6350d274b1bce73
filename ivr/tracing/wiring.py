"""Joins traces into the running hotline. Imports opentelemetry: only where the settings want it (`optional.py`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from asr.protocol import Ears
from ivr.ari.client import AriClient
from ivr.dispatch import Dispatcher
from ivr.flow.actions import Action
from ivr.ids import CallId
from ivr.tracing.ears import TracedEars
from ivr.tracing.identity import CallIds
from ivr.tracing.settings import TraceSettings
from ivr.tracing.spans import CallSpans
from storage.records import Fact
from storage.writer import FactWriter


class CallTraces:
    """Implements `optional.Traces`."""

    def __init__(self, spans: CallSpans) -> None:
        self.spans = spans
        self.fact_watchers: tuple[Callable[[Fact], None], ...] = (spans.see,)
        self.begun: Callable[[CallId, Action], None] = spans.action

    def ears(self, ears: Ears) -> Ears:
        return TracedEars(ears, self.spans)

    def attach(self, ari: AriClient, dispatcher: Dispatcher, writer: FactWriter) -> None:
        ari.observed.watchers.append(self.spans.command)
        dispatcher.watch(self.spans.entry)
        writer.watchers.append(self.spans.batch)


@contextmanager
def open_traces(
    settings: TraceSettings,
    node: str,
    processor: SpanProcessor | None = None,
    now_ns: Callable[[], int] = time.time_ns,
) -> Iterator[CallTraces]:
    """processor: None = in batches to the collector of the settings, by a thread of its own whose queue is bounded."""
    ids = CallIds()
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(settings.share)),
        resource=Resource({"service.name": "hotline", "service.instance.id": node}),
        id_generator=ids,
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(settings.endpoint)) if processor is None else processor
    )
    spans = CallSpans(provider, ids, node, now_ns)
    try:
        yield CallTraces(spans)
    finally:
        spans.close()
        provider.shutdown()
