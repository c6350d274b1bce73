"""Sixty minutes of storm in virtual time through the real board: four times the calls, three in ten agents gone, phones
that do not answer, callers who hang up at every moment, phones that unregister, supervisors' forces, moves, new rules,
closing hours, callbacks, transfers back, and reports that come late or twice. After every event all invariants of
`routing/invariants.py` are looked at.
"""

from __future__ import annotations

import argparse
import datetime as dt
import heapq
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from routing import agents as ag
from routing import board_events as ev
from routing.agents import Agent, IllegalTransition
from routing.board import Board
from routing.decisions import Overtaken
from routing.entries import IN_LINE, Step, enter
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.invariants import Fault, faults
from routing.rules import Ageing, Overflow, QueueRules, Rules
from routing.several import at_once

BEGAN = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
GENERAL, COMPLAINT, CRISIS, NIGHT = map(QueueName, ("general", "complaint", "crisis", "night"))
ENGLISH, EXPERT = SkillName("english"), SkillName("expert")
QUEUES = (GENERAL, COMPLAINT, CRISIS)


def the_rules() -> list[Rules]:
    """Those in force by turns."""
    general = QueueRules(
        GENERAL,
        max_wait_s=300.0,
        max_length=120,
        wrap_up_s=15.0,
        ring_s=12.0,
        ageing=Ageing(1, 30.0, 20),
        redial_s=120.0,
        shares={"vendor": {"north": 60.0, "south": 40.0}},
    )
    complaint = QueueRules(
        COMPLAINT,
        steps=(Step({EXPERT: 3}, {}, 20.0), Step({}, {EXPERT: 1}, 60.0), Step()),
        strategy="best_skill",
        wrap_up_s=30.0,
        max_wait_s=240.0,
        overflow=(Overflow(GENERAL, after_s=120.0), Overflow(GENERAL, unstaffed=True)),
        preferred_s=15.0,
    )
    crisis = QueueRules(
        CRISIS,
        priority=100,
        urgent=True,
        wrap_up_s=None,
        max_wait_s=None,
        no_answer_pause_after=None,
        ring_s=8.0,
        ring=3,
    )
    night = QueueRules(NIGHT, when_unstaffed="end")
    first = {queue.name: queue for queue in (general, complaint, crisis, night)}
    others = [
        {COMPLAINT: replace(complaint, steps=(), strategy="longest_idle", overflow=(), ring=2)},
        {
            GENERAL: replace(
                general, ageing=None, max_length=40, strategy="least_occupied", when_unstaffed="end"
            )
        },
        {
            GENERAL: replace(
                general, overflow=(Overflow(COMPLAINT, longer_than=30),), strategy="round_robin", ring=2
            )
        },
    ]
    return [Rules(first), *(Rules({**first, **other}) for other in others)]


