"""The agents, indexed for the matcher's questions: who of those who fit is free, and how many fit at all.

All is kept up to date as agents change, so that no question costs a walk over all agents:
- a `Census` per demand that was ever asked about (a queue and a requirement; the operator's rules and flows bound their
  number) knows who fits and how many of them are logged in. Where many fit, it also counts their states and keeps the
  free ones, by what no strategy changes (`Group`); where few do, that is counted when it is asked for, which is less
  work: agents change much oftener than a rare demand is asked about;
- the free agents of each queue in the order of their turns.
Of few free agents who fit each is looked at; of many the first in the order of turns is soon found.

`plain.py` answers the same questions from a list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import Any, Final, Protocol

from sortedcontainers import SortedList

from routing.agents import Agent
from routing.ids import AgentId, QueueName, SkillName
from routing.rules import QueueRules, Requirement, Rules
from routing.shares import Labels, Shares
from routing.strategies import Turn, grade, labels_of, logged_in_since, preference, share_of, turn

Demand = tuple[QueueName, Requirement]
Group = tuple[int, Labels]
"""A grade and labels: what a strategy heeds of an agent that stays as the agent works."""

FEW: Final = 256
"""So many who fit are counted, and looked at one by one, when it is asked for."""
LOOKED_AT: Final = 16
"""Of the first in the order of turns, before those who fit are gone through."""
_BY_TURN: Final = frozenset({"longest_idle", "round_robin"})
"""Strategies whose order of turns time does not change, and that heed nothing else."""
LOGGED_IN_TOGETHER_S: Final = 300.0
"""Turns by occupancy are kept apart by when the agents logged in, to this precision."""
_ANY: Final = SkillName("")


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


class Tally:
    """Of the many who fit: how many are in which state, and who is free, by group."""

    __slots__ = ("by_state", "free")

    def __init__(self) -> None:
        self.by_state: dict[str, int] = {}
        self.free: dict[Group, set[AgentId]] = {}

    def move(self, before: str, after: str) -> None:
        self.by_state[before] -= 1
        self.by_state[after] = self.by_state.get(after, 0) + 1


class Census:
    """Who fits a demand. tally: None while they are few."""

    __slots__ = ("demand", "logged_in", "members", "tally")

    def __init__(self, demand: Demand) -> None:
        self.demand = demand
        self.members: list[AgentId] = []
        self.logged_in = 0
        self.tally: Tally | None = None


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
        self._members: dict[tuple[QueueName, SkillName], dict[AgentId, None]] = {}
        self._census: dict[Demand, Census] = {}
        self._asked: dict[QueueName, list[Census]] = {}
        self._fits: dict[AgentId, list[Census]] = {}
        self._tallied: dict[AgentId, list[Census]] = {}
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
        for key in _keys(agent):
            self._members.setdefault(key, {})[agent.id] = None
        self._fits[agent.id], self._tallied[agent.id] = [], []
        for queue in agent.queues:
            for census in self._asked.get(queue, ()):
                if has(agent, census.demand[1]):
                    self._add(census, agent)
        self._log(agent, 1)
        if agent.state == "available":
            self._enlist(agent)

    def remove(self, id: AgentId) -> None:
        old, bucket = self._agents.pop(id), self._buckets.pop(id)
        for key in _keys(old):
            del self._members[key][id]
        del self._tallied[id]
        for census in self._fits.pop(id):
            census.members.remove(id)
            census.logged_in -= old.logged_in
            if census.tally is not None:
                census.tally.by_state[bucket] -= 1
                if old.state == "available":
                    self._group(census, census.tally, old).discard(id)
        self._log(old, -1)
        if old.state == "available":
            self._delist(old)

    def census(self, demand: Demand) -> Census:
        """Who fits this demand, whatever they do now."""
        census = self._census.get(demand)
        if census is None:
            queue, needs = demand
            census = self._census[demand] = Census(demand)
            self._asked.setdefault(queue, []).append(census)
            nobody: dict[AgentId, None] = {}
            skills = [skill for skill, _ in needs] or [_ANY]
            fewest = min((self._members.get((queue, skill), nobody) for skill in skills), key=len)
            found = [self._agents[id] for id in fewest]
            for skill, level in needs:
                found = [agent for agent in found if agent.skills.get(skill, 0) >= level]
            for agent in found:
                self._add(census, agent)
        return census

    def fits(self, id: AgentId) -> list[Census]:
        """Of the demands asked about so far those that this agent fits. Not to be changed."""
        return self._fits[id]

    def logged_in(self, queue: QueueName, needs: Requirement) -> int:
        return self.census((queue, needs)).logged_in if needs else self._staffed[queue, "", ""]

    def counts(self, queue: QueueName, needs: Requirement) -> dict[str, int]:
        """Only what is there, in a fixed order."""
        census = self.census((queue, needs))
        if census.tally is not None:
            by_state = census.tally.by_state
        else:
            by_state = Counter(map(self._buckets.__getitem__, census.members))
        return {state: number for state, number in sorted(by_state.items()) if number}

    def staffed(self, queue: QueueName, label: str = "", value: str = "") -> bool:
        """Whether anybody is logged in to the queue; of those with that label of its shares, if one is named."""
        return self._staffed[queue, label, value] > 0

    def pick(
        self, queue: QueueRules, needs: Requirement, barred: Collection[AgentId], now_s: float
    ) -> Agent | None:
        if not self._shifts.get(queue.name):
            return None  # nobody of the queue is free
        census = self.census((queue.name, needs))
        if census.tally is None:
            return self._best(queue, needs, census.members, barred, now_s)
        if not census.tally.by_state.get("available"):
            return None
        groups = sorted(
            (
                (level, -self._shares.behind(queue, labels), ids)
                for (level, labels), ids in census.tally.free.items()
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
        self,
        queue: QueueRules,
        needs: Requirement,
        ids: Iterable[AgentId],
        barred: Collection[AgentId],
        now_s: float,
    ) -> Agent | None:
        """Of few, by the whole order: where that is the order of turns, one of the first in it fits, mostly."""
        if not queue.shares and queue.strategy in _BY_TURN:
            for _, _, id in islice(self._turns.get((queue.name, 0), ()), LOOKED_AT):
                agent = self._agents[id]
                if id not in barred and has(agent, needs):
                    return agent
        free = [agent for id in ids if (agent := self._agents[id]).state == "available" and id not in barred]
        if len(free) > 1 and (queue.shares or queue.strategy in ("best_skill", "agent_priority")):
            return min(free, key=lambda agent: preference(agent, queue, needs, self._shares, now_s))
        return min(free, key=lambda agent: turn(agent, queue, now_s), default=None)

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
            for census in self._tallied[new.id]:
                assert census.tally is not None
                census.tally.move(before, after)
                if was:
                    self._group(census, census.tally, old).discard(old.id)
                elif now:
                    self._group(census, census.tally, new).add(new.id)
            if old.logged_in != new.logged_in:
                change = 1 if new.logged_in else -1
                for census in self._fits[new.id]:
                    census.logged_in += change
                self._log(new, change, anyway=True)
        if was != now or (was and _works(old) != _works(new)):
            if was:
                self._delist(old)
            if now:
                self._enlist(new)

    def _add(self, census: Census, agent: Agent) -> None:
        self._fits[agent.id].append(census)
        census.members.append(agent.id)
        census.logged_in += agent.logged_in
        if census.tally is not None:
            self._tally(census, census.tally, agent)
        elif len(census.members) > FEW:
            census.tally = Tally()
            for id in census.members:
                self._tally(census, census.tally, self._agents[id])

    def _tally(self, census: Census, tally: Tally, agent: Agent) -> None:
        self._tallied[agent.id].append(census)
        bucket = self._buckets[agent.id]
        tally.by_state[bucket] = tally.by_state.get(bucket, 0) + 1
        if agent.state == "available":
            self._group(census, tally, agent).add(agent.id)

    def _group(self, census: Census, tally: Tally, agent: Agent) -> set[AgentId]:
        queue = self._queue(census.demand[0])
        group = (grade(agent, queue, census.demand[1]), labels_of(agent, queue))
        found = tally.free.get(group)
        if found is None:
            found = tally.free[group] = set()
        return found

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


def _keys(agent: Agent) -> Iterator[tuple[QueueName, SkillName]]:
    for queue in agent.queues:
        yield queue, _ANY
        for skill in agent.skills:
            yield queue, skill


def _bucket(agent: Agent) -> str:
    return f"paused:{agent.pause_reason}" if agent.state == "paused" else agent.state


def has(agent: Agent, needs: Requirement) -> bool:
    own = agent.skills
    for skill, level in needs:  # noqa: SIM110 - asked of hundreds of agents at once, and a generator is slower
        if own.get(skill, 0) < level:
            return False
    return True
