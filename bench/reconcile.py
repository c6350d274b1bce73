"""What a look of the reconciler costs: 1,000 talks (2,000 channels, 1,000 bridges), 1,000 who wait, 1,500 agents.

    .venv/bin/python -m bench.reconcile [--quick] [--talks N]

No I/O: from the bytes of Asterisk's lists to the findings, in the processor time of its thread. `baseline` is the plain
reading of the same bytes as JSON; the ratio says how many looks take as long as one of ours.

The reconciler looks every 1.5 s, and rarer where looking takes more than 2 % of the time.

Goals: nothing is found in a house in order; a look is under 100 ms, for so long nothing else has its turn.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import json
import time
from collections.abc import Callable
from dataclasses import replace

import orjson
from pydantic import TypeAdapter

from ivr.ari.generated.models import Bridge, Channel
from ivr.ids import CallId
from ivr.reconcile.compare import compare
from ivr.reconcile.reading import asterisk_of
from ivr.reconcile.reconciler import EVERY_S, SHARE
from ivr.reconcile.views import Records
from routing.agents import Agent
from routing.board import Board
from routing.entries import Entry, enter
from routing.ids import AgentId, EntryId, QueueName
from routing.invariants import held
from routing.rules import QueueRules, Rules
from tests.support.fake_ari_objects import FakeBridge, FakeChannel, bridge_json, channel_json

GOAL_MS = 100.0
NOW = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)
GENERAL = QueueName("general")


def a_house(talks: int) -> tuple[bytes, bytes, Board, Records]:
    """Asterisk's two lists as it sends them, and our records of the same."""
    channels: list[FakeChannel] = []
    bridges: list[FakeBridge] = []
    agents: list[Agent] = []
    entries: list[Entry] = []
    calls: dict[CallId, str] = {}
    talking: dict[str, str] = {}
    telephones: dict[str, str] = {}
    for number in range(2 * talks):
        call = CallId(f"c-n1-6b08-{number:08x}")
        calls[call] = f"1700000000.{number}"
        caller = FakeChannel(calls[call], f"PJSIP/trunk-{number:08x}", "Up", "13800000000", "12345")
        channels.append(caller)
        entry = enter(EntryId(f"{call}.entry-1"), GENERAL, call, NOW)
        if number < talks:
            who = f"a{number}"
            leg = FakeChannel(f"{call}.agent1", f"PJSIP/{who}-{number:08x}", "Up")
            bridge = FakeBridge(f"{call}.talk2", "mixing", "", [caller.id, leg.id])
            channels.append(leg)
            bridges.append(bridge)
            entry = replace(entry, state="joined", agent=AgentId(who), joined_at=NOW)
            agents.append(agent(who, entry.id))
            talking[who], telephones[leg.id] = call, call
        entries.append(entry)
    agents += [agent(f"b{number}", None) for number in range(talks // 2)]
    for channel in channels:
        channel.in_stasis = channel.entered = True
    board = Board(Rules({GENERAL: QueueRules(GENERAL)}), agents, entries)
    records = Records(
        "n1",
        "ivr",
        calls,
        talking=talking,
        telephones=telephones,
        agents={one.id: one for one in agents},
        entries={one.id: one for one in entries},
    )
    listed = orjson.dumps([channel_json(channel, "ivr") for channel in channels])
    return listed, orjson.dumps([bridge_json(bridge) for bridge in bridges]), board, records


def agent(id: str, entry: EntryId | None) -> Agent:
    state = "paused" if entry is None else "talking"
    return Agent(AgentId(id), id, id, {}, frozenset({GENERAL}), NOW, NOW, state, entry=entry)  # type: ignore[arg-type]


def median_ms(work: Callable[[], object], times: int) -> float:
    took: list[float] = []
    for _ in range(times):
        began = time.thread_time()
        work()
        took.append(1000 * (time.thread_time() - began))
    return sorted(took)[times // 2]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--talks", type=int, default=1000)
    wanted = parser.parse_args()
    channels, bridges, board, records = a_house(wanted.talks)
    read_channels, read_bridges = TypeAdapter(list[Channel]), TypeAdapter(list[Bridge])

    def plain() -> object:
        return orjson.loads(channels), orjson.loads(bridges)

    def look() -> object:
        seen = asterisk_of(read_channels.validate_json(channels), read_bridges.validate_json(bridges), "ivr")
        faults = tuple(map(str, held(board, board.entries())))
        return compare(replace(records, faults=faults), seen)

    found = look()
    gc.collect()
    gc.freeze()  # as the hotline does after its start
    times = 10 if wanted.quick else 100
    baseline_ms, look_ms = median_ms(plain, times), median_ms(look, times)
    every_s = max(EVERY_S, look_ms / 1000 / SHARE)
    print(
        f"{len(records.calls)} calls, {len(channels) // 1000} KB of channels: a look {look_ms:.1f} ms "
        f"(goal {GOAL_MS:.0f}), every {every_s:.1f} s; the bytes as plain JSON {baseline_ms:.1f} ms"
    )
    print(
        json.dumps(
            {
                "bench": "reconcile",
                "calls": len(records.calls),
                "look_ms": round(look_ms, 2),
                "baseline_ms": round(baseline_ms, 2),
                "ratio": round(look_ms / baseline_ms, 2),
                "every_s": round(every_s, 2),
                "found": len(found),  # type: ignore[arg-type]
                "met": look_ms < GOAL_MS and not found,
            }
        )
    )


if __name__ == "__main__":
    main()
