"""A scenario's YAML -> the scenario and its rules, or everything that is wrong with it, each at its place. Pure.

Files that it names (queues, CSVs) are given by whoever asks: `named_files` says which.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pydantic

from ivr.flow.findings import Finding, FlowLoadError, did_you_mean
from ivr.flow.validation import model_faults
from ivr.flow.yaml_source import Document, Path, read
from ivr.whatif.laws import CsvColumn, Law, columns_of
from ivr.whatif.model import FromCalls, Scenario, Stored
from routing.rules import Rules
from routing.rules_load import RulesError, load_rules

RULES_KEYS = ("queues", "skills", "languages")
_TOP = re.compile(r"([A-Za-z_]+)\s*:")


class ScenarioError(FlowLoadError):
    """A scenario that cannot be run. `findings`: why, each with its place."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(findings)
        self.mend = "docs/operators/whatif.md says what may be written"


@dataclass(frozen=True, slots=True)
class Reading:
    """document: where things stand. stated: queue of the scenario itself -> the keys that are written there."""

    document: Document = field(repr=False)
    scenario: Scenario
    rules: Rules
    stated: Mapping[str, frozenset[str]]


def read_scenario(file: str, source: bytes) -> tuple[Document, Scenario]:
    """Its shape only. Raises ScenarioError (or FlowLoadError, where it is no YAML)."""
    document = read(file, source)
    try:
        return document, Scenario.model_validate(document.data)
    except pydantic.ValidationError as error:
        raise ScenarioError(
            [
                _finding(document, fault.path, fault.code, fault.cause, fault.suggestion, key=fault.key)
                for fault in model_faults(error, Scenario, document.data)
            ]
        ) from None


def read_rules(document: Document, scenario: Scenario, queues: str | None = None) -> Reading:
    """queues: the text of the file that `queues` names. Raises ScenarioError with everything that does not fit."""
    stated: dict[str, frozenset[str]] = {}
    try:
        if queues is not None and isinstance(scenario.queues, str):
            rules = load_rules(queues, scenario.queues)
        elif scenario.queues:
            rules = load_rules(_own_rules(document, scenario), document.file)
            assert isinstance(scenario.queues, dict)
            stated = {name: frozenset(each or ()) for name, each in scenario.queues.items()}
        else:
            rules = Rules({}, languages=_languages(scenario))
    except RulesError as error:
        raise ScenarioError(
            [
                Finding(each.file, each.line, each.column, "rules", each.cause, each.suggestion)
                for each in error.findings
            ]
        ) from None
    reading = Reading(document, scenario, rules, stated)
    faults = list(_faults(reading))
    if faults:
        raise ScenarioError([_finding(document, *fault) for fault in faults])
    return reading


def columns_in(scenario: Scenario) -> list[tuple[Path, CsvColumn]]:
    """Every column of a CSV that a law is drawn from, and where it is asked for."""
    found: list[tuple[Path, CsvColumn]] = []
    for path, law in _laws(scenario):
        found += [(path, column) for column in columns_of(law)]
    return found


def stored_in(scenario: Scenario) -> list[tuple[Path, Stored]]:
    """Every use of a `history`, and where."""
    found: list[tuple[Path, Stored]] = []
    for name, type_ in scenario.types.items():
        if type_.arrivals.stored is not None:
            found.append((("types", name, "arrivals", "calls"), type_.arrivals.stored))
        for part in ("talk", "wrap_up", "patience"):
            written = getattr(type_, part)
            if isinstance(written, FromCalls):
                found.append((("types", name, part, "calls"), written.calls))
    for name, group in scenario.groups.items():
        for type_name, written in group.talk.items():
            if isinstance(written, FromCalls):
                found.append((("groups", name, "talk", type_name, "calls"), written.calls))
    return found


def fault_at(document: Document, path: Path, cause: str, suggestion: str = "") -> ScenarioError:
    return ScenarioError([_finding(document, path, "wrong-value", cause, suggestion)])


def _finding(
    document: Document, path: Path, code: str, cause: str, suggestion: str = "", *, key: bool = False
) -> Finding:
    mark = document.place(path, key=key)
    return Finding(document.file, mark.line, mark.column, code, cause, suggestion)


def _own_rules(document: Document, scenario: Scenario) -> str:
    """The part of the scenario that is written as `queues.yaml` is, each line where it stands in the scenario."""
    kept: list[str] = []
    inside = False
    for line in document.text.split("\n"):
        top = _TOP.match(line)
        if top is not None:
            inside = top[1] in RULES_KEYS
        kept.append(line if inside else "")
    text = "\n".join(kept)
    if not all(re.search(rf"^{key}\s*:", text, re.MULTILINE) for key in RULES_KEYS if getattr(scenario, key)):
        # Written in a line, as JSON is: places are lost, what is wrong is told all the same.
        text = json.dumps({key: getattr(scenario, key) for key in RULES_KEYS if getattr(scenario, key)})
        return text if scenario.skills else text[:-1] + f', "skills": {_named_skills(scenario)}}}'
    return text if scenario.skills else f"{text}\nskills: {_named_skills(scenario)}\n"


