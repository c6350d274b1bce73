"""Dialogues of other systems, written again in our language: each loads without a finding, and its scenarios hold and
take every node and every way."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.cli.test_folders import open_folder, run_folder

HERE = Path(__file__).parent
FOLDERS = sorted(path.parent for path in HERE.glob("*/hotline.yaml"))
LEAST = 25


def test_there_are_many_and_of_many_systems() -> None:
    assert len(FOLDERS) >= LEAST
    systems = {folder.name.partition("_")[0] for folder in FOLDERS}
    assert {
        "genesys",
        "kazoo",
        "jambonz",
        "freeswitch",
        "twilio",
        "goflow",
        "voicexml",
        "connect",
        "asterisk",
    } <= systems


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_head_says_where_it_comes_from(folder: Path) -> None:
    head = (folder / "hotline.yaml").read_text("utf-8").partition("\nhotline:")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    assert head.startswith("# Original: ")
    assert "->" in head, "what maps to what"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_is_sound_and_its_scenarios_take_every_node_and_every_way(folder: Path) -> None:
    opened = open_folder(folder)
    assert not opened.findings
    assert opened.library is not None
    assert not opened.library.findings
    done = run_folder(opened)
    wrong = [
        (result.case.name, failure.turn, failure.cause)
        for result in done.results
        for failure in result.failures
    ]
    assert not wrong
    assert done.coverage is not None
    assert not done.coverage.uncovered_nodes()
    assert not done.coverage.uncovered_edges()
