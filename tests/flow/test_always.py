"""Commands that always work: by key and by voice, in every scope, and where they do not."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Listen, Play
from ivr.flow.inputs import SpeechPartial
from tests.flow.support import Dialogue, faults, library

ALWAYS = """
fallback: main.bye
variables: {said: "", asked: ""}
always:
  person: {key: 0, say: {zh: [人工], en: [person]}, reason: asked for one, into: asked, next: main.person}
  back: {key: "*", say: {zh: [返回]}, do: back}
  repeat: {key: "#", say: {zh: [再说一遍]}, do: repeat}
  crisis: {urgent: true, say: {zh: [不想活], en: [want to die]}, into: said, next: main.person}
"""
MENU = """
  first: {kind: menu, prompt: ask, options: {on: {key: 1, say: {zh: [投诉]}, next: second}} REST}
  second: {kind: menu, prompt: {1: again, 2: sorry}, options: {on: {key: 1, say: {zh: [建议]}, next: bye}}}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""


def menu(rest: str = "", hotline: str = ALWAYS, before: str = "", **facts: object) -> Dialogue:
    return Dialogue(library(before + MENU.replace("REST", rest), hotline), **facts)  # type: ignore[arg-type]


def test_by_key_and_by_voice() -> None:
    call = menu()
    call.press("0")
    assert (call.at, call.notes("command")) == (
        "main.person",
        [{"command": "person", "by": "key", "reason": "asked for one"}],
    )
    assert call.value("asked") == ""
    call = menu()
    call.hear("请帮我转人工")
    assert (call.at, call.value("asked")) == ("main.person", "请帮我转人工")


def test_the_grammar_holds_them() -> None:
    assert menu().of(Listen)[0].phrases == ("投诉", "人工", "返回", "再说一遍", "不想活")


def test_urgent_words_are_heard_in_unfinished_speech_in_whatever_language_and_before_anything_else() -> None:
    call = menu()
    call.give(SpeechPartial(call.op("listen"), "我 不想 活 了"))
    assert (call.at, call.value("said")) == ("main.person", "我 不想 活 了")
    call = menu()
    call.hear("我要投诉，我不想活了", confidence=0.1)
    assert call.at == "main.person"
    call = menu()
    call.hear("i want to die", confidence=0.3)
    assert call.at == "main.person"
    call = menu()
    assert call.give(SpeechPartial(call.op("listen"), "转人工")) == ()


def test_a_nodes_own_key_and_phrase_go_first() -> None:
    flow = MENU.replace("{key: 1, say: {zh: [投诉]}", "{key: 0, say: {zh: [人工]}").replace("REST", "")
    call = Dialogue(library(flow, ALWAYS))
    call.press("0")
    assert call.at == "main.second"
    call = Dialogue(library(flow, ALWAYS))
    call.hear("人工")
    assert call.at == "main.second"


def test_back_goes_to_the_question_before_and_repeat_says_this_one_again() -> None:
    call = menu()
    call.press("1")
    call.press("#")
    assert (call.at, call.heard()) == ("main.second", ["sorry"])
    call.press("*")
    assert (call.at, call.heard()) == ("main.first", ["ask"])
    # There is nothing before: the question is heard again.
    call.press("*")
    assert (call.at, call.heard(), call.state.history) == ("main.first", ["ask"], ("main.first",))


def test_a_step_that_was_gone_back_from_is_not_come_back_to() -> None:
    call = menu()
    call.press("1")
    call.press("*")
    call.press("1")
    call.press("*")
    assert (call.at, call.state.history) == ("main.first", ("main.first",))


def test_keys_typed_ahead_do_not_outlive_a_command() -> None:
    call = menu(before="  hello: {kind: say, prompt: ask, next: first}\n")
    call.press("07")
    assert (call.at, call.state.keys) == ("main.person", "")


@pytest.mark.parametrize(("always", "works"), [("true", "0*"), ("false", ""), ("[person]", "0"), ("[]", "")])
def test_which_of_them_work_at_a_node(always: str, works: str) -> None:
    for key in "0*":
        call = menu(f", always: {always}")
        call.press(key)
        assert bool(call.notes("command")) == (key in works)


def test_even_urgent_ones_are_silenced_by_always_false() -> None:
    call = menu(", always: false")
    call.hear("不想活")
    assert call.at == "main.first"


def test_a_flow_may_have_its_own_and_replace_the_hotlines() -> None:
    own = "flow: main\nalways: {person: {key: 9, next: second}, menu: {key: 8, next: bye}}\nnodes:\n"
    flow = own + MENU.replace("REST", "")
    call = Dialogue(library(flow, ALWAYS))
    call.press("0")
    assert call.notes("event")[0]["event"] == "no_match"
    call.press("9")
    assert call.at == "main.second"
    call.press("8")
    assert call.at == "main.bye"


def test_repeat_of_a_question_reached_by_typed_keys_says_its_prompt() -> None:
    call = menu(before="  hello: {kind: say, prompt: bye, next: first}\n")
    call.press("1#")
    call.played()
    assert (call.at, call.heard()) == ("main.second", ["again"])


def test_a_second_language_has_its_own_words() -> None:
    call = menu(language="en")
    # Nothing to choose by voice in English, so that it is not listened.
    assert not call.of(Listen) and call.of(Play)
    flow = MENU.replace("[投诉]}", "[投诉], en: [complaint]}").replace("REST", "")
    call = Dialogue(library(flow, ALWAYS), language="en")
    call.hear("i would like a person please")
    assert call.at == "main.person"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("{key: 9}", "two-ways"),
        ("{key: 9, do: back, next: main.bye}", "two-ways"),
        ("{key: 99, do: back}", "wrong-value"),
        ("{key: 0, do: back}", "duplicate-key"),
        ("{key: 9, next: main.nowhere}", "unknown-target"),
        ("{key: 9, do: home}", "wrong-value"),
    ],
)
def test_faults(command: str, code: str) -> None:
    found = faults(MENU.replace("REST", ""), ALWAYS + f"  other: {command}\n")
    assert code in {finding.code for finding in found}
    assert "unknown-command" in {
        finding.code for finding in faults(MENU.replace("REST", ", always: [persn]"), ALWAYS)
    }