def _named_skills(scenario: Scenario) -> str:
    """Whatever is named somewhere is a skill, where the scenario does not list them."""
    named: set[str] = set()
    for type_ in scenario.types.values():
        named.update(type_.skills)
    for group in scenario.groups.values():
        named.update(group.skills)
    for skills in scenario.languages.values():
        named.update(skills or ())
    assert isinstance(scenario.queues, dict)
    for queue in scenario.queues.values():
        for step in (queue or {}).get("steps") or ():
            named.update(*((step or {}).get(key) or () for key in ("require", "prefer")))
    return json.dumps({name: {} for name in sorted(named)})


def _languages(scenario: Scenario) -> Any:
    return scenario.languages


def _faults(reading: Reading) -> Iterator[tuple[Path, str, str, str]]:
    scenario, rules = reading.scenario, reading.rules
    of_file = isinstance(scenario.queues, str)
    periods = len(scenario.bounds()) - 1
    queues = {*rules.queues, *(name for name, type_ in scenario.types.items() if type_.queue is None)}
    for name, type_ in scenario.types.items():
        at: Path = ("types", name)
        if type_.queue is not None and type_.queue not in rules.queues and scenario.queues:
            yield (
                (*at, "queue"),
                "unknown",
                f"there is no queue `{type_.queue}`",
                _hint(type_.queue, rules.queues),
            )
        elif type_.queue is None and of_file and name not in rules.queues:
            cause = f"there is no queue `{name}` in {scenario.queues}"
            yield at, "unknown", cause, "say which one it is: `queue: ...`"
        if type_.queue is not None:
            queues.add(type_.queue)
        if type_.arrivals.rates is not None and len(type_.arrivals.rates) > periods:
            cause = f"{len(type_.arrivals.rates)} rates for {periods} periods"
            yield (*at, "arrivals", "rates"), "wrong-value", cause, "say how long `periods` are"
        if of_file or scenario.skills:
            for skill in type_.skills:
                if skill not in rules.skills:
                    hint = _hint(skill, rules.skills)
                    yield (*at, "skills", skill), "unknown", f"there is no skill `{skill}`", hint
        if type_.language and scenario.languages and not rules.for_language(type_.language):
            hint = _hint(type_.language, rules.languages)
            yield (*at, "language"), "unknown", f"no skills are given for `{type_.language}`", hint
        for index, group in enumerate(type_.groups):
            if group not in scenario.groups:
                hint = _hint(group, scenario.groups)
                yield (*at, "groups", index), "unknown", f"there is no group `{group}`", hint
    for name, group_ in scenario.groups.items():
        at = ("groups", name)
        for index, each in enumerate(group_.serves):
            if each not in scenario.types:
                hint = _hint(each, scenario.types)
                yield (*at, "serves", index), "unknown", f"there is no type `{each}`", hint
        for index, each in enumerate(group_.queues):
            if each not in queues:
                yield (*at, "queues", index), "unknown", f"there is no queue `{each}`", _hint(each, queues)
        for each in group_.talk:
            if each not in scenario.types:
                yield (
                    (*at, "talk", each),
                    "unknown",
                    f"there is no type `{each}`",
                    _hint(each, scenario.types),
                )
        if isinstance(group_.agents, list) and len(group_.agents) > periods + 1:
            cause = f"{len(group_.agents)} numbers for {periods} periods (and one for after them)"
            yield (*at, "agents"), "wrong-value", cause, "say how long `periods` are"
        if of_file:
            for skill in group_.skills:
                if skill not in rules.skills:
                    hint = _hint(skill, rules.skills)
                    yield (*at, "skills", skill), "unknown", f"there is no skill `{skill}`", hint
    for name in scenario.hours:
        if name not in queues:
            yield ("hours", name), "unknown", f"there is no queue `{name}`", _hint(name, queues)
    for path, stored in stored_in(scenario):
        if stored.history not in scenario.history:
            cause = f"there is no history `{stored.history}`"
            yield (
                path,
                "unknown",
                cause,
                _hint(stored.history, scenario.history) or "name one under `history`",
            )


def _hint(word: str, known: Any) -> str:
    return did_you_mean(word, known) or f"known: {', '.join(sorted(known)) or 'none'}"


def _laws(scenario: Scenario) -> Iterator[tuple[Path, Law]]:
    if scenario.busyness is not None:
        yield ("busyness",), scenario.busyness
    for name, type_ in scenario.types.items():
        at: Path = ("types", name)
        for part in ("talk", "wrap_up", "patience"):
            written = getattr(type_, part)
            if isinstance(written, Law):
                yield (*at, part), written
        for part in ("every", "busyness"):
            written = getattr(type_.arrivals, part)
            if written is not None:
                yield (*at, "arrivals", part), written
        if type_.retrial is not None:
            yield (*at, "retrial", "delay"), type_.retrial.delay
    for name, group in scenario.groups.items():
        at = ("groups", name)
        yield (*at, "answer_delay"), group.answer_delay
        for type_name, talk in group.talk.items():
            if isinstance(talk, Law):
                yield (*at, "talk", type_name), talk
        if group.pauses is not None:
            yield (*at, "pauses", "every"), group.pauses.every
            yield (*at, "pauses", "length"), group.pauses.length
