"""`ivr check` and `ivr simulate` as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ivr.cli.check import check
from ivr.cli.simulate import simulate
from tests.flow.support import FLOWS, ROOT, sources

app = typer.Typer()
app.command()(check)
app.command()(simulate)

BAD = """\
  choose:
    kind: menu
    prompt: ask
    options: {complaint: {key: 1, next: compliant}}
  complaint: {kind: hangup}
"""


def run(*arguments: str, typed: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, input=typed)
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


def test_a_call_from_greeting_to_goodbye() -> None:
    typed = "2\nmy street light is broken\n/place 3 70 100\n/agent\n/done\n4\n"
    code, output = run("simulate", str(FLOWS), "--clock", "2026-11-23T23:30", typed=typed)
    assert code == 0
    heard = [line[2:] for line in output.splitlines() if line.startswith("< ")]
    assert heard[0] == "您好，这里是幺二三四五市民服务热线。"
    assert "You are number 3 in line. Please stay with us." in heard
    assert "This is the night desk. Fewer people are on duty, so it may take a little longer." in heard
    assert heard[-1] == "Thank you for calling. Goodbye."
    assert "* queue general (en, priority 0, complaint: my street light is broken)" in output
    assert output.splitlines()[-1] == "* hung up (normal)"


def test_barge_in_silence_and_keys_only() -> None:
    code, output = run("simulate", str(FLOWS), "--keys-only", typed="!1\n\n\n")
    assert code == 0
    assert "< 语音识别暂时用不了，请您按键选择。" in output
    assert "< 没关系，我直接为您转接人工，请稍等。" in output


def test_state_journal_and_what_is_not_possible_now() -> None:
    typed = "/state\n/journal\n/agent\n/nonsense\n/hangup\n"
    code, output = run("simulate", str(FLOWS), "--journal", typed=typed)
    assert code == 0
    assert '"node": "main.language"' in output
    assert '{"type": "prompt_ended", "op": "1", "outcome": "finished"}' in output
    assert "not now" in output
    assert "/queue full" in output
    assert "  . ended node=main.language by=caller cause=16" in output


def test_hours_said_beforehand_and_a_turned_clock() -> None:
    code, output = run("simulate", str(FLOWS), "--hours", "day_desk=closed", typed="0\n")
    assert code == 0
    assert "现在是夜间值班时间" in output
    code, output = run("simulate", str(FLOWS), "--clock", "12:00", typed="/time 23:00\n0\n")
    assert "现在是夜间值班时间" in output
    code, output = run("simulate", str(FLOWS), "--clock", "noon")
    assert code == 2
    code, output = run("simulate", str(FLOWS), "--hours", "day_desk=maybe")
    assert code == 2


def test_a_flow_that_does_not_load_is_not_simulated(bad: Path) -> None:
    code, output = run("simulate", str(bad))
    assert code == 1
    assert "main.yaml:6:41" in output
    code, output = run("simulate", str(FLOWS), "--flow", "mian")
    assert code == 1
    assert "there is no flow `mian`" in output
