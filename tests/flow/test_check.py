"""`ivr check` as a person, a pipeline and GitHub run it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.admission.refusal import SAID
from ivr.cli.check_output import Report, as_annotations, as_text
from ivr.flow.findings import Finding
from tests.flow.support import FLOWS, ROOT, sources

BAD = """\
  choose:
    kind: menu
    prompt: ask
    options: {complaint: {key: 1, next: compliant}}
  complaint: {kind: hangup}
"""
GOOD = BAD.replace("compliant", "complaint")


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", *map(str, arguments)])
    return result.exit_code, result.output


def written(folder: Path, flow: str, hotline: str = "fallback: main.complaint\n", **more: str) -> Path:
    for name, content in sources(flow, hotline, more).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return written(tmp_path / "bad", BAD)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return written(tmp_path / "good", GOOD)


def test_what_ships_has_no_error_and_the_examples_below_are_found() -> None:
    code, output = run(FLOWS)
    assert code == 0, output
    for example in (FLOWS / "examples").iterdir():
        assert f"{example.as_posix()}: " in output
    assert run(ROOT / "bench" / "flows")[0] == 0


def test_the_place_the_line_a_caret_and_the_suggestion(bad: Path) -> None:
    code, output = run(bad)
    assert code == 1
    assert output == (
        f"{bad.as_posix()}/main.yaml:6:41: error unknown-target: there is no node or flow `compliant`\n"
        " 6 |     options: {complaint: {key: 1, next: compliant}}\n"
        "   |                                         ^^^^^^^^^\n"
        "    = did you mean `complaint`?\n"
        f"{bad.as_posix()}: 1 error, 0 warnings\n"
    )


def shown(line: str, column: int) -> list[str]:
    """The source line and the one below it."""
    report = Report(Path(), (Finding("a.yaml", 1, column, "code", "cause"),), "", {"a.yaml": line.encode()})
    return list(as_text([report], colour=False))[1:3]


def test_the_caret_stands_under_the_word_in_wide_letters_too() -> None:
    assert shown("say: {zh: 您好, xx: hello}", 15) == [
        " 1 | say: {zh: 您好, xx: hello}",
        "   |                 ^^",
    ]
    assert shown("prompt: '您好 再见'", 9) == [" 1 | prompt: '您好 再见'", "   |         ^^^^^^^^^^^"]


def test_of_a_long_line_only_the_part_around_the_place() -> None:
    line, caret = shown("x: " + "a" * 300 + " here " + "b" * 300, 305)
    assert len(line) <= 120
    assert line[caret.index("^") :].startswith("here ")
    assert line.startswith(" 1 | …") and line.endswith("…")


def test_a_place_behind_the_line_and_signs_that_cannot_be_shown() -> None:
    assert shown("a\tb\x1b[31m", 40) == [" 1 | a b [31m", "   |         ^"]


def test_plain_when_piped_and_in_colour_in_a_terminal(bad: Path) -> None:
    command = [sys.executable, "-m", "ivr", "check", str(bad)]
    piped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "\x1b[" not in piped.stdout and "error unknown-target" in piped.stdout
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(command, cwd=ROOT, stdout=theirs, env=environment)
    assert process.wait(60) == 1
    os.close(theirs)
    seen = os.read(ours, 4000).decode()
    os.close(ours)
    assert "\x1b[31merror\x1b[0m unknown-target" in seen


def test_a_scenario_may_name_any_file(good: Path) -> None:
    scenario = "scenarios: [{name: x, turns: [{say: a, audio: %s}]}]\n"
    for name in ("x" * 300, '"a\\0b"', "../../x.wav", "nowhere.wav"):
        (good / "main.scenario.yaml").write_text(scenario % name, "utf-8")
        code, output = run(good)
        assert code == 1
        assert "unknown-file" in output


def test_as_json(bad: Path, good: Path) -> None:
    code, output = run(bad, good, "--format", "json")
    report = json.loads(output)
    assert code == 1
    assert (report["errors"], report["warnings"], report["hints"]) == (1, 0, 0)
    first, second = report["folders"]
    assert (first["folder"], first["version"], first["errors"]) == (bad.as_posix(), "", 1)
    assert (second["folder"], len(second["version"]), second["errors"]) == (good.as_posix(), 64, 0)
    assert report["findings"] == [
        {
            "file": f"{bad.as_posix()}/main.yaml",
            "line": 6,
            "column": 41,
            "code": "unknown-target",
            "cause": "there is no node or flow `compliant`",
            "suggestion": "did you mean `complaint`?",
            "severity": "error",
        }
    ]


def test_as_annotations_for_github(bad: Path) -> None:
    code, output = run(bad / "main.yaml", "--format", "github")
    assert code == 1
    assert (
        f"::error file={bad.as_posix()}/main.yaml,line=6,col=41,title=unknown-target::there is no node"
        in output
    )


def test_annotations_escape_what_github_reads_and_have_a_place() -> None:
    finding = Finding("a,b:c.yaml", 0, 0, "unused-flow", "100% of it", "", "hint")
    assert list(as_annotations([Report(Path(), (finding,), "", {})])) == [
        "::notice file=a%2Cb%3Ac.yaml,line=1,col=1,title=unused-flow::100%25 of it"
    ]


def test_warnings_pass_unless_strict(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD + "  other: {kind: hangup}\n")
    code, output = run(folder)
    assert code == 0
    assert "warning unreachable" in output and "0 errors, 1 warning" in output
    assert run(folder, "--strict")[0] == 1
    assert run(FLOWS / "examples" / "clinic", "--strict")[0] == 0


def test_hints_only_when_asked_for_and_they_never_fail(good: Path) -> None:
    assert "unused" not in run(good)[1]
    code, output = run(good, "--hints", "--strict")
    assert code == 0
    assert "prompts/zh.yaml:2:1: hint unused-prompt: nothing says `again`" in output
    assert "0 errors, 0 warnings, " in output and " hints" in output


@pytest.mark.parametrize("prompt", SAID[:2])
def test_nobody_is_told_to_delete_what_the_server_says_by_itself(prompt: str) -> None:
    assert f"nothing says `{prompt}`" not in run(FLOWS, "--hints")[1]


def test_prompts_without_a_voice_when_asked_for(good: Path) -> None:
    assert "missing-audio" not in run(good)[1]
    code, output = run(good, "--audio")
    assert code == 0
    assert "prompts/zh.yaml:1:1: warning missing-audio: `ask` has no sound yet in `zh`" in output
    assert run(good, "--audio", "--strict")[0] == 1


def test_skills_that_the_routing_does_not_know_or_nobody_has(tmp_path: Path) -> None:
    flow = "  wait: {kind: queue, queue: general, skills: {mandarin: 4, crisiss: 1}, next: hangup}\n"
    queues = "skills: {mandarin: {zh: 普通话}, crisis: {zh: 危机}}\nqueues: {general: {}}\n"
    agents = 'agents: [{id: a, name: a, extension: "1001", skills: {mandarin: 3}, queues: [general]}]\n'
    more = {"queues.yaml": queues, "agents.yaml": agents}
    folder = written(tmp_path, flow, "fallback: main.wait\n", **more)
    code, output = run(folder)
    assert code == 1
    assert "main.yaml:3:61: error unknown-skill: there is no skill `crisiss` in queues.yaml" in output
    assert "did you mean `crisis`?" in output
    (folder / "main.yaml").write_text("flow: main\nnodes:\n" + flow.replace(", crisiss: 1", ""), "utf-8")
    code, output = run(folder)
    assert code == 0
    assert (
        "main.yaml:3:39: warning unstaffed-skill: no agent of the queue `general` has `mandarin` at level 4"
        in output
    )
    (folder / "agents.yaml").unlink()  # then agents are the database's matter
    assert "sound" in run(folder)[1]


def test_faults_of_the_queues_too(bad: Path) -> None:
    (bad / "queues.yaml").write_text("queues:\n  general: {ring_s: soon}\n", "utf-8")
    code, output = run(bad)
    assert code == 1
    assert "queues.yaml:2:13: error routing: queues.general.ring_s: a number is expected" in output
    (bad / "agents.yaml").write_text("agents: [\n", "utf-8")
    assert "agents.yaml:2:1: error yaml-syntax" in run(bad)[1]


def test_several_folders_at_once_each_with_its_own_count(bad: Path, good: Path) -> None:
    code, output = run(bad, good)
    assert code == 1
    assert output.splitlines()[-2] == f"{bad.as_posix()}: 1 error, 0 warnings"
    assert output.splitlines()[-1].startswith(f"{good.as_posix()}: sound (version ")


def test_a_file_stands_for_its_hotline(good: Path) -> None:
    for file in ("main.yaml", "prompts/zh.yaml"):
        code, output = run(good / file)
        assert code == 0
        assert output.startswith(f"{good.as_posix()}: sound")


def test_what_is_below_and_hidden_is_left_out(good: Path, bad: Path) -> None:
    shutil.move(bad, good / ".cache")
    shutil.copytree(good / ".cache", good / "node_modules" / "x")
    assert run(good)[0] == 0
    shutil.copytree(good / ".cache", good / "draft")
    assert run(good)[0] == 1


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("god", "there is no god: did you mean `good`?"),
        ("picture.png", "picture.png is no file of a hotline: give its folder, or a .yaml file in it"),
        ("empty", "there is nothing to check in empty: no *.yaml"),
        ("x" * 300, "File name too long"),
    ],
)
def test_what_cannot_be_checked_is_told_with_exit_code_2(
    good: Path, path: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(good.parent)
    Path("picture.png").write_bytes(b"")
    Path("empty").mkdir()
    code, output = run(path)
    assert code == 2
    assert message in output


def test_a_code_is_explained() -> None:
    code, output = run("--explain", "loop-without-input")
    assert code == 0
    assert output.startswith("loop-without-input: nodes that lead to each other")
    assert "\nWrong:\n" in output and "\nRight:\n" in output
    code, output = run("--explain", "unknown-tarjet")
    assert (code, output) == (2, "error: there is no code `unknown-tarjet`: did you mean `unknown-target`?\n")
