"""Scenario files -> scenarios, or all that is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivr.flow.build_core import BuilderCore
from ivr.flow.findings import FlowLoadError
from ivr.flow.scenarios.model import Given, Scenario, ScenarioFile
from ivr.flow.yaml_source import Document, Mark, read

SUFFIX = ".scenario.yaml"


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario as it is run. marks: where it and its turns stand."""

    file: str
    name: str
    scenario: Scenario
    given: Given
    mark: Mark
    turn_marks: tuple[Mark, ...]


def read_scenarios(sources: Mapping[str, bytes]) -> list[Case]:
    """All scenarios of a folder's files (others are passed over). Raises FlowLoadError with every fault."""
    core = BuilderCore()
    cases: list[Case] = []
    for name, source in sorted(sources.items()):
        if not name.endswith(SUFFIX):
            continue
        try:
            document = read(name, source)
        except FlowLoadError as error:
            core.findings += error.findings
            continue
        model = core.validate(ScenarioFile, document, (), document.data)
        if model is not None:
            cases += _cases(core, document, model)
    if core.findings:
        raise FlowLoadError(core.findings)
    return cases


_ACTS = (
    "press",
    "say",
    "silence",
    "wait",
    "time",
    "hangup",
    "agent",
    "queue",
    "place",
    "party",
    "recorded",
    "speech_fails",
)
"""Of these one turn has one at most: what they lead to could not be told apart."""


def _cases(core: BuilderCore, document: Document, model: ScenarioFile) -> list[Case]:
    cases: list[Case] = []
    names: set[str] = set()
    for index, scenario in enumerate(model.scenarios):
        path = ("scenarios", index)
        if scenario.name in names:
            core.fault(
                document, (*path, "name"), "duplicate-scenario", f"`{scenario.name}` stands here twice"
            )
        names.add(scenario.name)
        for at, turn in enumerate(scenario.turns):
            acts = [act for act in _ACTS if getattr(turn, act) is not None]
            if len(acts) > 1:
                core.fault(
                    document,
                    (*path, "turns", at),
                    "two-ways",
                    f"{' and '.join(acts)} in one turn",
                    "make them two turns",
                )
        marks = tuple(document.place((*path, "turns", at)) for at in range(len(scenario.turns)))
        given = _over(model.given, scenario.given)
        cases.append(Case(document.file, scenario.name, scenario, given, document.place(path), marks))
    return cases


def _over(general: Given, own: Given) -> Given:
    """What the file says for all, with what the scenario says itself before it; maps are merged."""
    merged = {name: getattr(general, name) for name in general.model_fields_set}
    for name in own.model_fields_set:
        value, before = getattr(own, name), merged.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            value = {**before, **value}
        elif isinstance(value, list) and isinstance(before, list):
            value = [*value, *before]
        merged[name] = value
    return Given.model_construct(_fields_set=set(merged), **{**_DEFAULTS, **merged})


_DEFAULTS = {name: field.get_default(call_default_factory=True) for name, field in Given.model_fields.items()}
