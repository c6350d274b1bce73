"""`ivr check` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from tests.flow.support import FLOWS, ROOT, sources

BAD = """\
  choose:
    kind: menu
    prompt: ask
    options: {complaint: {key: 1, next: compliant}}
  complaint: {kind: hangup}
"""


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    for name, content in sources(BAD, "fallback: main.complaint\n").items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("folder", [FLOWS, ROOT / "bench" / "flows"])
def test_what_ships_is_sound(folder: Path) -> None:
    code, output = run("check", str(folder))
    assert code == 0, output
    assert "sound" in output


def test_check_tells_place_cause_and_suggestion(bad: Path) -> None:
    code, output = run("check", str(bad))
    assert code == 1
    assert (
        f"{bad.as_posix()}/main.yaml:6:41: error unknown-target: there is no node or flow `compliant`"
        in output
    )
    assert "did you mean `complaint`?" in output
    assert "1 error, 0 warnings" in output


def test_check_as_json(bad: Path) -> None:
    code, output = run("check", str(bad), "--format", "json")
    report = json.loads(output)
    assert code == 1
    assert (report["errors"], report["warnings"], report["version"]) == (1, 0, "")
    assert report["findings"][0] | {"file": ""} == {
        "file": "",
        "line": 6,
        "column": 41,
        "code": "unknown-target",
        "cause": "there is no node or flow `compliant`",
        "suggestion": "did you mean `complaint`?",
        "severity": "error",
    }


def test_check_as_annotations_for_github(bad: Path) -> None:
    code, output = run("check", str(bad / "main.yaml"), "--format", "github")
    assert code == 1
    assert (
        f"::error file={bad.as_posix()}/main.yaml,line=6,col=41,title=unknown-target::there is no node"
        in output
    )


def test_check_tells_faults_of_the_queues_too(bad: Path) -> None:
    (bad / "queues.yaml").write_text("queues:\n  general: {ring_s: soon}\n", "utf-8")
    code, output = run("check", str(bad))
    assert code == 1
    assert "queues.yaml:2:" in output


def test_check_of_a_folder_that_is_none(tmp_path: Path) -> None:
    code, output = run("check", str(tmp_path / "nowhere"))
    assert code == 1
    assert "no-flows" in output
