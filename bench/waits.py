"""How often a wait that is estimated holds: shifts in virtual time through the real dispatcher, several seeds each.

    .venv/bin/python -m bench.waits [--quick]

Callers arrive by chance, give up by chance (exponential, 180 s on the average), and talk a lognormal time (mean 300 s,
spread 0.8) with agents who answer after some seconds and write up. The estimate is made for 80 % of waits. Beside it
stands the estimate of textbooks (place times handle time over agents, gamma), made at the same moments of the same
shift from the same figures, which knows nothing of giving up, other queues or the spread. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from ivr.call.ports import Offer
from ivr.dispatch import Dispatcher
from ivr.flow.actions import Enqueue
from ivr.flow.inputs import OpId
from ivr.ids import CallId
from routing.agents import LogIn
from routing.board import Board
from routing.board_events import AgentActed
from routing.estimate import NOMINAL, Measured, estimate
from routing.ids import AgentId, EntryId, QueueName
from routing.rules_load import load_agents, load_rules
from tests.support.virtual_time import VirtualClock, run_virtual

HANDLE_S: Final = 300.0
SPREAD: Final = 0.8
PATIENCE_S: Final = 180.0
WRAP_UP_S: Final = 20.0

QUEUES = """
skills: {mandarin: {en: Mandarin}, english: {en: English}}
languages: {zh: {mandarin: 1}, en: {english: 1}}
queues:
  general: {wrap_up_s: 20, max_wait_s: null, max_length: null, no_answer_pause_after: null}
  business: {wrap_up_s: 20, max_wait_s: null, max_length: null, priority: 1, no_answer_pause_after: null}
