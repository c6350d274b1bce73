"""Several numbers or agents, one after the other or at once; and what scenarios make of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.cli.test_folders import examine
from ivr.flow.actions import Transfer
from ivr.flow.inputs import TransferEnded
from ivr.flow.scenarios.reading import read_scenarios
from ivr.flow.scenarios.running import run
from tests.flow.support import Dialogue, faults, library, sources

FLOW = """
  dial: {kind: transfer, to: {TO}, REST next: bye, on: {error.transfer.busy: {next: sorry}}}
  sorry: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = "numbers: {police: '110', fire: '119', duty: '12'}\nfallback: main.bye\nvariables: {roster: [fire, duty]}\n"


def _dial(to: str, rest: str = "") -> Dialogue:
    return Dialogue(library(FLOW.replace("TO", to).replace("REST", rest), HOTLINE))


def _targets(call: Dialogue) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.target, each.others) for each in call.of(Transfer)]


def _fails(call: Dialogue, outcome: str) -> None:
    call.give(TransferEnded(call.op("transfer"), outcome))  # type: ignore[arg-type]


def test_one_after_the_other_until_one_answers() -> None:
    call = _dial("number: [police, fire, duty]")
    assert _targets(call) == [("110", ())]
    _fails(call, "no_answer")
    assert _targets(call) == [("119", ())]
    _fails(call, "completed")
    assert call.state.node == "main.bye"


def test_the_last_one_tried_says_why_nobody_was_reached() -> None:
    call = _dial("number: [police, fire]")
    _fails(call, "refused")
    _fails(call, "busy")
    assert call.state.node == "main.sorry"
    assert call.state.variables["transfer"] == {"outcome": "busy", "talked_s": 0.0, "cause": 0}


def test_a_list_that_an_expression_gives_and_names_that_are_none_are_passed_over() -> None:
    call = _dial("number: \"= roster + ['911']\"")
    assert _targets(call) == [("119", ())]
    _fails(call, "busy")
    assert _targets(call) == [("12", ())]
    _fails(call, "busy")
    assert not call.of(Transfer)
    assert call.state.variables["transfer"]["outcome"] == "forbidden"  # type: ignore[index, call-overload]


def test_agents_in_turn() -> None:
    call = _dial("agent: [a1, = 'a' + '2']")
    assert _targets(call) == [("a1", ())]
    _fails(call, "unavailable")
    assert _targets(call) == [("a2", ())]


def test_all_at_once_is_one_transfer_without_the_names_that_are_none() -> None:
    call = _dial("number: \"= ['911'] + roster\"", "ring: together,")
    assert _targets(call) == [("119", ("12",))]
    _fails(call, "busy")
    assert call.state.node == "main.sorry"


def test_the_key_that_takes_the_call() -> None:
    (wanted,) = _dial("number: duty", "mode: announced, announce: ask, accept: 1,").of(Transfer)
    assert (wanted.mode, wanted.accept) == ("announced", "1")


def test_keys_for_the_other_side_are_written_or_computed_and_nothing_but_keys_is_sent() -> None:
    assert _dial("number: duty", "keys: '201#',").of(Transfer)[0].keys == "201#"
    hotline = HOTLINE.replace("roster: [fire, duty]", "room: '2, 0-1'")
    flow = FLOW.replace("TO", "number: duty").replace("REST", "keys: = room,")
    assert Dialogue(library(flow, hotline)).of(Transfer)[0].keys == "201"


@pytest.mark.parametrize(
    ("to", "rest", "codes"),
    [
        ("number: [police, polise]", "", ["unknown-number"]),
        ("agent: [a1, a2]", "ring: together,", ["wrong-value"]),
        ("number: duty", "accept: 1,", ["wrong-value"]),
        ("number: duty", "mode: announced, accept: 12,", ["wrong-value"]),
        ("number: duty", "longest_s: 14400,", []),
        ("number: duty", "keys: 2w1,", ["wrong-value"]),
        ("number: duty", "longest_s: 90000,", ["wrong-value"]),
        ("number: duty", "leave: '**',", ["wrong-value"]),
        ("queue: general", "leave: '*',", ["wrong-value"]),
    ],
)
def test_what_cannot_be_is_a_fault(to: str, rest: str, codes: list[str]) -> None:
    found = faults(FLOW.replace("TO", to).replace("REST", rest), HOTLINE)
    assert [each.code for each in found if each.severity == "error"] == codes


SCENARIOS = """
scenarios:
  - name: the quicker one
    given: {transfers: {police: {after_s: 9}, fire: {after_s: 2, talks_s: 5}}}
    turns: [{did: "transfer to number 110, 119 (blind)"}, {wait: 4, did: the other party answered}, {wait: end}]
  - name: only one answers
    given: {transfers: {police: busy, fire: {after_s: 8}}}
    turns: [{wait: 9, did: the other party answered}, {hangup: true}]
  - name: none does
    given: {transfers: {"*": busy}}
    turns: [{wait: 9, passed: sorry, ended: system}]
  - name: as a turn says
    given: {transfers: {police: busy}}
    turns: [{party: answers}, {party: completed, passed: bye, ended: system}]
  - name: the caller has heard enough
    given: {transfers: {"*": {after_s: 2}}}
    turns: [{press: "*"}, {wait: 4, did: the other party answered}, {press: 1}, {press: "*", passed: bye}]
"""


def test_in_scenarios_whoever_answers_first_talks() -> None:
    flow = FLOW.replace("TO", "number: [police, fire]").replace("REST", "ring: together, leave: '*',")
    files = sources(flow, HOTLINE)
    files["main.scenario.yaml"] = SCENARIOS.encode()
    flows = library(flow, HOTLINE)
    done = [run(flows, case) for case in read_scenarios(files)]
    assert [(each.case.name, each.failures) for each in done if not each.passed] == []
    assert len(done) == 5


def test_without_a_list_of_agents_a_scenario_may_name_any() -> None:
    scenario = "scenarios: [{name: a, given: {transfers: {a1: busy}}, turns: [{wait: 9}]}]\n"
    for to, more, codes in (
        ("agent: a1", "", []),
        ("agent: a2", "agents: [{id: a2, name: A}]\n", ["unknown-number"]),
        ("number: police", "", ["unknown-number"]),
    ):
        files = sources(FLOW.replace("TO", to).replace("REST", ""), HOTLINE)
        if more:
            files["agents.yaml"] = more.encode()
        files["main.scenario.yaml"] = scenario.encode()
        found = examine(Path("flows"), files).findings
        assert [each.code for each in found if each.severity == "error"] == codes
