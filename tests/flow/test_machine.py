"""The machine around the nodes: which inputs count, what leaving closes, loops that end, faults of ours."""

from __future__ import annotations

import pytest

from ivr.flow import machine
from ivr.flow.actions import CancelTimer, Hangup, Listen, Play, StartTimer, StopListen
from ivr.flow.inputs import (
    CallbackPlaced,
    Digit,
    Input,
    LookupEnded,
    OpId,
    PartyJoined,
    PromptEnded,
    RecordingEnded,
    RequestEnded,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
    TimerFired,
    TransferEnded,
)
from ivr.flow.machine import MAX_HOPS, MAX_VISITS
from ivr.flow.state import Step
from tests.flow.support import NOON, PERSON, Dialogue, library

MENU = """
  menu:
    kind: menu
    prompt: {1: ask, 2: again}
    options:
      complaint: {key: 1, say: {zh: [投诉]}, next: sorry}
      again: {key: 2, next: menu}
  sorry: {kind: say, prompt: sorry, next: bye}
  person: {kind: menu, prompt: bye, options: {menu: {key: 1, next: menu}}}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = PERSON + "fallback: main.person\nfarewell: sorry\n"


def menu() -> Dialogue:
    return Dialogue(library(MENU, HOTLINE))


def test_the_first_step() -> None:
    call = menu()
    (started,) = call.notes("started")
    assert started.items() >= {"flow": "main", "version": call.library.version, "language": "zh"}.items()
    assert [type(action) for action in call.actions[-2:]] == [Play, Listen]
    assert call.state.visits == {"main.menu": 1}


def test_a_language_that_the_hotline_has_not_is_its_first() -> None:
    call = Dialogue(library(MENU, HOTLINE), language="fr")
    assert call.state.language == "zh"


def test_an_entry_that_there_is_not_is_the_hotlines_own() -> None:
    assert Dialogue(library(MENU, HOTLINE), entry="nowhere").at == "main.menu"


def all_inputs(op: OpId) -> list[Input]:
    return [
        PromptEnded(op, "finished"),
        SpeechStarted(op),
        SpeechPartial(op, "人工"),
        SpeechHeard(op, "人工", 0.9),
        SpeechFailed(op, "lost"),
        TimerFired(op),
        CallbackPlaced(op, "placed"),
        RecordingEnded(op, "recorded"),
        PartyJoined(op),
        TransferEnded(op, "completed"),
        RequestEnded(op, "ok"),
        LookupEnded(op, "found"),
    ]


@pytest.mark.parametrize("op", ["", "0", "999", "play"])
def test_ops_that_are_not_waited_for_change_nothing(op: str) -> None:
    call = menu()
    for event in all_inputs(OpId(op)):
        assert machine.step(call.library, call.state, event, NOON) == Step(call.state, ())


SPEECH = (SpeechStarted, SpeechPartial, SpeechHeard, SpeechFailed)


@pytest.mark.parametrize(("purpose", "kinds"), [("play", (PromptEnded,)), ("listen", SPEECH)])
def test_an_op_counts_only_for_what_it_was_opened_for(purpose: str, kinds: tuple[type, ...]) -> None:
    call = menu()
    for event in all_inputs(call.op(purpose)):
        if not isinstance(event, kinds):
            assert machine.step(call.library, call.state, event, NOON) == Step(call.state, ())


@pytest.mark.parametrize("key", ["", "12", "E", "１", "a"])
def test_what_is_no_key_changes_nothing(key: str) -> None:
    call = menu()
    assert call.give(Digit(key)) == ()


def test_each_visit_gets_new_ops_and_late_ones_find_nobody_waiting() -> None:
    call = menu()
    first = call.op("play")
    call.played()
    call.fire("first_input")
    assert call.op("play") != first
    before = call.state
    assert call.give(PromptEnded(first, "finished")) == ()
    assert call.state == before


def test_leaving_a_node_closes_what_it_has_open() -> None:
    call = menu()
    call.played()
    listening, timer = call.op("listen"), call.op("timer.first_input")
    call.press("0")
    assert call.at == "main.person"
    assert (call.of(StopListen), call.of(CancelTimer)) == ([StopListen(listening)], [CancelTimer(timer)])
    assert set(call.state.waiting) == {"play"}


def test_speech_that_never_comes_to_an_end_is_no_match() -> None:
    call = menu()
    call.played()
    call.give(SpeechStarted(call.op("listen")))
    assert [timer.after_s for timer in call.of(StartTimer)] == [20.0]
    assert "timer.first_input" not in call.state.waiting
    listening = call.op("listen")
    call.fire("speech")
    assert (call.notes("event")[0]["event"], StopListen(listening) in call.actions) == ("no_match", True)


def test_a_cough_while_the_prompt_plays_is_no_match_after_it_stopped() -> None:
    call = menu()
    call.give(SpeechStarted(call.op("listen")))
    assert "play" not in call.state.waiting
    call.hear("")
    assert (call.notes("event")[0]["event"], call.heard()) == ("no_match", ["again"])


def test_a_loop_within_a_turn_ends_with_a_person_and_in_the_end_with_the_last_words() -> None:
    # Every way round goes through `say` with nothing to say: the linter refuses it, so the loop is by hand.
    flow = """
  round: {kind: say, prompt: [{id: ask, if: call.caller == 'nobody'}], next: back}
  back: {kind: branch, cases: [{if: call.caller == '1', next: bye}], else: choose}
  choose: {kind: menu, prompt: [{id: ask, if: "false"}], options: {a: {key: 1, next: round}}}
  bye: {kind: hangup}
