"""A source that tells how queues are doing: what can be asked of it, and what is wrong with a question."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Lookup
from ivr.flow.inputs import LookupEnded
from tests.flow.support import Dialogue, faults, library

FLOW = """
  look: {kind: lookup, source: lines, by: BY, into: ahead, next: decide}
  decide: {kind: branch, cases: [{if: ahead.waiting >= 3, next: full}], else: bye}
  full: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = "sources: {lines: {queues: true}}\nfallback: main.bye\n"
QUEUES = {"queues.yaml": "queues: {general: {}}\n"}


def test_the_answer_is_for_expressions() -> None:
    call = Dialogue(library(FLOW.replace("BY", "{queue: general, language: = language}"), HOTLINE, QUEUES))
    (asked,) = call.of(Lookup)
    assert (asked.source, asked.by) == ("lines", {"queue": "general", "language": "zh"})
    call.give(LookupEnded(asked.op, "found", {"waiting": 3, "agents": 1, "free": 0}))
    assert call.state.node == "main.full"


@pytest.mark.parametrize(
    ("by", "code"),
    [
        ("{}", "missing-field"),
        ("{language: zh}", "missing-field"),
        ("{queue: genral}", "unknown-queue"),
        ("{queue: general, length: 3}", "unknown-column"),
    ],
)
def test_a_question_that_nobody_could_answer_is_a_fault(by: str, code: str) -> None:
    found = faults(FLOW.replace("BY", by), HOTLINE, QUEUES)
    assert [each.code for each in found if each.severity == "error"] == [code]


def test_which_queue_is_asked_may_be_computed_and_counts_as_no_queue_of_its_own() -> None:
    flows = library(FLOW.replace("BY", "{queue: = 'gen' + 'eral'}"), HOTLINE, QUEUES)
    assert not flows.queues
    assert library(FLOW.replace("BY", "{queue: general}"), HOTLINE, QUEUES).queues == {
        "general": ("main.look",)
    }


def test_a_source_is_one_thing() -> None:
    found = faults("  bye: {kind: hangup}\n", "sources: {a: {queues: true, history: true}}\n")
    assert [each.code for each in found] == ["two-ways"]
