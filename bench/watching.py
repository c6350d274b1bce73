"""What watching costs where calls go through: facts, commands, events, admission and the log, each against the same
without it, in the same run and by turns; and what a scrape takes of the event loop.

Baselines: a fact's own way into the write-ahead spool; the writing of a command and the reading of its answer; the
routing of an event. Admission, masking and a scrape have nothing to be compared with and are told as they are.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import logging
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest

from ivr.admission.gate import Gate
from ivr.admission.rules import AdmissionRules, Nuisance, Rate
from ivr.ari.bus import Bus
from ivr.ari.generated.operations import Channels
from ivr.ari.observed import Observed
from ivr.ari.parse import seal
from ivr.ari.repository import Reply, Request
from ivr.ari.socket_rest import decode, encode
from ivr.clock import SystemClock
from ivr.gate import Gate as FactGate
from ivr.log import _LineFormatter
from ivr.masking import mask_text
from ivr.watching.event_lag import EventLag
from ivr.watching.health import Limits
from ivr.watching.levels import Levels
from ivr.watching.meters import Meters
from ivr.watching.readings import Buffer, QueueLevel, Readings
from storage.migrate import upgrade
from storage.records import JournalEvent
from storage.spool import Spool
from storage.store import Store
from storage.writer import FactWriter

ROUNDS: Final = 7
GOAL: Final = 1.25
"""Watched, a fact, command or event may cost so many times what it costs unwatched."""
AT: Final = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
EVENT: Final = (
    b'{"type":"ChannelDtmfReceived","timestamp":"2026-11-26T14:00:00.000+0000","digit":"1","duration_ms":100,'
    b'"channel":{"id":"1764165600.12","name":"PJSIP/trunk-0000002a","state":"Up","protocol_id":"x",'
    b'"caller":{"name":"","number":"13800138000"},"connected":{"name":"","number":""},"accountcode":"",'
    b'"dialplan":{"context":"hotline","exten":"12345","priority":2,"app_name":"Stasis","app_data":"ivr,call"},'
    b'"creationtime":"2026-11-26T14:00:00.000+0000","language":"en"},"application":"ivr","asterisk_id":"x"}'
)


ANSWER: Final = (
    b'{"type":"RESTResponse","transaction_id":"","request_id":"1","status_code":200,"reason_phrase":"OK","uri":"channels/c1/play",'
    b'"content_type":"application/json","message_body":"{\\"id\\":\\"p1\\",\\"media_uri\\":\\"sound:x\\",'
    b'\\"state\\":\\"queued\\",\\"target_uri\\":\\"channel:c1\\"}"}'
)


class Answering:
    """A `Transport` that writes and reads what goes over the websocket, with no network between."""

    async def exchange(self, request: Request) -> Reply:
        encode(request, "1")
        assert seal(ANSWER).type == "RESTResponse"
        return decode(ANSWER)[1]


def microseconds(work: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times * 1e6


def by_turns(plain: Callable[[], object], watched: Callable[[], object], times: int) -> dict[str, float]:
    """Medians of both, µs each, and the median of their ratios within a round."""
    rounds = [(microseconds(plain, times), microseconds(watched, times)) for _ in range(ROUNDS)]
    return {
        "plain_us": round(statistics.median(one for one, _ in rounds), 3),
        "watched_us": round(statistics.median(other for _, other in rounds), 3),
        "ratio": round(statistics.median(other / one for one, other in rounds), 3),
    }


async def facts(meters: Meters, times: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/hotline.db"
        await upgrade(url)
        async with await Store.open(url) as store:
            spool = Spool(Path(folder) / "spool")
            spool.open()
            async with FactWriter(store, spool=spool, capacity=10) as writer:
                gate = FactGate(writer.put)
                meters.watch(gate)
                event = JournalEvent("c-n1-1-1", 1, AT, "input", {"type": "digit", "digit": "1"})
                return by_turns(lambda: writer.put(event), lambda: gate(event), times)


async def commands(meters: Meters, times: int) -> dict[str, float]:
    plain, watched = Channels(Answering()), Channels(observed := Observed(Answering()))
    observed.watchers.append(meters.see_command)

    async def send(channels: Channels) -> float:
        began = time.perf_counter()
        for _ in range(times):
            await channels.play_with_id(channel_id="c1", playback_id="p1", media=["sound:x"])
        return (time.perf_counter() - began) / times * 1e6

    rounds = [(await send(plain), await send(watched)) for _ in range(ROUNDS)]
    return {
        "plain_us": round(statistics.median(one for one, _ in rounds), 3),
        "watched_us": round(statistics.median(other for _, other in rounds), 3),
        "ratio": round(statistics.median(other / one for one, other in rounds), 3),
    }


def events(meters: Meters, times: int) -> dict[str, float]:
    bus = Bus()
    lag = EventLag(meters.event_lag.observe, time.time, time.monotonic)
    with bus.mailbox("c1") as mailbox:
        mailbox.watch("1764165600.12")

        def plain() -> None:
            bus.dispatch(seal(EVENT))
            mailbox.get_nowait()

        def watched() -> None:
            bus.dispatch(seal(EVENT))
            lag.see(EVENT)
            mailbox.get_nowait()

        return by_turns(plain, watched, times)


def log_lines(times: int) -> dict[str, float]:
    record = logging.LogRecord(
        "ivr.call.session",
        logging.WARNING,
        "",
        1,
        "channel %s of %s had gone",
        ("1764165600.12", "13800138000"),
        None,
    )
    formatter = _LineFormatter()
    return {
        "masking_us": round(microseconds(lambda: mask_text(record.getMessage()), times), 3),
        "whole_line_us": round(microseconds(lambda: formatter.format(record), times), 3),
    }


def admission(times: int) -> dict[str, float]:
    rules = AdmissionRules(1000, per_caller=Rate(1e9, 1e6), per_trunk=Rate(1e9, 1e6))
    numbers = [Nuisance(f"139{n:08d}") for n in range(5000)]
    patterns = [Nuisance(f"13{n:03d}X{{6}}") for n in range(100)]

    class Clock(SystemClock):
        def monotonic(self) -> float:
            return time.monotonic()

    found: dict[str, float] = {}
    for name, listed in (("nobody", []), ("numbers_5000", numbers), ("patterns_100", patterns)):
        gate = Gate(rules, Clock(), listed)
        callers = iter(range(10**9))
        found[f"{name}_us"] = round(
            microseconds(
                lambda g=gate, c=callers: g.refusal(f"15{next(c) % 50_000:09d}", "12345", "trunk", 5), times
            ),  # type: ignore[misc]
            3,
        )
    return found


def scrape(meters: Meters) -> dict[str, float]:
    now = Readings(
        calls={"menu": 300, "queue": 500, "talking": 200},
        queues=tuple(QueueLevel(f"queue-{n}", 10, 30.0, 1) for n in range(20)),
        buffers=tuple(Buffer(f"buffer-{n}", 1, 10) for n in range(12)),
    )
    meters.registry.register(Levels(lambda: now, Limits()))
    took = [microseconds(lambda: generate_latest(meters.registry), 5) / 1000 for _ in range(ROUNDS)]
    return {"median_ms": round(statistics.median(took), 2), "bytes": len(generate_latest(meters.registry))}


async def measured(times: int) -> dict[str, Any]:
    meters = Meters(CollectorRegistry())
    return {
        "facts": await facts(meters, times),
        "commands": await commands(meters, times),
        "events": events(meters, times),
        "log": log_lines(times),
        "admission": admission(times),
        "scrape": scrape(meters),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    times = 2_000 if parser.parse_args().quick else 20_000
    logging.disable(logging.CRITICAL)
    found = asyncio.run(measured(times))
    for what, figures in found.items():
        print(f"{what:10}", "  ".join(f"{name} {figure}" for name, figure in figures.items()))
    ratios = {what: found[what]["ratio"] for what in ("facts", "commands", "events")}
    met = all(ratio <= GOAL for ratio in ratios.values())
    print(f"goal: at most {GOAL} times the cost unwatched: {'met' if met else 'not met'}")
    print(json.dumps({"bench": "watching", "machine": platform.machine(), "met": met, **found}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
