"""The JSON Schemas for editors: published as they are made, and never stricter than what reads the files."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.cli.checking import routing_findings
from ivr.cli.routing_schema import routing_schemas
from ivr.cli.schema import text_of
from ivr.flow.findings import FlowLoadError
from ivr.flow.json_schema import schemas
from ivr.flow.load import load_sources
from ivr.flow.nodes.base import NodeKind
from ivr.flow.registry import KINDS
from ivr.flow.scenarios.reading import read_all
from ivr.flow.snippets import beginning
from ivr.flow.yaml_source import read
from tests.flow.support import FLOWS, ROOT
from tests.support.mutations import mutant

PUBLISHED = ROOT / "docs" / "schema"
SCHEMAS = {**schemas(), **routing_schemas()}
VALIDATORS = {
    name.removesuffix(".schema.json"): jsonschema.Draft202012Validator(schema)
    for name, schema in SCHEMAS.items()
}
BESIDE = {
    "categories.yaml": "categories",
    "names.yaml": "names",
    "hotline.yaml": "hotline",
    "library.yaml": "library",
    "queues.yaml": "queues",
    "agents.yaml": "agents",
}
NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
WRITTEN = [*FLOWS.rglob("*.yaml"), *(ROOT / "tests" / "flows").rglob("*.yaml")]


def schema_for(file: Path) -> str:
    """Which one an editor takes; "" where the file is none of the language's."""
    if file.name.endswith(".scenario.yaml"):
        return "scenario"
    if file.parent.name == "prompts":
        return "prompts"
    if file.parent.name == "tables":
        return ""
    return BESIDE.get(file.name, "flow")


def faults(name: str, text: str) -> list[str]:
    return [error.message for error in VALIDATORS[name].iter_errors(read("file.yaml", text.encode()).data)]


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_it_is_a_schema_and_published_as_it_is(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    published = (PUBLISHED / name).read_text("utf-8")
    assert published == text_of(SCHEMAS[name]), "run `ivr schema --out docs/schema`"


def test_everything_that_was_written_in_the_language_fits() -> None:
    checked = 0
    for file in WRITTEN:
        if name := schema_for(file):
            assert not faults(name, file.read_text("utf-8")), file
            checked += 1
    assert checked > 100


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("flow", "flow: main\nnodes: {a: {kind: sya, prompt: x, next: a}}"),
        ("flow", "flow: main\nnodes: {a: {kind: say, prompt: x}}"),
        ("flow", "flow: main\nnodes: {a: {kind: say, promt: x, next: a}}"),
        ("flow", "nodes: {a: {kind: hangup}}"),
        ("hotline", "hotline: t\nlanguages: []"),
        ("hotline", "hotline: t\nlanguages: [en]\nalways: {person: {keys: 0}}"),
        ("library", "library: 5"),
        ("scenario", "scenarios: [{name: a, turns: [{pres: 1}]}]"),
        ("scenario", "scenarios: [{name: a, turns: []}]"),
        ("prompts", "bye: [a]"),
        ("queues", "queues: {}"),
        ("queues", "queues: {general: {ring: 0}}"),
        ("queues", "queues: {general: {overflow: [{after_s: 60}]}}"),
        ("queues", "queues: {general: {hours: {weekley: {daily: open}}}}"),
        ("queues", "queues: {general: {strategy: loudest}}"),
        ("agents", "agents: [{id: a, name: A, extension: '1001', queues: []}]"),
    ],
)
def test_it_marks_what_is_wrong(name: str, text: str) -> None:
    assert faults(name, text)


def test_what_a_schema_refuses_the_loader_refuses_too() -> None:
    """Of hotlines that something was done to: an editor marks nothing that `ivr check` lets pass."""
    agreed, stricter = 0, []
    for seed in range(1000):
        one = mutant(seed)
        name = schema_for(Path(one.file)) if one.file.endswith(".yaml") else ""
        if one.base == "shipped" or not name:
            continue
        try:
            data = read(one.file, one.files[one.file]).data
        except FlowLoadError:
            continue  # the schema never sees it
        told = [error.message for error in VALIDATORS[name].iter_errors(data)]
        if not told:
            continue
        findings = list(read_all(one.files).findings)
        try:
            load_sources(one.files)
        except FlowLoadError as error:
            findings += error.findings
        findings += routing_findings(one.files, NOW)[2]
        if any(finding.severity == "error" and finding.file == one.file for finding in findings):
            agreed += 1
        else:
            stricter.append((seed, one.file, told[:2]))
    assert not stricter
    assert agreed > 200


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_what_an_editor_inserts_for_a_kind_is_yaml_of_that_kind(kind: NodeKind) -> None:
    lines = inserted(beginning(kind), 0)
    data = read("x.yaml", "\n".join(lines).encode()).data
    example = read("x.yaml", kind.example.encode()).data
    assert isinstance(example, dict)
    assert data == next(iter(example.values()))


def inserted(value: Any, depth: int) -> list[str]:
    """As the yaml-language-server writes a snippet: texts as they are."""
    lines: list[str] = []
    for name, each in value.items() if isinstance(value, dict) else enumerate(value):
        head = "  " * depth + (f"{json.dumps(name)}:" if isinstance(value, dict) else "-")
        if isinstance(each, dict | list) and each:
            lines += [head, *inserted(each, depth + 1)]
        else:
            lines.append(f"{head} {each if isinstance(each, str) else json.dumps(each)}")
    return lines


def test_editors_offer_events_and_names_as_authors_say_them() -> None:
    flow = SCHEMAS["flow.schema.json"]
    events = flow["$defs"]["Handlers"]["properties"]
    assert {"no_input", "error.queue.full", "error.request.status"} <= set(events)
    assert "Model" not in json.dumps([each for each in titles(flow)])
    assert flow["$defs"]["node.menu"]["title"] == "menu"


def titles(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (each for name, each in value.items() if name == "title" and isinstance(each, str))
        for each in value.values():
            yield from titles(each)
    elif isinstance(value, list):
        for each in value:
            yield from titles(each)


def test_the_command_writes_them_and_says_how_an_editor_finds_them(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["schema", "--out", str(tmp_path / "schemas")])
    assert done.exit_code == 0
    assert {file.name for file in (tmp_path / "schemas").iterdir()} == set(SCHEMAS)
    assert '"!hotline.yaml"' in done.output and "yaml.schemas" in done.output
    unknown = CliRunner().invoke(app, ["schema", "flows"])
    assert unknown.exit_code == 1 and "there is no schema `flows`" in unknown.output
