"""call and return: parameters, results, own variables, depth, events handed back, steps back across flows."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Listen
from ivr.flow.subflows import MAX_CALLS
from tests.flow.support import PERSON, Dialogue, faults, library

BOOKING = """
flow: booking
parameters: {department: text, day: {type: text, default: today}}
results: {slot: text, seen: text}
events: [booking.full, no_match]
variables: {slot: none, seen: "", tries: 0}
nodes:
  look:
    kind: set
    values: {seen: "= department + ' ' + day + ' ' + topic", tries: = tries + 1, calls: = calls + 1}
    next: ask
  ask:
    kind: menu
    prompt: again
    options:
      take: {key: 1, set: {slot: nine}, next: return}
      other: {key: 2, set: {slot: ten}, next: done}
      full: {key: 3, next: full}
      deeper: {key: 4, next: deeper}
  done: {kind: return, results: {slot: = slot + '!'}}
  full: {kind: return, event: booking.full}
  deeper: {kind: call, flow: booking, with: {department: = seen}, results: {slot: slot}, next: ask}
"""
MAIN = """
  first: {kind: menu, prompt: ask, options: {go: {key: 1, next: book}}}
  book:
    kind: call
    flow: booking
    with: {department: = wanted}
    results: {chosen: slot, seen: seen}
    next: after
    REST
  after: {kind: menu, prompt: sorry, options: {go: {key: 1, next: bye}}}
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
HOTLINE = """
fallback: main.person
variables: {topic: noise, calls: 0}
always: {back: {key: "*", do: back}, repeat: {key: "#", do: repeat}}
"""
FLOW = "flow: main\nvariables: {wanted: eyes, tries: 7, slot: mine}\nnodes:\n"


def booking(rest: str = "", called: str = BOOKING) -> Dialogue:
    flows = library(FLOW + MAIN.replace("REST", rest), HOTLINE, {"booking.yaml": called})
    call = Dialogue(flows)
    call.press("1")
    return call


def test_it_goes_into_the_flow_with_parameters_and_variables_of_its_own() -> None:
    call = booking()
    assert (call.at, len(call.state.stack)) == ("booking.ask", 1)
    assert call.value("seen") == "eyes today noise"
    # Its own: not those of the same name that the caller has; the hotline's go through.
    assert (call.value("tries"), call.value("slot"), call.value("calls")) == (1, "none", 1)


def test_it_comes_back_with_its_results_and_leaves_the_rest_alone() -> None:
    call = booking()
    call.press("1")
    assert (call.at, call.state.stack) == ("main.after", ())
    assert call.notes("returned") == [{"node": "main.book", "flow": "booking", "event": ""}]
    values = [call.value(name) for name in ("chosen", "seen", "tries", "slot", "wanted", "calls")]
    assert values == ["nine", "eyes today noise", 7, "mine", "eyes", 1]


def test_a_return_node_may_give_other_results() -> None:
    call = booking()
    call.press("2")
    assert (call.value("chosen"), call.value("seen")) == ("ten!", "eyes today noise")


def test_a_parameter_may_be_given_or_left_at_its_default() -> None:
    flow = FLOW + MAIN.replace("REST", "").replace("with: {department", "with: {day: monday, department")
    call = Dialogue(library(flow, HOTLINE, {"booking.yaml": BOOKING}))
    call.press("1")
    assert call.value("seen") == "eyes monday noise"


def test_a_flow_may_call_itself() -> None:
    call = booking()
    call.press("4")
    assert (len(call.state.stack), call.value("tries"), call.value("calls")) == (2, 1, 2)
    assert call.value("seen") == "eyes today noise today noise"
    call.press("2")
    assert (call.at, call.value("slot"), call.value("tries")) == ("booking.ask", "ten!", 1)
    call.press("1")
    assert (call.at, call.value("chosen")) == ("main.after", "nine")


