"""menu: by key and by voice, patterns, conditions, names of options, n-best and asking back."""

from __future__ import annotations

import pytest

from ivr.flow.actions import CancelTimer, Listen, Play, StartTimer, StopListen, StopPlay
from ivr.flow.inputs import SpeechStarted
from tests.flow.support import CONFIRM, PERSON, Dialogue, faults, library

MENU = """
  menu:
    kind: menu
    prompt: {1: ask, 2: again}
    options:
      complaint: {key: 1, say: {zh: [投诉, 举报], en: complaint}, next: bye}
      twelve: {key: 12, next: sorry}
      three: {key: 3, say: {zh: [建议], en: suggestion}, label: name, set: {tries: 3}}
    into: topic
    next: sorry
    REST
  sorry: {kind: say, prompt: sorry, next: bye}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
NAMES = "variables: {who: 王, tries: 0}\n"


def menu(rest: str = "", hotline: str = PERSON + CONFIRM, **facts: object) -> Dialogue:
    return Dialogue(library(MENU.replace("REST", rest), NAMES + hotline), **facts)  # type: ignore[arg-type]


def test_a_key_acts_at_once_and_ends_prompt_and_listening() -> None:
    call = menu()
    playing, listening = call.op("play"), call.op("listen")
    (listen,) = call.of(Listen)
    assert listen.phrases == ("投诉", "举报", "建议", "人工", "再说一遍")
    call.press("3")
    assert call.actions[:2] == (StopPlay(playing), StopListen(listening))
    assert (call.at, call.value("topic"), call.value("tries")) == ("main.sorry", "three", 3)
    assert call.notes("option") == [{"node": "main.menu", "option": "three", "by": "key"}]


def test_a_key_that_another_option_begins_with_waits_for_the_next_one() -> None:
    call = menu()
    call.press("1")
    (timer,) = call.of(StartTimer)
    assert (call.at, timer.after_s) == ("main.menu", 2.0)
    call.press("2")
    assert call.of(CancelTimer) == [CancelTimer(timer.op)]
    assert call.value("topic") == "twelve"

    call = menu()
    call.press("1")
    call.fire("inter_digit")
    assert call.value("topic") == "complaint"


def test_keys_that_fit_nothing_are_no_match_and_the_rest_of_them_is_dropped() -> None:
    call = menu()
    call.press("7")
    assert (call.heard(), call.notes("event")[0]["event"]) == (["again"], "no_match")
    call = menu()
    call.press("19")
    assert (call.at, call.heard(), call.state.keys) == ("main.menu", ["again"], "")


def test_keys_typed_ahead_take_the_option_without_the_prompt() -> None:
    flow = "  hello: {kind: say, prompt: sorry, next: menu}\n" + MENU.replace("REST", "").lstrip("\n")
    call = Dialogue(library(flow, NAMES))
    call.press("12")
    call.played()
    assert (call.value("topic"), call.heard()) == ("twelve", ["sorry"])
    call = Dialogue(library(flow.replace("into: topic", "into: topic\n    barge_in: {flush: true}"), NAMES))
    call.press("12")
    call.played()
    assert (call.at, call.heard()) == ("main.menu", ["ask"])


def test_a_wrong_key_typed_ahead_is_answered_before_the_prompt() -> None:
    flow = "  hello: {kind: say, prompt: bye, next: menu}\n" + MENU.replace(
        "REST", "on: {no_match: {say: sorry}}"
    ).lstrip("\n")
    call = Dialogue(library(flow, NAMES))
    call.press("7")
    call.played()
    assert (call.at, call.heard()) == ("main.menu", ["sorry", "ask"])


@pytest.mark.parametrize(
    ("interrupt", "by_key", "by_speech"),
    [("true", True, True), ("keys", True, False), ("speech", False, True), ("false", False, False)],
)
def test_what_stops_the_prompt_is_said_by_one_flag(interrupt: str, by_key: bool, by_speech: bool) -> None:
    call = menu(f"barge_in: {{interrupt: {interrupt}}}")
    call.press("3")
    assert bool(call.of(StopPlay)) == by_key
    if not by_key:
        # The key is kept, and counts when the prompt is over.
        call.played()
    assert call.value("topic") == "three"
    call = menu(f"barge_in: {{interrupt: {interrupt}}}")
    call.give(SpeechStarted(call.op("listen")))
    assert bool(call.of(StopPlay)) == by_speech


def test_listening_begins_with_the_prompt_or_after_it() -> None:
    call = menu("barge_in: {listen: false}")
    assert not call.of(Listen)
    call.played()
    assert call.of(Listen)
    assert not menu("speech: {listen: false}").of(Listen)
    assert not menu("", PERSON, speech=("en",)).of(Listen)


def test_a_phrase_is_taken_alone_or_within_a_sentence_and_before_a_command() -> None:
    call = menu()
    call.hear("我要投诉一下你们的人工")
    assert call.value("topic") == "complaint"
    call = menu()
    call.hear("帮我转人工")
    assert call.at == "main.person"


def test_the_matched_phrase_counts_before_the_text_and_alternatives_after_it() -> None:
    call = menu()
    call.hear("头诉", 0.9, phrase="投诉")
    assert call.value("topic") == "complaint"
    call = menu()
    call.hear("见一", 0.9, others={"建议": 0.6})
    assert call.value("topic") == "three"
    call = menu()
    call.hear("见一", 0.9, others={"建议": 0.1})
    assert call.at == "main.menu"


def test_what_was_not_heard_well_is_asked_back_by_the_options_name() -> None:
    call = menu()
    call.hear("投诉", 0.4)
    assert call.notes("asked_back") == [{"node": "main.menu", "times": 1}]
    (play,) = call.of(Play)
    assert [prompt.id for prompt in play.prompts][::2] == ["did_you", "yes_no"]
    (listen,) = call.of(Listen)
    assert listen.expects == "yes_no" and "是的" in listen.phrases and "人工" in listen.phrases
    call.press("1")
    assert (call.value("topic"), call.at) == ("complaint", "main.bye")


def test_its_name_when_asked_back_may_be_written_with_variables() -> None:
    call = menu()
    call.hear("建议", 0.4)
    assert call.heard() == ["did_you", "name", "yes_no"]
    assert call.of(Play)[0].prompts[1].values == {"who": "王"}


@pytest.mark.parametrize("answer", ["是的", "对对对", "没错"])
def test_yes_by_voice(answer: str) -> None:
    call = menu()
    call.hear("投诉", 0.4)
    call.hear(answer)
    assert call.value("topic") == "complaint"


def test_in_another_language_too() -> None:
    call = menu(language="en")
    call.hear("complaint", 0.4)
    (listen,) = call.of(Listen)
    assert (listen.language, "yes" in listen.phrases) == ("en", True)
    call.hear("yes that's right")
    assert call.value("topic") == "complaint"


def test_no_leads_to_the_next_best_and_then_to_no_match() -> None:
    call = menu()
    call.hear("投诉", 0.4, others={"建议": 0.35})
    call.hear("不是")
    assert (call.heard(), call.notes("asked_back")[0]["times"]) == (["did_you", "name", "yes_no"], 2)
    call.press("2")
    assert (call.at, call.heard()) == ("main.menu", ["again"])
    assert call.notes("event")[0]["event"] == "no_match"
    # What was refused is not asked for a second time.
    call.hear("投诉", 0.4)
    assert call.notes("event")[0]["event"] == "no_match"


def test_another_answer_instead_of_yes_or_no_is_the_answer() -> None:
    call = menu()
    call.hear("投诉", 0.4)
    call.hear("我有一个建议")
    assert call.value("topic") == "three"


def test_commands_and_urgent_words_work_while_it_is_asked_back() -> None:
    call = menu()
    call.hear("投诉", 0.4)
    call.press("0")
    assert call.at == "main.person"
    call = menu()
    call.hear("投诉", 0.4)
    call.hear("转人工")
    assert call.at == "main.person"
    call = menu()
    call.hear("投诉", 0.4)
    call.press("#")
    assert (call.at, call.heard()) == ("main.menu", ["again"])


def test_keys_of_yes_and_no_go_before_commands() -> None:
    call = menu("", PERSON.replace("key: 0", "key: 1") + CONFIRM)
    call.hear("投诉", 0.4)
    call.press("1")
    assert call.value("topic") == "complaint"


def test_silence_after_it_was_asked_back_is_no_input() -> None:
    call = menu()
    call.hear("投诉", 0.4)
    call.played()
    call.fire("first_input")
    assert (call.notes("event")[0]["event"], call.heard()) == ("no_input", ["again"])
    call.press("1")
    call.fire("inter_digit")
    # The question is the menu's own again: 1 is its option, not a yes.
    assert call.value("topic") == "complaint"


def test_a_mumbled_answer_to_the_question_is_no_match() -> None:
    call = menu()
    call.hear("投诉", 0.4)
    call.hear("是的", 0.1)
    assert call.notes("event")[0]["event"] == "no_match"


def test_without_prompts_to_ask_back_with_unsure_is_not_understood() -> None:
    call = menu("", PERSON)
    call.hear("投诉", 0.4)
    assert call.notes("event")[0]["event"] == "no_match"
    call.hear("投诉", None)
    assert call.value("topic") == "complaint"


def test_the_bands_are_the_nodes_own_or_the_hotlines() -> None:
    call = menu("speech: {accept: 0.95}")
    call.hear("投诉", 0.9)
    assert call.notes("asked_back")
    call = menu("", CONFIRM + "speech: {accept: 0.2}\n")
    call.hear("投诉", 0.25)
    assert call.value("topic") == "complaint"


EXTENSIONS = """
  menu:
    kind: menu
    prompt: ask
    options:
      desk: {key: 1, next: bye}
      extension: {pattern: "10[01]X", into: extension, next: sorry}
  sorry: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""


