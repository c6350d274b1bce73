"""set: variables, one after the other."""

from __future__ import annotations

import pytest

from tests.flow.support import Dialogue, faults, library

SET = """
  one: {kind: set, values: {tries: = tries + 1, twice: = tries * 2, said: plain, map: {a: [1]}}, next: bye}
  bye: {kind: hangup, prompt: bye}
"""


def test_each_sees_what_was_set_before_it() -> None:
    call = Dialogue(library(SET, "variables: {tries: 1}\n"))
    assert dict(call.state.variables) | {"tries": 2, "twice": 4, "said": "plain", "map": {"a": [1]}} == dict(
        call.state.variables
    )
    assert call.heard() == ["bye"]


def test_what_fails_sets_null_and_is_noted() -> None:
    flow = "  one: {kind: set, values: {tries: = tries / 0}, next: bye}\n  bye: {kind: hangup, prompt: bye}\n"
    call = Dialogue(library(flow, "variables: {tries: 1}\n"))
    assert (call.value("tries"), len(call.notes("expression_failed"))) == (None, 1)


def test_the_journal_notes_them_where_it_is_told_to() -> None:
    flow = SET.replace("next: bye}", "journal: true, next: bye}", 1)
    (noted,) = Dialogue(library(flow, "variables: {tries: 1}\n")).notes("set")
    assert noted["values"] == {"tries": 2, "twice": 4, "said": "plain", "map": {"a": [1]}}
    assert not Dialogue(library(SET, "variables: {tries: 1}\n")).notes("set")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ("{language: en}", "reserved-name"),
        ("{x: = nobody + 1}", "undefined-variable"),
        ("{count: many}", "wrong-result"),
    ],
)
def test_faults(values: str, code: str) -> None:
    flow = f"  one: {{kind: set, values: {values}, next: bye}}\n  bye: {{kind: hangup}}\n"
    assert code in {finding.code for finding in faults(flow, "variables: {count: {type: int, default: 0}}\n")}
