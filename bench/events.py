"""How many ARI events a second one process takes in: our client against plain aiohttp with json.loads.

    .venv/bin/python -m bench.events [--quick]

A sender in a process of its own holds a real websocket on loopback and sends the events of one recorded call with an
agent (`events_recorded/call.jsonl`, 38 events, from Asterisk 22.10), interleaved for many calls at once. Three takers,
each a fresh process on uvloop, take turns; the medians of the rounds count:

- baseline: `async for message in websocket: json.loads(message.data)`, nothing else.
- intake: our reader. Each event is routed by the ids it names into the mailboxes of its call; sessions read later.
  This is what decides whether Asterisk ever finds the socket slow. `ratio` is intake to baseline.
- read: intake, and each call's own task takes its events out at once, each a validated, typed model.

Processor time is told beside the rate: it depends less on what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from typing import Any, Literal

import aiohttp
import uvloop

from bench.events_sender import CALLS_AT_ONCE, call_id
from ivr.ari.bus import Bus, Mailbox
from ivr.ari.client import AriClient, AriSettings
from ivr.ari.generated.events import ChannelUserevent

GOAL_RATIO = 1.0
GOAL_READ_PER_S = 2 * 150 * 38
"""Twice what 150 calls a second send."""
TIMEOUT_S = 120.0

Taker = Literal["baseline", "intake", "read"]
TAKERS: tuple[Taker, ...] = ("baseline", "intake", "read")


def event_ids(call: str) -> list[str]:
    """What a session of this recorded call watches."""
    return [call, f"{call}.agent8", f"{call}.bridge9"]


class Meter:
    """Counts from the first event to the last: wall clock and this process's processor time, in s."""

    def __init__(self) -> None:
        self.events = 0
        self._wall = self._cpu = 0.0

    def begin(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def result(self) -> dict[str, float]:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return {"events": self.events, "wall_s": wall, "cpu_s": cpu}


async def take_ours(port: int, *, read: bool) -> dict[str, float]:
    """read: False leaves the events in the mailboxes until all have come."""
    meter = Meter()
    bus = Bus()

    async def session(mailbox: Mailbox) -> None:
        async for _ in mailbox:
            meter.events += 1

    with bus.mailbox("end") as end:
        end.watch("end")
        mailboxes = [Mailbox(bus, call_id(number), sys.maxsize) for number in range(CALLS_AT_ONCE)]
        for number, mailbox in enumerate(mailboxes):
            mailbox.watch(*event_ids(call_id(number)))
        async with asyncio.TaskGroup() as group:
            if read:
                for mailbox in mailboxes:
                    group.create_task(session(mailbox), name=mailbox.owner)
            settings = AriSettings(f"http://127.0.0.1:{port}/ari", "ivr", "secret", heartbeat_s=60.0)
            meter.begin()
            async with AriClient(settings, bus=bus):
                while not isinstance(await end.get(), ChannelUserevent):
                    pass
                result = meter.result()
            if not read:
                result["events"] = sum(map(len, mailboxes))
            for mailbox in mailboxes:
                mailbox.close()
    if bus.unknown or bus.unwatched:
        raise SystemExit(
            f"{bus.unknown} unknown and {bus.unwatched} unwatched events: the measurement is void"
        )
    return result


async def take_plainly(port: int) -> dict[str, float]:
    meter = Meter()
    meter.begin()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}/ari/events?app=ivr", max_msg_size=0) as websocket,
    ):
        async for message in websocket:
            event = json.loads(message.data)
            meter.events += 1
            if event["type"] == "ChannelUserevent":
                break
        return meter.result()


def measure(taker: Taker, events: int) -> dict[str, float]:
    """One round: a sender and a taker, each a fresh process."""
    sender = subprocess.Popen(
        [sys.executable, "-m", "bench.events_sender", str(events)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert sender.stdout is not None
        port = sender.stdout.readline().strip()
        taken = subprocess.run(
            [sys.executable, "-m", "bench.events", "--take", taker, "--port", port],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=TIMEOUT_S,
        )
        return {name: float(value) for name, value in json.loads(taken.stdout.splitlines()[-1]).items()}
    finally:
        sender.kill()
        sender.wait()
        if sender.stdout is not None:
            sender.stdout.close()


def figures(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {
        "events_per_s": round(statistics.median(r["events"] / r["wall_s"] for r in rounds)),
        "cpu_us_per_event": round(statistics.median(r["cpu_s"] / r["events"] for r in rounds) * 1e6, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer events and rounds: under 45 s")
    parser.add_argument("--take", choices=TAKERS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.take == "baseline":
        print(json.dumps(uvloop.run(take_plainly(options.port))))
    elif options.take:
        print(json.dumps(uvloop.run(take_ours(options.port, read=options.take == "read"))))
    else:
        print(json.dumps(run(*((30_000, 3) if options.quick else (200_000, 5)))))


def run(events: int, rounds: int) -> dict[str, Any]:
    """The bench's result. events: for each taker in each round."""
    taken: dict[Taker, list[dict[str, float]]] = {taker: [] for taker in TAKERS}
    for number in range(rounds):
        for taker in TAKERS:
            taken[taker].append(measure(taker, events))
            figure = figures(taken[taker][-1:])
            rate, cost = figure["events_per_s"], figure["cpu_us_per_event"]
            print(f"round {number + 1}, {taker}: {rate:.0f} events/s, {cost} us of processor time each")
    intake, read = figures(taken["intake"]), figures(taken["read"])
    baseline = figures(taken["baseline"])
    ratio = round(intake["events_per_s"] / baseline["events_per_s"], 3)
    ours = {f"intake_{name}": value for name, value in intake.items()}
    ours |= {f"read_{name}": value for name, value in read.items()}
    return {
        "name": "events",
        "ours": ours,
        "baseline": baseline,
        "ratio": ratio,
        "goals": {
            "ratio": ratio >= GOAL_RATIO,
            "read_events_per_s": read["events_per_s"] >= GOAL_READ_PER_S,
        },
    }


if __name__ == "__main__":
    main()
