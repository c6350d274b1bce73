"""Steps after the caller has gone: which handler, in which flow, without a sound, and an end."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Action, CancelRequest, Listen, Notify, Play, Request, StartTimer
from ivr.flow.inputs import Digit, RequestEnded
from tests.flow.support import Dialogue, faults, library

INNER = """
flow: inner
variables: {mine: inner}
INNER_ON
nodes:
  ask: {kind: menu, prompt: again, options: {on: {key: 1, next: return}} REST}
"""
MAIN = """
flow: main
variables: {mine: outer, other: ""}
MAIN_ON
nodes:
  start: {kind: call, flow: inner, next: bye CALL_ON}
  log: {kind: set, values: {seen: = mine}, next: tell}
  tell: {kind: notify, channel: supervisor, text: "{seen}", next: say}
  say: {kind: say, prompt: ask, next: ask}
  ask: {kind: menu, prompt: again, options: {on: {key: 1, next: bye}}}
  bye: {kind: hangup, prompt: bye}
"""
SOUND = (Play, Listen, StartTimer)


def inside(main: str = "", call: str = "", inner: str = "", node: str = "", hotline: str = "") -> Dialogue:
    flow = MAIN.replace("MAIN_ON", main).replace("CALL_ON", call).lstrip()
    called = INNER.replace("INNER_ON", inner).replace("REST", node)
    dialogue = Dialogue(library(flow, 'variables: {seen: ""}\n' + hotline, {"inner.yaml": called}))
    assert dialogue.at == "inner.ask"
    return dialogue


def silent(actions: tuple[Action, ...]) -> bool:
    return not any(isinstance(action, SOUND) for action in actions)


def test_without_a_handler_it_is_the_end_at_any_moment() -> None:
    call = inside()
    call.hang_up()
    assert (call.state.ended, call.state.waiting) == (True, {})
    assert call.notes("ended") == [{"node": "inner.ask", "by": "caller", "cause": 16}]
    assert len(call.actions) == 1


def test_steps_go_on_until_one_that_needs_the_caller() -> None:
    call = inside("on: {hangup: {next: log}}")
    call.hang_up()
    assert call.passed() == ["main.log", "main.tell", "main.say", "main.ask"]
    assert (call.state.ended, call.of(Notify)[0].text, silent(call.actions)) == (True, "outer", True)


@pytest.mark.parametrize("where", ["main", "call"])
def test_the_handler_of_a_flow_that_called_runs_in_that_flow(where: str) -> None:
    on = "on: {hangup: {if: mine == 'outer', set: {other: = mine}, next: log}}"
    call = inside(**{where: f", {on}" if where == "call" else on})
    call.hang_up()
    assert (call.value("seen"), call.value("other"), call.state.stack) == ("outer", "outer", ())


@pytest.mark.parametrize("where", ["inner", "node"])
def test_the_handler_of_the_flow_called_is_nearer(where: str) -> None:
    own = "on: {hangup: {set: {seen: = mine}, next: main.tell}}"
    call = inside(main="on: {hangup: {next: log}}", **{where: f", {own}" if where == "node" else own})
    call.hang_up()
    assert (call.value("seen"), call.passed()[0]) == ("inner", "main.tell")


def test_the_hotlines_is_the_last() -> None:
    call = inside(hotline="on: {hangup: {next: main.bye}}\n")
    call.hang_up()
    assert (call.passed(), call.state.stack) == (["main.bye"], ())
    call = inside("on: {hangup: {next: log}}", hotline="on: {hangup: {next: main.bye}}\n")
    call.hang_up()
    assert call.passed()[0] == "main.log"
    # One whose condition does not hold is none.
    call = inside(
        "on: {hangup: {if: mine == 'inner', next: log}}", hotline="on: {hangup: {next: main.bye}}\n"
    )
    call.hang_up()
    assert call.passed() == ["main.bye"]


@pytest.mark.parametrize("way", ["reprompt: true", "raise: no_input", "hangup: true", "say: bye"])
def test_a_handler_that_leads_nowhere_sets_what_it_sets(way: str) -> None:
    call = inside(node=f", on: {{hangup: {{set: {{seen: gone}}, {way}}}}}")
    call.hang_up()
    assert (call.state.ended, call.value("seen"), silent(call.actions)) == (True, "gone", True)


def test_who_and_why_can_be_asked_for() -> None:
    call = inside("on: {hangup: {if: event.name == 'hangup' && event.detail.cause == 16, next: log}}")
    call.hang_up()
    assert call.value("seen") == "outer"


def test_when_we_end_the_call_nothing_follows() -> None:
    call = inside("on: {hangup: {next: log}}")
    call.hang_up("system")
    assert (call.state.ended, call.passed()) == (True, [])


def test_what_is_asked_of_others_afterwards_is_waited_for() -> None:
    flow = """
  ask: {kind: menu, prompt: again, options: {on: {key: 1, next: bye}}, on: {hangup: {next: send}}}
  send: {kind: request, url: "https://a.example/", method: POST, next: tell, on: {error.request: {next: failed}}}
  tell: {kind: notify, channel: sms, text: "{answer.id}", next: bye}
  failed: {kind: notify, channel: supervisor, text: failed, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
    flows = library(flow, "requests: {hosts: [a.example]}\n")
    call = Dialogue(flows)
    call.hang_up()
    assert (call.state.ended, len(call.of(Request)), silent(call.actions)) == (False, 1, True)
    # Keys that come late, and a second hang-up, change nothing.
    assert call.give(Digit("1")) == ()
    assert call.hang_up() == ()
    call.give(RequestEnded(call.op("request"), "ok", 200, {"id": "7"}))
    assert (call.state.ended, call.of(Notify)[0].text) == (True, "7")
    call = Dialogue(flows)
    call.hang_up()
    call.give(RequestEnded(call.op("request"), "timeout"))
    assert (call.state.ended, call.of(Notify)[0].text) == (True, "failed")


def test_an_error_that_nobody_handles_ends_it() -> None:
    flow = """
  ask: {kind: menu, prompt: again, options: {on: {key: 1, next: bye}}, on: {hangup: {next: send}}}
  send: {kind: request, url: "https://a.example/", next: bye}
  wait: {kind: queue, queue: general, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
    call = Dialogue(library(flow, "requests: {hosts: [a.example]}\nfallback: main.wait\n"))
    call.hang_up()
    call.give(RequestEnded(call.op("request"), "failed"))
    assert (call.state.ended, call.notes("machine_error"), silent(call.actions)) == (True, [], True)


def test_what_was_under_way_for_the_node_that_is_left_is_cancelled() -> None:
    flow = """
  look: {kind: request, url: "https://a.example/", next: bye, on: {hangup: {next: bye}}}
  bye: {kind: hangup, prompt: bye}
"""
    call = Dialogue(library(flow, "requests: {hosts: [a.example]}\n"))
    asked = call.op("request")
    call.hang_up()
    assert (call.state.ended, call.of(CancelRequest)) == (True, [CancelRequest(asked)])


def test_a_handler_that_leads_to_what_needs_a_caller_is_found_beforehand() -> None:
    flow = """
  ask: {kind: menu, prompt: again, options: {on: {key: 1, next: bye}}, on: {hangup: {next: TARGET}}}
  other: {kind: record, into: message, next: bye}
  note: {kind: set, values: {seen: 1}, next: other}
  bye: {kind: hangup, prompt: bye}
"""
    hotline = "fallback: main.note\n"
    found = faults(flow.replace("TARGET", "other"), hotline)
    assert [(finding.code, finding.severity) for finding in found] == [("needs-caller", "warning")]
    for target in ("note", "bye"):
        assert not faults(flow.replace("TARGET", target), hotline)
