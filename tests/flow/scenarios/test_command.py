"""`ivr test` as people and machines run it: what is told, what is written, exit codes; `ivr check` of scenarios."""

from __future__ import annotations

import contextlib
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.flow.graph.hits import parse_hits
from tests.flow.scenarios.hotline import files
from tests.support.terminal import in_a_terminal

GOOD = "  - {name: by key to the queue, tags: [live], turns: [{press: 1, node: wait}]}\n"
BAD = "  - {name: never holds, turns: [{press: 1, node: bye}]}\n"


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["test", *map(str, arguments)])
    return result.exit_code, result.output


def write(folder: Path, scenarios: str, **more: bytes) -> Path:
    for name, content in {**files(scenarios), **more}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path / "good", GOOD)


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return write(tmp_path / "bad", GOOD + BAD)


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    folder = write(tmp_path / "faulty", GOOD)
    (folder / "main.yaml").write_text("flow: main\nnodes: {a: {kind: sey}}\n", "utf-8")
    return folder


def test_all_hold(good: Path) -> None:
    code, output = run(good)
    assert code == 0
    assert output == f"{good.as_posix()}: 1 scenario, 20% of nodes, 4% of ways\n1 passed, 0 failed\n"


def test_a_failure_is_told_with_its_place_and_what_was_heard(bad: Path) -> None:
    code, output = run(bad)
    assert code == 1
    place = f"{bad.as_posix()}/main.scenario.yaml"
    assert f"FAILED {place}: never holds\n    < 请选择\n    > press 1\n    * queue general" in output
    assert f"  {place}:3:33: turn 1: at `main.wait` instead of `bye`\n" in output
    assert output.endswith("1 passed, 1 failed\n")
    assert "by key" not in output


def test_verbose_shows_each_turn_and_what_is_not_covered(good: Path) -> None:
    code, output = run(good, "-v")
    assert code == 0
    assert "ok " in output
    assert "> press 1" in output
    assert "  node main.weather" in output


def test_names_tags_and_files_choose(bad: Path) -> None:
    assert run(bad, "-k", "BY KEY")[0] == 0
    assert run(bad, "--tag", "live")[0] == 0
    assert run(bad / "main.scenario.yaml", "-k", "never")[0] == 1
    code, output = run(bad, "-k", "nothing like it")
    assert code == 3
    assert "no scenario" in output


def test_a_flow_file_stands_for_its_folder(good: Path) -> None:
    assert run(good / "main.yaml")[0] == 0


def test_failfast_stops_at_the_first_failure(tmp_path: Path, good: Path) -> None:
    folder = write(tmp_path / "two", BAD + BAD.replace("never", "hardly"))
    code, output = run(folder, good, "-x")
    assert code == 1
    assert "hardly" not in output
    assert output.endswith("0 passed, 1 failed\n")


def test_a_list_of_what_there_is(bad: Path) -> None:
    code, output = run(bad, "--list")
    file = f"{bad.as_posix()}/main.scenario.yaml"
    assert code == 0
    assert output == f"{file}:2: by key to the queue [live]\n{file}:3: never holds\n"
    assert run(bad, "--list", "--tag", "live")[1].count("\n") == 1


def test_too_little_coverage_fails_and_says_what_is_missing(good: Path) -> None:
    code, output = run(good, "--fail-under", "50")
    assert code == 1
    assert "  way  main.choose -> main.weather [option:ask]" in output
    assert run(good, "--fail-under", "4")[0] == 0
    # Of a part of the scenarios it says nothing.
    assert run(good, "--fail-under", "50", "-k", "key")[0] == 0


def test_the_faults_of_one_folder_hide_no_results_of_another(bad: Path, faulty: Path, good: Path) -> None:
    code, output = run(faulty, bad, good)
    assert code == 3
    assert (
        f"{faulty.as_posix()}/main.yaml:2:19: error unknown-kind: there is no kind `sey` (did you mean `say`?)"
        in output
    )
    assert f"{faulty.as_posix()}: not run, its flows have faults" in output
    assert "at `main.wait` instead of `bye`" in output
    assert output.endswith("2 passed, 1 failed, 1 fault\n")


def test_the_faults_of_one_scenario_file_hide_no_results_of_another(good: Path) -> None:
    (good / "other.scenario.yaml").write_text("scenarios: [{name: x, turns: [{pres: 1}]}]\n", "utf-8")
    code, output = run(good)
    assert code == 3
    assert (
        "other.scenario.yaml:1:32: error unknown-field: `pres` means nothing here (did you mean `press`?)"
        in output
    )
    assert output.endswith("1 passed, 0 failed, 1 fault\n")


def test_wrong_names_are_faults_and_what_can_be_run_is_run(good: Path) -> None:
    (good / "other.scenario.yaml").write_text(
        "scenarios: [{name: x, turns: [{press: 1, node: weit}]}]\n", "utf-8"
    )
    code, output = run(good)
    assert code == 3
    assert "error unknown-target: there is no node `weit` (did you mean `wait`?)" in output
    assert output.endswith("1 passed, 1 failed, 1 fault\n")


def test_a_warning_alone_fails_nothing(good: Path) -> None:
    (good / "other.scenario.yaml").write_text(
        "scenarios: [{name: x, given: {facts: {a: 1}}, turns: [{press: 1}]}]\n", "utf-8"
    )
    code, output = run(good)
    assert code == 0
    assert "warning unknown-fact: no flow looks at `call.facts.a`" in output


def test_wrongly_called(good: Path, tmp_path: Path) -> None:
    assert run(tmp_path / "nowhere")[0] == 2
    assert run(good, "--fail-under", "101")[0] == 2
    assert run(good, "--nonsense")[0] == 2


