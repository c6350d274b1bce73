"""The JSON Schemas for editors: published as they are made, and never stricter than what reads the files."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.cli.schema import text_of
from ivr.flow.json_schema import schemas
from ivr.flow.yaml_source import read
from tests.flow.support import FLOWS, ROOT

PUBLISHED = ROOT / "docs" / "schema"
SCHEMAS = schemas()
BESIDE = {"hotline.yaml": "hotline", "library.yaml": "library"}
WRITTEN = [*FLOWS.rglob("*.yaml"), *(ROOT / "tests" / "flows").rglob("*.yaml")]


def schema_for(file: Path) -> str:
    """Which one an editor takes; "" where the file is none of the language's."""
    if file.name.endswith(".scenario.yaml"):
        return "scenario"
    if file.parent.name == "prompts":
        return "prompts"
    if file.parent.name == "tables" or file.name in ("queues.yaml", "agents.yaml"):
        return ""
    return BESIDE.get(file.name, "flow")


def faults(name: str, text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMAS[f"{name}.schema.json"])
    return [error.message for error in validator.iter_errors(read("file.yaml", text.encode()).data)]


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
    ],
)
def test_it_marks_what_is_wrong(name: str, text: str) -> None:
    assert faults(name, text)


def test_the_command_writes_them_and_says_how_an_editor_finds_them(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["schema", "--out", str(tmp_path / "schemas")])
    assert done.exit_code == 0
    assert {file.name for file in (tmp_path / "schemas").iterdir()} == set(SCHEMAS)
    assert '"!hotline.yaml"' in done.output and "yaml.schemas" in done.output
    unknown = CliRunner().invoke(app, ["schema", "flows"])
    assert unknown.exit_code == 1 and "there is no schema `flows`" in unknown.output
