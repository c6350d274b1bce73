"""The kinds of node beside the menu: collect, ask, survey, queue, branch, set, language."""

from __future__ import annotations

import pytest

from ivr.flow.actions import (
    CancelTimer,
    Enqueue,
    Hangup,
    LeaveQueue,
    Listen,
    Note,
    Play,
    StartTimer,
    StopPlay,
)
from ivr.flow.inputs import AgentJoined, Digit, QueueEnded, QueueProgress
from tests.flow.support import Dialogue, library

PERSON = 'always: {person: {key: 0, say: {zh: [人工]}, next: main.bye}, repeat: {key: "#", do: repeat}}\n'
COLLECT = """
  number: {kind: collect, prompt: ask, into: number, RULE, next: bye}
  bye: {kind: hangup, prompt: bye}
"""


def typed(rule: str, keys: str) -> Dialogue:
    call = Dialogue(library(COLLECT.replace("RULE", rule), PERSON))
    for key in keys:
        call.give(Digit(key))
    return call


@pytest.mark.parametrize(
    ("rule", "keys", "taken"),
    [
        ("length: 4", "1234", "1234"),
        ("length: {least: 2, most: 6}", "123#", "123"),
        ("patterns: ['1[3-9]X{9}']", "13812345678", "13812345678"),
        ("patterns: ['1[3-9]X{9}', 'NX{6}']", "2345678", "2345678"),
        ("length: 3, terminator: null", "100", "100"),
    ],
)
def test_digits_are_taken_when_they_are_complete(rule: str, keys: str, taken: str) -> None:
    call = typed(rule, keys)
    assert call.state.variables["number"] == taken
    assert call.state.node == "main.bye"


def test_a_pause_after_enough_digits_ends_them_sooner_than_one_in_between() -> None:
    call = typed("length: {least: 2, most: 6}", "1")
    assert [timer.after_s for timer in call.of(StartTimer)] == [3.0]
    call.give(Digit("2"))
    assert [timer.after_s for timer in call.of(StartTimer)] == [2.0]
    call.fire("inter_digit")
    assert call.state.variables["number"] == "12"


def test_too_few_digits_and_wrong_ones_are_no_match_and_begin_anew() -> None:
    call = typed("length: 4", "12")
    call.fire("inter_digit")
    assert (call.state.node, call.heard()) == ("main.number", ["ask"])
    call = typed("patterns: ['1[3-9]X{9}']", "12")
    assert (call.state.node, call.heard()) == ("main.number", ["ask"])
    assert call.state.data["digits"] == ""


def test_zero_is_a_digit_first_and_a_command_when_it_stands_alone() -> None:
    call = typed("length: 4", "0123")
    assert call.state.variables["number"] == "0123"
    call = typed("length: 4", "0")
    call.fire("inter_digit")
    assert call.state.node == "main.bye"
    call = typed("length: 4", "0#")
    assert call.state.node == "main.bye"
    call = typed("patterns: ['1XXX']", "0")
    assert call.state.node == "main.bye"


def test_masked_digits_are_in_no_note() -> None:
    call = typed("length: 4, masked: true", "1234")
    assert "1234" not in str(call.of(Note))


ASK = """
  ask:
    kind: ask
    prompt: ask
    into: said
    intent: topic
    options:
      complaint: {key: 2, say: {zh: [投诉, 噪音]}, next: complaint}
      noise: {say: {zh: [噪音扰民]}, next: noise}
    next: other
  complaint: {kind: hangup, prompt: ask}
  noise: {kind: hangup, prompt: again}
  other: {kind: hangup, prompt: bye}
  person: {kind: hangup, prompt: sorry}
"""
TO_PERSON = PERSON.replace("main.bye", "main.person")


@pytest.mark.parametrize(
    ("said", "node", "topic"),
    [
        ("我 想 投诉 邻居", "main.complaint", "complaint"),
        ("楼下噪音扰民怎么办", "main.noise", "noise"),
        ("今天天气不错", "main.other", ""),
    ],
)
def test_an_open_answer_is_kept_and_the_longest_hint_in_it_decides(said: str, node: str, topic: str) -> None:
    call = Dialogue(library(ASK, TO_PERSON))
    call.hear(said)
    assert call.state.node == node
    assert call.state.variables["said"] == said
    assert call.state.variables["topic"] == topic


def test_asking_for_a_person_is_told_from_speaking_about_one() -> None:
    call = Dialogue(library(ASK, TO_PERSON))
    call.hear("麻烦帮我转一下人工")
    assert call.state.node == "main.person"
    assert call.state.variables["said"] == ""
    call = Dialogue(library(ASK, TO_PERSON))
    call.hear("我要投诉你们的人工服务员昨天的态度很差")
    assert call.state.node == "main.complaint"


SURVEY = """
  survey: {kind: survey, prompt: ask, into: rating, next: by_rating, skipped: bye}
  by_rating: {kind: branch, cases: [{if: rating >= 4, next: sorry}], else: bye}
  sorry: {kind: say, prompt: sorry, next: bye}
  bye: {kind: hangup, prompt: bye}
"""


@pytest.mark.parametrize(("key", "heard"), [("1", ["bye"]), ("4", ["sorry"])])
def test_a_rating_is_noted_and_leads_on(key: str, heard: list[str]) -> None:
    call = Dialogue(library(SURVEY))
    call.give(Digit(key))
    assert [note.data["rating"] for note in call.of(Note) if note.kind == "survey"] == [int(key)]
    assert call.heard() == heard


