"""A round of nodes that nobody is asked in is a fault, unless it counts and can end."""

from __future__ import annotations

import pytest

from tests.flow.support import Dialogue, faults, library

LIST = """
  begin: {kind: set, values: {at: 0}, next: item}
  item: {kind: set, values: {word: "= words[at]", at: = at + 1}, next: read}
  read: {kind: say, prompt: [{id: name, values: {who: = word}}], next: more}
  more: {kind: branch, cases: [{if: COUNTS, next: item}], else: bye}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = "variables: {words: [one, two, three], at: 0, word: '', other: 0}\n"


@pytest.mark.parametrize(
    ("condition", "sound"),
    [("at < size(words)", True), ("visits < 3", True), ("other < 3", False), ("time.hour < 12", False)],
)
def test_a_round_that_looks_at_what_it_changes_is_sound(condition: str, sound: bool) -> None:
    found = {each.code for each in faults(LIST.replace("COUNTS", condition), HOTLINE)}
    assert found == (set() if sound else {"loop-without-input"})


def test_a_round_without_a_way_out_is_none() -> None:
    endless = LIST.replace("COUNTS", "at < size(words)").replace("else: bye", "else: begin")
    assert "loop-without-input" in {each.code for each in faults(endless, HOTLINE)}


def test_a_list_is_read_to_its_end() -> None:
    call = Dialogue(library(LIST.replace("COUNTS", "at < size(words)"), HOTLINE))
    heard = call.heard()
    while not call.state.ended:
        call.played()
        heard += call.heard()
    assert heard == ["name", "name", "name", "bye"]
