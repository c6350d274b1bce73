"""From YAML text to compiled rules and agents, with every fault found told by file, line, column, cause and suggestion.

Text in, values out: reading the file is the caller's. What only the dialogue knows, the calendars that `hours` names,
is checked where both are read (`ivr.flow.written`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from routing.agent_rules import compiled
from routing.agents import Agent
from routing.entries import Step
from routing.ids import AgentId, QueueName, SkillName
from routing.rules import MOST_RUNG, Ageing, Overflow, QueueRules, Rules, WrapUpCode
from routing.rules_checks import faults
from routing.rules_model import AgentsModel, OverflowModel, QueueModel, RulesModel, StepModel
from routing.rules_places import Finding, Path, Places, RulesError, parse, validate

__all__ = ["Finding", "RulesError", "load_agents", "load_rules", "own_calendar"]


def load_rules(text: str, file: str = "queues.yaml") -> Rules:
    """The rules of `flows/queues.yaml`. Raises RulesError with all findings."""
    document = parse(text, file)
    model = validate(RulesModel, document, file)
    findings = list(faults(model, Places(document, file)))
    if findings:
        raise RulesError(findings)
    codes = tuple(model.wrap_up_codes)
    return Rules(
        queues={
            QueueName(name): _queue(QueueName(name), queue, codes) for name, queue in model.queues.items()
        },
        skills={SkillName(name): dict(title) for name, title in model.skills.items()},
        languages={tag: _skills(wanted) for tag, wanted in model.languages.items()},
        wrap_up_codes={
            name: WrapUpCode(dict(code.title), code.key or "") for name, code in model.wrap_up_codes.items()
        },
        agents=compiled(model.agents),
    )


def load_agents(text: str, rules: Rules, now: dt.datetime, file: str = "agents.yaml") -> tuple[Agent, ...]:
    """The agents of `flows/agents.yaml`, all offline. Raises RulesError with all findings."""
    document = parse(text, file)
    model = validate(AgentsModel, document, file)
    place = Places(document, file)
    findings: list[Finding] = []
    ids: set[str] = set()
    extensions: set[str] = set()
    for index, agent in enumerate(model.agents):
        at: Path = ("agents", index)
        if agent.id in ids:
            findings.append(place.finding((*at, "id"), f"there are two agents with the id {agent.id}"))
        if agent.extension in extensions:
            cause = f"two agents have the extension {agent.extension}"
            findings.append(place.finding((*at, "extension"), cause))
        ids.add(agent.id)
        extensions.add(agent.extension)
        for number, queue in enumerate(agent.queues):
            if queue not in rules.queues:
                findings.append(place.unknown((*at, "queues", number), "queue", queue, rules.queues))
        for skill in agent.skills:
            if skill not in rules.skills:
                findings.append(place.unknown((*at, "skills", skill), "skill", skill, rules.skills))
    if findings:
        raise RulesError(findings)
    return tuple(
        Agent(
            id=AgentId(agent.id),
            name=agent.name,
            extension=agent.extension,
            skills=_skills(agent.skills),
            queues=frozenset(map(QueueName, agent.queues)),
            since=now,
            idle_since=now,
            labels=dict(agent.labels),
            rank=agent.rank,
        )
        for agent in model.agents
    )


def own_calendar(queue: str) -> str:
    """The name of the calendar that a queue's `hours` are when they are written there and not only named."""
    return f"queues.{queue}"


def _queue(name: QueueName, model: QueueModel, codes: tuple[str, ...]) -> QueueRules:
    announce = model.announce
    return QueueRules(
        name=name,
        title=dict(model.title),
        steps=tuple(map(_step, model.steps)),
        strategy=model.strategy,
        priority=model.priority,
        ring=MOST_RUNG if model.ring == "all" else model.ring,
        ring_s=model.ring_s,
        wrap_up_s=None if model.wrap_up_s == "manual" else model.wrap_up_s,
        max_wait_s=model.max_wait_s,
        max_length=model.max_length,
        no_answer_pause_after=model.no_answer_pause_after,
        retry_s=model.retry_s,
        when_unstaffed=model.when_unstaffed,
        music=model.music,
        announce_first_s=announce.first_s if announce else None,
        announce_every_s=announce.every_s if announce else None,
        ageing=Ageing(**model.ageing.model_dump()) if model.ageing else None,
        hours=own_calendar(name) if isinstance(model.hours, dict) else model.hours or "",
        serve_after_closing=model.serve_after_closing,
        overflow=tuple(map(_overflow, model.overflow)),
        preferred_s=model.preferred_agent.patience_s,
        shares={label: dict(parts) for label, parts in model.shares.items()},
        urgent=model.urgent,
        redial_s=model.redial_s,
        answer_within_s=model.answer_within_s,
        wrap_up_codes=codes if model.wrap_up_codes is None else tuple(model.wrap_up_codes),
        wrap_up_code_required=model.wrap_up_code_required,
    )


def _step(model: StepModel) -> Step:
    return Step(require=_skills(model.require), prefer=_skills(model.prefer), for_s=model.for_s)


def _overflow(model: OverflowModel) -> Overflow:
    return Overflow(
        QueueName(model.to), model.after_s, model.longer_than, bool(model.unstaffed), bool(model.closed)
    )


def _skills(written: Mapping[str, int]) -> Mapping[SkillName, int]:
    return {SkillName(name): level for name, level in written.items()}
