"""What is counted as it happens: from facts, from routing, from the log, from Asterisk's events; and what it costs."""

from __future__ import annotations

import datetime as dt
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from asr.protocol import AsrUnavailable, ListenRequest
from ivr.ari.generated.operations import Channels
from ivr.ari.observed import Observed
from ivr.ari.repository import Reply, Request
from ivr.errors import AriUnavailable
from ivr.gate import Gate
from ivr.watching.bounded import OTHER, BoundedLabel
from ivr.watching.ears import CountedEars
from ivr.watching.event_lag import EVERY_S, EventLag, time_of
from ivr.watching.journal_lag import MOST_MARKS, JournalLag
from ivr.watching.logged import LogCounts
from ivr.watching.meters import Meters
from storage.records import CallRecord, JournalEvent
from tests.call.scenes import play
from tests.support.call_house import House
from tests.support.scripted_ears import ScriptedEars

AT = dt.datetime(2026, 11, 26, 14, 0, tzinfo=dt.UTC)


@pytest.fixture
def meters() -> Meters:
    return Meters(CollectorRegistry())


def value(meters: Meters, name: str, **labels: str) -> float | None:
    return meters.registry.get_sample_value(f"hotline_{name}", labels)


def test_calls_are_counted_as_they_are_written(meters: Meters) -> None:
    gate = Gate(lambda fact: None)
    meters.watch(gate)
    gate(CallRecord("c-1", AT))
    gate(JournalEvent("c-1", 1, AT, "arrived"))
    gate(CallRecord("c-1", AT, state="ended", data={"outcome": "abandoned"}, revision=1))
    gate(CallRecord("c-2", AT, state="ended", data={"outcome": "c-2 13812345678"}, revision=1))
    assert value(meters, "calls_arrived_total") == 1
    assert value(meters, "calls_ended_total", outcome="abandoned") == 1
    assert value(meters, "calls_ended_total", outcome="other") == 1, "no label is made of what comes in"
    assert value(meters, "facts_total", kind="CallRecord") == 3


def test_waits_and_dispatch_of_a_real_line() -> None:
    meters = Meters(CollectorRegistry())

    async def scene(here: House) -> None:
        here.dispatcher.watch(meters.see_routing)
        caller = here.ari.world.call("call", "12345", "trunk")
        await here.until(2.5)
        here.ari.world.press(caller, "2")
        await here.until(8)
        here.log_in("a1")
        await here.until(20)
        here.ari.world.hang_up(caller)
        await here.until(15)

    play(scene)
    assert value(meters, "queue_entries_total", queue="general") == 1
    assert value(meters, "queue_ended_total", queue="general", outcome="served") == 1
    assert value(meters, "queue_wait_seconds_bucket", queue="general", le="5.0") == 0
    assert value(meters, "queue_wait_seconds_bucket", queue="general", le="15.0") == 1
    assert value(meters, "talk_seconds_count", queue="general") == 1
    assert value(meters, "dispatch_match_seconds_count") >= 1
    assert value(meters, "dispatch_match_seconds_bucket", le="0.1") >= 1, (
        "the agent was offered the caller at once"
    )
    assert value(meters, "dispatch_ring_seconds_bucket", le="0.1") >= 1


def test_errors_are_counted_by_kind_and_not_by_words(meters: Meters) -> None:
    handler = LogCounts(meters)
    for number in range(100):
        record = logging.LogRecord("ivr.call.session", logging.ERROR, "", 0, "call %d", (number,), None)
        handler.handle(record)
    try:
        raise ExceptionGroup("several", [ValueError("13812345678")])
    except ExceptionGroup as error:
        record = logging.LogRecord(
            "ivr.x", logging.ERROR, "", 0, "broken", None, (type(error), error, error.__traceback__)
        )
        handler.handle(record)
    handler.handle(logging.LogRecord("asr.pool", logging.WARNING, "", 0, "slow", None, None))
    assert value(meters, "errors_total", kind="ivr.call") == 100
    assert value(meters, "errors_total", kind="ValueError") == 1
    assert value(meters, "log_records_total", level="warning") == 1
    assert value(meters, "log_records_total", level="error") == 101


