"""Which of the free agents who fit is asked first: the order of each strategy, as plain keys. Pure.

Among agents who are equal in skills that the caller prefers (`matcher.py`), the smallest of these goes first:
1. `grade`: what the agent is, whenever asked. best_skill: the levels in the skills that are looked for, all added;
   agent_priority: the agent's rank. The other strategies only spread the work: everybody has the same grade.
2. What the agent's labels are behind their shares of the calls (`shares.py`), most first.
3. `turn`: what the agent did until now. round_robin: whose last offer is the longest ago; least_occupied: talk and
   wrap-up by the time since the log-in; random: a lot drawn from the id and the moment, so that the same input gives
   the same output; then always who is idle the longest, and the id.

Grade and labels change only when the agent's record does, and a turn only while the agent is not free. The one figure
that time changes by itself, the occupancy, has a bound that time does not reorder (`Floor`).
"""

from __future__ import annotations

import datetime as dt
import hashlib

from routing.agents import Agent
from routing.rules import QueueRules, Requirement
from routing.shares import Labels, Shares

Turn = tuple[float, float, str]
Preference = tuple[int, float, Turn]


def grade(agent: Agent, queue: QueueRules, looked_for: Requirement) -> int:
    if queue.strategy == "best_skill":
        return -sum(agent.skills.get(skill, 0) for skill, _ in looked_for)
    return agent.rank if queue.strategy == "agent_priority" else 0


def labels_of(agent: Agent, queue: QueueRules) -> Labels:
    return tuple(agent.labels.get(label, "") for label in queue.shares)


def turn(agent: Agent, queue: QueueRules, now_s: float) -> Turn:
    first = 0.0
    if queue.strategy == "least_occupied":
        first = occupancy(agent, now_s)
    elif queue.strategy == "round_robin" and agent.last_given_at is not None:
        first = agent.last_given_at.timestamp()
    elif queue.strategy == "random":
        first = lot(agent.id, now_s)
    return (first, agent.idle_since.timestamp(), agent.id)


def lot(id: str, now_s: float) -> float:
    """From 0 to 1, as good as random from one moment and agent to another."""
    drawn = hashlib.blake2b(f"{id} {now_s!r}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn, "big") / 2**64


def logged_in_since(agent: Agent) -> dt.datetime:
    return agent.logged_in_at or agent.idle_since


def occupancy(agent: Agent, now_s: float) -> float:
    """Talk, hold and wrap-up by the time since the log-in: 0 to 1. Of a first second, as if it were over."""
    return share_of(agent.busy_s, now_s - logged_in_since(agent).timestamp())


def share_of(busy_s: float, logged_in_s: float) -> float:
    return busy_s / max(1.0, logged_in_s)


def preference(
    agent: Agent, queue: QueueRules, looked_for: Requirement, shares: Shares, now_s: float
) -> Preference:
    """The whole key; smallest first."""
    return (
        grade(agent, queue, looked_for),
        -shares.behind(queue, labels_of(agent, queue)),
        turn(agent, queue, now_s),
    )