def test_but_not_for_ever() -> None:
    call = booking()
    while len(call.state.stack) < MAX_CALLS:
        call.press("4")
    call.press("4")
    assert [note["event"] for note in call.notes("event")] == ["error.call.depth"]
    # The person is reached, and nothing of ours failed.
    assert (call.at, call.notes("machine_error")) == ("main.person", [])
    handled = BOOKING.replace(
        "slot: slot}, next: ask}", "slot: slot}, next: ask, on: {error.call: {next: ask}}}"
    )
    call = booking(called=handled)
    for _ in range(MAX_CALLS):
        call.press("4")
    assert (call.at, len(call.state.stack)) == ("booking.ask", MAX_CALLS)


def test_an_event_handed_back_is_handled_where_the_flow_was_called() -> None:
    call = booking("on: {booking.full: {say: sorry, next: after}}")
    call.press("3")
    assert (call.at, call.heard()) == ("main.after", ["sorry", "sorry"])
    assert call.notes("returned") == [{"node": "main.book", "flow": "booking", "event": "booking.full"}]
    assert call.notes("event") == [{"event": "booking.full", "count": 1, "node": "main.book"}]
    # Results come with it.
    assert call.value("chosen") == "none"


def test_by_the_callers_flow_or_the_hotline_too() -> None:
    flow = "flow: main\non: {booking.full: {next: bye}}\nvariables: {wanted: eyes}\nnodes:\n" + MAIN.replace(
        "REST", ""
    )
    call = Dialogue(library(flow, HOTLINE, {"booking.yaml": BOOKING}))
    call.press("13")
    assert call.at == "main.bye"
    flow = FLOW + MAIN.replace("REST", "")
    call = Dialogue(
        library(flow, HOTLINE + "on: {booking.full: {next: main.bye}}\n", {"booking.yaml": BOOKING})
    )
    call.press("13")
    assert call.at == "main.bye"


def test_an_event_that_nobody_handles_leads_to_a_person() -> None:
    call = booking()
    call.press("3")
    assert (call.at, call.state.stack) == ("main.person", ())


def test_a_handler_that_only_says_something_goes_on_after_the_call() -> None:
    call = booking("on: {booking.full: {say: bye}}")
    call.press("3")
    assert (call.at, call.heard()) == ("main.after", ["bye", "sorry"])


def test_reprompt_calls_the_flow_again() -> None:
    call = booking("on: {booking.full: [{reprompt: true}, {count: 2, next: bye}]}")
    call.press("3")
    assert (call.at, call.value("calls")) == ("booking.ask", 2)
    call.press("3")
    assert call.at == "main.bye"


def test_an_event_of_the_machine_may_be_handed_back_with_its_detail() -> None:
    call = booking("on: {no_match: {if: event.name == 'no_match', next: bye}}")
    call.press("9")
    assert (call.at, call.state.stack) == ("main.bye", ())


@pytest.mark.parametrize("scope", ["node", "flow"])
def test_unless_the_flow_handles_it_itself(scope: str) -> None:
    handler = "on: {no_match: {count: 1, say: sorry}}\n"
    called = "on: {no_match: {count: 1, say: sorry}}\n" + BOOKING
    if scope == "node":
        called = BOOKING.replace("    kind: menu\n", "    kind: menu\n    " + handler)
    call = booking(called=called)
    call.press("9")
    assert (call.at, call.heard()) == ("booking.ask", ["sorry"])


def test_a_flow_may_hand_back_a_family_of_events() -> None:
    called = """
flow: booking
parameters: {department: text}
results: {slot: text, seen: text}
events: [error]
nodes:
  ask: {kind: ask, prompt: again, next: return}
"""
    flow = FLOW + MAIN.replace("REST", "on: {error.asr: {next: bye}}")
    call = Dialogue(library(flow, HOTLINE, {"booking.yaml": called}), speech=())
    call.press("1")
    assert (call.at, call.state.stack, call.notes("machine_error")) == ("main.bye", (), [])


def test_back_goes_back_through_the_flows() -> None:
    call = booking()
    call.press("*")
    assert (call.at, call.state.stack, call.heard()) == ("main.first", (), ["ask"])
    # From after the call, into the flow again, at its start.
    call.press("11")
    assert call.at == "main.after"
    call.press("*")
    assert (call.at, call.value("calls")) == ("booking.ask", 3)


