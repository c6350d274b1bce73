"""The agents, indexed for the matcher's questions: who of those who fit is free, and how many fit at all.

All is kept up to date as agents change, so that no question costs a walk over all agents:
- a `Roll` says who fits, and what they do;
- a `Census` per demand that was ever asked about (a queue and a requirement; the operator's rules and flows bound their
  number) knows how many who fit are logged in. Where many fit, it also keeps the free ones, by what no strategy changes
  (`Group`);
- the free agents of each queue in the order of their turns.
Of few free agents who fit each is looked at; of many the first in the order of turns is soon found.

`plain.py` answers the same questions from a list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, groupby, islice
from typing import Any, Final, Protocol

from sortedcontainers import SortedList

from routing.agents import Agent
from routing.ids import AgentId, QueueName
from routing.roll import Bits, Roll
from routing.rules import QueueRules, Requirement, Rules
from routing.shares import Labels, Shares
from routing.strategies import Turn, grade, labels_of, logged_in_since, preference, share_of, turn

Demand = tuple[QueueName, Requirement]
Group = tuple[int, Labels]
"""A grade and labels: what a strategy heeds of an agent that stays as the agent works."""

FEW: Final = 256
"""So many who fit are looked at one by one, when it is asked for."""
LOOKED_AT: Final = 16
"""Of the first in the order of turns, before those who fit are gone through."""
_BY_TURN: Final = frozenset({"longest_idle", "round_robin"})
"""Strategies whose order of turns time does not change, and that heed nothing else."""
LOGGED_IN_TOGETHER_S: Final = 300.0
"""Turns by occupancy are kept apart by when the agents logged in, to this precision."""


class Staff(Protocol):
    """What the matcher asks of the agents; of `Floor` or `Plain`."""

    @property
    def agents(self) -> Mapping[AgentId, Agent]: ...

    @property
    def shares(self) -> Shares: ...

    def logged_in(self, queue: QueueName, needs: Requirement) -> int:
        """How many who fit are, in whatever state."""
        ...

    def counts(self, queue: QueueName, needs: Requirement) -> dict[str, int]:
        """How many who fit are in which state (`paused:training` and so on for pauses)."""
        ...

    def pick(
        self, queue: QueueRules, needs: Requirement, barred: Collection[AgentId], now_s: float
    ) -> Agent | None:
        """Of the free agents who fit and are not barred, the one whom the queue's strategy asks first."""
        ...


class Census:
    """Who fits a demand: how many, logged in and at all. free: by group; None while few fit.

    One object for all who ask the same, compared by identity: a demand is dear to hash, and asked about all the time.
    """

    __slots__ = ("demand", "fitting", "free", "logged_in", "needs")

    def __init__(self, demand: Demand) -> None:
        self.demand = demand
        self.needs = demand[1]
        self.fitting = 0
        self.logged_in = 0
        self.free: dict[Group, set[AgentId]] | None = None


