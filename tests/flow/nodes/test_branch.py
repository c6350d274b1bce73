"""branch: the first case that is true."""

from __future__ import annotations

import pytest

from tests.flow.support import Dialogue, faults, library

BRANCH = """
  three:
    kind: branch
    cases:
      - {if: tries / divisor == 2, next: bye}
      - {if: tries > 1, next: again}
    else: sorry
  again: {kind: hangup, prompt: again}
  sorry: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""


@pytest.mark.parametrize(
    ("tries", "divisor", "heard", "label"),
    [(4, 2, "bye", "case:1"), (3, 3, "again", "case:2"), (1, 1, "sorry", "else")],
)
def test_the_first_that_is_true(tries: int, divisor: int, heard: str, label: str) -> None:
    call = Dialogue(library(BRANCH, f"variables: {{tries: {tries}, divisor: {divisor}}}\n"))
    assert call.heard() == [heard]
    assert call.notes("case") == [{"node": "main.three", "label": label}]


def test_one_that_fails_is_false_and_noted() -> None:
    call = Dialogue(library(BRANCH, "variables: {tries: 5, divisor: 0}\n"))
    assert call.heard() == ["again"]
    assert [note["node"] for note in call.notes("expression_failed")] == ["main.three"]


def test_known_names() -> None:
    flow = """
  one:
    kind: branch
    cases: [{if: "visits == 3 && call.caller == '138' && language == 'en' && call.facts.age > 60", next: bye}]
    else: ask
  ask: {kind: menu, prompt: ask, options: {again: {key: 1, next: one}}}
  bye: {kind: hangup, prompt: bye}
"""
    call = Dialogue(library(flow), caller="138", language="en", facts={"age": 70})
    call.press("1")
    assert call.at == "main.ask"
    call.press("1")
    assert call.at == "main.bye"


def test_a_loop_that_asks_nothing_is_refused() -> None:
    flow = "  a: {kind: branch, cases: [{if: 'true', next: a}], else: b}\n  b: {kind: goto, next: a}\n"
    assert "loop-without-input" in {finding.code for finding in faults(flow)}
