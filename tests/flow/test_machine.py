"""What the machine does, action by action: events, tapering, barge-in, keys typed ahead, timers, commands."""

from __future__ import annotations

from ivr.flow import machine
from ivr.flow.actions import CancelTimer, Hangup, Listen, Note, Play, StartTimer, StopListen, StopPlay
from ivr.flow.inputs import Digit, HungUp, OpId, PromptEnded, SpeechFailed, SpeechPartial, SpeechStarted
from ivr.flow.machine import MAX_HOPS
from ivr.flow.state import CallFacts
from tests.flow.support import NOON, Dialogue, library

MENU = """
  menu:
    kind: menu
    prompt: {1: ask, 2: again}
    options:
      complaint: {key: 1, say: {zh: [投诉, 举报], en: complaint}, next: bye}
      twelve: {key: 12, next: sorry}
      three: {key: 3, next: sorry}
    into: topic
  sorry: {kind: say, prompt: sorry, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
ALWAYS = """
fallback: main.bye
always:
  person: {key: 0, say: {zh: [人工]}, next: main.sorry}
  back: {key: "*", do: back}
  repeat: {key: "#", do: repeat}
  crisis: {urgent: true, say: {zh: [不想活]}, next: main.sorry}
"""


def test_a_menu_plays_listens_and_takes_a_key_at_once() -> None:
    call = Dialogue(library(MENU, ALWAYS))
    assert [type(action) for action in call.actions if not isinstance(action, Note)] == [Play, Listen]
    (listen,) = call.of(Listen)
    assert listen.phrases == ("投诉", "举报", "人工", "不想活")
    playing, listening = call.op("play"), call.op("listen")
    call.give(Digit("3"))
    assert call.actions[:2] == (StopPlay(playing), StopListen(listening))
    assert call.heard() == ["sorry"]
    assert call.state.variables["topic"] == "three"


def test_a_key_that_another_option_begins_with_waits_for_the_next_one() -> None:
    call = Dialogue(library(MENU))
    call.give(Digit("1"))
    (timer,) = call.of(StartTimer)
    assert call.state.node == "main.menu"
    call.give(Digit("2"))
    assert call.of(CancelTimer) == [CancelTimer(timer.op)]
    assert call.state.variables["topic"] == "twelve"

    call = Dialogue(library(MENU))
    call.give(Digit("1"))
    call.fire("inter_digit")
    assert call.state.variables["topic"] == "complaint"


def test_silence_counts_only_after_the_prompt_and_tapers_it() -> None:
    call = Dialogue(library(MENU))
    assert call.heard() == ["ask"]
    assert not call.of(StartTimer)
    call.played()
    assert [timer.after_s for timer in call.of(StartTimer)] == [8.0]
    call.fire("first_input")
    assert call.heard() == ["again"]
    call.played()
    call.fire("first_input")
    assert call.heard() == ["again"]
    call.played()
    call.fire("first_input")
    assert call.state.ended or call.heard() == []
    assert call.state.node == "~farewell"


def test_the_hotline_may_say_what_the_second_silence_leads_to() -> None:
    hotline = "on: {no_input: {count: 2, say: sorry, next: main.bye}}\n"
    call = Dialogue(library(MENU, hotline))
    call.played()
    call.fire("first_input")
    assert call.state.node == "main.menu"
    call.played()
    call.fire("first_input")
    # What the handler says and what the next node says are one sound.
    assert call.heard() == ["sorry", "bye"]


def test_the_highest_count_reached_wins_before_the_nearest_scope() -> None:
    menu = MENU.replace("into: topic", "on: {no_match: {count: 1, say: sorry}}")
    call = Dialogue(library(menu, "on: {no_match: {count: 2, next: main.bye}}\n"))
    call.give(Digit("9"))
    assert (call.state.node, call.heard()) == ("main.menu", ["sorry"])
    call.give(Digit("9"))
    assert call.state.node == "main.bye"


def test_a_handler_repeats_the_prompt_only_when_it_says_so() -> None:
    menu = MENU.replace(
        "into: topic", "on: {no_match: [{count: 1, say: sorry}, {count: 2, say: sorry, reprompt: true}]}"
    )
    call = Dialogue(library(menu))
    call.give(Digit("9"))
    assert call.heard() == ["sorry"]
    call.played()
    assert call.of(Listen) and call.of(StartTimer)
    call.give(Digit("9"))
    assert call.heard() == ["sorry", "again"]


def test_conditions_choose_among_handlers() -> None:
    menu = MENU.replace("into: topic", "on: {no_match: [{if: language == 'en', next: sorry}, {say: sorry}]}")
    call = Dialogue(library(menu), language="zh")
    call.give(Digit("9"))
    assert call.state.node == "main.menu"
    call = Dialogue(library(menu), language="en")
    call.give(Digit("9"))
    assert call.state.node == "main.sorry"


def test_counts_begin_anew_with_a_visit_unless_they_are_the_calls() -> None:
    flow = """
  first: {kind: menu, prompt: ask, options: {on: {key: 1, next: second}}, on: {no_match: {reprompt: true}}}
  second:
    kind: menu
    prompt: ask
    options: {on: {key: 1, next: first}}
    on: {no_match: [{reprompt: true}, {count: 3, per: call, next: bye}]}
  bye: {kind: hangup}
