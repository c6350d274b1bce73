"""survey: a rating, and nobody is kept for it."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Listen
from tests.flow.support import PERSON, Dialogue, faults, library

SURVEY = """
  survey:
    kind: survey
    prompt: ask
    scale: 5
    question: service
    into: rating
    say: {1: {zh: [非常满意], en: [very satisfied]}, 2: {zh: [满意], en: [satisfied]}, 5: {zh: [很差]}}
    next: by_rating
    skipped: bye
    REST
  by_rating: {kind: branch, cases: [{if: rating >= 4, next: sorry}], else: bye}
  sorry: {kind: say, prompt: sorry, next: bye}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""


def survey(rest: str = "", hotline: str = PERSON, **facts: object) -> Dialogue:
    return Dialogue(library(SURVEY.replace("REST", rest), hotline), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "heard"), [("1", ["bye"]), ("4", ["sorry"])])
def test_a_rating_is_noted_and_leads_on(key: str, heard: list[str]) -> None:
    call = survey()
    call.press(key)
    assert call.notes("survey") == [{"question": "service", "rating": int(key), "scale": 5}]
    assert (call.value("rating"), call.heard()) == (int(key), heard)


@pytest.mark.parametrize(
    ("said", "language", "rating"),
    [
        ("满意", "zh", 2),
        ("非常满意啊", "zh", 1),
        ("我觉得很差", "zh", 5),
        ("打三分", "zh", 3),
        ("four", "en", 4),
        ("very satisfied", "en", 1),
    ],
)
def test_by_voice(said: str, language: str, rating: int) -> None:
    call = survey(language=language)
    call.hear(said)
    assert call.value("rating") == rating


def test_numbers_and_words_are_expected_by_the_recogniser() -> None:
    phrases = survey().of(Listen)[0].phrases
    assert {"非常满意", "一", "五", "人工"} <= set(phrases) and "六" not in phrases


def test_a_rating_off_the_scale_or_hardly_heard_is_none() -> None:
    call = survey()
    call.hear("九")
    assert (call.at, call.heard()) == ("main.survey", ["ask"])
    call = survey()
    call.hear("满意", 0.4)
    assert (call.at, call.value("rating")) == ("main.survey", 0)


def test_nobody_is_kept_for_not_rating() -> None:
    call = survey("", PERSON + "on: {no_input: {count: 2, next: main.sorry}}\n")
    call.played()
    call.fire("first_input")
    assert call.at == "main.bye"
    call = survey()
    call.press("9")
    assert call.heard() == ["ask"]
    call.press("7")
    assert call.at == "main.bye"


def test_its_own_handlers_go_before_that() -> None:
    call = survey("on: {no_input: {reprompt: true}}")
    call.played()
    call.fire("first_input")
    assert (call.at, call.heard()) == ("main.survey", ["ask"])


def test_without_a_way_of_its_own_silence_goes_on_as_well() -> None:
    flow = "  survey: {kind: survey, prompt: ask, next: bye}\n  bye: {kind: hangup}\n"
    call = Dialogue(library(flow))
    call.played()
    call.fire("first_input")
    assert (call.state.ended, call.value("rating")) == (True, 0)


def test_commands_work_beside_it() -> None:
    call = survey()
    call.press("0")
    assert call.at == "main.person"
    call = survey()
    call.hear("转人工")
    assert call.at == "main.person"


@pytest.mark.parametrize("rating", ["0", "6", "good"])
def test_words_for_a_rating_that_there_is_not(rating: str) -> None:
    flow = SURVEY.replace("5: {zh: [很差]}", f"{rating}: {{zh: [很差]}}").replace("REST", "")
    assert [finding.code for finding in faults(flow, PERSON)] == ["wrong-value"]
