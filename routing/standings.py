"""Who stands before whom for the same agents, kept up to date as the line and the floor change. Pure, in memory.

A caller ahead who is also served by agents that do not fit the one who asks takes only a part of a move from them: the
share of that caller's agents who fit both. Growing priorities are left out: whoever grows does so beside the others of
the queue, and an estimate need not know the order to the last place.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from routing.agents import Agent
from routing.entries import Entry
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.rules import Requirement, Rules, requirement

Demand = tuple[QueueName, Requirement]
Order = tuple[int, int, float, str]
"""Urgent (0) before not (1), higher priority, age, id: smallest first, over all queues."""
Stand = tuple[Demand, Order]


@dataclass(frozen=True, slots=True)
class Standing:
    """place: 1 = next, a fraction where those ahead have other agents too. serving, free: agents who fit."""

    place: float
    serving: int
    free: int


class Standings:
    def __init__(self) -> None:
        self._lines: dict[Demand, list[Order]] = {}
        self._stands: dict[EntryId, tuple[Demand, Order]] = {}
        self._later: dict[EntryId, Entry] = {}
        self._agents: dict[AgentId, Agent] = {}
        self._serving: dict[Demand, frozenset[AgentId]] = {}
        self._free: dict[Demand, int] = {}
        self._shares: dict[tuple[Demand, Demand], float] = {}

    # --- what changed

    def entry(self, entry: Entry, rules: Rules, now: dt.datetime) -> None:
        """An entry is new, or another now."""
        self._later.pop(entry.id, None)
        queue = rules.queues.get(entry.queue)
        # Whoever is offered has an agent already.
        stands = entry.state == "waiting" and entry.only is None and queue is not None
        if stands and entry.not_before is not None and entry.not_before > now:
            # Nobody is rung for it yet: a callback whose citizen was not reached, say.
            self._later[entry.id] = entry
            stands = False
        old = self._stands.get(entry.id)
        new = (self._demand(entry, rules), _order(entry, rules)) if stands else None
        if new == old:
            return
        if old is not None:
            line = self._lines[old[0]]
            del line[bisect.bisect_left(line, old[1])]
            if not line:
                del self._lines[old[0]]
            del self._stands[entry.id]
        if new is not None:
            bisect.insort(self._lines.setdefault(new[0], []), new[1])
            self._stands[entry.id] = new

    def agent(self, agent: Agent) -> None:
        """An agent is new, or another now."""
        before = self._agents.get(agent.id)
        self._agents[agent.id] = agent
        if before is None or _serves(before) != _serves(agent):
            self._serving.clear()
            self._shares.clear()
            self._free.clear()
        elif (before.state == "available") != (agent.state == "available"):
            change = 1 if agent.state == "available" else -1
            for demand in self._free:
                if agent.id in self._serving[demand]:
                    self._free[demand] += change

    def all_anew(
        self, rules: Rules, agents: Iterable[Agent], entries: Iterable[Entry], now: dt.datetime
    ) -> None:
        """After a start, or with other rules."""
        self._lines.clear()
        self._stands.clear()
        self._later.clear()
        self._serving.clear()
        self._shares.clear()
        self._free.clear()
        self._agents = {agent.id: agent for agent in agents}
        for entry in entries:
            self.entry(entry, rules, now)

    def time(self, rules: Rules, now: dt.datetime) -> None:
        """Those whose time has come stand in line from now on."""
        for entry in [one for one in self._later.values() if one.not_before and one.not_before <= now]:
            self.entry(entry, rules, now)

    # --- what is asked

    def of(self, entry: Entry, rules: Rules) -> Standing | None:
        """None: in a queue that there is not any more."""
        if entry.queue not in rules.queues:
            return None
        known = self._stands.get(entry.id)
        demand, order = known or (self._demand(entry, rules), _order(entry, rules))
        return self._standing(demand, order)

    def stand(self, entry: Entry, rules: Rules) -> Stand | None:
        """Among whom an entry stands or stood, and where; None: in a queue that there is not any more."""
        if entry.queue not in rules.queues:
            return None
        return self._stands.get(entry.id) or (self._demand(entry, rules), _order(entry, rules))

    def last(self, queue: QueueName, skills: Mapping[SkillName, int]) -> Standing:
        """Of a caller who came now."""
        return self._standing((queue, requirement(skills)), None)

    def _standing(self, demand: Demand, order: Order | None) -> Standing:
        ahead = 0.0
        for other, line in self._lines.items():
            share = self._share(other, demand)
            if share:
                ahead += share * (len(line) if order is None else bisect.bisect_left(line, order))
        return Standing(1 + ahead, len(self._fitting(demand)), self._free_of(demand))

    def _share(self, theirs: Demand, ours: Demand) -> float:
        """Of the agents who fit theirs, those who fit ours too."""
        share = self._shares.get((theirs, ours))
        if share is None:
            fit = self._fitting(theirs)
            share = len(fit & self._fitting(ours)) / len(fit) if fit else 0.0
            self._shares[theirs, ours] = share
        return share

    def _fitting(self, demand: Demand) -> frozenset[AgentId]:
        found = self._serving.get(demand)
        if found is None:
            queue, needs = demand[0], dict(demand[1])
            found = self._serving[demand] = frozenset(
                agent.id
                for agent in self._agents.values()
                if agent.logged_in and agent.state != "paused" and queue in agent.queues and agent.has(needs)
            )
        return found

    def _free_of(self, demand: Demand) -> int:
        free = self._free.get(demand)
        if free is None:
            fitting = self._fitting(demand)
            free = self._free[demand] = sum(self._agents[id].state == "available" for id in fitting)
        return free

    @staticmethod
    def _demand(entry: Entry, rules: Rules) -> Demand:
        """What will be asked for in the end: earlier steps pass while the caller waits."""
        steps = rules.queues[entry.queue].steps_of(entry)
        return entry.queue, requirement(entry.skills, steps[-1].require)


def _order(entry: Entry, rules: Rules) -> Order:
    queue = rules.queues[entry.queue]
    return (
        0 if queue.urgent else 1,
        -(queue.priority + entry.priority),
        entry.enqueued_at.timestamp(),
        entry.id,
    )


def _serves(agent: Agent) -> tuple[object, ...]:
    """What decides whom the agent may serve at all."""
    return agent.logged_in and agent.state != "paused", agent.queues, agent.skills
