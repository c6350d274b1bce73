"""Urgent words in a dialogue: acted upon in unfinished speech, asked back where they are a doubt, never done twice."""

from __future__ import annotations

import pytest

from ivr.flow.actions import StopListen
from ivr.flow.codec import state_from_json, state_to_json
from ivr.flow.inputs import SpeechHeard, SpeechPartial
from tests.flow.support import CONFIRM, PERSON, Dialogue, library

FIRE = """  fire:
    urgent: {phrase: alarm, signs: {zh: [快来, 烟]}, calming: {zh: [演习]} REST}
    say: {zh: [着火, 出车祸], en: [on fire, there is a fire]}
    into: said
    next: main.person
"""
VARIABLES = 'variables: {said: "", alarm: "", words: ""}\n'
FLOW = """
  ask: {kind: ask, prompt: ask, into: words, next: thanks}
  thanks: {kind: say, prompt: again, next: bye}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
MASKED = """
  ask: {kind: collect, prompt: ask, masked: true, format: digits, into: words, next: bye}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""


def asked(rest: str = "", hotline: str = CONFIRM, flow: str = FLOW, **facts: object) -> Dialogue:
    built = library(flow, VARIABLES + PERSON + FIRE.replace("REST", rest) + hotline)
    return Dialogue(built, **facts)  # type: ignore[arg-type]


def test_words_that_sound_the_same_are_the_same() -> None:
    call = asked()
    call.hear("我家找火了", 0.2)
    assert (call.at, call.value("said"), call.value("alarm")) == ("main.person", "我家找火了", "着火")
    assert call.notes("urgent_by_sound") == [
        {"node": "main.ask", "command": "fire", "phrase": "着火", "written": "sound"}
    ]


def test_unfinished_speech_is_acted_upon_once() -> None:
    call = asked()
    listening = call.op("listen")
    call.give(SpeechPartial(listening, "我家找火了快"))
    assert (call.at, call.value("alarm"), StopListen(listening) in call.actions) == (
        "main.person",
        "着火",
        True,
    )
    before = call.state
    assert call.give(SpeechHeard(listening, "我家找火了快来人", 0.9)) == ()
    assert call.give(SpeechPartial(listening, "我家找火了快来人")) == ()
    assert call.state == before


@pytest.mark.parametrize("text", ["我要找火", "厨房缴户了快来"])
def test_unfinished_speech_that_may_become_something_else_is_waited_for(text: str) -> None:
    call = asked()
    assert call.give(SpeechPartial(call.op("listen"), text)) == ()
    assert call.at == "main.ask"


def test_another_reading_of_the_recogniser_counts_as_far_as_it_is_believed() -> None:
    call = asked()
    call.hear("路灯坏了", 0.9, others={"我家着火了": 0.6})
    assert call.at == "main.person"
    call = asked()
    call.hear("路灯坏了", 0.9, others={"我家着火了": 0.4})
    assert (call.at, call.heard()[0]) == ("main.ask", "did_you")
    call = asked()
    call.hear("路灯坏了", 0.9, others={"我家着火了": 0.1})
    assert call.at == "main.thanks"


def test_a_doubt_is_asked_back_in_the_words_of_the_phrase() -> None:
    call = asked()
    call.hear("缴户了快来人")
    first, label, last = call.heard()
    assert (first, last, call.library.prompts[label]) == (
        "did_you",
        "yes_no",
        {"zh": "着火", "en": "on fire"},
    )
    call.hear("是的")
    assert (call.at, call.value("said"), call.value("alarm")) == ("main.person", "缴户了快来人", "着火")


def test_no_goes_on_with_what_was_said() -> None:
    call = asked()
    call.hear("缴户了快来人", 0.8)
    call.press("2")
    assert (call.at, call.value("words"), call.value("alarm")) == ("main.thanks", "缴户了快来人", "")
    call = asked()
    call.hear("缴户了快来人", 0.8)
    # "There is no fire": the words are there, and a no.
    call.hear("没有着火")
    assert (call.at, call.value("words")) == ("main.thanks", "缴户了快来人")


