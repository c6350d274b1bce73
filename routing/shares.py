"""Sites' and vendors' shares of a queue's calls: how many calls each is behind what its weight promises.

Each call given out is credited to the values of a label by their weights, among those values that have somebody
logged in at that time, and taken from the value of the agent who got it. So the figures of a label add up to 0, a
vendor who is at home gathers no debt of calls, and a vendor who was short of agents gets more as soon as there is a
choice. An offer counts from the moment it is made, lest all the offers of one moment go the same way, and no longer
when it fails. Where several are rung for one call, it counts as the first one's, until another answers.

The figures live as long as the controller. Values without a weight come last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from routing.agents import Agent
from routing.ids import AgentId, EntryId, QueueName
from routing.rules import QueueRules

Labels = tuple[str, ...]
"""An agent's values of a queue's labels, in the order of `QueueRules.shares`."""
_Key = tuple[QueueName, str, str]


class Shares:
    def __init__(self) -> None:
        self._behind: defaultdict[_Key, float] = defaultdict(float)
        self._offers: dict[EntryId, tuple[AgentId, list[tuple[_Key, float]]]] = {}

    def behind(self, queue: QueueRules, labels: Labels) -> float:
        """Calls that agents with these labels are behind, over all labels."""
        if not labels:
            return 0.0
        return sum(
            self._behind.get((queue.name, label, value), 0.0)
            for label, value in zip(queue.shares, labels, strict=True)
        )

    def offered(
        self, entry: EntryId, agent: Agent, queue: QueueRules, staffed: Callable[[str, str], bool]
    ) -> None:
        """staffed: whether an agent with that value of that label is logged in to the queue."""
        if not queue.shares:
            return
        changes: list[tuple[_Key, float]] = []
        for label, weights in queue.shares.items():
            here = {value: weight for value, weight in weights.items() if weight and staffed(label, value)}
            total = sum(here.values())
            changes += [((queue.name, label, value), weight / total) for value, weight in here.items()]
            changes.append(((queue.name, label, agent.labels.get(label, "")), -1.0))
        self._offers[entry] = agent.id, changes
        for key, change in changes:
            self._behind[key] += change

    def counts_as(self, entry: EntryId) -> AgentId | None:
        """To whom the call is counted until it is taken; None: to nobody."""
        offer = self._offers.get(entry)
        return None if offer is None else offer[0]

    def joined(self, entry: EntryId) -> None:
        self._offers.pop(entry, None)

    def failed(self, entry: EntryId) -> None:
        offer = self._offers.pop(entry, None)
        for key, change in () if offer is None else offer[1]:
            self._behind[key] -= change

    def forget(self, queue: QueueName) -> None:
        """The weights have changed: from 0 again."""
        for key in [key for key in self._behind if key[0] == queue]:
            del self._behind[key]
        self._offers = {
            entry: (agent, [change for change in changes if change[0][0] != queue])
            for entry, (agent, changes) in self._offers.items()
        }