class Answering:
    """A `Transport` that answers with these statuses; None: not at all."""

    def __init__(self, *statuses: int | None) -> None:
        self._statuses = list(statuses)

    async def exchange(self, request: Request) -> Reply:
        status = self._statuses.pop(0)
        if status is None:
            raise AriUnavailable("gone")
        return Reply(status, b"{}")


async def test_commands_are_timed_and_their_failures_counted(meters: Meters) -> None:
    observed = Observed(Answering(204, 404, None, 204))
    observed.watchers.append(meters.see_command)
    channels = Channels(observed)
    await channels.hangup(channel_id="c1")
    await channels.hangup(channel_id="c1")
    with pytest.raises(AriUnavailable):
        await channels.hangup(channel_id="c1")
    observed.watchers.clear()
    await channels.hangup(channel_id="c1")
    assert value(meters, "ari_command_seconds_count", command="channels.hangup") == 3
    assert value(meters, "ari_command_errors_total", command="channels.hangup", status="404") == 1
    assert value(meters, "ari_command_errors_total", command="channels.hangup", status="unavailable") == 1


async def test_a_recogniser_that_has_too_much_to_do_is_counted(meters: Meters) -> None:
    scripted = ScriptedEars()
    ears = CountedEars(scripted, meters)
    await (await ears.open(ListenRequest("zh"))).aclose()
    scripted.most = 0
    for request in (ListenRequest("zh"), ListenRequest("zh", continuous=True)):
        with pytest.raises(AsrUnavailable):
            await ears.open(request)
    assert ears.languages() == {"zh", "en"}
    assert value(meters, "asr_requests_total", use="dialogue", result="opened") == 1
    assert value(meters, "asr_requests_total", use="dialogue", result="overloaded") == 1
    assert value(meters, "asr_requests_total", use="talk", result="overloaded") == 1


def test_the_age_of_events_is_looked_at_now_and_then() -> None:
    told: list[float] = []
    now = 0.0
    lag = EventLag(told.append, lambda: AT.timestamp() + 2.5, lambda: now)
    event = b'{"type":"StasisStart","timestamp":"2026-11-26T14:00:00.000+0000","args":[]}'
    for _ in range(10):
        lag.see(event)
    assert told == [2.5]
    now += EVERY_S
    lag.see(b'{"type":"StasisStart","timestamp":"2026-11-26T14:00:05.000+0000"}')
    assert told == [2.5, 0.0], "a clock that goes before is no lag"


@given(st.binary(max_size=60))
def test_no_event_harms(raw: bytes) -> None:
    time_of(raw)
    time_of(b'{"timestamp":"' + raw + b'"}')


def test_labels_of_names_from_outside_are_bounded() -> None:
    label = BoundedLabel(2)
    assert [label.of(name) for name in ("a", "b", "c", "a", "", "x" * 65)] == [
        "a",
        "b",
        OTHER,
        "a",
        OTHER,
        OTHER,
    ]


def test_the_oldest_unwritten_fact_is_as_old_as_it_is() -> None:
    lag = JournalLag()
    lag.tick(0.0, 10, 10)
    assert lag.lag_s(5.0) == 0.0
    lag.tick(10.0, 12, 10)
    lag.tick(11.0, 15, 10)
    assert lag.lag_s(20.0) == 10.0
    lag.tick(21.0, 15, 12)
    assert lag.lag_s(21.0) == 10.0, "the first two are stored; the others are of the eleventh second"
    lag.tick(22.0, 15, 15)
    assert lag.lag_s(22.0) == 0.0
    for second in range(10_000):
        lag.tick(100.0 + second, 16 + second, 15)
    assert lag.lag_s(10_100.0) == 10_000.0
    assert len(lag._marks) <= MOST_MARKS