"""
    flows = library(flow, "fallback: main.choose\nfarewell: bye\n")
    object.__setattr__(flows.nodes["main.back"], "otherwise", "main.round")
    call = Dialogue(flows)
    assert len(call.passed()) == MAX_HOPS + 1
    assert (call.at, call.notes("loop")[0]["hops"]) == ("main.choose", MAX_HOPS + 1)
    call.press("1")
    assert call.at == "main.choose"
    call.press("1")
    assert call.at == "~farewell"
    call.played()
    assert call.of(Hangup)


def test_a_loop_from_turn_to_turn_ends_with_a_person() -> None:
    call = menu()
    for _ in range(MAX_VISITS - 1):
        call.press("2")
        assert call.at == "main.menu"
    call.press("2")
    assert (call.at, call.notes("loop")[0]["node"]) == ("main.person", "main.menu")
    # From there it is the same loop: the second time too, and then the call ends.
    call.press("1")
    assert call.at == "main.person"
    call.press("1")
    assert (call.at, call.heard()) == ("~farewell", ["sorry"])


class Broken(Exception):
    """A fault of ours."""


def breaks(*_: object, **__: object) -> None:
    raise Broken


def test_a_fault_of_ours_leads_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    call = menu()
    monkeypatch.setattr(type(call.library.nodes["main.menu"]), "key", breaks)
    call.press("1")
    assert call.notes("machine_error") == [{"node": "main.menu", "cause": "Broken in main.menu"}]
    assert (call.at, call.heard()) == ("main.person", ["bye"])


def test_a_fault_on_entering_too(monkeypatch: pytest.MonkeyPatch) -> None:
    call = menu()
    monkeypatch.setattr(type(call.library.nodes["main.sorry"]), "enter", breaks)
    call.press("1")
    assert (call.at, call.notes("machine_error")[0]["cause"]) == ("main.person", "Broken in main.sorry")


def test_and_where_even_the_person_is_out_of_reach_the_last_words_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call = menu()
    monkeypatch.setattr(type(call.library.nodes["main.menu"]), "enter", breaks)
    call.press("0")
    assert (call.at, call.heard()) == ("~farewell", ["sorry"])


def test_a_fault_when_the_caller_hangs_up_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    call = menu()
    monkeypatch.setattr("ivr.flow.raising.after_hangup", breaks)
    call.hang_up()
    assert (call.state.ended, call.state.waiting, call.heard()) == (True, {}, [])
    assert call.notes("machine_error")


def test_a_fault_after_the_hang_up_ends_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = """
  ask: {kind: menu, prompt: again, options: {on: {key: 1, next: bye}}, on: {hangup: {next: note}}}
  note: {kind: set, values: {said: 1}, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
    call = Dialogue(library(flow, "variables: {said: 0}\nfallback: main.ask\n"))
    monkeypatch.setattr(type(call.library.nodes["main.note"]), "enter", breaks)
    call.hang_up()
    assert (call.state.ended, call.of(Play), call.of(Listen)) == (True, [], [])


def test_a_state_of_another_version_goes_to_a_person() -> None:
    call = menu()
    other = library("  bye: {kind: hangup, prompt: bye}\n", "fallback: main.bye\n")
    step = machine.step(other, call.state, Digit("1"), NOON)
    assert step.state.node == "main.bye"
    assert step.state.flow_version == other.version != call.state.flow_version
    # Its caller may have gone, too.
    assert machine.step(other, call.state, machine.HungUp("caller"), NOON).state.ended


def test_after_the_end_nothing_counts() -> None:
    call = menu()
    call.hang_up()
    ended = call.state
    for event in (*all_inputs(OpId("1")), Digit("1"), machine.HungUp("caller")):
        assert machine.step(call.library, ended, event, NOON) == Step(ended, ())