"""
    call = Dialogue(library(flow, "fallback: main.bye\n"))
    call.give(Digit("9"))
    call.give(Digit("9"))
    call.give(Digit("1"))
    assert call.state.counts == {}
    call.give(Digit("9"))
    assert call.state.ended


def test_speech_stops_the_prompt_and_the_silence_timer() -> None:
    call = Dialogue(library(MENU))
    playing = call.op("play")
    call.give(SpeechStarted(call.op("listen")))
    assert StopPlay(playing) in call.actions
    # A recogniser that never comes back is given up.
    assert [timer.after_s for timer in call.of(StartTimer)] == [20.0]
    call.hear("我要举报")
    assert call.state.variables["topic"] == "complaint"
    assert not call.state.waiting.keys() - {"play"}


def test_sound_without_words_is_no_match_never_no_input() -> None:
    call = Dialogue(library(MENU))
    call.hear("")
    assert [note.data["event"] for note in call.of(Note) if note.kind == "event"] == ["no_match"]


def test_what_is_not_believed_is_no_match() -> None:
    call = Dialogue(library(MENU))
    call.hear("投诉", confidence=0.3)
    assert call.state.node == "main.menu"
    call.hear("投诉", confidence=None)
    assert call.state.node == "main.bye"


def test_the_phrase_that_the_recogniser_names_wins() -> None:
    call = Dialogue(library(MENU))
    call.hear("头诉", phrase="投诉")
    assert call.state.variables["topic"] == "complaint"


def test_without_recognition_the_menu_is_keys_only_and_silent_about_it() -> None:
    call = Dialogue(library(MENU), speech=())
    assert not call.of(Listen)
    call = Dialogue(library(MENU))
    call.give(SpeechFailed(call.op("listen"), "unavailable"))
    assert not call.heard()
    assert "play" in call.state.waiting
    call.played()
    assert not call.of(Listen)
    assert call.of(StartTimer)


def test_an_overloaded_recogniser_is_asked_again_at_the_next_node_only() -> None:
    flow = MENU.replace("key: 3, next: sorry", "key: 3, next: menu")
    call = Dialogue(library(flow))
    call.give(SpeechFailed(call.op("listen"), "overloaded"))
    call.played()
    assert not call.of(Listen)
    call.give(Digit("3"))
    assert call.of(Listen)


def test_an_open_question_without_recognition_leads_elsewhere_before_its_prompt() -> None:
    flow = """
  ask: {kind: ask, prompt: ask, into: said, next: bye, on: {error.asr: {say: sorry, next: menu}}}
""" + MENU.lstrip("\n")
    call = Dialogue(library(flow), speech=())
    assert call.state.node == "main.menu"
    assert call.heard() == ["sorry", "ask"]


def test_barge_in_off_keeps_the_keys_for_the_prompts_end() -> None:
    flow = MENU.replace("into: topic", "barge_in: {interrupt: false, listen: false}")
    call = Dialogue(library(flow))
    assert not call.of(Listen)
    assert call.give(Digit("3")) == ()
    assert call.state.keys == "3"
    call.played()
    assert call.state.node == "main.sorry"


def test_keys_typed_ahead_answer_the_next_question_without_its_prompt() -> None:
    flow = "  hello: {kind: say, prompt: sorry, next: menu}\n" + MENU.lstrip("\n")
    call = Dialogue(library(flow))
    call.give(Digit("1"))
    call.give(Digit("2"))
    assert call.state.keys == "12"
    call.played()
    assert call.state.variables["topic"] == "twelve"
    assert call.heard() == ["sorry"]


def test_flush_drops_keys_typed_ahead() -> None:
    flow = "  hello: {kind: say, prompt: sorry, next: menu}\n" + MENU.lstrip("\n").replace(
        "into: topic", "barge_in: {flush: true}"
    )
    call = Dialogue(library(flow))
    call.give(Digit("3"))
    call.played()
    assert (call.state.node, call.heard()) == ("main.menu", ["ask"])


def test_commands_work_by_key_and_by_voice_in_every_node() -> None:
    call = Dialogue(library(MENU, ALWAYS))
    call.give(Digit("0"))
    assert call.state.node == "main.sorry"
    call = Dialogue(library(MENU, ALWAYS))
    call.hear("请帮我转人工")
    assert call.state.node == "main.sorry"
    say = "  hello: {kind: say, prompt: ask, next: menu}\n" + MENU.lstrip("\n")
    call = Dialogue(library(say, ALWAYS))
    call.give(Digit("0"))
    assert call.state.node == "main.sorry"


def test_urgent_words_are_heard_in_unfinished_speech_and_in_any_words() -> None:
    call = Dialogue(library(MENU, ALWAYS))
    call.give(SpeechPartial(call.op("listen"), "我 不想 活 了"))
    assert call.state.node == "main.sorry"
    call = Dialogue(library(MENU, ALWAYS))
    call.hear("我要投诉，我不想活了", confidence=0.1)
    assert call.state.node == "main.sorry"


def test_a_nodes_own_key_goes_before_a_command() -> None:
    call = Dialogue(library(MENU.replace("key: 3", "key: 0"), ALWAYS))
    call.give(Digit("0"))
    assert call.state.variables["topic"] == "three"


def test_back_goes_to_the_question_before_and_repeat_says_this_one_again() -> None:
    flow = """
  first: {kind: menu, prompt: ask, options: {on: {key: 1, next: second}}}
  second: {kind: menu, prompt: {1: again, 2: sorry}, options: {on: {key: 1, next: bye}}}
  bye: {kind: hangup}
