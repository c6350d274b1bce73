"""From YAML text to compiled rules, with every fault found told by file, line, column, cause and suggestion.

Text in, values out: reading the file is the caller's.
"""

from __future__ import annotations

import datetime as dt
import difflib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError

from routing.agents import Agent
from routing.entries import Step
from routing.ids import AgentId, QueueName, SkillName
from routing.rules import QueueRules, Rules
from routing.rules_model import AgentsModel, QueueModel, RulesModel, StepModel, Strict

Path = tuple[str | int, ...]
MAX_FINDINGS = 100
"""Of a file whose shape is wrong: it may have one in each line."""
_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (`name: value`)",
    "model_type": "a mapping (`name: value`)",
}
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Finding:
    """line and column count from 1."""

    file: str
    line: int
    column: int
    cause: str
    suggestion: str = ""

    def __str__(self) -> str:
        hint = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.cause}{hint}"


class RulesError(Exception):
    """The file is refused as a whole; whatever was in force stays in force."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        findings = sorted(findings, key=lambda each: (each.file, each.line, each.column))
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


def load_rules(text: str, file: str = "queues.yaml") -> Rules:
    """The rules of `flows/queues.yaml`. Raises RulesError with all findings."""
    document = _parse(text, file)
    model = _validate(RulesModel, document, file)
    place = _Places(document, file)
    findings = list(_unknown_skills(model, place))
    for name, queue in model.queues.items():
        for index, step in enumerate(queue.steps[:-1]):
            if step.for_s is None:
                findings.append(
                    place.finding(
                        ("queues", name, "steps", index),
                        "this step never ends, so the steps after it are never reached",
                        "give it `for_s`, or make it the last one",
                    )
                )
    if findings:
        raise RulesError(findings)
    return Rules(
        queues={QueueName(name): _queue(QueueName(name), queue) for name, queue in model.queues.items()},
        skills={SkillName(name): dict(title) for name, title in model.skills.items()},
        languages={tag: _skills(wanted) for tag, wanted in model.languages.items()},
    )


def load_agents(text: str, rules: Rules, now: dt.datetime, file: str = "agents.yaml") -> tuple[Agent, ...]:
    """The agents of `flows/agents.yaml`, all offline. Raises RulesError with all findings."""
    document = _parse(text, file)
    model = _validate(AgentsModel, document, file)
    place = _Places(document, file)
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
        )
        for agent in model.agents
    )


def _queue(name: QueueName, model: QueueModel) -> QueueRules:
    announce = model.announce
    return QueueRules(
        name=name,
        title=dict(model.title),
        steps=tuple(map(_step, model.steps)),
        strategy=model.strategy,
        priority=model.priority,
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
    )


def _step(model: StepModel) -> Step:
    return Step(require=_skills(model.require), prefer=_skills(model.prefer), for_s=model.for_s)


def _skills(written: Mapping[str, int]) -> Mapping[SkillName, int]:
    return {SkillName(name): level for name, level in written.items()}


def _unknown_skills(model: RulesModel, place: _Places) -> Iterable[Finding]:
    for tag, wanted in model.languages.items():
        for skill in wanted:
            if skill not in model.skills:
                yield place.unknown(("languages", tag, skill), "skill", skill, model.skills)
    for name, queue in model.queues.items():
        for index, step in enumerate(queue.steps):
            for part, wanted in (("require", step.require), ("prefer", step.prefer)):
                for skill in wanted:
                    if skill not in model.skills:
                        at = ("queues", name, "steps", index, part, skill)
                        yield place.unknown(at, "skill", skill, model.skills)


def _parse(text: str, file: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", ReusedAnchorWarning
            )  # as YAML has it: the later one counts from there on
            document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        cause = str(error.problem or error.context or "this is not YAML").strip()
        cause = cause.replace("('", "'").replace("',)", "'")  # what the library found, as a tuple
        raise RulesError([Finding(file, line, column, cause)]) from None
    except YAMLError as error:
        raise RulesError([Finding(file, 1, 1, str(error))]) from None
    except (ValueError, TypeError, LookupError, AttributeError):
        # The library reads dates and numbers by itself, and says only in Python what is wrong with them.
        cause = "a date or a number that is none"
        raise RulesError([Finding(file, 1, 1, cause, "quote what is a text")]) from None
    if not isinstance(document, dict):
        raise RulesError(
            [Finding(file, 1, 1, "a mapping is expected here", "begin with `queues:` or `agents:`")]
        )
    return document


def _validate(model: type[Model], document: Any, file: str) -> Model:
    try:
        return model.model_validate(_plain(document))
    except ValidationError as error:
        place = _Places(document, file)
        raise RulesError([place.refused(fault) for fault in error.errors()[:MAX_FINDINGS]]) from None


def _plain(value: Any) -> Any:
    """ruamel's commented containers as plain ones; keys as written, numbers as keys become text."""
    if isinstance(value, dict):
        return {_key(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _key(key: object) -> str:
    """As its author wrote it."""
    if key is None:
        return "null"
    return str(key).lower() if isinstance(key, bool) else str(key)


class _Places:
    """Where in the file a value stands."""

    def __init__(self, document: Any, file: str) -> None:
        self._document = document
        self._file = file

    def finding(self, path: Path, cause: str, suggestion: str = "") -> Finding:
        line, column = self._of(path)
        return Finding(self._file, line, column, cause, suggestion)

    def unknown(self, path: Path, kind: str, name: str, known: Iterable[str]) -> Finding:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names) or 'none'}"
        return self.finding(path, f"there is no {kind} {name}", hint)

    def refused(self, fault: Any) -> Finding:
        path: Path = tuple(fault["loc"])
        name = ".".join(str(part) for part in path)
        if fault["type"] == "extra_forbidden":
            close = difflib.get_close_matches(str(path[-1]), sorted(_keys()), 1)
            return self.finding(path, f"unknown key {name}", f"did you mean {close[0]}?" if close else "")
        expected = _EXPECTED.get(fault["type"])
        return self.finding(path, f"{name}: {f'{expected} is expected' if expected else fault['msg']}")

    def _of(self, path: Path) -> tuple[int, int]:
        """The deepest part of the path that the file has: the key of a mapping, the item of a list."""
        node, found = self._document, (0, 0)
        for part in path:
            try:
                if isinstance(node, dict):
                    key = part if part in node else next(each for each in node if _key(each) == str(part))
                    # Of a key that came with `<<` the library knows no place.
                    found = node.lc.key(key) or found  # type: ignore[attr-defined]  # ruamel adds `lc` to its mappings
                    node = node[key]
                elif isinstance(node, list):
                    found = node.lc.item(part) or found  # type: ignore[attr-defined]  # and to its sequences
                    node = node[int(part)]
                else:
                    break
            except (StopIteration, IndexError, KeyError, ValueError):
                break
        return found[0] + 1, found[1] + 1


def _keys() -> set[str]:
    """Every key that either file may have at any depth: for suggestions only."""
    return {key for model in Strict.__subclasses__() for key in model.model_fields}
