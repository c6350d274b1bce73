"""Whether anybody could ever take the calls that the rules, and the dialogue, ask agents for. Pure.

Who is logged in does not count here: an agent of the queue who has the skills is enough, awake or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from routing.agents import Agent
from routing.ids import QueueName, SkillName
from routing.rules import Requirement, Rules, requirement


@dataclass(frozen=True, slots=True)
class Gap:
    """path: where in `queues.yaml` it is asked for. cause, suggestion: for people."""

    path: tuple[str | int, ...]
    cause: str
    suggestion: str


def gaps(rules: Rules, agents: Sequence[Agent], languages: Iterable[str]) -> list[Gap]:
    """What `queues.yaml` asks for and nobody has. languages: those that callers speak.

    A step that nobody fits ends at once, and a caller whose language nobody of the queue speaks waits in vain.
    """
    found: list[Gap] = []
    for name, queue in rules.queues.items():
        members = [agent for agent in agents if name in agent.queues]
        if not members:
            found.append(
                Gap(
                    ("queues", name),
                    f"no agent belongs to the queue `{name}`",
                    f"queues: [{name}] in agents.yaml",
                )
            )
            continue
        for index, step in enumerate(queue.steps):
            lack = lacking(members, requirement(step.require), name)
            if lack:
                found.append(Gap(("queues", name, "steps", index, "require"), *lack))
        last = queue.steps[-1].require if queue.steps else {}
        for language in languages:
            spoken = rules.for_language(language)
            if spoken and not lacking(members, requirement(last), name):
                lack = lacking(members, requirement(spoken, last), name)
                if lack:
                    tag = language if language in rules.languages else language.split("-")[0]
                    found.append(Gap(("languages", tag), f"callers in `{language}`: {lack[0]}", lack[1]))
    return found


def lack_of(
    rules: Rules, agents: Iterable[Agent], queue: str, skills: Mapping[str, int]
) -> tuple[str, str] | None:
    """Why nobody of the queue could take a caller for whom the dialogue asks these skills, and what to do; None when
    somebody could, or the queue has nobody at all (`gaps` says that)."""
    name = QueueName(queue)
    members = [agent for agent in agents if name in agent.queues]
    rule = rules.queues.get(name)
    if rule is None or not members:
        return None
    asked = {SkillName(skill): level for skill, level in skills.items()}
    last = rule.steps[-1].require if rule.steps else {}
    return lacking(members, requirement(asked, last), name)


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
