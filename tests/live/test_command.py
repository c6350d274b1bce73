"""`ivr test --live` around the calls: which are placed, what is told, the exit codes. No call is placed here."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.__main__ import app
from ivr.cli import test_live
from ivr.cli.live.plan import Group, Plan
from ivr.errors import AsteriskError
from ivr.flow.scenarios.running import Failure, Result
from tests.flow.scenarios.hotline import files

SCENARIOS = """\
  - {name: one, tags: [live], turns: [{press: 1}]}
  - {name: two, tags: [live], turns: [{press: 2}]}
  - {name: without speech, tags: [live], given: {speech: false}, turns: [{press: 1}]}
  - {name: untagged, turns: [{press: 1}]}
  - {name: unplaceable, tags: [live], given: {facts: {}, history: {calls: 1}}, turns: [{press: 1}]}
  - {name: never holds, tags: [live], turns: [{press: 1, node: bye}]}
"""


class FakeHouse:
    """Every call goes well, but those named."""

    groups: list[Group] = []  # noqa: RUF012  # cleared by the fixture
    wrong: set[str] = set()  # noqa: RUF012
    left = ""
    refuses = ""

    async def play_all(self, plans: Sequence[Plan], told: Callable[[Result], None]) -> list[Result]:
        results = []
        for plan in plans:
            bad = plan.case.name in self.wrong
            failures = (Failure(1, plan.case.where(1), "not so"),) if bad else ()
            results.append(Result(plan.case, failures, ("> done",)))
            told(results[-1])
        return results

    async def left_behind(self) -> str:
        return self.left


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> type[FakeHouse]:
    class House(FakeHouse):
        groups: list[Group] = []  # noqa: RUF012
        wrong: set[str] = set()  # noqa: RUF012

    @asynccontextmanager
    async def opened(
        path: Path, library: object, group: Group, plans: object, voices: object
    ) -> AsyncIterator[House]:
        House.groups.append(group)
        if House.refuses:
            raise AsteriskError(House.refuses, mend="install it")
        yield House()

    monkeypatch.setattr(test_live, "house", opened)
    monkeypatch.setattr(test_live, "_languages_heard", lambda: frozenset({"zh", "en"}))
    return House


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in files(SCENARIOS).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def run(folder: Path, *more: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["test", str(folder), "--live", *map(str, more)])
    return result.exit_code, result.output


def test_the_tagged_ones_are_placed_each_group_on_a_hotline_of_its_own(
    folder: Path, house: type[FakeHouse]
) -> None:
    code, output = run(folder)
    assert code == 1
    assert output.endswith("3 passed, 1 failed, 1 not live\n")
    assert "untagged" not in output
    assert "not live" in output
    assert "unplaceable: a real call has the history that it has" in output
    assert "turn 1: at `main.wait` instead of `bye`" in output
    assert sorted(group.speech for group in house.groups) == [False, True]


def test_all_of_them_names_and_tags(folder: Path, house: type[FakeHouse]) -> None:
    assert "4 passed, 1 failed, 1 not live" in run(folder, "--all")[1]
    assert run(folder, "--all", "-k", "untagged")[0] == 0
    code, output = run(folder, "-k", "unplaceable")
    assert code == 3
    assert "no scenario could be placed: tag them `live`, or use --all" in output


def test_what_goes_wrong_is_told_with_its_place(folder: Path, house: type[FakeHouse], tmp_path: Path) -> None:
    house.wrong.add("two")
    code, output = run(folder, "--junit", tmp_path / "junit.xml")
    assert code == 1
    assert f"{folder.as_posix()}/main.scenario.yaml:3:39: turn 1: not so" in output
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert [case.attrib["name"] for case in root.iter("testcase")] == [
        *("one", "two", "without speech", "unplaceable", "never holds")
    ]
    suite = root[0]
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == ("5", "2", "1")


def test_a_hotline_that_does_not_start_fails_its_scenarios_and_hides_no_others(
    folder: Path, house: type[FakeHouse]
) -> None:
    house.refuses = "there is no Asterisk"
    code, output = run(folder, "-k", "o")
    assert code == 1
    assert output.count("turn 0: the hotline does not run: there is no Asterisk (install it)") == 3
    house.refuses = ""


def test_what_calls_leave_behind_fails_them(folder: Path, house: type[FakeHouse]) -> None:
    house.left = "channels {'c-1': 'Up'}"
    code, output = run(folder, "-k", "one")
    assert code == 1
    assert "left behind by these calls: channels {'c-1': 'Up'}" in output


def test_faults_of_the_folder_are_told_and_nothing_is_called(folder: Path, house: type[FakeHouse]) -> None:
    (folder / "main.yaml").write_text("flow: main\nnodes: {a: {kind: sey}}\n", "utf-8")
    code, output = run(folder)
    assert code == 3
    assert "unknown-kind" in output
    assert not house.groups