"""


@dataclass(frozen=True, slots=True)
class Shift:
    """agents: queues and languages of each. per_h: calls by queue and language, at each hour of the shift."""

    name: str
    agents: tuple[tuple[str, str], ...]
    per_h: Callable[[float], dict[tuple[str, str], float]]


SHIFTS: Final = (
    Shift("one queue, 12 agents", (("general", "zh"),) * 12, lambda _: {("general", "zh"): 170.0}),
    Shift("one queue, 3 agents", (("general", "zh"),) * 3, lambda _: {("general", "zh"): 45.0}),
    Shift(
        "two queues and two languages share agents",
        (("general", "zh"),) * 5 + (("general business", "zh"),) * 3 + (("general business", "zh en"),) * 3,
        lambda _: {("general", "zh"): 110.0, ("business", "zh"): 30.0, ("general", "en"): 25.0},
    ),
    Shift(
        "a surge of four times in the third hour",
        (("general", "zh"),) * 12,
        lambda hour: {("general", "zh"): 480.0 if 2 <= hour < 3 else 130.0},
    ),
)


@dataclass(slots=True)
class Outcome:
    """Of one shift. baseline: the same for the estimate of textbooks. unknown: gave up before it could be said."""

    hits: int = 0
    misses: int = 0
    unknown: int = 0
    width_s: float = 0.0
    baseline_hits: int = 0
    baseline_width_s: float = 0.0
    early: int = 0
    """Of the misses: the wait was shorter."""

    @property
    def known(self) -> int:
        return self.hits + self.misses

    def add(self, other: Outcome) -> None:
        for name in ("hits", "misses", "unknown", "width_s", "baseline_hits", "baseline_width_s", "early"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class _Records:
    def routing(self, fact: object, at: object) -> None:
        pass


@dataclass(slots=True)
class _Caller:
    """A seat whose caller talks when an agent answers, and gives up after a while."""

    entry: EntryId
    world: _World
    handle: asyncio.TimerHandle | None = field(default=None)
    rings_several: bool = False

    def offered(self, offer: Offer) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(self.world.dispatcher.ringing, self.entry, offer.agent)
        self.handle = loop.call_later(self.world.random.uniform(2, 8), self._answered, offer)

    def _answered(self, offer: Offer) -> None:
        dispatcher, loop = self.world.dispatcher, asyncio.get_running_loop()
        if dispatcher.answered(self.entry, offer.agent):
            deviation = math.sqrt(math.log(1 + SPREAD**2))
            talk_s = self.world.random.lognormvariate(
                math.log(HANDLE_S - WRAP_UP_S) - deviation**2 / 2, deviation
            )
            loop.call_later(talk_s, dispatcher.finished, self.entry, offer.agent)

    def give_up(self) -> None:
        waiting = self.world.dispatcher.board.entry(self.entry)
        if waiting is not None and waiting.state != "joined":
            self.world.dispatcher.leave(self.entry, "abandoned")

    def withdrawn(self, offer: Offer) -> None:
        if self.handle is not None:
            self.handle.cancel()

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        pass

    def rejected(self, outcome: Any) -> None:
        pass


class _World:
    def __init__(self, shift: Shift, seed: int) -> None:
        self.random = random.Random(seed)
        self.clock = VirtualClock()
        rules = load_rules(QUEUES)
        written = "agents:\n" + "".join(
            f"  - {{id: a{n}, name: a{n}, extension: '{1000 + n}', queues: [{', '.join(queues.split())}], skills: "
            f"{{mandarin: 3{', english: 3' if 'en' in languages else ''}}}}}\n"
            for n, (queues, languages) in enumerate(shift.agents)
        )
        self.dispatcher = Dispatcher(
            Board(rules, load_agents(written, rules, self.clock.now())), self.clock, _Records()
        )
        self.dispatcher.places.measured = self.measured
        self.outcome = Outcome()
        self.shift = shift

    def measured(self, one: Measured) -> None:
        if one.hit is None:
            self.outcome.unknown += 1
            return
        self.outcome.hits += one.hit
        self.outcome.misses += not one.hit
        self.outcome.early += not one.hit and one.waited_s < one.wait.low_s
        self.outcome.width_s += one.wait.high_s - one.wait.low_s
        handle = self.dispatcher.places.handle_times.of(QueueName(one.queue), self.clock.now())
        plain = estimate(one.place, one.serving, handle)
        if plain is not None:
            self.outcome.baseline_hits += plain.holds(one.waited_s)
            self.outcome.baseline_width_s += plain.high_s - plain.low_s

    async def run(self, hours: float) -> Outcome:
        loop, number = asyncio.get_running_loop(), 0
        for n in range(len(self.shift.agents)):
            self.dispatcher.apply(AgentActed(AgentId(f"a{n}"), LogIn()))
        while loop.time() < hours * 3600:
            rates = self.shift.per_h(loop.time() / 3600)
            await asyncio.sleep(self.random.expovariate(sum(rates.values()) / 3600))
            queue, language = self.random.choices(list(rates), list(rates.values()))[0]
            number += 1
            entry = EntryId(f"e{number}")
            caller = _Caller(entry, self)
            loop.call_later(self.random.expovariate(1 / PATIENCE_S), caller.give_up)
            wanted = Enqueue(OpId("queue"), queue, language)
            self.dispatcher.enqueue(entry, CallId(f"c{number}"), wanted, "", caller)
        self.dispatcher.close()
        return self.outcome


def simulate(shift: Shift, seed: int, hours: float) -> Outcome:
    """One shift in virtual time."""
    return run_virtual(lambda: _World(shift, seed).run(hours))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds of four hours, not eight of eight")
    quick = parser.parse_args().quick
    seeds, hours = (2, 4.0) if quick else (8, 8.0)
    results: dict[str, Any] = {"nominal": NOMINAL}
    for shift in SHIFTS:
        total = Outcome()
        for seed in range(seeds):
            total.add(simulate(shift, seed, hours))
        rate, plain = total.hits / total.known, total.baseline_hits / total.known
        width, wide = total.width_s / total.known / 60, total.baseline_width_s / total.known / 60
        print(
            f"{shift.name}: {total.known} waits, {rate:.0%} held ({total.early / total.known:.0%} shorter), "
            f"{width:.1f} min wide; textbook {plain:.0%}, {wide:.1f} min; {total.unknown} gave up before"
        )
        results[shift.name] = {
            "waits": total.known,
            "hit_rate": round(rate, 3),
            "width_min": round(width, 2),
            "textbook_hit_rate": round(plain, 3),
            "textbook_width_min": round(wide, 2),
            "hit_ratio": round(rate / plain, 2) if plain else None,
        }
    print(json.dumps(results))


if __name__ == "__main__":
    main()
