"""ask: the caller's own words, what they hint at, and keys where nothing can be heard."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Listen, StartTimer
from ivr.flow.inputs import SpeechFailed, SpeechStarted
from tests.flow.support import CONFIRM, PERSON, Dialogue, library

ASK = """
  ask:
    kind: ask
    prompt: {1: ask, 2: again}
    into: said
    intent: topic
    options:
      complaint: {key: 2, say: {zh: [投诉, 噪音], en: [complain]}, next: complaint}
      noise: {say: {zh: [噪音扰民]}, next: noise}
      light: {key: 34, say: {zh: [路灯]}, if: lights, set: {where: street}}
    next: other
    REST
  complaint: {kind: hangup, prompt: ask}
  noise: {kind: hangup, prompt: again}
  other: {kind: hangup, prompt: bye}
  person: {kind: hangup, prompt: sorry}
"""


def ask(rest: str = "", hotline: str = PERSON + CONFIRM, *, lights: bool = True, **facts: object) -> Dialogue:
    variables = f"variables: {{lights: {str(lights).lower()}, where: ''}}\n"
    return Dialogue(library(ASK.replace("REST", rest), variables + hotline), **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "node", "topic"),
    [
        ("我 想 投诉 邻居", "main.complaint", "complaint"),
        ("楼下噪音扰民怎么办", "main.noise", "noise"),
        ("路灯不亮", "main.other", "light"),
        ("今天天气不错", "main.other", ""),
    ],
)
def test_the_words_are_kept_and_the_longest_hint_in_them_decides(said: str, node: str, topic: str) -> None:
    call = ask()
    call.hear(said)
    assert (call.at, call.value("said"), call.value("topic")) == (node, said, topic)
    assert call.notes("option") == [{"node": "main.ask", "option": topic, "by": "speech"}]


def test_anything_may_be_said_so_there_is_no_grammar() -> None:
    assert ask().of(Listen)[0].phrases == ()


def test_asking_for_a_person_is_told_from_speaking_about_one() -> None:
    call = ask()
    call.hear("麻烦帮我转一下人工")
    assert (call.at, call.value("said")) == ("main.person", "")
    call = ask()
    call.hear("我要投诉你们的人工服务员昨天的态度很差")
    assert call.at == "main.complaint"


def test_words_that_were_hardly_heard_are_an_answer_and_no_command() -> None:
    call = ask()
    call.hear("人工", 0.35)
    assert (call.at, call.value("said")) == ("main.other", "人工")


def test_what_was_not_heard_at_all_is_no_match() -> None:
    call = ask()
    call.hear("投诉", 0.1)
    assert (call.at, call.heard(), call.value("said")) == ("main.ask", ["again"], "")
    call.hear("", 0.9)
    assert call.notes("event")[0]["event"] == "no_match"


def test_an_unsure_hint_is_asked_back_and_the_words_stay() -> None:
    call = ask()
    call.hear("我要投诉", 0.4)
    assert call.heard()[0] == "did_you"
    call.hear("对")
    assert (call.at, call.value("topic"), call.value("said")) == ("main.complaint", "complaint", "我要投诉")
    # Without prompts to ask back with, an open question takes what it got.
    call = ask("", PERSON)
    call.hear("我要投诉", 0.4)
    assert call.at == "main.complaint"


def test_an_option_not_on_offer_is_no_hint() -> None:
    call = ask(lights=False)
    call.hear("路灯不亮")
    assert (call.at, call.value("topic"), call.value("where")) == ("main.other", "", "")
    call = ask()
    call.hear("路灯不亮")
    assert call.value("where") == "street"


def test_keys_choose_options_beside_speech() -> None:
    call = ask()
    call.press("2")
    assert (call.at, call.value("topic"), call.value("said")) == ("main.complaint", "complaint", "")
    call = ask()
    call.press("34")
    assert call.value("topic") == "light"
    call = ask()
    call.press("3")
    assert [timer.after_s for timer in call.of(StartTimer)] == [3.0]
    call.fire("inter_digit")
    assert call.notes("event")[0]["event"] == "no_match"
    call = ask()
    call.press("0")
    assert call.at == "main.person"


def test_where_nothing_can_be_heard_the_event_comes_before_the_prompt() -> None:
    call = ask("on: {error.asr: {next: other}}", speech=())
    assert (call.at, call.heard()) == ("main.other", ["bye"])
    call = ask("on: {error.asr: {next: other}}", speech=("en",))
    assert call.at == "main.other"
    call = ask("speech: {listen: false}\n    on: {error.asr: {next: other}}")
    assert call.at == "main.other"


def test_without_a_way_the_question_is_asked_for_keys() -> None:
    call = ask(speech=())
    assert (call.at, call.heard(), call.of(Listen)) == ("main.ask", ["ask"], [])
    call.played()
    assert call.of(StartTimer) and not call.of(Listen)
    call.press("2")
    assert call.at == "main.complaint"


@pytest.mark.parametrize("way", ["", ", reprompt: true"])
def test_what_a_handler_says_of_it_is_heard_before_the_question(way: str) -> None:
    call = ask(f"on: {{error.asr: {{say: sorry{way}}}}}", speech=())
    assert call.heard() == ["sorry", "ask"]


def test_back_comes_back_here_from_where_it_led_by_keys_alone() -> None:
    flow = """
  ask: {kind: ask, prompt: ask, next: bye, on: {error.asr: {next: keys}}}
  keys: {kind: menu, prompt: again, options: {one: {key: 1, next: bye}}}
  bye: {kind: hangup}