"""
    call = Dialogue(library(flow, ALWAYS.replace("main.sorry", "main.bye")))
    call.give(Digit("1"))
    call.give(Digit("#"))
    assert (call.state.node, call.heard()) == ("main.second", ["sorry"])
    call.give(Digit("*"))
    assert (call.state.node, call.heard()) == ("main.first", ["ask"])
    call.give(Digit("*"))
    assert (call.state.node, call.heard()) == ("main.first", ["ask"])


def test_a_prompt_that_cannot_be_played_does_not_end_the_dialogue() -> None:
    call = Dialogue(library(MENU))
    call.give(PromptEnded(call.op("play"), "failed"))
    assert call.state.node == "main.menu"
    assert call.of(StartTimer)
    call = Dialogue(library(MENU.replace("into: topic", "on: {error.prompt: {next: bye}}")))
    call.give(PromptEnded(call.op("play"), "failed"))
    assert call.state.node == "main.bye"


def test_the_whole_node_has_its_time() -> None:
    call = Dialogue(
        library(MENU.replace("into: topic", "timers: {whole_s: 30}\n    on: {timeout: {next: bye}}"))
    )
    assert [timer.after_s for timer in call.of(StartTimer)] == [30.0]
    call.fire("whole")
    assert call.state.node == "main.bye"


def test_a_loop_ends_with_a_person_and_in_the_end_with_the_last_words() -> None:
    # Every way round goes through `say` with nothing to say: the linter refuses it, so the loop is by condition.
    flow = """
  round: {kind: say, prompt: [{id: ask, if: call.caller == 'nobody'}], next: back}
  back: {kind: branch, cases: [{if: call.caller == '1', next: bye}], else: choose}
  choose: {kind: menu, prompt: [{id: ask, if: "false"}], options: {a: {key: 1, next: round}}}
  bye: {kind: hangup}
"""
    flows = library(flow, "fallback: main.choose\nfarewell: bye\n")
    object.__setattr__(flows.nodes["main.back"], "otherwise", "main.round")
    call = CallFacts("c-1")
    step = machine.start(flows, "", call, NOON)
    notes = [action for action in step.actions if isinstance(action, Note)]
    assert [note.kind for note in notes].count("node") == MAX_HOPS + 1
    assert step.state.node == "main.choose"
    for _ in range(2):
        step = machine.step(flows, step.state, Digit("1"), NOON)
    assert step.state.node == "~farewell"
    step = machine.step(flows, step.state, PromptEnded(OpId(step.state.waiting["play"]), "finished"), NOON)
    assert step.actions == (Hangup(),)


def test_a_state_of_another_version_goes_to_a_person() -> None:
    call = Dialogue(library(MENU, ALWAYS))
    other = library("  bye: {kind: hangup, prompt: bye}\n", "fallback: main.bye\n")
    step = machine.step(other, call.state, Digit("1"), NOON)
    assert step.state.node == "main.bye"
    assert step.state.flow_version == other.version != call.state.flow_version


def test_hanging_up_ends_everything_at_any_moment() -> None:
    call = Dialogue(library(MENU))
    (note,) = call.give(HungUp("caller", 16))
    assert isinstance(note, Note)
    assert note.data == {"node": "main.menu", "by": "caller", "cause": 16}
    assert call.state.ended


def test_each_visit_gets_new_ops() -> None:
    call = Dialogue(library(MENU))
    first = call.op("play")
    call.played()
    call.fire("first_input")
    assert call.op("play") != first
    before = call.state
    assert call.give(PromptEnded(first, "finished")) == ()
    assert call.state == before
