"""Shipped scenarios as real calls: telephones, a private Asterisk, the recogniser, what was heard; nothing is left."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import psutil
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from ivr.__main__ import app
from tests.flow.support import FLOWS

pytestmark = pytest.mark.real

SHIPPED = (
    "a person by 0, served and rated",
    "Mandarin, said at the greeting",
    "keys pressed before the prompts are over",
)
OWN = """
- name: holds in the machine only
  tags: [live]
  turns:
    - {press: 0, at_once: true, queued: general}
    - {agent: joins, did: agent a1001 joined}
- name: cannot be a call
  tags: [live]
  turns: [{say: {text: 普通话, confidence: 0.9, alternatives: {普通: 0.5}}, at_once: true, language: zh}]
- name: not meant to be a call
  turns: [{press: 0, at_once: true, queued: general}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The hotline that ships, with a few of its live scenarios and some of our own."""
    target = tmp_path / "flows"
    ignored = shutil.ignore_patterns("audio", "examples", "*.scenario.yaml")
    shutil.copytree(FLOWS, target, ignore=ignored)
    (target / "audio").symlink_to(FLOWS / "audio")
    yaml = YAML(typ="safe")
    shipped = yaml.load((FLOWS / "live.scenario.yaml").read_text("utf-8"))
    chosen = [each for each in shipped["scenarios"] if each["name"] in SHIPPED]
    assert len(chosen) == len(SHIPPED)
    with (target / "live.scenario.yaml").open("w", encoding="utf-8") as file:
        yaml.dump({**shipped, "scenarios": [*chosen, *yaml.load(OWN)]}, file)
    return target


def test_shipped_scenarios_hold_on_real_calls_and_what_differs_is_told(folder: Path, tmp_path: Path) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    junit = tmp_path / "junit.xml"
    result = CliRunner().invoke(app, ["test", str(folder), "--live", "--junit", str(junit)])
    assert result.exit_code == 1, result.output
    assert "3 passed, 1 failed, 1 not live" in result.output, result.output
    assert "turn 2: “agent a1001 joined” was not done; done: agent live-general joined" in result.output
    assert "not live " in result.output
    assert "other readings of what is said cannot be made" in result.output
    assert "not meant to be a call" not in result.output
    assert "left behind" not in result.output
    cases = {case.attrib["name"]: case for case in ElementTree.parse(junit).getroot().iter("testcase")}
    assert len(cases) == 5
    for name in SHIPPED:
        assert cases[name].find("failure") is None
        assert float(cases[name].attrib["time"]) > 0
    assert "recognised: " in str(cases["Mandarin, said at the greeting"].findtext("system-out"))
    assert cases["cannot be a call"].find("skipped") is not None
    assert cases["holds in the machine only"].find("failure") is not None
    left = {process.pid for process in psutil.Process().children(recursive=True)} - before
    assert not left