"""
    call = Dialogue(library(flow, 'always: {back: {key: "*", do: back}}\n'), speech=())
    assert call.at == "main.keys"
    call.press("*")
    # The question still cannot be heard, so it is the keys again.
    assert (call.at, call.passed()) == ("main.keys", ["main.ask", "main.keys"])


def test_a_recogniser_that_fails_meanwhile_leaves_the_keys() -> None:
    call = ask()
    call.played()
    call.give(SpeechStarted(call.op("listen")))
    assert "timer.first_input" not in call.state.waiting
    call.give(SpeechFailed(call.op("listen"), "overloaded"))
    assert call.at == "main.ask"
    assert set(call.state.waiting) == {"timer.first_input"}
    assert (call.notes("speech_failed"), call.state.speech_off) == (
        [{"node": "main.ask", "cause": "overloaded"}],
        False,
    )
    call.fire("first_input")
    assert (call.heard(), call.of(Listen)) == (["again"], [])


def test_words_that_a_dying_recogniser_took_with_it_are_asked_for_once_more() -> None:
    call = ask("on: {error.asr: {next: other}}")
    call.played()
    call.give(SpeechStarted(call.op("listen")))
    call.give(SpeechFailed(call.op("listen"), "lost"))
    assert (call.at, [note["event"] for note in call.notes("event")]) == ("main.ask", ["no_match"])
    assert call.heard() == ["again"] and call.of(Listen)
    call.played()
    call.hear("停水")
    assert call.value("said") == "停水"


def test_who_had_not_spoken_yet_does_not_notice_that_a_recogniser_died() -> None:
    call = ask("on: {error.asr: {next: other}}")
    call.played()
    waiting = set(call.state.waiting)
    call.give(SpeechFailed(call.op("listen"), "lost"))
    assert (call.at, call.heard(), call.notes("event")) == ("main.ask", [], [])
    assert set(call.state.waiting) == waiting and len(call.of(Listen)) == 1
    # The same again is no accident.
    call.give(SpeechFailed(call.op("listen"), "lost"))
    assert call.at == "main.other"


def test_a_recogniser_that_cannot_serve_is_given_up_for_the_call() -> None:
    call = ask("on: {error.asr: [{say: sorry, reprompt: true}]}")
    call.give(SpeechFailed(call.op("listen"), "unavailable"))
    assert call.heard() == ["sorry", "again"]
    assert call.state.speech_off


def test_a_very_long_speech_is_cut() -> None:
    call = ask()
    call.hear("水" * 5000)
    assert call.value("said") == "水" * 4000


def test_hanging_up_at_the_question() -> None:
    call = ask("on: {hangup: {set: {where: gone}}}")
    call.hang_up()
    assert (call.state.ended, call.value("where")) == (True, "gone")
