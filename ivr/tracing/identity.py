"""The ids of a call's trace, made from the call's own. Needs opentelemetry."""

from __future__ import annotations

from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import SpanContext, TraceFlags

from asr.trace_ids import root_id_of as root_id_of
from asr.trace_ids import trace_id_of as trace_id_of


def context_of(call: str) -> SpanContext:
    """Of the span that is the call itself, wherever it is."""
    return SpanContext(
        trace_id_of(call), root_id_of(call), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )


class CallIds(IdGenerator):
    """Random ids, but for the span that `call` is set for."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()
        self.call = ""

    def generate_trace_id(self) -> int:
        return trace_id_of(self.call) if self.call else self._random.generate_trace_id()

    def generate_span_id(self) -> int:
        return root_id_of(self.call) if self.call else self._random.generate_span_id()
