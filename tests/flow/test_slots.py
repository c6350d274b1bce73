"""One sentence that fills several variables; and words said several times."""

from __future__ import annotations

from typing import Any

import pytest

from ivr.flow.actions import Note
from tests.flow.support import Dialogue, faults, library

ASK = """
  ask:
    kind: ask
    prompt: ask
    slots:
      district: {values: {north: {zh: [城北, 北区], en: [north side, north]}, south: {zh: [城南], en: [south]}}}
      day: {format: date}
      people: {format: {number: {least: 1, most: 20}}}
    options: {cancel: {say: {en: [forget it]}, next: forgotten}}
    next: bye
    on: {error.asr: {next: bye}}
  bye: {kind: hangup, prompt: bye}
  forgotten: {kind: hangup, prompt: bye}
"""


@pytest.mark.parametrize(
    ("language", "said", "values"),
    [
        ("en", "somewhere on the north side for two people", {"district": "north", "day": None, "people": 2}),
        ("en", "in the south on december 3rd", {"district": "south", "day": "2026-12-03", "people": None}),
        ("zh", "我在城北，十二月三号", {"district": "north", "day": "2026-12-03"}),
        ("en", "I do not know", {"district": "", "day": None, "people": None}),
        ("en", "for forty people", {"people": None}),
        ("en", "for two tomorrow", {"day": "2026-11-24", "people": 2}),
    ],
)
def test_what_the_words_tell_is_filled_and_the_rest_stays(
    language: str, said: str, values: dict[str, Any]
) -> None:
    call = Dialogue(library(ASK), language=language)
    call.hear(said)
    assert {name: call.state.variables[name] for name in values} == values
    assert call.state.variables["said"] == said
    assert call.state.node == "main.bye"


def test_what_was_filled_before_stays_when_nothing_new_is_said_of_it() -> None:
    call = Dialogue(library(ASK, "variables: {district: south}\n"), language="en")
    call.hear("for three")
    assert (call.state.variables["district"], call.state.variables["people"]) == ("south", 3)


def test_the_journal_says_which_were_filled_and_not_with_what() -> None:
    call = Dialogue(library(ASK), language="en")
    call.hear("the north side, forget it")
    (note,) = [note for note in call.of(Note) if note.kind == "slots"]
    assert note.data == {"node": "main.ask", "filled": ["district"]}
    assert call.state.node == "main.forgotten"


@pytest.mark.parametrize(
    ("slot", "code"),
    [
        ("{}", "two-ways"),
        ("{format: date, values: {a: {en: [a]}}}", "two-ways"),
        ("{format: dat}", "bad-format"),
        ("{format: {date: {wen: future}}}", "bad-format"),
        ("{values: {a: {fr: [a]}}}", "unknown-language"),
        ("{value: x}", "unknown-field"),
    ],
)
def test_a_slot_that_cannot_be_read_is_a_fault_at_its_place(slot: str, code: str) -> None:
    found = faults(ASK.replace("{format: date}", slot))
    assert [(each.code, each.line) for each in found if each.severity == "error"] == [(code, 9)]


def test_words_are_said_as_often_as_written_also_before_others() -> None:
    flow = "  hello: {kind: say, prompt: [ask, again], times: 2, WAIT next: bye}\n  bye: {kind: hangup, prompt: bye}\n"
    call = Dialogue(library(flow.replace("WAIT", "")))
    assert call.heard() == ["ask", "again", "ask", "again"]
    call.played()
    assert call.heard() == ["bye"]
    call = Dialogue(library(flow.replace("WAIT", "wait: false,")))
    assert call.heard() == ["ask", "again", "ask", "again", "bye"]
