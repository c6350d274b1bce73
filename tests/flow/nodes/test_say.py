"""say: what is heard, what keys and words do meanwhile, and words that wait for the next ones."""

from __future__ import annotations

from ivr.flow.actions import Listen, Play, StopListen, StopPlay
from ivr.flow.inputs import SpeechFailed, SpeechPartial, SpeechStarted
from tests.flow.support import PERSON, Dialogue, library

SAY = """
  say: {kind: say, prompt: [ask, again]MORE, next: menu}
  menu: {kind: menu, prompt: sorry, options: {one: {key: 1, next: bye}}}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
URGENT = PERSON + "  crisis: {urgent: true, say: {zh: [不想活]}, next: main.person}\n"


def say(more: str = "", hotline: str = "", **facts: object) -> Dialogue:
    return Dialogue(library(SAY.replace("MORE", more), hotline), **facts)  # type: ignore[arg-type]


def test_prompts_are_heard_to_the_end_and_then_it_goes_on() -> None:
    call = say()
    assert call.heard() == ["ask", "again"]
    assert not call.of(Listen)
    call.played()
    assert (call.at, call.heard()) == ("main.menu", ["sorry"])


def test_keys_are_kept_for_the_next_question() -> None:
    call = say()
    assert call.press("1") == ()
    call.played()
    assert call.at == "main.bye"


def test_a_key_ends_it_early_only_where_it_may() -> None:
    call = say(", interrupt: true")
    playing = call.op("play")
    call.press("1")
    assert call.actions[0] == StopPlay(playing)
    assert call.at == "main.bye"


def test_a_key_of_a_command_acts_unless_others_were_typed_before_it() -> None:
    call = say("", PERSON)
    call.press("0")
    assert call.at == "main.person"
    call = say("", PERSON)
    call.press("10")
    assert (call.at, call.state.keys) == ("main.say", "10")
    call = say(", always: false", PERSON)
    call.press("0")
    assert (call.at, call.state.keys) == ("main.say", "0")


def test_repeat_says_it_again_from_the_beginning() -> None:
    call = say("", PERSON)
    call.press("#")
    assert call.heard() == ["ask", "again"]


def test_commands_are_heard_meanwhile_and_nothing_else_stops_it() -> None:
    call = say("", URGENT)
    (listen,) = call.of(Listen)
    assert listen.phrases == ("人工", "再说一遍", "不想活")
    assert call.give(SpeechStarted(call.op("listen"))) == ()
    call.hear("今天天气")
    assert (call.at, call.of(StopPlay), len(call.of(Listen))) == ("main.say", [], 1)
    call.hear("人工", 0.2)
    assert call.at == "main.say"
    call.hear("转人公", 0.9, phrase="人工")
    assert call.at == "main.person"


def test_urgent_words_count_in_unfinished_speech_and_however_badly_they_were_heard() -> None:
    call = say("", URGENT)
    call.give(SpeechPartial(call.op("listen"), "我真的不想活了"))
    assert call.at == "main.person"
    call = say("", URGENT)
    call.hear("不想火", 0.1, phrase="不想活")
    assert call.at == "main.person"
    call = say("", URGENT)
    call.hear("不像话", 0.1, others={"不想活": 0.4})
    assert call.at == "main.person"


def test_a_reading_that_the_recogniser_itself_does_not_believe_is_not_urgent() -> None:
    # The phrases of a grammar that come next are told however unlikely they are.
    call = say("", URGENT)
    call.hear("今天天气", 0.9, others={"不想活": 0.05})
    assert call.at == "main.say"


def test_it_does_not_listen_where_it_should_not_or_cannot() -> None:
    assert not say(", listen: false", PERSON).of(Listen)
    assert not say("", PERSON + "barge_in: {listen: false}\n").of(Listen)
    assert say(", listen: true", PERSON + "barge_in: {listen: false}\n").of(Listen)
    assert not say("", PERSON, speech=()).of(Listen)


def test_the_end_of_the_prompt_ends_the_listening() -> None:
    call = say("", PERSON)
    listening = call.op("listen")
    call.played()
    assert StopListen(listening) in call.actions


def test_a_recogniser_that_fails_is_asked_once_more_and_nothing_is_said_about_it() -> None:
    call = say("", PERSON + "on: {error.asr: {next: main.bye}}\n")
    call.give(SpeechFailed(call.op("listen"), "lost"))
    assert (call.at, len(call.of(Listen))) == ("main.say", 1)
    call.give(SpeechFailed(call.op("listen"), "lost"))
    assert (call.at, call.of(Listen), call.state.speech_off) == ("main.say", [], False)
    call = say("", PERSON)
    call.give(SpeechFailed(call.op("listen"), "unavailable"))
    assert call.state.speech_off


TWO_LANGUAGES = ", prompt: [{id: ask, language: en}, again]"


def two_languages(more: str = "") -> Dialogue:
    return Dialogue(library(SAY.replace(", prompt: [ask, again]MORE", TWO_LANGUAGES + more)))


def test_each_language_is_a_sound_of_its_own() -> None:
    call = two_languages()
    assert [(play.language, call.heard()) for play in call.of(Play)] == [("en", ["ask"])]
    call.played()
    assert [(play.language, call.heard()) for play in call.of(Play)] == [("zh", ["again"])]


def test_what_cannot_be_played_is_passed_over() -> None:
    call = two_languages()
    call.not_played()
    assert (call.at, call.heard()) == ("main.say", ["again"])
    call.not_played()
    assert call.at == "main.menu"


def test_a_handler_may_say_something_else_or_lead_elsewhere() -> None:
    call = two_languages(", on: {error.prompt: {say: sorry}}")
    call.not_played()
    assert (call.at, call.heard()) == ("main.say", ["sorry", "again"])
    call = two_languages(", on: {error.prompt: {next: bye}}")
    call.not_played()
    assert call.at == "main.bye"


def test_words_that_do_not_wait_are_heard_right_before_the_next_ones() -> None:
    call = say(", wait: false")
    assert (call.at, call.heard()) == ("main.menu", ["ask", "again", "sorry"])


def test_words_that_do_not_wait_are_not_lost_where_nothing_else_is_said() -> None:
    flow = """
  say: {kind: say, prompt: ask, wait: false, next: quiet}
  quiet: {kind: menu, options: {one: {key: 1, next: bye}}}
  bye: {kind: hangup}
