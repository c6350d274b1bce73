"""A call as one trace: what is told to the collector, on the fake Asterisk; and that nothing of it costs while off."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from asr.protocol import AsrUnavailable, ListenRequest
from ivr.ari.repository import Reply
from ivr.errors import ConfigError
from ivr.records import FactRecords
from ivr.status import TodayCount
from ivr.tracing.ears import TracedEars
from ivr.tracing.identity import root_id_of, trace_id_of
from ivr.tracing.optional import NoTraces, traces_if_wanted
from ivr.tracing.settings import TraceSettings
from ivr.tracing.wiring import open_traces
from storage.records import CallRecord, Fact, JournalEvent
from tests.call.scenes import play
from tests.support.call_house import House
from tests.support.scripted_ears import ScriptedEars
from tests.support.virtual_time import VirtualClock
from tests.watching.test_meters import AT

ON = TraceSettings(enabled=True)


def told(exporter: InMemorySpanExporter) -> dict[str, list[ReadableSpan]]:
    found: dict[str, list[ReadableSpan]] = {}
    for span in exporter.get_finished_spans():
        found.setdefault(span.name, []).append(span)
    return found


def parent_of(span: ReadableSpan, spans: dict[str, list[ReadableSpan]]) -> str:
    if span.parent is None:
        return ""
    return next(
        one.name for each in spans.values() for one in each if one.context.span_id == span.parent.span_id
    )


def test_a_call_with_a_wait_and_a_talk_is_one_trace() -> None:
    exporter = InMemorySpanExporter()
    calls: list[str] = []
    facts: list[Fact] = []

    async def scene(here: House) -> None:
        clock = VirtualClock()
        processor = SimpleSpanProcessor(exporter)
        with open_traces(ON, "n1", processor, lambda: round(clock.now().timestamp() * 1e9)) as traces:

            def put(fact: Fact) -> None:
                facts.append(fact)
                traces.spans.see(fact)

            records = FactRecords(put, "n1", TodayCount(clock))
            door = here.front_door
            door._services = replace(door._services, records=records, begun=traces.begun)
            here.dispatcher.watch(traces.spans.entry)
            caller = here.ari.world.call("call", "12345", "trunk")
            await here.until(2.5)
            (session,) = door.registry
            calls.append(session.call)
            here.ari.world.press(caller, "2")
            await here.until(4)
            here.log_in("a1")
            await here.until(12)
            here.ari.world.hang_up(caller)
            await here.until(15)
            assert traces.spans.open_calls == 0
            traces.spans.batch(facts, 0.02)

    play(scene)
    (call,) = calls
    spans = told(exporter)
    (root,) = spans["call"]
    assert root.context.trace_id == trace_id_of(call)
    assert root.context.span_id == root_id_of(call)
    assert root.attributes is not None and root.attributes["hotline.outcome"] == "completed"
    for name, within in [
        ("prompt", "call"),
        ("queue", "call"),
        ("offer", "queue"),
        ("ring", "offer"),
        ("talk", "queue"),
    ]:
        assert name in spans, f"no span {name}"
        for span in spans[name]:
            assert parent_of(span, spans) == within
            assert span.context.trace_id == root.context.trace_id
            assert span.start_time is not None and span.end_time is not None
            assert span.start_time <= span.end_time
    (batch,) = spans["storage batch"]
    assert [link.context.span_id for link in batch.links] == [root.context.span_id]
    everything = " ".join(span.to_json() for span in exporter.get_finished_spans())
    assert "13800000000" not in everything, "the caller's number is in the trace"


async def test_commands_and_streams_belong_to_their_call() -> None:
    exporter = InMemorySpanExporter()
    with open_traces(ON, "n1", SimpleSpanProcessor(exporter)) as traces:
        traces.spans.see(CallRecord("c-n1-1-1", AT, flow="main"))

        async def command(channel: str, status: int) -> None:
            await Observing(traces.spans.command, status).hangup(channel)

        await command("c-n1-1-1.agent-1", 204)
        await command("1764165600.12", 204)  # of nobody that is known
        scripted = ScriptedEars()
        ears = TracedEars(scripted, traces.spans)
        await (await ears.open(ListenRequest("zh", label="c-n1-1-1"))).aclose()
        await (await ears.open(ListenRequest("zh", label="c-n1-9-9"))).aclose()
        scripted.most = 0
        with pytest.raises(AsrUnavailable):
            await ears.open(ListenRequest("zh", label="c-n1-1-1"))
    spans = told(exporter)
    assert [parent_of(span, spans) for span in spans["ari channels.hangup"]] == ["call"]
    assert [parent_of(span, spans) for span in spans["asr"]] == ["call", "call"]
    refused = spans["asr"][1].attributes
    assert refused is not None and refused["hotline.refused"] == "overloaded"


class Observing:
    """Sends one command past a watcher."""

    def __init__(self, see: Any, status: int) -> None:
        from ivr.ari.observed import Observed

        self._observed = Observed(self)
        self._observed.watchers.append(see)
        self._status = status

    async def exchange(self, request: Any) -> Reply:
        return Reply(self._status)

    async def hangup(self, channel: str) -> None:
        from ivr.ari.generated.operations import Channels

        await Channels(self._observed).hangup(channel_id=channel)


def test_a_call_that_is_gone_on_with_is_the_same_trace() -> None:
    exporter = InMemorySpanExporter()
    with open_traces(ON, "n1", SimpleSpanProcessor(exporter)) as traces:
        traces.spans.see(JournalEvent("c-n1-1-1", 7, AT, "adopted"))
        assert traces.spans.open_calls == 1
    (root,) = told(exporter)["call"]
    assert root.context.trace_id == trace_id_of("c-n1-1-1")
    assert root.attributes is not None and root.attributes["hotline.adopted"] is True


def test_a_share_of_the_calls_is_traced_by_their_ids() -> None:
    exporter = InMemorySpanExporter()
    with open_traces(TraceSettings(enabled=True, share=0.25), "n1", SimpleSpanProcessor(exporter)) as traces:
        for number in range(400):
            traces.spans.see(CallRecord(f"c-n1-1-{number}", AT))
    assert 50 < len(told(exporter)["call"]) < 150


def test_while_off_nothing_of_it_is_loaded_and_nothing_is_watched() -> None:
    with traces_if_wanted(TraceSettings(), "n1") as traces:
        assert isinstance(traces, NoTraces)
        assert traces.begun is None
        assert not traces.fact_watchers
        ears = ScriptedEars()
        assert traces.ears(ears) is ears
    loading = [
        path
        for path in sources()
        if re.search(r"^(from|import) opentelemetry", path.read_text("utf-8"), re.M)
    ]
    assert {path.name for path in loading} == {"ears.py", "identity.py", "spans.py", "wiring.py"}
    by_name = "|".join(path.stem for path in loading)
    loaded_by = re.compile(rf"^(from|import) ivr\.tracing(\.({by_name})\b| import)", re.M)
    for path in sources():
        if path.parent.name != "tracing":
            assert not loaded_by.search(path.read_text("utf-8")), f"{path} loads opentelemetry for everybody"


def sources() -> list[Path]:
    root = Path(__file__).parents[2]
    return [
        path for room in ("ivr", "asr", "routing", "storage", "web") for path in (root / room).rglob("*.py")
    ]


def test_wanted_and_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ivr.tracing.wiring", None)
    with pytest.raises(ConfigError, match="not installed") as refused, traces_if_wanted(ON, "n1"):
        pass
    assert "open-hotline[traces]" in refused.value.mend
