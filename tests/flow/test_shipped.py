"""What ships under flows/ is sound, and its scenarios hold and take every node and every way."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.cli.test_folders import folders_of, open_folder, run_folder
from tests.flow.support import FLOWS

FOLDERS = [folder for folder, _ in folders_of([FLOWS])]
EXAMPLES = sorted(path for path in (FLOWS / "examples").iterdir() if path.is_dir())
MOST_LINES = 60


def test_all_of_them_are_found() -> None:
    assert [FLOWS, *EXAMPLES] == FOLDERS
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_scenario_holds_and_every_node_and_way_is_taken(folder: Path) -> None:
    opened = open_folder(folder)
    assert not opened.findings
    assert opened.library is not None
    assert not opened.library.findings
    done = run_folder(opened)
    wrong = [
        (result.case.file, result.case.name, failure.turn, failure.cause)
        for result in done.results
        for failure in result.failures
    ]
    assert not wrong
    assert done.coverage is not None
    assert not done.coverage.uncovered_nodes()
    assert not done.coverage.uncovered_edges()


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_is_short_enough_to_be_copied(folder: Path) -> None:
    files = {file.name for file in folder.glob("*.yaml") if not file.name.endswith(".scenario.yaml")}
    assert files <= {"hotline.yaml", "queues.yaml"}
    assert len((folder / "hotline.yaml").read_text("utf-8").splitlines()) < MOST_LINES
