"""Scenario files -> scenarios, or all that is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ivr.flow.build_core import BuilderCore
from ivr.flow.findings import Finding, FlowLoadError
from ivr.flow.scenarios.acting import acts_of
from ivr.flow.scenarios.model import Given, Scenario, ScenarioFile
from ivr.flow.yaml_source import Document, Mark, read

SUFFIX = ".scenario.yaml"


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario as it is run. index: which one of its file. given: what holds for it, the file's word included."""

    document: Document = field(repr=False)
    index: int
    scenario: Scenario
    given: Given

    @property
    def file(self) -> str:
        return self.document.file

    @property
    def name(self) -> str:
        return self.scenario.name

    def where(self, turn: int = 0) -> Mark:
        """Where that turn stands (counted from 1), or the scenario itself."""
        path = ("scenarios", self.index)
        return self.document.place((*path, "turns", turn - 1) if turn else path)


@dataclass(frozen=True, slots=True)
class Written:
    """One file as it was written."""

    document: Document
    model: ScenarioFile


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of a folder, and what was wrong with the rest."""

    files: tuple[Written, ...]
    cases: tuple[Case, ...]
    findings: tuple[Finding, ...]


def read_all(sources: Mapping[str, bytes]) -> Reading:
    """All scenario files of a folder (others are passed over). A file with a fault gives no scenarios."""
    findings: list[Finding] = []
    files: list[Written] = []
    cases: list[Case] = []
    for name, source in sorted(sources.items()):
        if not name.endswith(SUFFIX):
            continue
        core = BuilderCore()
        try:
            document = read(name, source)
            model = core.validate(ScenarioFile, document, (), document.data)
            if model is not None:
                _check(core, document, model)
        except FlowLoadError as error:
            findings += error.findings
            continue
        if core.findings:
            findings += core.findings
        elif model is not None:
            files.append(Written(document, model))
            cases += _cases(document, model)
    return Reading(tuple(files), tuple(cases), tuple(findings))


def read_scenarios(sources: Mapping[str, bytes]) -> list[Case]:
    """As `read_all`. Raises FlowLoadError with every fault."""
    found = read_all(sources)
    if found.findings:
        raise FlowLoadError(found.findings)
    return list(found.cases)


def _check(core: BuilderCore, document: Document, model: ScenarioFile) -> None:
    first: dict[str, int] = {}
    for index, scenario in enumerate(model.scenarios):
        path = ("scenarios", index)
        if scenario.name in first:
            line = document.place(("scenarios", first[scenario.name], "name")).line
            core.fault(
                document,
                (*path, "name"),
                "duplicate-scenario",
                f"`{scenario.name}` is also the name of the scenario in line {line}",
                "give it a name of its own",
            )
        first.setdefault(scenario.name, index)
        for at, turn in enumerate(scenario.turns):
            where = (*path, "turns", at)
            acts = acts_of(turn)
            if len(acts) > 1:
                cause = f"{' and '.join(acts)} in one turn"
                core.fault(document, (*where, acts[1]), "two-ways", cause, "make them two turns", key=True)
            if turn.at_once and not acts:
                cause = "`at_once` in a turn in which nobody does anything"
                core.fault(document, (*where, "at_once"), "wrong-value", cause, key=True)
            if turn.audio is not None and turn.say is None:
                cause = "`audio` in a turn in which nothing is said"
                core.fault(
                    document, (*where, "audio"), "wrong-value", cause, "give it its `say` too", key=True
                )


def _cases(document: Document, model: ScenarioFile) -> Iterator[Case]:
    for index, scenario in enumerate(model.scenarios):
        yield Case(document, index, scenario, _over(model.given, scenario.given))


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