def test_nobody_is_kept_for_not_rating() -> None:
    call = Dialogue(library(SURVEY, "on: {no_input: {count: 2, next: main.sorry}}\n"))
    call.played()
    call.fire("first_input")
    assert call.state.node == "main.bye"
    call = Dialogue(library(SURVEY))
    call.give(Digit("9"))
    assert call.heard() == ["ask"]
    call.give(Digit("7"))
    assert call.state.node == "main.bye"


QUEUE = """
  wait:
    kind: queue
    queue: general
    prompt: ask
    priority: "= 2 + 3"
    reason: "{topic}/{said}"
    announce: {first: again, place: place, every_s: 30}
    comfort: {prompts: [sorry, [sorry, ask]], every_s: 45}
    next: bye
    on: {error.queue.full: {say: sorry, next: bye}}
  bye: {kind: hangup, prompt: bye}
"""
VARIABLES = 'variables: {topic: noise, said: ""}\n' + PERSON


def waiting() -> Dialogue:
    return Dialogue(library(QUEUE, VARIABLES))


def test_the_place_is_taken_before_the_prompt_is_heard() -> None:
    call = waiting()
    kinds = [type(action) for action in call.actions if not isinstance(action, Note)]
    assert kinds == [Enqueue, Play, Listen, StartTimer]
    (entry,) = call.of(Enqueue)
    assert (entry.queue, entry.language, entry.priority, entry.reason) == ("general", "zh", 5, "noise/")


def test_the_place_is_told_when_nothing_else_is_and_never_a_worse_one() -> None:
    call = waiting()
    queue = call.op("queue")
    call.give(QueueProgress(queue, 3, 5))
    assert not call.heard()
    call.played()
    assert call.heard() == ["place"]
    assert call.of(Play)[0].prompts[0].values == {"place": 3}
    call.played()
    # Better, but too soon; then worse; then better again when its time has come.
    assert call.give(QueueProgress(queue, 2, 5)) == ()
    assert call.give(QueueProgress(queue, 4, 5)) == ()
    call.fire("place")
    assert not call.heard()
    call.give(QueueProgress(queue, 1, 5))
    assert call.heard() == ["again"]


def test_words_of_comfort_come_in_turn_and_the_last_stays() -> None:
    call = waiting()
    call.played()
    heard = []
    for _ in range(3):
        call.fire("comfort")
        heard.append(call.heard())
        call.played()
    assert heard == [["sorry"], ["sorry", "ask"], ["sorry", "ask"]]


def test_an_agent_who_joins_ends_prompts_and_timers() -> None:
    call = waiting()
    playing, comfort = call.op("play"), call.op("timer.comfort")
    call.give(AgentJoined(call.op("queue"), "a1"))
    assert call.actions[:2] == (StopPlay(playing), CancelTimer(comfort))
    assert set(call.state.waiting) == {"queue"}
    assert call.give(Digit("0")) == ()
    assert call.give(QueueProgress(call.op("queue"), 1, 1)) == ()


def test_after_the_talk_the_dialogue_goes_on_with_its_result() -> None:
    call = waiting()
    call.give(AgentJoined(call.op("queue"), "a1"))
    call.give(QueueEnded(call.op("queue"), "served", "a1", 12.0, 60.0))
    assert call.state.node == "main.bye"
    assert call.state.variables["queue"] == {
        "outcome": "served",
        "waited_s": 12.0,
        "talked_s": 60.0,
        "agent": "a1",
    }


def test_a_queue_that_does_not_serve_raises_its_event() -> None:
    call = waiting()
    call.give(QueueEnded(call.op("queue"), "full"))
    assert call.heard() == ["sorry", "bye"]
    # Without a handler the call ends in good order, even if the fallback is this very queue.
    call = Dialogue(library(QUEUE, "fallback: main.wait\n" + VARIABLES))
    call.give(QueueEnded(call.op("queue"), "closed"))
    assert call.of(Hangup)


def test_keys_while_waiting_do_not_cost_the_place() -> None:
    call = waiting()
    call.played()
    call.give(QueueProgress(call.op("queue"), 2, 5))
    call.played()
    assert call.give(Digit("0")) == ()
    call.give(Digit("#"))
    assert call.heard() == ["place"]
    assert not call.of(LeaveQueue)


def test_set_and_branch_see_what_was_set() -> None:
    flow = """
  one: {kind: set, values: {tries: = tries + 1, said: plain}, next: two}
  two: {kind: set, values: {tries: = tries * 10}, next: three}
  three: {kind: branch, cases: [{if: tries == 10 && said == 'plain', next: bye}], else: sorry}
  sorry: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
    call = Dialogue(library(flow, "variables: {tries: 0}\n"))
    assert call.heard() == ["bye"]


def test_an_expression_that_fails_is_noted_and_false() -> None:
    flow = """
  three: {kind: branch, cases: [{if: tries / 0 == 1, next: bye}], else: sorry}
  sorry: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
    call = Dialogue(library(flow, "variables: {tries: 1}\n"))
    assert call.heard() == ["sorry"]
    assert [note.data["node"] for note in call.of(Note) if note.kind == "expression_failed"] == ["main.three"]


def test_language_changes_what_is_spoken_and_said() -> None:
    flow = """
  english: {kind: language, language: en, next: hello}
  hello: {kind: say, prompt: [{id: ask, language: zh}, name, again], next: bye}
  bye: {kind: hangup, prompt: bye}
"""
    call = Dialogue(library(flow, "variables: {who: Ann}\n"))
    assert (call.of(Play)[0].language, call.heard()) == ("zh", ["ask"])
    call.played()
    assert (call.of(Play)[0].language, call.heard()) == ("en", ["name", "again"])
    assert call.of(Play)[0].prompts[0].values == {"who": "Ann"}
