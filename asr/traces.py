"""A worker's part of a call's trace: one span a hearing, under the call that the request's label names.

    spans = hearing_spans(endpoint, share)      # None where endpoint is ""; imports opentelemetry only else
    span = spans.begin(request); span.heard(...); span.end()

Spans tell what was heard by whom and when, never what was said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from asr.protocol import Failed, Heard, ListenRequest, SpeechBegan, SpeechEnded
from asr.protocol import Final as Understood
from asr.trace_ids import root_id_of, trace_id_of

SERVICE: Final = "hotline-asr"


class HearingSpan(Protocol):
    def heard(self, heard: Heard) -> None: ...

    def end(self) -> None: ...


class HearingSpans(Protocol):
    def begin(self, request: ListenRequest) -> HearingSpan: ...

    def close(self) -> None:
        """What was not sent yet is sent, for some seconds at most."""
        ...


def hearing_spans(endpoint: str, share: float) -> HearingSpans | None:
    """endpoint: of the collector, OTLP over HTTP. share: of the calls; all parts of a call agree.

    Raises ImportError: the extra `traces` is not installed.
    """
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return spans_to(BatchSpanProcessor(OTLPSpanExporter(endpoint)), share)


def spans_to(processor: Any, share: float = 1.0) -> HearingSpans:
    """processor: opentelemetry's `SpanProcessor`."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    provider = TracerProvider(
        sampler=TraceIdRatioBased(share), resource=Resource({"service.name": SERVICE}), shutdown_on_exit=False
    )
    provider.add_span_processor(processor)
    return _Spans(provider.get_tracer("asr"), provider.shutdown)


class _Spans:
    def __init__(self, tracer: Any, close: Callable[[], None]) -> None:
        self._tracer = tracer
        self._close = close

    def begin(self, request: ListenRequest) -> _Span:
        from opentelemetry import trace

        call = request.label
        parent = trace.SpanContext(
            trace_id_of(call), root_id_of(call), is_remote=True, trace_flags=trace.TraceFlags(1)
        )
        about = {
            "hotline.call": call,
            "hotline.language": request.language,
            "hotline.priority": request.priority,
            "hotline.continuous": request.continuous,
            "hotline.phrases": len(request.phrases),
        }
        context = trace.set_span_in_context(trace.NonRecordingSpan(parent))
        return _Span(self._tracer.start_span("asr worker", context=context, attributes=about))

    def close(self) -> None:
        self._close()


class _Span:
    def __init__(self, span: Any) -> None:
        self._span = span

    def heard(self, heard: Heard) -> None:
        match heard:
            case SpeechBegan():
                self._span.add_event("speech began")
            case SpeechEnded():
                self._span.add_event("speech ended")
            case Understood():
                about = {"hotline.engine": heard.engine, "hotline.confidence": heard.confidence or 0.0}
                self._span.add_event("understood", about)
            case Failed():
                self._span.add_event("failed", {"hotline.cause": heard.cause})
            case _:
                pass

    def end(self) -> None:
        self._span.end()
