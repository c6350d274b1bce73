"""Events that a flow raises itself."""

from __future__ import annotations

from ivr.flow.actions import Note
from ivr.flow.inputs import Digit
from tests.flow.support import Dialogue, faults, library

FLOW = """flow: main
events: [stock.none, stock.few]
ON
nodes:
  ask: {kind: menu, prompt: ask, options: {no: {key: 1, next: none}, few: {key: 2, next: few}, x: {key: 3, next: bye}}}
  none: {kind: raise, event: stock.none, OWN}
  few: {kind: raise, event: stock.few, next: bye}
  sorry: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""


def _pressed(
    key: str, on: str = "", own: str = "on: {}", hotline: str = "", more: dict[str, str] | None = None
) -> Dialogue:
    flow = FLOW.replace("ON\n", on + "\n").replace("OWN", own)
    call = Dialogue(library(flow, hotline, more))
    call.give(Digit(key))
    return call


def test_the_nearest_handler_decides_by_the_whole_name_or_its_beginning() -> None:
    hotline = "on: {stock: {next: main.sorry}}\n"
    assert _pressed("1", hotline=hotline).state.node == "main.sorry"
    assert _pressed("1", "on: {stock.none: {next: bye}}", hotline=hotline).state.node == "main.bye"
    assert _pressed("1", "on: {stock.none: {next: bye}}", "on: {stock: {next: ask}}").state.node == "main.ask"


def test_it_is_counted_and_noted() -> None:
    call = _pressed("1", "on: {stock: [{next: ask}, {count: 2, per: call, next: bye}]}")
    assert call.state.node == "main.ask"
    call.give(Digit("1"))
    assert call.state.node == "main.bye"
    (note,) = [note for note in call.of(Note) if note.kind == "event"]
    assert (note.data["event"], note.data["node"]) == ("stock.none", "main.none")


def test_a_handler_that_leads_nowhere_goes_on_at_next_or_to_a_person() -> None:
    assert _pressed("2", "on: {stock: {say: again}}").heard() == ["again", "bye"]
    assert _pressed("2", "on: {stock: {reprompt: true}}").state.node == "main.bye"
    assert (
        _pressed("1", "on: {stock: {say: again}}", hotline="fallback: main.sorry\n").state.node
        == "main.sorry"
    )


def test_what_nobody_handles_leads_to_a_person() -> None:
    assert _pressed("1", hotline="fallback: main.sorry\n").state.node == "main.sorry"


def test_a_called_flow_hands_it_to_its_caller() -> None:
    shop = "flow: shop\nevents: [shop.shut]\nnodes:\n  begin: {kind: raise, event: shop.shut}\n"
    flow = """flow: main
nodes:
  visit: {kind: call, flow: shop, next: bye, on: {shop.shut: {next: sorry}}}
  sorry: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
    call = Dialogue(library(flow, more={"shop.yaml": shop}))
    assert call.state.node == "main.sorry"


def test_handlers_see_what_came_with_it() -> None:
    flow = """flow: main
events: [shut]
variables: {days: 2}
on: {shut: {if: event.detail.days == 3, next: bye}}
nodes:
  raise_it: {kind: raise, event: shut, detail: {days: = days + 1}}
  bye: {kind: hangup, prompt: [{id: place, values: {place: = event.detail.days}}]}
"""
    call = Dialogue(library(flow))
    assert call.state.node == "main.bye"
    assert call.heard() == ["place"]


def test_an_event_that_nobody_declares_is_a_fault() -> None:
    flow = (
        FLOW.replace("ON\n", "\n").replace("OWN", "on: {}").replace("event: stock.none", "event: stock.nome")
    )
    assert [(each.code, each.suggestion) for each in faults(flow)] == [
        ("unknown-event", "did you mean `stock.none`?")
    ]
    flow = FLOW.replace("ON\n", "\n").replace("OWN", "on: {}").replace("event: stock.none", "event: hangup")
    assert [each.code for each in faults(flow)] == ["unknown-event"]


def test_a_handler_that_raises_another_event_is_a_way_out_for_the_linter() -> None:
    flow = """flow: main
events: [shut]
on: {shut: {next: bye}, no_input: {count: 2, raise: shut}, no_match: {count: 2, next: bye}}
nodes:
  ask: {kind: menu, prompt: ask, options: {a: {key: 1, next: bye}}}
  bye: {kind: hangup}
"""
    assert faults(flow) == []
    assert {each.code for each in faults(flow.replace("{count: 2, raise: shut}", "{reprompt: true}"))} == {
        "no-fallback"
    }