class Floor:
    """rules: for strategies and shares; a queue that they do not name is one with the usual ones."""

    def __init__(
        self, agents: Iterable[Agent] = (), rules: Rules | None = None, shares: Shares | None = None
    ) -> None:
        self._rules: Mapping[QueueName, QueueRules] = {} if rules is None else rules.queues
        self._shares = shares if shares is not None else Shares()
        self._agents: dict[AgentId, Agent] = {}
        self._buckets: dict[AgentId, str] = {}
        """What each counts as."""
        self._roll = Roll()
        self._census: dict[Demand, Census] = {}
        self._asked: dict[QueueName, list[Census]] = {}
        self._fits: dict[AgentId, dict[QueueName, list[Census]]] = {}
        self._groups: dict[AgentId, list[set[AgentId]]] = {}
        """Where each is while free."""
        self._turns: dict[tuple[QueueName, int], Any] = {}
        self._shifts: dict[QueueName, list[int]] = {}
        self._staffed: Counter[tuple[QueueName, str, str]] = Counter()
        for agent in agents:
            self.put(agent)

    @property
    def agents(self) -> Mapping[AgentId, Agent]:
        return self._agents

    @property
    def shares(self) -> Shares:
        return self._shares

    def put(self, agent: Agent) -> None:
        """A new agent, or an old one changed."""
        old = self._agents.get(agent.id)
        if old is not None and _same_record(old, agent):
            self._agents[agent.id] = agent
            self._move(old, agent)
            return
        if old is not None:
            self.remove(agent.id)
        self._agents[agent.id], self._buckets[agent.id] = agent, _bucket(agent)
        self._roll.enter(agent, self._buckets[agent.id])
        self._fits[agent.id], self._groups[agent.id] = {queue: [] for queue in agent.queues}, []
        for queue in agent.queues:
            for census in self._asked.get(queue, ()):
                if has(agent, census.demand[1]):
                    self._add(census, agent)
        self._log(agent, 1)
        if agent.state == "available":
            self._enlist(agent)

    def remove(self, id: AgentId) -> None:
        old = self._agents.pop(id)
        self._roll.leave(old, self._buckets.pop(id))
        for census in chain.from_iterable(self._fits.pop(id).values()):
            census.fitting -= 1
            census.logged_in -= old.logged_in
        for group in self._groups.pop(id):
            group.discard(id)
        self._log(old, -1)
        if old.state == "available":
            self._delist(old)

    def census(self, demand: Demand) -> Census:
        """Who fits this demand, whatever they do now."""
        found = self._census.get(demand)
        return self.count(Census(demand)) if found is None else found

    def count(self, census: Census) -> Census:
        """From now on; one of another floor, too, which it leaves."""
        self._census[census.demand] = census
        self._asked.setdefault(census.demand[0], []).append(census)
        fitting = list(self._roll.ids(self._roll.who(*census.demand)))
        census.fitting = census.logged_in = 0
        census.free = {} if len(fitting) > FEW else None
        for id in fitting:
            self._add(census, self._agents[id])
        return census

    def fits(self, id: AgentId, queue: QueueName) -> list[Census]:
        """Of the demands of one of its queues asked about so far those that this agent fits. Not to be changed."""
        return self._fits[id][queue]

    def logged_in(self, queue: QueueName, needs: Requirement) -> int:
        return self.census((queue, needs)).logged_in if needs else self._staffed[queue, "", ""]

    def counts(self, queue: QueueName, needs: Requirement) -> dict[str, int]:
        """Only what is there, in a fixed order."""
        return self._roll.counts(self._roll.who(queue, needs))

    def staffed(self, queue: QueueName, label: str = "", value: str = "") -> bool:
        """Whether anybody is logged in to the queue; of those with that label of its shares, if one is named."""
        return self._staffed[queue, label, value] > 0

    def pick(
        self, queue: QueueRules, needs: Requirement, barred: Collection[AgentId], now_s: float
    ) -> Agent | None:
        if not self._shifts.get(queue.name):
            return None  # nobody of the queue is free
        free = self._roll.those(self._roll.who(queue.name, needs), "available")
        if not free:
            return None
        by_group = self.census((queue.name, needs)).free
        if by_group is None:
            return self._best(queue, needs, free, barred, now_s)
        groups = sorted(
            (
                (level, -self._shares.behind(queue, labels), ids)
                for (level, labels), ids in by_group.items()
                if ids
            ),
            key=lambda group: group[:2],
        )
        for _, equal in groupby(groups, key=lambda group: group[:2]):
            found = [self._first(queue, ids, barred, now_s) for _, _, ids in equal]
            first = min((own for own in found if own is not None), default=None)
            if first is not None:
                return self._agents[AgentId(first[2])]
        return None

    def _best(
        self, queue: QueueRules, needs: Requirement, free: Bits, barred: Collection[AgentId], now_s: float
    ) -> Agent | None:
        """Of few, by the whole order: where that is the order of turns, one of the first in it fits, mostly."""
        if not queue.shares and queue.strategy in _BY_TURN:
            for _, _, id in islice(self._turns.get((queue.name, 0), ()), LOOKED_AT):
                agent = self._agents[id]
                if id not in barred and has(agent, needs):
                    return agent
        agents = [self._agents[id] for id in self._roll.ids(free) if id not in barred]
        if len(agents) > 1 and (queue.shares or queue.strategy in ("best_skill", "agent_priority")):
            return min(agents, key=lambda agent: preference(agent, queue, needs, self._shares, now_s))
        return min(agents, key=lambda agent: turn(agent, queue, now_s), default=None)

    # --- the order of turns

    def _first(
        self, queue: QueueRules, ids: set[AgentId], barred: Collection[AgentId], now_s: float
    ) -> Turn | None:
        """The first turn of these free agents."""
        # Lots are drawn anew at each moment: no order of them can be kept.
        if len(ids) <= max(FEW, len(barred)) or queue.strategy == "random":
            return min((turn(self._agents[id], queue, now_s) for id in ids if id not in barred), default=None)
        best: Turn | None = None
        for shift in self._shifts[queue.name]:
            for first_part, idle, id in self._turns[queue.name, shift]:
                if queue.strategy == "least_occupied":
                    # Whoever logged in with this shift did so at its start or later, so is as much occupied or more.
                    first_part = share_of(first_part, now_s - shift * LOGGED_IN_TOGETHER_S)
                if best is not None and (first_part, idle, id) >= best:
                    break
                if id in ids and id not in barred:
                    own = turn(self._agents[id], queue, now_s)
                    best = own if best is None else min(best, own)
        return best

    def _enlist(self, agent: Agent) -> None:
        for name in agent.queues:
            shift, own = self._listed(agent, name)
            if (name, shift) not in self._turns:
                self._turns[name, shift] = SortedList()
                self._shifts.setdefault(name, []).append(shift)
            self._turns[name, shift].add(own)

    def _delist(self, agent: Agent) -> None:
        for name in agent.queues:
            shift, own = self._listed(agent, name)
            turns = self._turns[name, shift]
            turns.remove(own)
            if not turns:
                del self._turns[name, shift]
                self._shifts[name].remove(shift)

    def _listed(self, agent: Agent, name: QueueName) -> tuple[int, Turn]:
        """Where the free agent stands in the order of turns of that queue, as long as the agent is free."""
        queue = self._queue(name)
        if queue.strategy != "least_occupied":
            return 0, turn(agent, queue, 0.0)
        shift = int(logged_in_since(agent).timestamp() // LOGGED_IN_TOGETHER_S)
        return shift, (agent.busy_s, agent.idle_since.timestamp(), agent.id)

    # --- counting

    def _move(self, old: Agent, new: Agent) -> None:
        before, after = self._buckets[new.id], _bucket(new)
        self._buckets[new.id] = after
        was, now = old.state == "available", new.state == "available"
        if before != after:
            self._roll.move(new.id, before, after)
            if was or now:
                for group in self._groups[new.id]:
                    if now:
                        group.add(new.id)
                    else:
                        group.discard(new.id)
            if old.logged_in != new.logged_in:
                change = 1 if new.logged_in else -1
                for census in chain.from_iterable(self._fits[new.id].values()):
                    census.logged_in += change
                self._log(new, change, anyway=True)
        if was != now or (was and _works(old) != _works(new)):
            if was:
                self._delist(old)
            if now:
                self._enlist(new)

    def _add(self, census: Census, agent: Agent) -> None:
        self._fits[agent.id][census.demand[0]].append(census)
        census.fitting += 1
        census.logged_in += agent.logged_in
        if census.free is not None:
            self._put_in_group(census, census.free, agent)
        elif census.fitting > FEW:
            census.free = {}
            for id in self._roll.ids(self._roll.who(*census.demand)):
                self._put_in_group(census, census.free, self._agents[id])

    def _put_in_group(self, census: Census, free: dict[Group, set[AgentId]], agent: Agent) -> None:
        queue = self._queue(census.demand[0])
        own = (grade(agent, queue, census.needs), labels_of(agent, queue))
        group = free.setdefault(own, set())
        self._groups[agent.id].append(group)
        if agent.state == "available":
            group.add(agent.id)

    def _log(self, agent: Agent, change: int, *, anyway: bool = False) -> None:
        if not (agent.logged_in or anyway):
            return
        for name in agent.queues:
            self._staffed[name, "", ""] += change
            for label in self._queue(name).shares:
                self._staffed[name, label, agent.labels.get(label, "")] += change

    def _queue(self, name: QueueName) -> QueueRules:
        return self._rules.get(name) or _USUAL


_USUAL: Final = QueueRules(QueueName(""))


def _same_record(old: Agent, new: Agent) -> bool:
    return (
        old.skills == new.skills
        and old.queues == new.queues
        and old.labels == new.labels
        and old.rank == new.rank
    )


def _works(agent: Agent) -> tuple[object, ...]:
    """What turns are made of."""
    return agent.idle_since, agent.busy_s, agent.last_given_at, agent.logged_in_at


def _bucket(agent: Agent) -> str:
    return f"paused:{agent.pause_reason}" if agent.state == "paused" else agent.state


def has(agent: Agent, needs: Requirement) -> bool:
    own = agent.skills
    for skill, level in needs:  # noqa: SIM110 - asked of hundreds of agents at once, and a generator is slower
        if own.get(skill, 0) < level:
            return False
    return True
