"""What the board holds and the one way in which each part of it changes. `board.py` decides; this keeps the books."""

from __future__ import annotations

import datetime as dt
import heapq
import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from routing import agents as ag
from routing import entries as en
from routing.agent_limits import next_at
from routing.agents import Agent
from routing.board_events import AgentChanged, BoardEvent, Decided, EntryChanged, Ignored, Result
from routing.choosing import standing, will_come
from routing.decisions import Decision, Reason, Wait
from routing.entries import Entry
from routing.floor import Census, Floor
from routing.ids import AgentId, EntryId, QueueName
from routing.line import Kept, Line, Place
from routing.overtaking import Overtaking, Telling
from routing.rules import QueueRules, Rank, Rules, micros
from routing.several import at_once
from routing.shares import Shares

_UNKNOWN = QueueRules(QueueName(""))
"""Stands in for a queue that the rules no longer have, so that its entries can still be found and ended."""
_START: Final = dt.datetime.fromtimestamp(0, dt.UTC)
Deadline = tuple[float, Literal["entry", "agent"], str]
"""When to look (Unix s), and at whom."""


def _timing(agent: Agent) -> tuple[object, ...]:
    """What decides when time alone changes the agent."""
    return agent.state, agent.since, agent.until, agent.reminders


class BoardState:
    """Agents, entries and deadlines, changed only through the tables; every change is noted as a fact."""

    def __init__(self, rules: Rules, agents: Iterable[Agent] = (), entries: Iterable[Entry] = ()) -> None:
        self._rules = rules
        self._feeders = feeders(rules)
        self._rings_several = ring_several(rules)
        self._closed: dict[QueueName, dt.datetime] = {}
        self._now = _START
        self._shares = Shares()
        self._floor = Floor(agents, rules, self._shares)
        self._line = Line()
        self._overtaking = Overtaking()
        self._deadlines: list[Deadline] = []
        """By time; with those that do not hold any more, until it is their turn."""
        self._looked_at: dict[AgentId, float] = {}
        """When time changes an agent next (Unix s)."""
        self._out: list[Result] = []
        self._undelivered: list[Result] = []
        self._unsettled: dict[EntryId, None] = {}
        self._postponed: deque[EntryId] = deque()
        self._several: dict[EntryId, None] = {}
        """Entries that are offered to more than one."""
        self._short: dict[QueueName, dict[EntryId, None]] = {}
        """Those that are offered to fewer than the rules say, by queue."""
        self._to_fill: dict[EntryId, None] = {}
        self._idle: dict[AgentId, None] = {}
        """Freed by this event, and nobody waits for them."""
        for entry in entries:
            if entry.state != "ended":
                self._keep(entry, _START)
                self._at(_START, entry.id)
        for agent in self._floor.agents.values():
            self._watch(agent)

    # --- what the shell may ask

    @property
    def rules(self) -> Rules:
        return self._rules

    @property
    def agents(self) -> Mapping[AgentId, Agent]:
        return self._floor.agents

    @property
    def closed(self) -> frozenset[QueueName]:
        """The queues that are outside their hours."""
        return frozenset(self._closed)

    def entry(self, id: EntryId) -> Entry | None:
        """None once it has ended."""
        return self._line.get(id)

    def entries(self) -> list[Entry]:
        return list(self._line.entries())

    def place(self, id: EntryId) -> Place | None:
        """The true place at the last event; what is told (`telling`) is never greater than `entry.announced`."""
        return self._line.place(id, micros(self._now))

    def telling(self, id: EntryId) -> Telling | None:
        """What to tell the caller, and why it is worse if it is; None when the entry stands in no line.

        Send `PlaceTold` with `place` when it is told: then a place that is worse is a fact, with its reasons.
        """
        entry, place = self._line.get(id), self.place(id)
        if entry is None or place is None:
            return None
        say = place.place if entry.announced is None else min(place.place, entry.announced)
        return Telling(say, place.place, place.waiting, self._worse(entry, place.place))

    def length(self, queue: QueueName) -> int:
        """How many stand in that line."""
        return self._line.length(queue)

    def next_deadline(self) -> dt.datetime | None:
        if self._postponed or self._unsettled or self._undelivered or self._to_fill or self._idle:
            return self._now
        while self._deadlines and not self._holds(self._deadlines[0]):
            heapq.heappop(self._deadlines)
        return dt.datetime.fromtimestamp(self._deadlines[0][0], dt.UTC) if self._deadlines else None

    # --- state

    def _agent(self, agent: Agent, event: ag.AgentEvent, now: dt.datetime) -> Agent:
        after = ag.apply(agent, event, now, self._rules.agents)
        if after is not agent:
            self._put_agent(agent, after, now)
            self._out.append(AgentChanged(agent, after, event))
            if _timing(after) != _timing(agent):
                self._watch(after)
        return after

    def _put_agent(self, before: Agent | None, after: Agent, now: dt.datetime) -> None:
        """With what follows for those who wait: steps that end, queues that lead elsewhere, preferred agents."""
        same = before is not None and (before.skills, before.queues) == (after.skills, after.queues)
        left: list[Census] = []
        if before is not None and before.logged_in and not (same and after.logged_in):
            left = [census for queue in before.queues for census in self._floor.fits(before.id, queue)]
        self._floor.put(after)
        for census in left:
            if not census.logged_in:
                self._unsettle(self._line.with_demand(census))
        was = before.queues if before is not None and before.logged_in else frozenset()
        now_in = after.queues if after.logged_in else frozenset()
        if was != now_in:
            for name in was - now_in:
                queue = self._rules.queues.get(name)
                ends = queue is not None and (
                    queue.when_unstaffed == "end" or any(rule.unstaffed for rule in queue.overflow)
                )
                if ends and not self._floor.staffed(name):
                    self._unsettle(self._line.of_queue(name))
            for name in now_in - was:
                if self._floor.logged_in(name, ()) == 1:
                    self._feed(name)
        if not same or before is None or will_come(before) != will_come(after):
            for id in self._line.preferring(after.id):
                entry = self._line.get(id)
                if entry is not None:
                    self._keep(entry, now)
                    self._unsettle([id])

    def _feed(self, name: QueueName) -> None:
        """That queue can be moved to again: whoever the rules would have moved there."""
        for feeder in self._feeders.get(name, ()):
            self._unsettle(self._line.of_queue(feeder))

    def _watch(self, agent: Agent) -> None:
        """Look again when the agent's wrap-up or a limit of its state is over, and not when one of before would be."""
        when = next_at(agent, self._rules.agents)
        due = math.inf if when is None else when.timestamp()
        if due == self._looked_at.get(agent.id, math.inf):
            return
        self._looked_at[agent.id] = due
        if when is not None:
            heapq.heappush(self._deadlines, (due, "agent", agent.id))

    def _entry(self, entry: Entry, event: en.EntryEvent, now: dt.datetime) -> Entry:
        after = en.apply(entry, event, now)
        if after is entry:
            return entry
        if isinstance(event, en.Joined):
            self._shares.joined(entry.id)
        elif isinstance(event, en.NotTaken | en.Withdrawn | en.Ended):
            self._shares.failed(entry.id)
        if after.state != "ended":
            kept = self._keep(after, now)
            if after.state == "joined":
                kept.due = math.inf
        elif self._line.get(entry.id) is not None:
            self._line.remove(entry.id)
        if after.state == "ended" or after.queue != entry.queue:
            self._overtaking.forget(entry.id)
        if after.agent != entry.agent or after.others is not entry.others:
            self._count_rung(after)
        self._out.append(EntryChanged(entry, after, event))
        return after

    def _count_rung(self, entry: Entry) -> None:
        """Whether several are rung for it, and whether more are to be."""
        number = len(entry.rung)
        if number > 1:
            self._several[entry.id] = None
        elif self._several:
            self._several.pop(entry.id, None)
        if 0 < number < at_once(entry, self._queue(entry)):
            self._short.setdefault(entry.queue, {})[entry.id] = None
            self._to_fill[entry.id] = None
        elif (short := self._short.get(entry.queue)) is not None:
            short.pop(entry.id, None)
            if not short:
                del self._short[entry.queue]

    def _keep(self, entry: Entry, now: dt.datetime) -> Kept:
        queue = self._queue(entry)
        demand = self._floor.census((entry.queue, queue.needs(entry)))
        stand, changes_at = standing(entry, demand, queue, self._floor.agents, now)
        kept = self._line.put(entry, queue, demand, stand, micros(now))
        if changes_at is not None:
            self._at(changes_at, entry.id)
        if kept.growing and queue.ageing is not None and entry.state in en.IN_LINE:
            # Rounded up: a moment too early would find it still growing.
            grown = entry.enqueued_at + dt.timedelta(microseconds=queue.ageing.grown_after_us)
            self._at(grown, entry.id)
        return kept

    def _queue(self, entry: Entry) -> QueueRules:
        return self._rules.queues.get(entry.queue, _UNKNOWN)

    def _ring_s(self, entry: Entry) -> float:
        return entry.ring_s if entry.ring_s is not None else self._queue(entry).ring_s

    def _rank(self, id: EntryId, now: dt.datetime) -> Rank | None:
        return self._line.rank(id, micros(now))

    def _rung(self, entry: Entry) -> list[Agent]:
        """All to whom it is offered."""
        return [agent for id in entry.rung if (agent := self._floor.agents.get(id)) is not None]

    def _worse(self, entry: Entry, place: int) -> tuple[Reason, ...]:
        queue, now_us = self._queue(entry), micros(self._now)

        def rank(id: EntryId) -> Rank | None:
            other = self._line.get(id)
            return self._line.rank(id, now_us) if other is not None and other.queue == entry.queue else None

        return self._overtaking.why(entry, place, queue, rank)

    def _decided(self, entry: Entry, decision: Decision) -> None:
        if isinstance(decision, Wait):
            # Looking again and finding the same is no new decision.
            kept, said = self._line.kept(entry.id), _fingerprint(decision)
            if kept is not None:
                if kept.said == said:
                    return
                kept.said = said
        self._out.append(Decided(entry.call_id, entry.revision, decision, self._rules.skills))

    def _ignore(self, event: BoardEvent, why: str) -> None:
        self._out.append(Ignored(event, why))

    def _unsettle(self, ids: Iterable[EntryId]) -> None:
        """To be decided on anew at the end of this event."""
        for id in ids:
            self._unsettled[id] = None

    def _at(self, when: dt.datetime, id: EntryId) -> None:
        """Only an entry's first time counts: it is looked at then, and says again when to look next."""
        due, kept = when.timestamp(), self._line.kept(id)
        if kept is not None and due < kept.due:
            kept.due = due
            heapq.heappush(self._deadlines, (due, "entry", id))

    def _holds(self, deadline: Deadline) -> bool:
        """Nothing has come between."""
        due, kind, id = deadline
        if kind == "agent":
            return self._looked_at.get(AgentId(id)) == due
        kept = self._line.kept(EntryId(id))
        return kept is not None and kept.due == due


def ring_several(rules: Rules) -> bool:
    return any(queue.ring > 1 for queue in rules.queues.values())


def feeders(rules: Rules) -> Mapping[QueueName, list[QueueName]]:
    """queue -> those whose rules lead to it"""
    found: dict[QueueName, list[QueueName]] = {}
    for name, queue in rules.queues.items():
        for to in dict.fromkeys(rule.to for rule in queue.overflow):
            found.setdefault(to, []).append(name)
    return found


def _fingerprint(decision: Wait) -> int:
    """Of all that is said. A number, for a decision of each of 100,000 callers is too much to keep."""
    reasons = tuple(
        (
            reason.code,
            tuple(
                (key, tuple(value.items()) if isinstance(value, Mapping) else value)
                for key, value in reason.data.items()
            ),
        )
        for reason in decision.reasons
    )
    return hash((decision.step, decision.again_at, reasons)) or 1