def test_back_at_the_first_step_of_all_asks_again_where_it_stands() -> None:
    flow = FLOW + MAIN.replace("REST", "").replace("  first: {", "  book_: {").replace(
        "  book:", "  start:", 1
    )
    flow = flow.replace("next: book}", "next: start}").replace("nodes:\n", "start: start\nnodes:\n")
    call = Dialogue(library(flow, HOTLINE, {"booking.yaml": BOOKING}))
    assert call.at == "booking.ask"
    call.press("*")
    assert (call.at, call.value("calls"), len(call.state.stack)) == ("booking.ask", 1, 1)
    assert (call.heard(), call.passed()) == (["again"], [])


def test_a_command_that_leads_elsewhere_works_in_the_flow_called() -> None:
    flow = FLOW + MAIN.replace("REST", "")
    call = Dialogue(
        library(flow, PERSON + "variables: {topic: noise, calls: 0}\n", {"booking.yaml": BOOKING})
    )
    call.press("1")
    call.press("0")
    assert call.at == "main.person"


def test_a_rescue_in_the_flow_called() -> None:
    call = booking()
    for _ in range(2):
        call.played()
        call.fire("first_input")
    call.played()
    call.fire("first_input")
    assert (call.at, call.notes("rescue")[0]["node"]) == ("main.person", "booking.ask")


def test_a_flow_that_goes_on_to_another_returns_to_its_caller_all_the_same() -> None:
    other = """
flow: other
results: {slot: text}
nodes:
  ask: {kind: menu, prompt: bye, options: {done: {key: 1, next: return}}}
"""
    called = BOOKING.replace("full: {key: 3, next: full}", "full: {key: 3, next: other}")
    flows = library(FLOW + MAIN.replace("REST", ""), HOTLINE, {"booking.yaml": called, "other.yaml": other})
    call = Dialogue(flows)
    call.press("13")
    assert call.at == "other.ask"
    call.press("1")
    # The results are those of the flow that was called.
    assert (call.at, call.value("chosen"), call.value("seen")) == ("main.after", "none", "eyes today noise")


def test_going_to_a_flow_that_waits_is_leaving_for_good() -> None:
    called = BOOKING.replace("full: {key: 3, next: full}", "full: {key: 3, next: main.after}")
    call = booking(called=called)
    call.press("3")
    # It is the caller's again, with its variables, and without results.
    assert (call.at, call.state.stack, call.value("tries")) == ("main.after", (), 7)
    assert (call.value("chosen"), call.notes("returned")) == (None, [])
    # However deep.
    call = booking(called=called)
    call.press("443")
    assert (call.at, call.state.stack) == ("main.after", ())


def test_going_to_a_flow_that_does_not_wait_leaves_the_frames_alone() -> None:
    other = (
        "flow: other\nnodes:\n  ask: {kind: menu, prompt: bye, options: {home: {key: 1, next: main.after}}}\n"
    )
    called = BOOKING.replace("full: {key: 3, next: full}", "full: {key: 3, next: other}")
    flows = library(FLOW + MAIN.replace("REST", ""), HOTLINE, {"booking.yaml": called, "other.yaml": other})
    call = Dialogue(flows)
    call.press("13")
    assert (call.at, len(call.state.stack), call.value("tries")) == ("other.ask", 1, 1)
    call.press("1")
    assert (call.at, call.state.stack) == ("main.after", ())


def test_returning_without_a_caller_leads_to_a_person() -> None:
    flow = """
flow: main
results: {x: text}
nodes:
  menu: {kind: menu, prompt: ask, options: {go: {key: 1, next: return}}}
  person: {kind: hangup, prompt: sorry}
"""
    call = Dialogue(library(flow.lstrip(), "fallback: main.person\n"))
    call.press("1")
    assert (call.at, call.notes("returned_nowhere")) == ("main.person", [{"node": "~return"}])


def test_a_flow_begun_with_gets_its_parameters_from_the_facts_of_the_call() -> None:
    flow = """
flow: main
parameters: {department: text, day: {type: text, default: today}}
results: {x: text}
nodes:
  menu: {kind: menu, prompt: ask, options: {go: {key: 1, if: department == day, next: hangup}}}
"""
    call = Dialogue(library(flow.lstrip()), facts={"department": "eyes"})
    assert (call.value("department"), call.value("day")) == ("eyes", "today")