class Storm:
    """agents: how many at the beginning. calm: calls a minute before the surge. minutes: how long in all."""

    def __init__(self, seed: int, *, agents: int, calm: float, minutes: float) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.minutes, self.calm = minutes, calm
        self.rules = the_rules()
        self.board = Board(self.rules[0], [self._agent(number) for number in range(agents)])
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.ringing: set[tuple[EntryId, AgentId]] = set()
        self.ending: set[EntryId] = set()
        self.past: list[ev.BoardEvent] = []
        self.number = self.order = 0

    def _agent(self, number: int) -> Agent:
        skills = {ENGLISH: self.random.randint(1, 5)} if self.random.random() < 0.4 else {}
        if self.random.random() < 0.4:
            skills[EXPERT] = self.random.randint(1, 5)
        queues = {GENERAL, *(queue for queue in (COMPLAINT, CRISIS) if self.random.random() < 0.5)}
        vendor = self.random.choice(("north", "south"))
        id = AgentId(f"a{number}")
        return Agent(id, id, "0", skills, frozenset(queues), BEGAN, BEGAN, labels={"vendor": vendor})

    # --- the course of things

    def run(self) -> None:
        for id in self.board.agents:
            self.after(0.0, lambda id=id: self.act(id, ag.LogIn()))  # type: ignore[misc]  # its own id
        third = self.minutes * 20
        self.after(0.5, self.somebody_calls)
        self.after(third, self.many_leave)
        for every, what in (
            (15.0, self.places_are_told),
            (4.0, self.a_phone_comes_or_goes),
            (3.0, self.an_agent_acts),
            (9.0, self.a_force),
            (7.0, self.a_move),
            (5.0, self.a_callback),
            (6.0, self.late_or_twice),
            (45.0, self.new_rules),
            (70.0, self.new_hours),
            (50.0, self.new_skills),
        ):
            self.repeated(every, what)
        end = self.minutes * 60
        while True:
            due = self.board.next_deadline()
            due_s = None if due is None else (due - BEGAN).total_seconds()
            if due_s is not None and due_s <= (self.heap[0][0] if self.heap else end):
                if due_s > end:
                    break
                self.now = max(self.now, due_s)
                self.tell(ev.Tick())
            elif self.heap and self.heap[0][0] <= end:
                self.now, _, act = heapq.heappop(self.heap)
                act()
            else:
                break

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self.order += 1
        heapq.heappush(self.heap, (self.now + seconds, self.order, act))

    def repeated(self, every: float, what: Callable[[], None]) -> None:
        def again() -> None:
            what()
            self.after(self.random.expovariate(1 / every), again)

        self.after(self.random.expovariate(1 / every), again)

    def clock(self) -> dt.datetime:
        return BEGAN + dt.timedelta(seconds=self.now)

    # --- the board

    def tell(self, event: ev.BoardEvent) -> None:
        self.counts["events"] += 1
        self.counts[type(event).__name__] += 1
        try:
            results = self.board.apply(event, self.clock())
        except IllegalTransition:
            self.counts["refused"] += 1
            results = []
        # Of what a phone or a caller does a report may come twice; a place is told by us.
        if not isinstance(event, ev.Tick | ev.PlaceTold) and self.random.random() < 0.1:
            self.past.append(event)
        for result in results:
            match result:
                case ev.RingAgent(entry=entry, agent=agent):
                    if any(agent.id == who for _, who in self.ringing):
                        self.fault(f"rung twice: {entry.id} {agent.id}")
                    beside = sum(entry.id == id for id, _ in self.ringing)
                    queue = self.board.rules.queues.get(entry.queue)
                    if beside >= (1 if queue is None else at_once(entry, queue)):
                        self.fault(f"too many rung: {entry.id} {agent.id}")
                    self.counts["rung beside others"] += beside > 0
                    self.ringing.add((entry.id, agent.id))
                    self.after(0.0, lambda entry=entry.id, agent=agent.id: self.rings(entry, agent))  # type: ignore[misc]  # its own
                case ev.StopRinging(entry=id, agent=who):
                    if (id, who) not in self.ringing:
                        self.fault(f"stopped what did not ring: {id} {who}")
                    self.ringing.discard((id, who))
                case ev.EndConversation(entry=id, agent=who):
                    self.ending.add(id)
                    over = ev.TalkEnded(id, who)
                    self.after(self.random.uniform(0, 2), lambda over=over: self.tell(over))  # type: ignore[misc]  # its own
                case ev.EntryChanged(after=after):
                    if after.state != "joined":
                        self.ending.discard(after.id)
                    if after.state == "ended":
                        self.counts[f"ended: {after.outcome}"] += 1
                case ev.Decided(decision=Overtaken(reasons=reasons) as decision):
                    self.counts["worse places explained"] += 1
                    if any(reason.code == "overtaken" for reason in reasons):
                        self.fault(f"worse place not explained: {decision}")
                case ev.Ignored():
                    self.counts["ignored"] += 1
                case _:
                    pass
        for fault in faults(self.board, self.clock(), self.ending):
            self.fault(str(fault), fault)

    def fault(self, what: str, fault: Fault | None = None) -> None:
        self.counts[f"FAULT {fault.code if fault else what.split(':')[0]}"] += 1
        if len(self.faults) < 20:
            self.faults.append(f"{self.now:.3f} s: {what}")

    # --- callers

    def somebody_calls(self) -> None:
        third = self.minutes * 20
        surging = third / 2 < self.now < 2.5 * third
        rate = self.calm * (4 if surging else 1) / 60
        self.after(self.random.expovariate(rate), self.somebody_calls)
        self.number += 1
        queue = self.random.choices(QUEUES, (70, 25, 5))[0]
        if self.random.random() < 0.005:
            queue = self.random.choice((NIGHT, QueueName("nowhere")))
        skills = {ENGLISH: self.random.randint(1, 4)} if self.random.random() < 0.1 else {}
        now = self.clock()
        returned = self.random.random() < 0.03
        only = self.random.choice(sorted(self.board.agents)) if self.random.random() < 0.02 else None
        entry = enter(
            EntryId(f"e{self.number}"),
            QueueName("") if only else queue,
            f"c{self.number}",
            now,
            skills=skills,
            priority=self.random.choice((0, 0, 0, 0, 5)),
            preferred=self.random.choice(sorted(self.board.agents)) if self.random.random() < 0.1 else None,
            only=only,
            enqueued_at=now - dt.timedelta(seconds=60) if returned else None,
        )
        self.tell(ev.EntryArrived(entry))
        gone = ev.EntryLeft(
            entry.id, self.random.choice(("abandoned", "abandoned", "abandoned", "left", "failed"))
        )
        patience = 0.0 if self.random.random() < 0.03 else self.random.expovariate(1 / 90)
        self.after(patience, lambda: self.leaves(gone))

    def leaves(self, gone: ev.EntryLeft) -> None:
        entry = self.board.entry(gone.entry)
        if entry is not None and not entry.callback:
            self.tell(gone)

    # --- phones

    def rings(self, entry: EntryId, agent: AgentId) -> None:
        if (entry, agent) not in self.ringing:
            return
        chance = self.random.random()
        if chance < 0.02:
            self.report(entry, agent, ev.OfferFailed(entry, agent, "error"))
        elif chance < 0.04:
            self.report(entry, agent, ev.NotAnswered(entry, agent, "unreachable"))
        else:
            self.tell(ev.Rang(entry, agent))
            if chance < 0.10:
                kind: ag.NoAnswerKind = self.random.choice(("busy", "rejected", "unreachable"))
                refused = ev.NotAnswered(entry, agent, kind)
                self.after(self.random.uniform(0, 5), lambda: self.report(entry, agent, refused))
            elif chance < 0.90:
                # Sometimes at the very moment at which the ring time ends, or later.
                wait = self.random.choice((1.0, 2.0, 4.0, 8.0, 12.0, 12.5))
                self.after(wait, lambda: self.answers(entry, agent))

    def report(self, entry: EntryId, agent: AgentId, event: ev.BoardEvent) -> None:
        self.ringing.discard((entry, agent))
        self.tell(event)

    def answers(self, entry: EntryId, agent: AgentId) -> None:
        if self.random.random() < 0.03:
            self.leaves(ev.EntryLeft(entry, "abandoned"))
        self.report(entry, agent, ev.Answered(entry, agent))
        if self.random.random() < 0.03:
            self.leaves(ev.EntryLeft(entry, "abandoned"))
        talk = self.random.expovariate(1 / 90)
        self.after(talk, lambda: self.talk_ends(entry, agent))

    def talk_ends(self, entry: EntryId, agent: AgentId) -> None:
        chance = self.random.random()
        if chance < 0.08:
            later = self.clock() + dt.timedelta(seconds=30) if self.random.random() < 0.3 else None
            queue = self.random.choice((None, *QUEUES, QueueName("nowhere")))
            skills = {ENGLISH: 2} if self.random.random() < 0.2 else None
            self.tell(ev.SentBack(entry, agent, "transfer", later, queue, skills))
        else:
            self.tell(ev.TalkEnded(entry, agent, served=chance > 0.1))

    # --- agents and supervisors

    def act(self, id: AgentId, event: ag.AgentAct) -> None:
        self.tell(ev.AgentActed(id, event))

    def anybody(self) -> AgentId:
        return self.random.choice(sorted(self.board.agents))

    def many_leave(self) -> None:
        for id in sorted(self.board.agents):
            if self.random.random() < 0.3:
                how: ag.AgentAct = self.random.choice(
                    (
                        ag.LogOut(),
                        ag.PhoneUnregistered(),
                        ag.Force("offline", "sue", "fire alarm"),
                        ag.Pause("ill"),
                    )
                )
                self.act(id, how)

    def a_phone_comes_or_goes(self) -> None:
        self.act(
            self.anybody(),
            self.random.choice((ag.PhoneUnregistered(), ag.PhoneRegistered(), ag.PhoneRegistered())),
        )

    def an_agent_acts(self) -> None:
        acts: tuple[ag.AgentAct, ...] = (
            ag.WrapUpDone(),
            ag.WrapUpDone(),
            ag.Unpause(),
            ag.Unpause(),
            ag.LogIn(),
            ag.Pause("meal"),
            ag.LogOut(),
            ag.Hold(),
            ag.Resume(),
            ag.Consult(),
            ag.CallOut(f"own{self.order}"),
            ag.CallOutEnded(5.0),
            ag.ExtendWrapUp(20.0),
        )
        self.act(self.anybody(), self.random.choice(acts))

    def a_force(self) -> None:
        to = self.random.choice(("available", "available", "paused", "offline"))
        self.act(self.anybody(), ag.Force(to, "sue", "storm"))

    def in_line(self) -> list[EntryId]:
        return sorted(entry.id for entry in self.board.entries() if entry.state in IN_LINE)

    def a_move(self) -> None:
        line = self.in_line()
        if line:
            queue = self.random.choice((None, None, *QUEUES, QueueName("nowhere")))
            priority = self.random.choice((None, 0, 3, 10))
            self.tell(ev.EntryMoved(self.random.choice(line), "sue", "storm", queue, priority))

    def a_callback(self) -> None:
        line = self.in_line()
        if not line:
            return
        id = self.random.choice(line)
        later = self.random.choice((None, self.clock(), self.clock() + dt.timedelta(seconds=40)))
        event: ev.BoardEvent = self.random.choice(
            (ev.CallbackPromised(id, f"cb-{id}", later), ev.CallbackTimed(id, later), ev.CallbackRefused(id))
        )
        self.tell(event)

    def places_are_told(self) -> None:
        for id in self.in_line():
            told = self.board.telling(id)
            if told is not None:
                entry = self.board.entry(id)
                if entry is not None and entry.announced is not None and told.say > entry.announced:
                    self.fault(f"place grew: {id} {told}")
                if (
                    entry is not None
                    and entry.announced is not None
                    and told.place > entry.announced
                    and not told.why
                ):
                    self.counts["worse places already explained"] += 1
                self.tell(ev.PlaceTold(id, told.place))

    def late_or_twice(self) -> None:
        if self.past:
            event = self.random.choice(self.past)
            if isinstance(event, ev.Answered | ev.NotAnswered | ev.OfferFailed) and (
                (event.entry, event.agent) in self.ringing
            ):
                return  # It rings there again: this would be no late report.
            self.tell(event)

    def new_rules(self) -> None:
        self.tell(ev.RulesChanged(self.random.choice(self.rules)))

    def new_hours(self) -> None:
        closed = frozenset({COMPLAINT}) if self.random.random() < 0.2 else frozenset()
        self.tell(ev.HoursChanged(closed))

    def new_skills(self) -> None:
        self.tell(ev.AgentKnown(self._agent(int(self.anybody()[1:]))))

    def report_of(self) -> dict[str, Any]:
        return {"counts": dict(sorted(self.counts.items())), "faults": self.faults}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="six minutes of storm instead of sixty")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    begin = time.perf_counter()
    storm = Storm(told.seed, agents=40, calm=14.0, minutes=6.0 if told.quick else 60.0)
    storm.run()
    took = time.perf_counter() - begin
    for name, count in sorted(storm.counts.items()):
        print(f"{count:>9,}  {name}")
    for fault in storm.faults:
        print(fault)
    broken = sum(count for name, count in storm.counts.items() if name.startswith("FAULT"))
    print(
        json.dumps(
            {
                "name": "storm",
                "virtual_min": storm.minutes,
                "seed": told.seed,
                "events": storm.counts["events"],
                "faults": broken,
                "took_s": round(took, 1),
                "counts": dict(storm.counts),
                "goals": {"invariants_hold_at_every_event": broken == 0},
            }
        )
    )


if __name__ == "__main__":
    main()
