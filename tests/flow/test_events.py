"""Which handler an event goes to, what it does, how often is counted, and what ends by itself."""

from __future__ import annotations

import pytest

from ivr.flow.events import DEFAULTS, select
from ivr.flow.model import Handler, Handlers, Per
from tests.flow.support import CONFIRM, Dialogue, faults, library

MENU = """
  menu:
    kind: menu
    prompt: {1: ask, 2: again}
    options: {one: {key: 1, next: second}}
    REST
  second:
    kind: menu
    prompt: again
    options: {one: {key: 1, next: menu}}
    on: {no_match: {reprompt: true}}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
PERSON = "fallback: main.person\n"


def nodes(rest: str) -> str:
    return MENU.replace("REST", rest)


def menu(rest: str = "", hotline: str = PERSON, flow: str = "", **facts: object) -> Dialogue:
    text = (f"flow: main\n{flow}nodes:\n" if flow else "") + nodes(rest)
    return Dialogue(library(text, hotline), **facts)  # type: ignore[arg-type]


def chosen(handlers: list[Handlers], name: str, **counts: int) -> Handler:
    def reached(per: Per, part: str) -> int:
        return counts.get(f"{per}_{part.replace('.', '_')}", counts.get(part.replace(".", "_"), 0))

    return select(handlers, name, reached, lambda expression: None)


def handler(event: str, count: int = 1, target: str = "", per: Per = "visit") -> Handler:
    return Handler(event, count, "go", per, target=target or f"{event} {count}")


def test_the_highest_count_reached_wins_then_the_nearest_then_the_longest_name() -> None:
    near: Handlers = {"error": (handler("error"),), "error.asr": (handler("error.asr", target="asr"),)}
    far: Handlers = {
        "error": (handler("error", 2, "second"),),
        "error.asr": (handler("error.asr", target="far"),),
    }
    assert chosen([near, far], "error.asr", error=1, error_asr=1).target == "asr"
    assert chosen([near, far], "error.asr", error=2, error_asr=1).target == "second"
    assert chosen([near, far], "error.queue.full", error=1).target == "error 1"
    assert chosen([{}, far], "error.asr", error=1, error_asr=1).target == "far"


def test_of_two_alike_the_first_written_wins() -> None:
    handlers: Handlers = {
        "no_input": (handler("no_input", target="first"), handler("no_input", target="second"))
    }
    assert chosen([handlers], "no_input", no_input=2).target == "first"
    # The third time the language's own default is higher: nobody is asked for ever.
    assert chosen([handlers], "no_input", no_input=3).then == "rescue"


def test_each_counts_for_itself() -> None:
    handlers: Handlers = {
        "no_input": (
            handler("no_input", 1, "visit"),
            handler("no_input", 2, "flow", "flow"),
            handler("no_input", 3, "call", "call"),
        )
    }
    assert (
        chosen([handlers], "no_input", visit_no_input=1, flow_no_input=1, call_no_input=2).target == "visit"
    )
    assert chosen([handlers], "no_input", visit_no_input=1, flow_no_input=2, call_no_input=2).target == "flow"
    assert chosen([handlers], "no_input", visit_no_input=1, flow_no_input=2, call_no_input=3).target == "call"


def test_without_a_handler_the_defaults_and_else_a_person() -> None:
    assert chosen([], "no_input", no_input=1).then == "reprompt"
    assert chosen([], "no_input", no_input=3).then == "rescue"
    assert chosen([], "error.asr", error=1, error_asr=1).then == "wait"
    assert chosen([], "error.request.timeout", error=1).then == "rescue"
    assert chosen([], "booking.full").then == "rescue"
    assert set(DEFAULTS) == {
        "no_input",
        "no_match",
        "help",
        "cancel",
        "timeout",
        "error",
        "error.asr",
        "error.prompt",
        "language",
        "struggling",
    }


def test_silence_counts_only_after_the_prompt_and_tapers_it() -> None:
    call = menu()
    assert (call.heard(), "timer.first_input" in call.state.waiting) == (["ask"], False)
    for heard in (["again"], ["again"]):
        call.played()
        call.fire("first_input")
        assert call.heard() == heard
    call.played()
    call.fire("first_input")
    assert (call.at, call.notes("rescue")) == (
        "main.person",
        [{"node": "main.menu", "event": "no_input", "times": 1}],
    )


def test_without_a_fallback_the_call_ends_with_the_last_words() -> None:
    call = menu("on: {no_input: {raise: error}}", "farewell: bye\n")
    call.played()
    call.fire("first_input")
    assert (call.at, call.heard()) == ("~farewell", ["bye"])


def test_the_hotline_may_say_what_the_second_silence_leads_to() -> None:
    call = menu("on: {no_input: {say: sorry}}", "on: {no_input: {count: 2, say: sorry, next: main.bye}}\n")
    call.played()
    call.fire("first_input")
    assert (call.at, call.heard()) == ("main.menu", ["sorry"])
    call.played()
    call.fire("first_input")
    # What the handler says and what the next node says are one sound.
    assert (call.at, call.heard()) == ("main.bye", ["sorry", "bye"])


def test_nearer_scopes_go_first() -> None:
    hotline = "on: {no_match: {next: main.bye}}\n"
    assert menu("", hotline).press("9") and menu("", hotline).at == "main.menu"
    call = menu("", hotline)
    call.press("9")
    assert call.at == "main.bye"
    call = menu("", hotline, flow="on: {no_match: {say: sorry}}\n")
    call.press("9")
    assert (call.at, call.heard()) == ("main.menu", ["sorry"])
    call = menu("on: {no_match: {next: second}}", hotline, flow="on: {no_match: {say: sorry}}\n")
    call.press("9")
    assert call.at == "main.second"


def test_a_handler_repeats_the_prompt_only_when_it_says_so() -> None:
    call = menu("on: {no_match: [{count: 1, say: sorry}, {count: 2, say: sorry, reprompt: true}]}")
    call.press("9")
    assert call.heard() == ["sorry"]
    call.played()
    assert "timer.first_input" in call.state.waiting
    call.press("9")
    assert call.heard() == ["sorry", "again"]


def test_a_handler_that_says_nothing_waits_on() -> None:
    call = menu("on: {no_match: {set: {missed: 1}}}", PERSON + "variables: {missed: 0}\n")
    call.press("9")
    assert (call.value("missed"), call.heard(), set(call.state.waiting)) == (1, [], {"timer.first_input"})


def test_barge_in_works_on_the_words_of_a_handler_too() -> None:
    flow = nodes("on: {no_match: {say: sorry}}").replace(
        "{key: 1, next: second}", "{key: 1, say: {zh: 投诉}, next: second}"
    )
    call = Dialogue(library(flow, PERSON))
    call.hear("今天天气")
    assert (call.heard(), "listen" in call.state.waiting) == (["sorry"], True)
    call.hear("投诉")
    assert call.at == "main.second"


def test_conditions_choose_among_handlers() -> None:
    rest = "on: {no_match: [{if: language == 'en', next: second}, {say: sorry}]}"
    call = menu(rest)
    call.press("9")
    assert call.at == "main.menu"
    call = menu(rest, language="en")
    call.press("9")
    assert call.at == "main.second"


def test_what_happened_can_be_asked_for() -> None:
    condition = "event.name == 'no_match' && event.count == 2 && visits == 1"
    call = menu(f"on: {{no_match: [{{if: {condition}, next: second}}, {{say: sorry}}]}}")
    call.press("9")
    assert call.at == "main.menu"
    call.press("9")
    assert call.at == "main.second"


def test_counts_begin_anew_with_a_visit_unless_they_are_the_flows_or_the_calls() -> None:
    for per in ("flow", "call"):
        call = menu(f"on: {{no_match: [{{reprompt: true}}, {{count: 3, per: {per}, next: bye}}]}}")
        call.press("9")
        call.press("1")
        assert call.state.counts == {}
        call.press("9")
        assert call.at == "main.second"
        call.press("1")
        call.press("9")
        assert call.at == "main.bye"
    call = menu("on: {no_match: [{reprompt: true}, {count: 2, next: bye}]}")
    call.press("9")
    call.press("1")
    call.press("1")
    call.press("9")
    assert call.at == "main.menu"


def test_per_flow_counts_this_flow_only() -> None:
    other = {
        "other.yaml": "flow: other\nnodes:\n  ask: {kind: menu, prompt: ask, options: {on: {key: 1, next: main}}}\n"
    }
    flow = nodes("on: {no_match: [{reprompt: true}, {count: 2, per: flow, next: bye}]}").replace(
        "next: second", "next: other"
    )
    call = Dialogue(library(flow, PERSON, other))
    call.press("1")
    call.press("9")
    call.press("1")
    call.press("9")
    assert call.at == "main.menu"
    call.press("9")
    assert call.at == "main.bye"


def test_a_handler_may_raise_another_event() -> None:
    call = menu("on: {no_input: {say: sorry, raise: no_match}, no_match: {next: bye}}")
    call.played()
    call.fire("first_input")
    assert [note["event"] for note in call.notes("event")] == ["no_input", "no_match"]
    assert (call.at, call.heard()) == ("main.bye", ["sorry", "bye"])


def test_events_that_raise_each_other_end_with_a_person() -> None:
    hotline = PERSON + "always: {help: {key: 8, do: help}}\n"
    call = menu("on: {help: {raise: cancel}, cancel: {raise: help}}", hotline)
    call.press("8")
    assert (call.at, len(call.notes("loop"))) == ("main.person", 1)


def test_a_handler_may_end_the_call_after_its_words() -> None:
    call = menu("on: {no_match: {say: sorry, hangup: true}}")
    call.press("9")
    assert (call.at, call.heard(), call.state.ended) == ("~hangup", ["sorry"], False)
    call.played()
    assert call.state.ended


def test_a_handler_sets_variables_one_after_the_other() -> None:
    call = menu(
        "on: {no_match: {set: {missed: = missed + 1, twice: = missed * 2}, next: bye}}",
        PERSON + "variables: {missed: 1, twice: 0}\n",
    )
    call.press("9")
    assert (call.value("missed"), call.value("twice")) == (2, 4)


def test_help_and_cancel_are_events() -> None:
    hotline = PERSON + "always: {help: {key: 8, do: help}, cancel: {key: 9, do: cancel}}\n"
    call = menu("", hotline)
    call.press("8")
    assert call.heard() == ["again"]
    call.played()
    call.press("9")
    assert (call.at, call.heard(), "timer.first_input" in call.state.waiting) == ("main.menu", [], True)
    call = menu("on: {help: [{say: sorry}, {count: 2, next: second}], cancel: {next: bye}}", hotline)
    call.press("8")
    assert (call.at, call.heard()) == ("main.menu", ["sorry"])
    call.press("8")
    assert call.at == "main.second"
    call = menu("on: {cancel: {next: bye}}", hotline)
    call.press("9")
    assert call.at == "main.bye"


def test_the_whole_node_has_its_time() -> None:
    call = menu("timers: {whole_s: 30}\n    on: {timeout: {next: bye}}")
    call.press("9")
    call.fire("whole")
    assert call.at == "main.bye"
    call = menu("timers: {whole_s: 30}")
    call.fire("whole")
    assert call.at == "main.person"
    call = menu("timers: {whole_s: 30}\n    on: {timeout: {say: sorry}}")
    call.fire("whole")
    assert (call.at, call.heard(), "timer.whole" in call.state.waiting) == ("main.menu", ["sorry"], False)


def test_a_prompt_that_cannot_be_played_does_not_end_the_dialogue() -> None:
    call = menu()
    call.not_played()
    assert (call.at, set(call.state.waiting)) == ("main.menu", {"timer.first_input"})
    call = menu("on: {error.prompt: {next: bye}}")
    call.not_played()
    assert call.at == "main.bye"


@pytest.mark.parametrize(("say", "heard"), [("", ["again"]), ("say: sorry", ["sorry", "again"])])
def test_and_the_rest_of_what_is_to_be_said_is_heard(say: str, heard: list[str]) -> None:
    flow = nodes(f"on: {{error.prompt: {{{say}}}}}").replace(
        "{1: ask, 2: again}", "[{id: ask, language: en}, again]"
    )
    call = Dialogue(library(flow, PERSON))
    call.not_played()
    assert (call.heard(), "timer.first_input" in call.state.waiting) == (heard, False)
    call.played()
    assert "timer.first_input" in call.state.waiting


def test_a_node_that_fails_again_and_again_is_given_up() -> None:
    call = menu("on: {error.prompt: {reprompt: true}}")
    for _ in range(10):
        call.not_played()
        assert call.at == "main.menu"
    call.not_played()
    assert (call.at, len(call.notes("loop"))) == ("main.person", 1)


def test_a_fallback_that_fails_as_well_ends_the_call() -> None:
    flow = """
  menu: {kind: menu, prompt: ask, options: {one: {key: 1, next: menu}}, on: {no_match: {raise: error}}}
"""
    call = Dialogue(library(flow, "fallback: main.menu\nfarewell: bye\n" + CONFIRM))
    for at in ("main.menu", "main.menu", "~farewell"):
        call.press("9")
        assert call.at == at
    assert call.heard() == ["bye"]


@pytest.mark.parametrize(
    ("on", "code"),
    [
        ("{no_inpt: {say: sorry}}", "unknown-event"),
        ("{no_input: {reprompt: true, next: bye}}", "two-ways"),
        ("{no_input: {raise: hangup}}", "unknown-event"),
        ("{no_input: {count: 0}}", "wrong-value"),
        ("{no_input: {next: nowhere}}", "unknown-target"),
        ("{no_input: {if: '1 + 1'}}", "wrong-result"),
    ],
)
def test_faults(on: str, code: str) -> None:
    found = faults(nodes(f"on: {on}"), PERSON)
    assert [finding.code for finding in found] == [code]
