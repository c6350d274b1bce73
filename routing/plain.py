"""The answers of `floor.py` from a list of agents, counted anew each time: what the answers mean, and slow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from routing.agents import Agent
from routing.ids import AgentId, QueueName
from routing.rules import QueueRules, Requirement
from routing.shares import Shares
from routing.strategies import preference


class Plain:
    """Implements `floor.Staff`."""

    def __init__(self, agents: Iterable[Agent], shares: Shares | None = None) -> None:
        self.agents = {agent.id: agent for agent in agents}
        self.shares = shares if shares is not None else Shares()

    def logged_in(self, queue: QueueName, needs: Requirement) -> int:
        return sum(agent.logged_in for agent in self._who_fit(queue, needs))

    def counts(self, queue: QueueName, needs: Requirement) -> dict[str, int]:
        states = Counter(
            f"paused:{agent.pause_reason}" if agent.state == "paused" else agent.state
            for agent in self._who_fit(queue, needs)
        )
        return dict(sorted((str(state), number) for state, number in states.items()))

    def pick(
        self, queue: QueueRules, needs: Requirement, barred: Collection[AgentId], now_s: float
    ) -> Agent | None:
        free = [
            (preference(agent, queue, needs, self.shares, now_s), agent)
            for agent in self._who_fit(queue.name, needs)
            if agent.state == "available" and agent.id not in barred
        ]
        return min(free, key=lambda one: one[0])[1] if free else None

    def _who_fit(self, queue: QueueName, needs: Requirement) -> Iterator[Agent]:
        wanted = dict(needs)
        return (agent for agent in self.agents.values() if queue in agent.queues and agent.has(wanted))
