"""A silence between two sentences of a prompt."""

from __future__ import annotations

import pytest

from ivr.flow.actions import PAUSE_PROMPT, Play, Prompt
from ivr.flow.graph.labels import said
from ivr.flow.inputs import OpId
from ivr.flow.replaying.lengths import Lengths
from ivr.flow.scenarios.reading import read_scenarios
from ivr.flow.scenarios.running import run
from tests.flow.support import Dialogue, faults, library

FLOW = """
  begin:
    kind: menu
    prompt: [ask, {pause: 1.5}, again]
    options: {one: {key: 1, next: bye}}
  bye: {kind: hangup, prompt: [{pause: 1}, bye]}
"""
SCENARIO = b"""
scenarios:
  - name: hears everything
    turns:
      - heard_only: [ask, again]
      - {press: 1, heard_only: [bye], ended: system}
"""


def test_it_stands_between_what_is_said() -> None:
    call = Dialogue(library(FLOW))
    assert call.heard() == ["ask", PAUSE_PROMPT, "again"]


def test_scenarios_do_not_name_it_and_transcripts_tell_of_it() -> None:
    (case,) = read_scenarios({"hotline.scenario.yaml": SCENARIO})
    result = run(library(FLOW), case)
    assert result.passed, result.failures
    assert "(a pause of 1.5 s)" in " ".join(result.transcript)


def test_a_replay_waits_as_long() -> None:
    pause = Play(OpId("x"), (Prompt(PAUSE_PROMPT, {"seconds": 1.5}),), "zh")
    assert Lengths(library(FLOW)).of(pause)[1] == 1.5


def test_a_drawing_shows_what_is_said() -> None:
    flows = library(FLOW)
    assert said(flows, flows.nodes["main.begin"], ["en"]) == {"en": "Choose Again"}


@pytest.mark.parametrize(
    "written", ["{pause: 0}", "{pause: 3.5}", "{pause: true}", "{pause: '= 1'}", "{pause: 1, language: en}"]
)
def test_what_is_no_pause_is_told(written: str) -> None:
    (found,) = faults(FLOW.replace("{pause: 1.5}", written))
    assert found.code == "bad-prompt" and "{pause: 1}" in found.suggestion