def test_what_was_denied_is_not_asked_again_but_said_plainly_it_counts() -> None:
    flow = FLOW.replace("into: words", "into: words, speech: {accept: 0.95}")
    call = asked(flow=flow)
    call.hear("缴户了快来人", 0.2)
    call.press("2")
    assert call.at == "main.ask"
    call.hear("缴户了快来人", 0.9)
    assert call.at == "main.thanks"
    call = asked(flow=flow)
    call.hear("缴户了快来人", 0.2)
    call.press("2")
    call.hear("着火了", 0.1)
    assert call.at == "main.person"


def test_silence_is_a_yes() -> None:
    call = asked()
    call.hear("缴户了快来人")
    call.played()
    call.fire("first_input")
    assert (call.at, call.value("said")) == ("main.person", "缴户了快来人")


def test_the_like_again_is_a_yes() -> None:
    call = asked()
    call.hear("缴户了快来人")
    call.hear("缴户了快来")
    assert call.at == "main.person"


def test_noise_is_asked_once_more_and_then_a_yes() -> None:
    call = asked()
    call.hear("缴户了快来人")
    call.hear("", 0.0)
    assert (call.at, call.heard()[0]) == ("main.ask", "did_you")
    call.press("7")
    assert call.at == "main.person"


def test_something_else_instead_of_yes_or_no_is_the_answer() -> None:
    call = asked()
    call.hear("缴户了快来人")
    call.hear("路灯坏了")
    assert (call.at, call.value("words")) == ("main.thanks", "路灯坏了")


def test_a_command_works_while_it_is_asked_back() -> None:
    call = asked()
    call.hear("缴户了快来人")
    call.press("0")
    assert (call.at, call.value("alarm")) == ("main.person", "")


def test_the_state_meanwhile_can_be_kept_as_json() -> None:
    call = asked()
    call.hear("缴户了快来人", others={"叫我快来人": 0.1})
    assert state_from_json(state_to_json(call.state)) == call.state


def test_what_is_personal_is_not_kept_for_it() -> None:
    call = asked(flow=MASKED)
    call.hear("缴户了快来人")
    assert call.heard()[0] == "did_you" and "快来" not in str(state_to_json(call.state))
    call.press("2")
    assert (call.at, call.heard()) == ("main.ask", ["ask"])


@pytest.mark.parametrize(
    ("rest", "hotline", "text", "at"),
    [
        # Without prompts to ask back with, what is written so is taken, and what only sounds so is not.
        ("", "", "没有着火", "main.person"),
        ("", "", "缴户了快来人", "main.thanks"),
        (", doubt: go", CONFIRM, "缴户了快来人", "main.person"),
        (", doubt: ignore", CONFIRM, "缴户了快来人", "main.thanks"),
        (", doubt: ignore", CONFIRM, "消防演习着火了", "main.thanks"),
        ("", CONFIRM, "消防演习着火了", "main.ask"),
        (", sound: strict", CONFIRM, "缴户了快来人", "main.thanks"),
        (", sound: strict", CONFIRM, "我家找火了", "main.person"),
        (", sound: off", CONFIRM, "我家找火了", "main.thanks"),
        (", sound: off", CONFIRM, "我家着火了", "main.person"),
    ],
)
def test_the_author_decides(rest: str, hotline: str, text: str, at: str) -> None:
    call = asked(rest, hotline)
    call.hear(text)
    assert call.at == at


def test_where_nothing_is_asked_a_doubt_stops_nothing() -> None:
    flow = "  hello: {kind: say, prompt: again, next: ask}\n" + FLOW
    call = asked(flow=flow)
    call.hear("缴户了快来人")
    assert (call.at, call.notes("urgent_doubt")[0]["phrase"]) == ("main.hello", "着火")
    call = asked(flow=flow)
    call.hear("没有着火")
    assert call.at == "main.person"
    call = asked(flow=flow)
    call.hear("我家找火了")
    assert call.at == "main.person"


def test_a_label_of_its_own_is_said_for_every_phrase() -> None:
    for text in ("出车后来", "缴户了快来人", "here is a fire"):
        call = asked(", label: sorry")
        call.hear(text)
        assert call.heard() == ["did_you", "sorry", "yes_no"]


def test_english_is_understood_whatever_language_is_spoken() -> None:
    call = asked()
    call.hear("here is a fire in my building", 0.9)
    assert call.heard()[0] == "did_you"
    call = asked(language="en")
    call.hear("My house is on fire!", 0.4)
    assert (call.at, call.value("alarm")) == ("main.person", "on fire")
