"""The agents, indexed for the matcher's two questions: who is free and fits, and how many fit at all.

Both are kept up to date as agents change, so that neither costs a walk over all agents:
- `free` lists per queue and skill, in the order of idleness;
- a census per demand that was ever asked about (a queue and a requirement; the operator's rules and flows bound their
  number), counted once and then corrected by each agent's change.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from routing.agents import Agent
from routing.ids import AgentId, QueueName, SkillName
from routing.rules import Requirement

Demand = tuple[QueueName, Requirement]
Turn = tuple[float, AgentId]
"""Idle since (Unix s), then the id: the order in which free agents are asked."""

_ANY = SkillName("")


class Census:
    """How many agents fit a demand, by state (`paused:training` and so on for pauses)."""

    __slots__ = ("by_state",)

    def __init__(self) -> None:
        self.by_state: Counter[str] = Counter()

    @property
    def logged_in(self) -> int:
        return self.by_state.total() - self.by_state["offline"]

    def counts(self) -> dict[str, int]:
        """Only what is there, in a fixed order."""
        return {state: number for state, number in sorted(self.by_state.items()) if number}


class Floor:
    def __init__(self, agents: Iterable[Agent] = ()) -> None:
        self._agents: dict[AgentId, Agent] = {}
        self._free: dict[tuple[QueueName, SkillName], list[Turn]] = {}
        self._members: dict[tuple[QueueName, SkillName], set[AgentId]] = {}
        self._census: dict[Demand, Census] = {}
        self._demands: dict[QueueName, dict[Requirement, Census]] = {}
        self._fits: dict[AgentId, dict[Demand, Census]] = {}
        for agent in agents:
            self.put(agent)

    @property
    def agents(self) -> Mapping[AgentId, Agent]:
        return self._agents

    def put(self, agent: Agent) -> None:
        """A new agent, or an old one changed."""
        old = self._agents.get(agent.id)
        if old is not None and old.skills == agent.skills and old.queues == agent.queues:
            self._agents[agent.id] = agent
            self._move(old, agent)
            return
        if old is not None:
            self.remove(agent.id)
        self._agents[agent.id] = agent
        fits: dict[Demand, Census] = {}
        for key in _keys(agent):
            self._members.setdefault(key, set()).add(agent.id)
        for queue in agent.queues:
            for needs, census in self._demands.get(queue, {}).items():
                if _has(agent, needs):
                    fits[queue, needs] = census
                    census.by_state[_bucket(agent)] += 1
        self._fits[agent.id] = fits
        if agent.state == "available":
            self._list(agent)

    def remove(self, id: AgentId) -> None:
        old = self._agents.pop(id)
        for key in _keys(old):
            self._members[key].discard(id)
        for census in self._fits.pop(id).values():
            census.by_state[_bucket(old)] -= 1
        if old.state == "available":
            self._unlist(old)

    def census(self, queue: QueueName, needs: Requirement) -> Census:
        """Who fits this demand, whatever they do now."""
        demand = (queue, needs)
        census = self._census.get(demand)
        if census is None:
            census = self._census[demand] = Census()
            self._demands.setdefault(queue, {})[needs] = census
            nobody: set[AgentId] = set()
            skills = [skill for skill, _ in needs] or [_ANY]
            for id in min((self._members.get((queue, skill), nobody) for skill in skills), key=len):
                agent = self._agents[id]
                if _has(agent, needs):
                    census.by_state[_bucket(agent)] += 1
                    self._fits[id][demand] = census
        return census

    def fits(self, id: AgentId) -> Mapping[Demand, Census]:
        """The demands asked about so far that this agent fits."""
        return self._fits[id]

    def free(self, queue: QueueName, needs: Requirement) -> Iterator[Agent]:
        """The free agents who fit, longest idle first. The floor must not change meanwhile."""
        nobody: list[Turn] = []
        skills = [skill for skill, _ in needs] or [_ANY]
        for _, id in min((self._free.get((queue, skill), nobody) for skill in skills), key=len):
            agent = self._agents[id]
            if _has(agent, needs):
                yield agent

    def _move(self, old: Agent, new: Agent) -> None:
        before, after = _bucket(old), _bucket(new)
        if before != after:
            for census in self._fits[new.id].values():
                census.by_state[before] -= 1
                census.by_state[after] += 1
        was, now = old.state == "available", new.state == "available"
        if was and not (now and old.idle_since == new.idle_since):
            self._unlist(old)
        if now and not (was and old.idle_since == new.idle_since):
            self._list(new)

    def _list(self, agent: Agent) -> None:
        turn = (agent.idle_since.timestamp(), agent.id)
        for key in _keys(agent):
            bisect.insort(self._free.setdefault(key, []), turn)

    def _unlist(self, agent: Agent) -> None:
        turn = (agent.idle_since.timestamp(), agent.id)
        for key in _keys(agent):
            turns = self._free[key]
            del turns[bisect.bisect_left(turns, turn)]


def _keys(agent: Agent) -> Iterator[tuple[QueueName, SkillName]]:
    for queue in agent.queues:
        yield queue, _ANY
        for skill in agent.skills:
            yield queue, skill


def _bucket(agent: Agent) -> str:
    return f"paused:{agent.pause_reason}" if agent.state == "paused" else agent.state


def _has(agent: Agent, needs: Requirement) -> bool:
    own = agent.skills
    return all(own.get(skill, 0) >= level for skill, level in needs)
