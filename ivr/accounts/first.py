"""Rules and telephones that do not go together: a telephone that answers by itself, where several are rung at once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator

from routing.agents import Agent
from routing.rules import Rules

log = logging.getLogger(__name__)


def always_first(rules: Rules, agents: Iterable[Agent], by_themselves: Collection[str]) -> Iterator[str]:
    """A sentence for each queue that rings several agents, some of whom answer by themselves. by_themselves: agents."""
    agents = list(agents)
    for name, queue in rules.queues.items():
        first = sorted(agent.id for agent in agents if name in agent.queues and agent.id in by_themselves)
        if queue.ring > 1 and first:
            yield (
                f"queue `{name}` rings several agents at once (`ring`), but the telephones of {', '.join(first)} "
                "answer by themselves, so that nobody else ever has the call; let the queue ring one, or those "
                "telephones be answered by hand (`ivr accounts answer NAME by_hand`)"
            )


class Warned:
    """Logs each such sentence once, as long as it holds."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def look(self, rules: Rules, agents: Iterable[Agent], by_themselves: Collection[str]) -> None:
        found = set(always_first(rules, agents, by_themselves))
        for sentence in sorted(found - self._told):
            log.warning("%s", sentence)
        self._told = found
