"""Another language than the one spoken: heard, understood, offered, taken or declined; nobody is made to change."""

from __future__ import annotations

import json

import pytest

from ivr.flow.actions import Listen, Play
from ivr.flow.codec import state_from_json, state_to_json
from ivr.flow.model import FlowLibrary
from tests.flow.support import Dialogue, faults, library

OFFER = "offer_language: {prompt: {zh: 说中文请按1, en: For English press 2}, keys: {zh: 1, en: 2}}\n"
SWITCHES = """
always:
  chinese: {say: {zh: [中文], en: [Chinese]}, language: zh}
  english: {say: {zh: [英语, 英文], en: [English please]}, language: en}
  repeat: {key: "#", say: {zh: [再说一遍], en: [pardon]}, do: repeat}
"""
NODES = """
  choose:
    kind: menu
    prompt: ask
    options:
      noise: {key: 1, say: {zh: [噪音], en: [noise]}, next: open}
      water: {key: 2, say: {zh: [停水], en: [water]}, next: right}
  open:
    kind: ask
    prompt: again
    into: said
    intent: topic
    options: {lamp: {say: {zh: [路灯], en: [lamp]}}}
    next: right
  right: {kind: confirm, prompt: again, into: sure, yes: number, no: choose}
  number: {kind: collect, prompt: ask, length: 4, into: digits, next: rate}
  rate: {kind: survey, prompt: ask, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
CONFIRM = "confirm: {before: did_you, value: value, after: yes_no}\n"
EN, ZH, LIKELY_EN = {"en": 0.95, "zh": 0.05}, {"zh": 0.97, "en": 0.03}, {"en": 0.6, "zh": 0.4}


def hotline(more: str = OFFER) -> FlowLibrary:
    return library(NODES, SWITCHES + CONFIRM + more)


def call(more: str = OFFER, language: str = "zh") -> Dialogue:
    call = Dialogue(hotline(more), language=language)
    call.played()
    return call


def offered(call: Dialogue) -> bool:
    return [note["language"] for note in call.notes("language_offered")] != []


def test_the_languages_of_the_hotline_are_told_apart_where_answers_are_long_enough() -> None:
    talk = call()
    assert talk.state.waiting["listen"]
    talk = Dialogue(hotline())
    assert talk.of(Listen)[0].identify == ("zh", "en")
    talk.press("2")
    assert (talk.at, talk.of(Listen)[0].identify) == ("main.right", ())


def test_a_hotline_of_one_language_and_a_node_that_says_so_do_not_ask() -> None:
    one = NODES.replace("prompt: ask\n    options", "prompt: ask\n    speech: {identify: false}\n    options")
    talk = Dialogue(library(one, SWITCHES + CONFIRM + OFFER))
    assert talk.of(Listen)[0].identify == ()


def test_words_that_make_no_sense_lead_to_the_offer_in_that_language() -> None:
    talk = call()
    talk.hear("where am I", 0.2, languages=EN)
    (play,) = talk.of(Play)
    assert (play.language, offered(talk), talk.at) == ("en", True, "main.choose")
    (listen,) = talk.of(Listen)
    assert (listen.language, listen.expects, "yes" in listen.phrases) == ("en", "yes_no", True)
    assert talk.state.language == "zh"
    assert not talk.notes("event") or talk.notes("event")[0]["event"] == "language"


@pytest.mark.parametrize("by", ["yes", "对", "key", "name", "more"])
def test_it_is_taken_and_the_question_asked_anew(by: str) -> None:
    talk = call()
    talk.hear("where am I", 0.2, languages=EN)
    if by == "key":
        talk.press("2")
    else:
        words = {"name": "English please", "more": "oh yes I would love that"}.get(by, by)
        talk.hear(words, languages=EN if by == "more" else None)
    assert (talk.state.language, talk.at, talk.heard()) == ("en", "main.choose", ["ask"])
    assert talk.of(Play)[0].language == "en"
    assert talk.of(Listen)[0].language == "en"


def test_a_no_is_remembered_for_the_call() -> None:
    talk = call()
    talk.hear("where am I", 0.2, languages=EN)
    talk.hear("no")
    assert (talk.state.language, talk.heard(), talk.of(Play)[0].language) == ("zh", ["ask"], "zh")
    assert talk.of(Listen)[0].identify == (), "nothing depends on it any more"
    talk.played()
    talk.hear("where am I", 0.2, languages=EN)
    assert (offered(talk), talk.notes("event")[0]["event"]) == (False, "no_match")


def test_who_declined_and_then_asks_for_it_gets_it_and_may_come_back() -> None:
    talk = call()
    talk.hear("where am I", 0.2, languages=EN)
    talk.hear("no")
    talk.hear("English please")
    assert talk.state.language == "en"
    talk.hear("什么", 0.2, languages=ZH)
    assert talk.notes("language_offered") == [{"node": "main.choose", "language": "zh"}]


def test_silence_and_another_key_go_on_in_the_language_spoken() -> None:
    talk = call()
    talk.hear("where am I", 0.2, languages=EN)
    talk.played()
    talk.fire("first_input")
    assert (talk.state.language, talk.heard(), talk.notes("event")) == ("zh", ["ask"], [])
    talk.played()
    talk.hear("where am I", 0.2, languages=EN)
    talk.press("1")
    assert (talk.state.language, talk.at) == ("zh", "main.open")
    talk.played()
    talk.hear("where am I", 0.9, languages=EN)
    assert (offered(talk), talk.at) == (False, "main.right"), "twice is enough"


def test_an_answer_of_the_other_language_is_taken_and_the_language_offered_at_the_next_question() -> None:
    talk = call()
    talk.hear("noise", 0.1, languages=EN)
    assert talk.notes("option") == [{"node": "main.choose", "option": "noise", "by": "speech"}]
    assert (talk.at, offered(talk), talk.of(Play)[0].language) == ("main.open", True, "en")
    talk.hear("yes")
    assert (talk.at, talk.state.language, talk.heard()) == ("main.open", "en", ["again"])


def test_without_a_word_on_languages_the_text_alone_is_understood_and_nothing_offered() -> None:
    talk = call()
    talk.hear("water")
    assert (talk.at, talk.state.language, offered(talk)) == ("main.right", "zh", False)


def test_what_makes_sense_in_the_language_spoken_is_that() -> None:
    talk = call()
    talk.hear("噪音", 0.9, languages=EN)
    assert (talk.at, offered(talk)) == ("main.open", False)


@pytest.mark.parametrize(("said", "at"), [("yes", "main.number"), ("no", "main.choose")])
def test_yes_and_no(said: str, at: str) -> None:
    talk = call()
    talk.press("2")
    talk.hear(said, languages=EN)
    assert talk.at == at


def test_digits_and_a_rating() -> None:
    talk = call()
    talk.press("2")
    talk.hear("yes")
    talk.hear("one two three four", languages=EN)
    assert (talk.value("digits"), talk.at) == ("1234", "main.rate")
    assert offered(talk)
    talk.hear("five", languages=EN)
    assert (talk.value("rating"), talk.state.language) == (5, "en"), "an answer in it takes it too"


def test_an_open_question_takes_a_hint_of_either_and_offers_when_there_is_none() -> None:
    talk = call()
    talk.press("1")
    talk.hear("my lamp is out", languages=EN)
    assert (talk.value("topic"), talk.at) == ("lamp", "main.right")
    talk = call()
    talk.press("1")
    talk.hear("something quite different", languages=EN)
    assert (offered(talk), talk.at, talk.value("said")) == (True, "main.open", "")


def test_likely_once_is_not_enough_and_its_own_language_clears_it() -> None:
    talk = call()
    talk.hear("嗯", 0.1, languages=LIKELY_EN)
    assert (offered(talk), talk.notes("event")[0]["event"]) == (False, "no_match")
    talk.hear("再说一遍", languages=ZH)
    talk.hear("嗯", 0.1, languages=LIKELY_EN)
    assert (offered(talk), talk.notes("event")[0]["count"]) == (False, 2)
    talk.hear("嗯", 0.1, languages=LIKELY_EN)
    assert offered(talk)


def test_pardon_in_the_other_language_is_offered_that() -> None:
    talk = call()
    talk.hear("pardon", 0.2, languages=EN)
    assert offered(talk)


def test_a_name_of_a_language_within_other_words_is_none() -> None:
    talk = call()
    talk.hear("我的英文材料交到哪里去办理")
    assert (talk.state.language, talk.notes("event")[0]["event"]) == ("zh", "no_match")


def test_an_author_may_handle_it() -> None:
    nodes = NODES + "  change: {kind: language, language: = wanted, next: choose}\n"
    handled = "on: {language: {set: {wanted: = event.detail.language}, next: main.change}}\n"
    talk = Dialogue(library(nodes, SWITCHES + CONFIRM + handled + "variables: {wanted: ''}\n"))
    talk.hear("where am I", 0.2, languages=EN)
    assert (talk.state.language, talk.at, talk.of(Play)[0].language) == ("en", "main.choose", "en")


def test_a_hotline_that_offers_nothing_misunderstands_as_before() -> None:
    talk = call("")
    talk.hear("where am I", 0.2, languages=EN)
    assert [note["event"] for note in talk.notes("event")] == ["no_match"]
    talk.press("1")
    talk.hear("something quite different", languages=EN)
    assert (talk.value("said"), talk.at) == ("something quite different", "main.right")


def test_a_computed_language_that_is_none_changes_nothing() -> None:
    nodes = "  change: {kind: language, language: = call.history.language, next: hello}\n"
    nodes += "  hello: {kind: menu, prompt: ask, options: {one: {key: 1, next: hello}}}\n"
    assert Dialogue(library(nodes), history={"language": "en"}).state.language == "en"
    assert Dialogue(library(nodes), history={"language": "xx"}).state.language == "zh"


def test_flows_see_which_other_language_was_heard() -> None:
    text = "  choose: {kind: menu, prompt: ask, options: {one: {key: 1, say: {zh: [一]}, next: which}}}\n"
    text += "  which: {kind: set, values: {other: = call.other_language}, next: choose}\n"
    talk = Dialogue(library(text, "variables: {other: ''}\n"))
    talk.hear("where am I", 0.2, languages=EN)
    talk.press("1")
    assert talk.value("other") == "en"


def test_the_state_is_json() -> None:
    talk = call()
    talk.hear("noise", 0.1, languages=EN)
    talk.hear("no")
    written = json.loads(json.dumps(state_to_json(talk.state)))
    assert state_from_json(written) == talk.state
    assert written["languages"]["declined"] == ["en"]


def test_what_is_wrong_with_the_offer_is_told() -> None:
    missing = OFFER.replace("zh: 1, en: 2", "zh: 1")
    same = OFFER.replace("en: 2", "en: 1")
    unknown = OFFER.replace("en: 2", "en: 2, fr: 3")
    codes = [
        {found.code for found in faults(NODES, SWITCHES + CONFIRM + each)}
        for each in (missing, same, unknown)
    ]
    assert codes == [{"missing-field"}, {"wrong-value"}, {"unknown-language"}]
    both = SWITCHES.replace("language: en}", "language: en, do: help}")
    assert "two-ways" in {found.code for found in faults(NODES, both + CONFIRM + OFFER)}