def test_a_report_that_cannot_be_written_is_an_error_of_ours(good: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["test", str(good), "--junit", str(tmp_path / "no" / "junit.xml")])
    assert result.exit_code == 1
    assert "No such file or directory" in str(result.exception)


# What machines read

ALLOWED = {
    # The schema that Jenkins checks by (junit-10.xsd): element -> its attributes, its children.
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, {"testsuite"}),
    "testsuite": (
        {
            "name",
            "tests",
            "failures",
            "errors",
            "time",
            "disabled",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
        },
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "assertions", "time", "classname", "status"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


def test_junit_is_as_its_readers_expect(bad: Path, faulty: Path, tmp_path: Path) -> None:
    assert run(bad, faulty, "--junit", tmp_path / "junit.xml")[0] == 3
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.attrib) <= attributes
        assert {child.tag for child in element} <= children
    assert root.attrib["tests"] == str(len(list(root.iter("testcase")))) == "3"
    assert root.attrib["failures"] == str(len(list(root.iter("failure")))) == "1"
    assert root.attrib["errors"] == str(len(list(root.iter("error")))) == "1"
    for suite in root:
        assert suite.attrib["tests"] == str(len(suite.findall("testcase")))
    failure = next(root.iter("failure"))
    assert failure.attrib["message"].endswith(
        "main.scenario.yaml:3:33: turn 1: at `main.wait` instead of `bye`"
    )
    case = root[0][1]
    assert case.attrib["name"] == "never holds"
    assert case.attrib["classname"].endswith("bad/main.scenario.yaml")
    assert "> press 1" in str(case.findtext("system-out"))
    assert "unknown-kind" in str(next(root.iter("error")).text)


def test_junit_of_names_with_signs_that_xml_forbids(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "odd", '  - {name: "a \\u0001 <b> & \\uFFFE", turns: [{press: 1, text: "]]> \\u0002"}]}\n'
    )
    assert run(folder, "--junit", tmp_path / "junit.xml")[0] == 1
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert next(root.iter("testcase")).attrib["name"] == "a  <b> & "


def test_coverage_of_one_folder_is_one_file_for_the_graph(good: Path, tmp_path: Path) -> None:
    assert run(good, "--coverage", tmp_path / "hits.json")[0] == 0
    hits = parse_hits((tmp_path / "hits.json").read_bytes())
    assert hits.nodes["main.wait"] == 1
    assert hits.edge("main.choose", "main.wait", "option:queue") == 1
    assert hits.edge("main.choose", "main.weather", "option:ask") == 0


def test_coverage_of_several_folders_is_a_file_each(good: Path, bad: Path, tmp_path: Path) -> None:
    """Their nodes have the same names: merged, each would hide what the other misses."""
    with contextlib.chdir(tmp_path):
        code, output = run("good", "bad", "--coverage", "hits.json")
    assert code == 1
    assert "coverage: hits-good.json\ncoverage: hits-bad.json\n" in output
    assert not (tmp_path / "hits.json").exists()
    nodes = [
        json.loads((tmp_path / f"hits-{name}.json").read_text("utf-8"))["nodes"]["main.wait"]
        for name in ("good", "bad")
    ]
    assert nodes == [1, 2]


def test_the_page_of_coverage_says_what_is_missing_first(good: Path, tmp_path: Path) -> None:
    assert run(good, "--html", tmp_path / "page.html")[0] == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.index("main.weather") < page.index("<code>main.wait</code>")
    assert "覆盖率" in page
    assert "http" not in page.replace("http-equiv", "")


# `ivr check` reads the scenarios too


def check(folder: Path, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", str(folder), *more])
    return result.exit_code, result.output


def test_check_tells_faults_of_scenarios(good: Path) -> None:
    assert check(good)[0] == 0
    (good / "other.scenario.yaml").write_text(
        "scenarios: [{name: x, turns: [{press: 1, node: weit}]}]\n", "utf-8"
    )
    code, output = check(good)
    assert code == 1
    assert (
        f"{good.as_posix()}/other.scenario.yaml:1:48: error unknown-target: there is no node `weit`" in output
    )
    assert "did you mean `wait`?" in output
    (good / "other.scenario.yaml").write_text("scenarios: [{name: x, turnss: []}]\n", "utf-8")
    code, output = check(good, "--format", "json")
    found = json.loads(output)["findings"]
    errors = {finding["code"] for finding in found if finding["severity"] == "error"}
    assert errors == {"unknown-field"}


def test_check_tells_faults_of_scenarios_beside_those_of_flows(faulty: Path) -> None:
    (faulty / "main.scenario.yaml").write_text("scenarios: 3\n", "utf-8")
    code, output = check(faulty)
    assert code == 1
    assert "main.scenario.yaml:1:12: error wrong-value" in output
    assert "main.yaml:2:19: error unknown-kind" in output


# Again at each save


def test_watch_runs_them_again_when_a_file_is_saved_and_ends_at_ctrl_c(good: Path) -> None:
    with in_a_terminal("test", str(good), "--watch") as terminal:
        terminal.until("1 passed, 0 failed")
        (good / "main.scenario.yaml").write_text("scenarios:\n" + BAD, "utf-8")
        terminal.until("0 passed, 1 failed")
        (good / "main.yaml").write_text("flow: main\nnodes: 3\n", "utf-8")
        terminal.until("1 fault")
        terminal.until("Ctrl-C ends")
        terminal.type("\x03")
        assert terminal.ended() == 3