def test_steps_after_the_hang_up_go_through_calls_and_returns() -> None:
    silent = """
flow: silent
results: {slot: text}
nodes:
  set: {kind: set, values: {slot: noted}, next: return}
"""
    flow = """
  ask: {kind: menu, prompt: ask, options: {go: {key: 1, next: bye}}, on: {hangup: {next: note}}}
  note: {kind: call, flow: silent, results: {chosen: slot}, next: last}
  last: {kind: set, values: {done: = chosen}, next: bye}
  bye: {kind: hangup, prompt: bye}
"""
    call = Dialogue(library(flow, "variables: {done: ''}\n", {"silent.yaml": silent}))
    call.hang_up()
    assert (call.state.ended, call.value("done"), call.heard()) == (True, "noted", [])


def test_leaving_the_flow_called_closes_what_it_had_open() -> None:
    call = booking("on: {booking.full: {next: bye}}")
    assert not call.of(Listen)
    playing = call.op("play")
    call.press("*")
    assert playing not in call.state.waiting.values()


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("flow: booking\n    with", "flow: bocking\n    with", "unknown-flow"),
        ("with: {department: = wanted}", "with: {}", "missing-parameter"),
        ("with: {department: = wanted}", "with: {department: a, dy: b}", "unknown-parameter"),
        ("chosen: slot", "chosen: slott", "unknown-result"),
        ("next: book}", "next: booking}", "missing-parameter"),
        ("department: = wanted", "department: = 1 + 1", "wrong-result"),
        ("department: = wanted", "department: 5", "wrong-result"),
        ("REST", "on: {booking.fll: {next: bye}}", "unknown-event"),
    ],
)
def test_faults_of_a_call(before: str, after: str, code: str) -> None:
    flow = FLOW + MAIN.replace(before, after).replace("REST", "")
    assert code in {finding.code for finding in faults(flow, HOTLINE, {"booking.yaml": BOOKING})}


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("results: {slot: = slot + '!'}", "results: {slt: 1}", "unknown-result"),
        ("event: booking.full}", "event: booking.fall}", "unknown-event"),
        ("flow: booking\n", "flow: bookings\n", "unknown-flow"),
    ],
)
def test_faults_of_a_return(before: str, after: str, code: str) -> None:
    found = faults(FLOW + MAIN.replace("REST", ""), HOTLINE, {"booking.yaml": BOOKING.replace(before, after)})
    assert code in {finding.code for finding in found}


def test_a_flow_may_not_declare_what_the_hotline_declares() -> None:
    called = BOOKING.replace("tries: 0}", "tries: 0, topic: mine}")
    found = faults(FLOW + MAIN.replace("REST", ""), HOTLINE, {"booking.yaml": called})
    assert [finding.code for finding in found] == ["duplicate-variable"]


def test_an_event_handed_back_wants_a_handler() -> None:
    found = faults(FLOW + MAIN.replace("REST", ""), HOTLINE, {"booking.yaml": BOOKING})
    # Of the two that the flow declares: what is not understood has its default.
    assert {(finding.code, finding.severity) for finding in found} == {("unhandled-event", "warning")}
    assert {finding.file for finding in found} == {"main.yaml", "booking.yaml"}
    handled = BOOKING.replace(
        "with: {department: = seen}", "with: {department: = seen}, on: {booking.full: {next: ask}}"
    )
    flow = FLOW + MAIN.replace("REST", "on: {booking.full: {next: bye}}")
    assert not faults(flow, HOTLINE, {"booking.yaml": handled})


def test_each_flow_has_its_own_types_for_the_same_name() -> None:
    called = BOOKING.replace("tries: 0}", 'tries: {type: text, default: ""}}').replace(
        "= tries + 1,", "= tries + 'x',"
    )
    call = booking(called=called)
    assert call.value("tries") == "x"
    called = BOOKING.replace("= tries + 1,", "= tries + 'x',")
    found = faults(FLOW + MAIN.replace("REST", ""), HOTLINE, {"booking.yaml": called})
    assert [finding.file for finding in found] == ["booking.yaml"]
