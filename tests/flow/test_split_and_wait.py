"""Shares of the calls, and time that passes."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from ivr.flow import machine
from ivr.flow.actions import CancelTimer, Hangup, Listen, Play, StartTimer, StopPlay
from ivr.flow.graph.labels import exit_label
from ivr.flow.inputs import Digit, HungUp, PromptEnded
from ivr.flow.model import FlowLibrary
from ivr.flow.state import CallFacts
from tests.flow.support import NOON, Dialogue, faults, library

SPLIT = """
  trial: {kind: split, ways: {old: {share: 70, next: old}, new: {share: 30, next: new}}, into: trial}
  old: {kind: hangup}
  new: {kind: hangup}
"""


def _went(flows: FlowLibrary, call_id: str, drawn: dict[str, str] | None = None) -> str:
    step = machine.start(flows, "", CallFacts(call_id, drawn=drawn or {}), NOON)
    return step.state.node


def test_calls_are_shared_out_by_weight_and_each_call_always_goes_the_same_way() -> None:
    flows = library(SPLIT)
    ways = [_went(flows, f"c-{number}") for number in range(4000)]
    assert ways == [_went(flows, f"c-{number}") for number in range(4000)]
    counted = Counter(ways)
    assert set(counted) == {"main.old", "main.new"}
    assert 0.27 < counted["main.new"] / len(ways) < 0.33


def test_a_test_says_which_way_a_call_goes_by_the_node_with_its_flow_or_without() -> None:
    flows = library(SPLIT)
    for node in ("trial", "main.trial"):
        assert {_went(flows, f"c-{each}", {node: "new"}) for each in range(20)} == {"main.new"}
    # A way that does not exist is drawn as ever.
    assert {_went(flows, f"c-{each}", {"trial": "none"}) for each in range(20)} == {"main.old", "main.new"}


ROUND = """
  begin: {kind: set, values: {cats: 0, dogs: 0}, next: draw}
  draw:
    kind: split
    ways:
      cats: {if: cats == 0, next: cats}
      dogs: {if: dogs == 0, next: dogs}
    else: done
  cats: {kind: confirm, prompt: ask, yes: seen_cats, no: seen_cats}
  dogs: {kind: confirm, prompt: ask, yes: seen_dogs, no: seen_dogs}
  seen_cats: {kind: set, values: {cats: = cats + 1}, next: draw}
  seen_dogs: {kind: set, values: {dogs: = dogs + 1}, next: draw}
  done: {kind: hangup}
"""


def test_what_its_condition_rules_out_takes_no_part_until_nothing_is_left() -> None:
    first = set()
    for number in range(30):
        step = machine.start(library(ROUND), "", CallFacts(f"c-{number}"), NOON)
        first.add(step.state.node)
        for _ in range(2):
            step = machine.step(library(ROUND), step.state, Digit("1"), NOON)
        assert step.state.ended
        assert (step.state.variables["cats"], step.state.variables["dogs"]) == (1, 1)
    assert first == {"main.cats", "main.dogs"}


def test_a_split_that_may_lead_nowhere_is_a_fault() -> None:
    found = faults("  a: {kind: split, ways: {b: {if: 'true', next: b}}}\n  b: {kind: hangup}\n")
    assert [(each.code, each.line) for each in found] == [("missing-field", 3)]


WAIT = """
  hold: {kind: wait, seconds: 10, RULE next: bye}
  bye: {kind: hangup, prompt: bye}
