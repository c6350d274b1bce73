"""confirm: yes or no, by key and in people's words."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Listen
from tests.flow.support import CONFIRM, PERSON, Dialogue, faults, library

CONFIRMS = """
  right: {kind: confirm, prompt: {1: ask, 2: again}, yes: yes_, no: no_, into: right REST}
  yes_: {kind: hangup, prompt: bye}
  no_: {kind: hangup, prompt: sorry}
  person: {kind: hangup, prompt: sorry}
"""


def confirm(rest: str = "", flow: str = CONFIRMS, **facts: object) -> Dialogue:
    return Dialogue(library(flow.replace("REST", rest), PERSON + CONFIRM), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "yes"), [("1", True), ("2", False)])
def test_by_key(key: str, yes: bool) -> None:
    call = confirm()
    assert call.value("right") is None
    call.press(key)
    assert (call.at, call.value("right")) == ("main.yes_" if yes else "main.no_", yes)
    assert call.notes("confirmed") == [{"node": "main.right", "yes": yes, "by": "key"}]


@pytest.mark.parametrize(
    ("said", "language", "yes"),
    [
        ("对的", "zh", True),
        ("没错没错", "zh", True),
        ("不对", "zh", False),
        ("不是的", "zh", False),
        ("yes please", "en", True),
        ("no that's wrong", "en", False),
    ],
)
def test_by_voice_in_both_languages(said: str, language: str, yes: bool) -> None:
    call = confirm(language=language)
    assert call.of(Listen)[0].expects == "yes_no"
    call.hear(said)
    assert call.value("right") is yes


def test_what_is_neither_or_both_is_asked_again() -> None:
    call = confirm()
    call.hear("今天天气")
    assert (call.heard(), call.notes("event")[0]["event"]) == (["again"], "no_match")
    call.hear("是不是")
    assert call.at == "main.right"


def test_an_unsure_yes_is_no_yes_and_is_not_asked_back() -> None:
    call = confirm()
    call.hear("对", 0.4)
    assert (call.heard(), call.value("right")) == (["again"], None)
    call.hear("嘟", 0.6, others={"对": 0.55})
    assert call.value("right") is True


OWN = CONFIRMS.replace(
    "yes: yes_, no: no_",
    'yes: {next: yes_, key: 8, say: {zh: [办吧], en: [do it]}}, no: {next: no_, key: "*"}',
)


def test_keys_and_words_of_its_own() -> None:
    call = confirm(flow=OWN)
    assert "办吧" in call.of(Listen)[0].phrases
    call.hear("办吧")
    assert call.value("right") is True
    call = confirm(flow=OWN)
    call.press("1")
    assert call.notes("event")[0]["event"] == "no_match"
    call.press("*")
    assert call.value("right") is False


def test_commands_work_beside_it() -> None:
    call = confirm()
    call.press("0")
    assert call.at == "main.person"
    call = confirm()
    call.hear("转人工")
    assert call.at == "main.person"
    call = confirm()
    call.hear("转人工", 0.3)
    assert call.at == "main.right"


def test_silence_is_no_input() -> None:
    call = confirm(", on: {no_input: {next: no_}}")
    call.played()
    call.fire("first_input")
    assert (call.at, call.value("right")) == ("main.no_", None)


@pytest.mark.parametrize(
    ("no", "code"),
    [("{next: no_, key: 1}", "duplicate-option-key"), ("{next: no_, key: 22}", "wrong-value")],
)
def test_faults(no: str, code: str) -> None:
    found = faults(CONFIRMS.replace("no: no_", f"no: {no}").replace("REST", ""), PERSON)
    assert [finding.code for finding in found] == [code]
