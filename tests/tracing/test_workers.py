"""A speech worker's part of a call's trace: a real worker and its websocket, with an engine that needs no model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from asr.pool import WorkerPool
from asr.protocol import ListenRequest
from asr.service import Worker, serving
from asr.settings import PoolSettings, RemoteWorker, WorkerSettings
from asr.trace_ids import root_id_of, trace_id_of
from asr.traces import hearing_spans, spans_to
from ivr.tracing.optional import in_traces
from ivr.tracing.settings import TraceSettings
from tests.asr.test_pool import say, spec
from tests.support.speech import silence, synthesised

CALL = "c-n1-69270a1b-1a2b3c4d"


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return synthesised("I want to file a complaint", tmp_path_factory.mktemp("said"))


async def test_what_a_worker_hears_belongs_to_the_call(speech: bytes) -> None:
    exporter = InMemorySpanExporter()
    worker = Worker(WorkerSettings((spec("whole"),), token="a-secret-of-some-length"))
    assert worker.spans is None, "off by default"
    worker.spans = spans_to(SimpleSpanProcessor(exporter))
    async with serving(worker) as port:
        remote = RemoteWorker(f"ws://127.0.0.1:{port}", "a-secret-of-some-length")
        async with WorkerPool(PoolSettings(workers=0, remote=(remote,))) as pool:
            await say(await pool.open(ListenRequest("zh", label=CALL)), silence(0.5) + speech + silence(3.0))
    (span,) = exporter.get_finished_spans()
    assert span.name == "asr worker"
    assert span.context.trace_id == trace_id_of(CALL)
    assert span.parent is not None and span.parent.span_id == root_id_of(CALL)
    assert [event.name for event in span.events] == ["speech began", "speech ended", "understood"]
    assert span.attributes is not None and span.attributes["hotline.language"] == "zh"
    told = {key for event in span.events for key in (event.attributes or {})}
    assert told == {"hotline.engine", "hotline.confidence"}, "what was said is not told"


def test_settings_reach_the_workers_of_this_machine() -> None:
    workers = PoolSettings(WorkerSettings((spec("whole"),)))
    assert in_traces(workers, TraceSettings()) is workers
    told = in_traces(workers, TraceSettings(enabled=True, endpoint="http://127.0.0.1:1/v1/traces", share=0.5))
    assert (told.worker.traces, told.worker.traces_share) == ("http://127.0.0.1:1/v1/traces", 0.5)
    assert WorkerSettings.from_json(told.worker.to_json()) == told.worker
    assert hearing_spans("", 1.0) is None
    assert replace(told.worker, traces="", traces_share=1.0) == workers.worker