def test_any_number_that_fits_a_pattern_is_an_option() -> None:
    call = Dialogue(library(EXTENSIONS))
    call.press("1012")
    assert (call.at, call.value("extension")) == ("main.sorry", "1012")
    call = Dialogue(library(EXTENSIONS))
    call.press("1")
    call.fire("inter_digit")
    assert call.at == "main.bye"
    call = Dialogue(library(EXTENSIONS))
    call.press("102")
    assert call.notes("event")[0]["event"] == "no_match"
    call = Dialogue(library(EXTENSIONS))
    call.press("101")
    assert [timer.after_s for timer in call.of(StartTimer)][-1] == 3.0
    call.fire("inter_digit")
    assert call.notes("event")[0]["event"] == "no_match"


CONDITIONAL = """
  menu:
    kind: menu
    prompt: ask
    options:
      long: {key: 1, say: {zh: [查询进度]}, if: known, next: bye}
      short: {key: 2, say: {zh: [进度]}, next: sorry}
      digits: {pattern: "3XX", if: known, into: digits, next: bye}
  known: {kind: set, values: {known: true}, next: menu}
  sorry: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""


def test_an_option_is_there_only_while_its_condition_holds() -> None:
    withheld = library(CONDITIONAL, "variables: {known: false}\n")
    call = Dialogue(withheld)
    assert call.of(Listen)[0].phrases == ("进度",)
    call.press("1")
    assert call.notes("event")[0]["event"] == "no_match"
    call.press("3")
    assert call.notes("event")[0]["event"] == "no_match"
    # The shorter phrase of an option that is there is not hidden by the longer one of an option that is not.
    call.hear("查询进度")
    assert call.at == "main.sorry"

    offered = library(CONDITIONAL, "variables: {known: true}\n")
    assert Dialogue(offered).of(Listen)[0].phrases == ("查询进度", "进度")
    call = Dialogue(offered)
    call.hear("查询进度")
    assert call.at == "main.bye"
    call = Dialogue(offered)
    call.press("345")
    assert (call.at, call.value("digits")) == ("main.bye", "345")


def test_a_menu_without_phrases_does_not_listen_even_for_commands() -> None:
    flow = "  menu: {kind: menu, prompt: ask, options: {one: {key: 1, next: bye}}}\n  bye: {kind: hangup}\n"
    hotline = "always: {person: {key: 0, say: {zh: 人工, en: person}, next: main.bye}}\n"
    assert not Dialogue(library(flow, hotline)).of(Listen)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("a: {key: 1, next: bye}, b: {key: 1, next: bye}", "duplicate-option-key"),
        ("a: {next: bye}", "unreachable-option"),
        ("a: {key: 1}", "no-next"),
        ("a: {pattern: '1[', next: bye}", "bad-pattern"),
        ("a: {key: 1, say: {zh: 一}, next: bye}, b: {key: 2, say: {zh: 一}, next: bye}", "duplicate-phrase"),
    ],
)
def test_faults_of_options(options: str, code: str) -> None:
    flow = f"  menu: {{kind: menu, prompt: ask, options: {{{options}}}}}\n  bye: {{kind: hangup}}\n"
    assert code in {finding.code for finding in faults(flow)}
