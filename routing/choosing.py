"""Which free agent a waiting caller is offered to, and which callers an agent may be offered: pure, with reasons.

The order among agents is told at the head of `matcher.py`; what the strategies say is in `strategies.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from routing.agents import Agent
from routing.decisions import Reason, Value
from routing.entries import Entry
from routing.floor import Staff
from routing.ids import AgentId, QueueName
from routing.rules import QueueRules, Requirement
from routing.strategies import labels_of, occupancy, preference

Demand = TypeVar("Demand")
"""Whatever says what the entry needs."""


def may_ask(entry: Entry, agent: Agent, queue: QueueRules, now: dt.datetime) -> bool:
    """Not when this agent just failed to answer this caller, and nobody before a callback's time."""
    if entry.not_before is not None and now < entry.not_before:
        return False
    missed = entry.tried.get(agent.id)
    return missed is None or now >= missed + dt.timedelta(seconds=queue.retry_s)


def kept_for(
    entry: Entry, queue: QueueRules, agents: Mapping[AgentId, Agent], now: dt.datetime
) -> AgentId | None:
    """The preferred agent, as long as nobody else is to be asked."""
    if entry.preferred is None or queue.preferred_s <= 0 or now >= kept_until(entry, queue):
        return None
    agent = agents.get(entry.preferred)
    if agent is None or agent.id in entry.tried or not will_come(agent):
        return None
    fits = entry.queue in agent.queues and agent.has(dict(queue.needs(entry)))
    return agent.id if fits else None


def kept_until(entry: Entry, queue: QueueRules) -> dt.datetime:
    return entry.limit_from + dt.timedelta(seconds=queue.preferred_s)


def will_come(agent: Agent) -> bool:
    """Free, or free again by and by."""
    return agent.state not in ("offline", "paused") and agent.leaving is None


def standing(
    entry: Entry, demand: Demand, queue: QueueRules, agents: Mapping[AgentId, Agent], now: dt.datetime
) -> tuple[Demand | tuple[QueueName, AgentId] | None, dt.datetime | None]:
    """Where agents find the entry (whoever fits the demand, one alone, nobody), and when time alone changes that."""
    if entry.state != "waiting" or entry.only is not None:
        return None, None
    if entry.not_before is not None and now < entry.not_before:
        return None, entry.not_before
    agent = kept_for(entry, queue, agents, now)
    return (demand, None) if agent is None else ((entry.queue, agent), kept_until(entry, queue))


@dataclass(frozen=True, slots=True)
class Choice:
    """looked_for: the skills by which the agent was chosen. asked_again_at: when one who was tried may be."""

    agent: Agent | None = None
    looked_for: Requirement = ()
    wished: bool = False
    preferred: bool = False
    tried: bool = False
    asked_again_at: dt.datetime | None = None


def choose(entry: Entry, queue: QueueRules, staff: Staff, now: dt.datetime, keeper: AgentId | None) -> Choice:
    needs, likes = queue.needs(entry), queue.likes(entry)
    wished = _wished(entry, queue, needs, staff)
    if wished is not None or keeper is not None:
        return Choice(wished, wished=True)
    now_s = now.timestamp()
    if likes != needs:
        agent = staff.pick(queue, likes, entry.tried, now_s)
        if agent is not None:
            return Choice(agent, likes, preferred=True)
    agent = staff.pick(queue, needs, entry.tried, now_s)
    if agent is not None:
        return Choice(agent, needs)
    return _again(entry, queue, staff, now) if entry.tried else Choice()


def _wished(entry: Entry, queue: QueueRules, needs: Requirement, staff: Staff) -> Agent | None:
    """The preferred agent, if free and not tried."""
    agent = None if entry.preferred is None else staff.agents.get(entry.preferred)
    if agent is None or agent.state != "available" or agent.id in entry.tried:
        return None
    return agent if entry.queue in agent.queues and agent.has(dict(needs)) else None


def _again(entry: Entry, queue: QueueRules, staff: Staff, now: dt.datetime) -> Choice:
    """Of those who did not answer this caller and are free, one whose pause is over."""
    needs, likes = queue.needs(entry), queue.likes(entry)
    free: list[tuple[tuple[object, ...], Agent, Requirement]] = []
    again: dt.datetime | None = None
    for id, missed in entry.tried.items():
        agent = staff.agents.get(id)
        fits = agent is not None and entry.queue in agent.queues and agent.has(dict(needs))
        if agent is None or not fits or agent.state != "available":
            continue
        if may_ask(entry, agent, queue, now):
            liked = likes != needs and agent.has(dict(likes))
            looked_for = likes if liked else needs
            own = preference(agent, queue, looked_for, staff.shares, now.timestamp())
            free.append(((not liked, *own), agent, looked_for))
        else:
            at = missed + dt.timedelta(seconds=queue.retry_s)
            again = at if again is None else min(again, at)
    if not free:
        return Choice(asked_again_at=again)
    _, agent, looked_for = min(free, key=lambda one: one[0])
    return Choice(agent, looked_for, preferred=likes != needs and looked_for == likes, tried=True)


def why(
    choice: Choice, agent: Agent, entry: Entry, queue: QueueRules, staff: Staff, now: dt.datetime
) -> list[Reason]:
    """Why this agent, in the order in which it was decided."""
    if choice.wished:
        return [Reason("preferred_agent", {"agent": agent.name})]
    idle: dict[str, Value] = {
        "agent": agent.name,
        "idle_s": round((now - agent.idle_since).total_seconds(), 1),
    }
    found: list[Reason] = []
    if choice.preferred:
        prefer = queue.step_of(entry).prefer
        found.append(Reason("preferred", {"skills": {skill: level for skill, level in prefer.items()}}))
    labels = labels_of(agent, queue)
    if any(labels):
        behind = round(staff.shares.behind(queue, labels), 1)
        found.append(Reason("share", {"values": ", ".join(filter(None, labels)), "behind": behind}))
    match queue.strategy:
        case "best_skill" if choice.looked_for:
            levels: dict[str, int] = {skill: agent.skills.get(skill, 0) for skill, _ in choice.looked_for}
            found.insert(0, Reason("best_skill", {"agent": agent.name, "skills": levels}))
        case "agent_priority":
            found.insert(0, Reason("agent_priority", {"agent": agent.name, "rank": agent.rank}))
        case "least_occupied":
            percent = round(100 * occupancy(agent, now.timestamp()))
            found.insert(0, Reason("least_occupied", {"agent": agent.name, "percent": percent}))
        case "round_robin":
            found.insert(0, Reason("round_robin", {"agent": agent.name}))
        case "random":
            found.insert(0, Reason("by_lot", {"agent": agent.name}))
        case _:
            found.insert(0, Reason("longest_idle", idle))
    if choice.tried:
        found.append(Reason("only_tried_left", {"attempts": entry.attempts}))
    return found
