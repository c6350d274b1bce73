"""Who stands before whom for the same agents: a snapshot of line and floor that estimates are made from. Pure.

A caller ahead who is also served by agents that do not fit the one who asks takes only a part of a move from them: the
share of that caller's agents who fit both.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from routing.agents import Agent
from routing.entries import IN_LINE, Entry
from routing.ids import AgentId, QueueName, SkillName
from routing.rules import Rank, Requirement, Rules, requirement

Demand = tuple[QueueName, Requirement]


@dataclass(frozen=True, slots=True)
class Standing:
    """place: 1 = next, a fraction where those ahead have other agents too. serving, free: agents who fit."""

    place: float
    serving: int
    free: int


class Outlook:
    def __init__(
        self, rules: Rules, agents: Iterable[Agent], entries: Iterable[Entry], now: dt.datetime
    ) -> None:
        self._rules, self._now = rules, now
        self._agents = [agent for agent in agents if agent.logged_in and agent.state != "paused"]
        self._fitting: dict[Demand, frozenset[AgentId]] = {}
        self._free = {agent.id for agent in self._agents if agent.state == "available"}
        self._ranks: dict[Demand, list[Rank]] = {}
        for entry in entries:
            queue = rules.queues.get(entry.queue)
            due = entry.not_before is None or entry.not_before <= now
            if queue is not None and entry.state in IN_LINE and due and entry.only is None:
                self._ranks.setdefault(self._demand(entry), []).append(queue.rank(entry, now))
        for ranks in self._ranks.values():
            ranks.sort()

    def of(self, entry: Entry) -> Standing | None:
        """None: in a queue that there is not any more."""
        queue = self._rules.queues.get(entry.queue)
        return None if queue is None else self._standing(self._demand(entry), queue.rank(entry, self._now))

    def last(self, queue: QueueName, skills: Mapping[SkillName, int]) -> Standing:
        """Of a caller who came now."""
        return self._standing((queue, requirement(skills)), None)

    def _standing(self, demand: Demand, rank: Rank | None) -> Standing:
        fitting = self._fits(demand)
        ahead = 0.0
        for other, ranks in self._ranks.items():
            theirs = self._fits(other)
            shared = len(theirs & fitting)
            if shared:
                before = len(ranks) if rank is None else bisect.bisect_left(ranks, rank)
                ahead += before * shared / len(theirs)
        return Standing(1 + ahead, len(fitting), len(fitting & self._free))

    def _demand(self, entry: Entry) -> Demand:
        """What will be asked for in the end: earlier steps pass while the caller waits."""
        steps = self._rules.queues[entry.queue].steps_of(entry)
        return entry.queue, requirement(entry.skills, steps[-1].require)

    def _fits(self, demand: Demand) -> frozenset[AgentId]:
        found = self._fitting.get(demand)
        if found is None:
            queue, needs = demand
            found = self._fitting[demand] = frozenset(
                agent.id for agent in self._agents if queue in agent.queues and agent.has(dict(needs))
            )
        return found