"""
ALWAYS = 'always: {person: {key: 0, say: {zh: [人工]}, next: main.bye}, repeat: {key: "#", do: repeat}}\n'


def _waiting(rule: str = "", before: str = "") -> Dialogue:
    return Dialogue(library(before + WAIT.replace("RULE", rule), ALWAYS))


def test_time_passes_in_silence_and_the_commands_are_heard_meanwhile() -> None:
    call = _waiting()
    assert [timer.after_s for timer in call.of(StartTimer)] == [10.0]
    assert not call.of(Play)
    assert call.of(Listen)[0].phrases == ("人工",)
    call.hear("嗯")
    assert call.of(Listen)
    call.fire("wait")
    assert call.state.node == "main.bye"
    said = _waiting()
    said.hear("人工")
    assert said.state.node == "main.bye"


def test_a_prompt_is_heard_again_and_again_and_cut_off_at_the_end() -> None:
    call = _waiting("prompt: ask,")
    assert call.heard() == ["ask"]
    call.played()
    assert call.heard() == ["ask"]
    call.fire("wait")
    assert call.of(StopPlay)
    assert call.heard() == ["bye"]


def test_between_two_times_there_may_be_silence() -> None:
    call = _waiting("prompt: ask, gap_s: 4,")
    call.played()
    assert [timer.after_s for timer in call.of(StartTimer)] == [4.0]
    call.fire("gap")
    assert call.heard() == ["ask"]


def test_what_cannot_be_played_is_not_tried_again_at_once() -> None:
    call = _waiting("prompt: ask,")
    call.give(PromptEnded(call.op("play"), "failed"))
    assert not call.of(Play)
    call.fire("wait")
    assert call.state.node == "main.bye"


def test_words_that_still_had_to_be_said_come_first_and_do_not_count() -> None:
    call = _waiting(before="  first: {kind: say, prompt: again, wait: false, next: hold}\n")
    assert call.heard() == ["again"]
    assert not call.of(StartTimer)
    call.played()
    assert [timer.after_s for timer in call.of(StartTimer)] == [10.0]


def test_a_key_ends_it_early_where_that_is_said_and_is_kept() -> None:
    call = _waiting()
    call.give(Digit("5"))
    assert (call.state.node, call.state.keys) == ("main.hold", "5")
    call = _waiting("interrupt: true,")
    call.give(Digit("5"))
    assert (call.state.node, call.state.keys) == ("main.bye", "5")
    assert call.of(CancelTimer)
    call = _waiting("prompt: ask,")
    call.give(Digit("#"))
    assert (call.heard(), "timer.wait" in call.state.waiting) == (["ask"], True)
    call.give(Digit("0"))
    assert call.state.node == "main.bye"


@pytest.mark.parametrize(("seconds", "waits"), [("= 2 * 3", 6.0), ("= said", None), ("= 0 - 1", None)])
def test_how_long_may_be_computed_and_what_is_no_time_keeps_nobody_waiting(
    seconds: str, waits: float | None
) -> None:
    flow = WAIT.replace("10, RULE", f'"{seconds}",')
    call = Dialogue(library(flow, "variables: {said: ''}\n"))
    assert [timer.after_s for timer in call.of(StartTimer)] == ([] if waits is None else [waits])
    assert call.state.node == ("main.bye" if waits is None else "main.hold")


def test_a_time_that_is_none_is_a_fault() -> None:
    for seconds in ("-1", "4000", "soon"):
        found = faults(WAIT.replace("10, RULE", f"{seconds},"))
        assert [each.code for each in found] == ["wrong-value"], seconds


def test_nobody_is_kept_waiting_after_hanging_up() -> None:
    flow = "  q: {kind: menu, prompt: ask, options: {a: {key: 1, next: bye}}, on: {hangup: {next: hold}}}\n"
    call = Dialogue(library(flow + WAIT.replace("RULE", ""), ALWAYS))
    call.give(HungUp("caller"))
    assert call.state.ended
    assert not call.of(Hangup)


def test_the_clock_of_a_call_does_not_matter_to_a_draw() -> None:
    flows = library(SPLIT)
    later = NOON + dt.timedelta(days=3)
    for number in range(50):
        call = CallFacts(f"c-{number}")
        assert machine.start(flows, "", call, later).state.node == _went(flows, f"c-{number}")


def test_the_graph_names_the_share_or_the_condition_of_each_way() -> None:
    flows = library(SPLIT)
    labels = [exit_label(flows.nodes[way.source], way, ["en"])["en"] for way in flows.exits]
    assert labels == ["old 70 %", "new 30 %"]
    flows = library(ROUND)
    labels = [
        exit_label(flows.nodes["main.draw"], way, ["en"])["en"] for way in flows.exits if ":" in way.label
    ]
    assert labels[:2] == ["cats if cats == 0", "dogs if dogs == 0"]
