"""Whether anybody could ever take the calls that the rules, and the dialogue, ask agents for. Pure.

Who is logged in does not count here: an agent of the queue who has the skills is enough, awake or not. So is one of a
queue that callers get to by waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from routing.agents import Agent
from routing.ids import QueueName, SkillName
from routing.rules import MOST_RUNG, QueueRules, Requirement, Rules, requirement


@dataclass(frozen=True, slots=True)
class Gap:
    """path: where in `queues.yaml` it is asked for. cause, suggestion: for people. code: as `ivr check` calls it."""

    path: tuple[str | int, ...]
    cause: str
    suggestion: str
    code: Literal["unstaffed-skill", "no-effect"] = "unstaffed-skill"


def gaps(rules: Rules, agents: Sequence[Agent], languages: Iterable[str]) -> list[Gap]:
    """What `queues.yaml` asks for and nobody has. languages: those that callers speak.

    A step that nobody fits ends at once, and a caller whose language nobody of the queue speaks waits in vain. Parts of
    the calls go to nobody, an order of agents orders nobody, and a queue that takes over is closed itself.
    """
    spoken_by_callers = list(languages)
    found: list[Gap] = []
    for name, queue in rules.queues.items():
        found += _hours(rules, queue)
        members = _members(agents, name)
        if not members:
            if not any(_members(agents, other) for other in _led_to(rules, name)):
                cause, hint = f"no agent belongs to the queue `{name}`", f"queues: [{name}] in agents.yaml"
                found.append(Gap(("queues", name), cause, hint))
            continue
        for index, step in enumerate(queue.steps):
            lack = lacking(members, requirement(step.require), name)
            if lack:
                found.append(Gap(("queues", name, "steps", index, "require"), *lack))
        found += _languages(rules, queue, agents, spoken_by_callers)
        found += _shares(queue, members)
        found += _ranks(queue, members)
        found += _ringing(queue, members)
    return found


def lack_of(
    rules: Rules, agents: Iterable[Agent], queue: str, skills: Mapping[str, int]
) -> tuple[str, str] | None:
    """Why nobody of the queue could take a caller for whom the dialogue asks these skills, and what to do; None when
    somebody could, or the queue has nobody at all (`gaps` says that)."""
    name = QueueName(queue)
    agents = list(agents)
    if name not in rules.queues or not _members(agents, name):
        return None
    asked = {SkillName(skill): level for skill, level in skills.items()}
    return _in_vain(rules, agents, name, asked)


def lacking(members: Iterable[Agent], needs: Requirement, queue: QueueName) -> tuple[str, str] | None:
    """None when one of them has all."""
    asked = dict(needs)
    agents = list(members)
    if any(agent.has(asked) for agent in agents):
        return None
    for skill, level in needs:
        best = max((agent.skills.get(skill, 0) for agent in agents), default=0)
        if best < level:
            has = f"{best} is the highest" if best else "nobody has it"
            return (
                f"no agent of the queue `{queue}` has `{skill}` at level {level}: {has}",
                "add it to an agent in agents.yaml, or ask for less",
            )
    together = ", ".join(f"{skill} {level}" for skill, level in needs)
    return (
        f"no agent of the queue `{queue}` has {together} at once",
        "add what is missing to an agent in agents.yaml, or ask for less",
    )


def _members(agents: Iterable[Agent], queue: QueueName) -> list[Agent]:
    return [agent for agent in agents if queue in agent.queues]


def _last(queue: QueueRules) -> Mapping[SkillName, int]:
    """What is asked for to the end."""
    return queue.steps[-1].require if queue.steps else {}


def _led_to(rules: Rules, name: QueueName) -> set[QueueName]:
    """The queues that a caller of this one gets to by waiting, or at once when nobody is there."""
    found: set[QueueName] = set()
    left = [name]
    while left:
        for overflow in rules.queues[left.pop()].overflow:
            leads = overflow.after_s is not None or overflow.unstaffed
            if leads and overflow.to in rules.queues and overflow.to not in found:
                found.add(overflow.to)
                left.append(overflow.to)
    return found


def _in_vain(
    rules: Rules, agents: Sequence[Agent], name: QueueName, asked: Mapping[SkillName, int]
) -> tuple[str, str] | None:
    """Why a caller for whom this is asked would never be served, neither here nor where the queue leads to."""
    here = lacking(_members(agents, name), requirement(asked, _last(rules.queues[name])), name)
    if here is None:
        return None
    for other in _led_to(rules, name):
        if lacking(_members(agents, other), requirement(asked, _last(rules.queues[other])), other) is None:
            return None
    return here


def _languages(
    rules: Rules, queue: QueueRules, agents: Sequence[Agent], languages: Iterable[str]
) -> Iterator[Gap]:
    if lacking(_members(agents, queue.name), requirement(_last(queue)), queue.name):
        return  # told of the step already
    for language in languages:
        spoken = rules.for_language(language)
        lack = _in_vain(rules, agents, queue.name, spoken) if spoken else None
        if lack:
            tag = language if language in rules.languages else language.split("-")[0]
            yield Gap(("languages", tag), f"callers in `{language}`: {lack[0]}", lack[1])


def _shares(queue: QueueRules, members: Sequence[Agent]) -> Iterator[Gap]:
    for label, parts in queue.shares.items():
        for value, weight in parts.items():
            if weight and not any(agent.labels.get(label) == value for agent in members):
                yield Gap(
                    ("queues", queue.name, "shares", label, value),
                    f"no agent of the queue `{queue.name}` has the label {label}: {value}, for a part of its calls",
                    f"labels: {{{label}: {value}}} in agents.yaml",
                    "no-effect",
                )


def _ranks(queue: QueueRules, members: Sequence[Agent]) -> Iterator[Gap]:
    if queue.strategy == "agent_priority" and len(members) > 1 and len({one.rank for one in members}) == 1:
        yield Gap(
            ("queues", queue.name, "strategy"),
            f"all agents of the queue `{queue.name}` have the same rank, so that none goes before another",
            "rank: 1, 2 ... in agents.yaml, lower ones first",
            "no-effect",
        )


def _ringing(queue: QueueRules, members: Sequence[Agent]) -> Iterator[Gap]:
    if len(members) < queue.ring < MOST_RUNG:
        yield Gap(
            ("queues", queue.name, "ring"),
            f"{queue.ring} agents are to be rung at once, but the queue `{queue.name}` has {len(members)}",
            "ring: all, or more agents in agents.yaml",
            "no-effect",
        )


def _hours(rules: Rules, queue: QueueRules) -> Iterator[Gap]:
    for index, overflow in enumerate(queue.overflow):
        other = rules.queues.get(overflow.to)
        if overflow.closed and other is not None and other.hours == queue.hours:
            yield Gap(
                ("queues", queue.name, "overflow", index),
                f"the queue `{overflow.to}` has the same hours, so it is closed too",
                "take a queue that is open then, or let the dialogue ask the calendar (`hours`)",
                "no-effect",
            )