"""
    call = Dialogue(library(flow))
    assert (call.at, call.heard()) == ("main.quiet", ["ask"])
    call.press("1")
    assert call.state.ended


def test_a_prompt_whose_condition_does_not_hold_is_no_reason_to_stay() -> None:
    call = say().library
    flow = SAY.replace("[ask, again]MORE", "[{id: ask, if: call.caller == ''}]")
    assert Dialogue(library(flow)).at == "main.menu"
    assert Dialogue(call).at == "main.say"


def test_hanging_up_meanwhile_ends_it_or_goes_to_the_handler_of_hangup() -> None:
    call = say()
    call.hang_up()
    assert call.state.ended
    flow = SAY.replace("MORE", ", on: {hangup: {set: {gone: 1}, next: count}}") + (
        "  count: {kind: set, values: {gone: = gone + 1}, next: say_more}\n"
        "  say_more: {kind: say, prompt: ask, next: bye}\n"
    )
    call = Dialogue(library(flow, "variables: {gone: 0}\n"))
    call.hang_up()
    assert (call.state.ended, call.value("gone"), call.heard()) == (True, 2, [])
    assert call.passed() == ["main.count", "main.say_more", "main.bye"]


def test_cancel_skips_what_is_being_said_and_help_says_it_again() -> None:
    more = PERSON + "  help: {key: 8, do: help}\n  cancel: {key: 9, do: cancel}\n"
    call = say("", more)
    call.press("9")
    assert call.at == "main.menu"
    call = say("", more)
    call.press("8")
    assert call.heard() == ["ask", "again"]
    call = say(", on: {help: {say: sorry}}", more)
    call.press("8")
    assert call.heard() == ["sorry"]
