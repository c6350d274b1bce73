"""callback: the promise to call back (with a place that was kept: test_queue_options)."""

from __future__ import annotations

import pytest

from ivr.flow.actions import Callback, Play
from ivr.flow.findings import FlowLoadError
from ivr.flow.inputs import CallbackPlaced
from tests.flow.support import PERSON, Dialogue, library

CALLBACK = """
  promise:
    kind: callback
    queue: general
    number: NUMBER
    skills: {sichuanese: 2}
    priority: = 1 + 1
    reason: "{topic}"
    not_before: "2026-11-24T09:00:00+08:00"
    next: bye
    REST
  person: {kind: hangup, prompt: sorry}
  bye: {kind: hangup, prompt: bye}
"""
VARIABLES = "variables: {topic: noise, given: ''}\n"


def callback(rest: str = "", number: str = "= call.caller", before: str = "", **facts: object) -> Dialogue:
    flow = before + CALLBACK.replace("REST", rest).replace("NUMBER", number)
    return Dialogue(library(flow, VARIABLES + PERSON + "fallback: main.person\n"), **facts)  # type: ignore[arg-type]


def test_what_is_promised_and_that_it_is_waited_for() -> None:
    call = callback()
    (wanted,) = call.of(Callback)
    assert wanted == Callback(
        wanted.op,
        "general",
        "13812345678",
        "zh",
        skills={"sichuanese": 2},
        priority=2,
        reason="noise",
        not_before="2026-11-24T09:00:00+08:00",
    )
    assert call.value("callback") is None
    call.give(CallbackPlaced(wanted.op, "placed", "k1", 4))
    assert call.value("callback") == {"id": "k1", "place": 4, "number": "13812345678"}
    assert (call.at, call.notes("callback")) == (
        "main.bye",
        [{"node": "main.promise", "outcome": "placed", "id": "k1"}],
    )


def test_only_digits_of_the_number_are_told() -> None:
    assert callback(number='"+86 138-1234 5678"').of(Callback)[0].number == "+8613812345678"


def test_without_a_number_nothing_can_be_promised() -> None:
    call = callback("on: {error.callback.number: {next: bye}}", caller="")
    assert (call.at, call.of(Callback)) == ("main.bye", [])
    call = callback(number="= given")
    assert (call.at, call.notes("event")[0]["event"]) == ("main.person", "error.callback.number")


@pytest.mark.parametrize("outcome", ["refused", "failed"])
def test_a_promise_that_is_not_made(outcome: str) -> None:
    call = callback()
    call.give(CallbackPlaced(call.op("callback"), outcome))  # type: ignore[arg-type]
    assert (call.at, call.value("callback")) == ("main.person", None)
    assert call.notes("event")[0]["event"] == f"error.callback.{outcome}"


def test_a_handler_that_leads_nowhere_tries_again_and_not_for_ever() -> None:
    call = callback("on: {error.callback: {say: sorry}}")
    for _ in range(10):
        call.give(CallbackPlaced(call.op("callback"), "failed"))
        assert (call.heard(), call.of(Callback)) == (["sorry"], [])
        call.played()
        assert len(call.of(Callback)) == 1
    call.give(CallbackPlaced(call.op("callback"), "failed"))
    assert call.at == "main.person"


def test_words_that_lead_here_are_heard_first() -> None:
    call = callback(before="  hello: {kind: say, prompt: ask, wait: false, next: promise}\n")
    assert (call.heard(), call.of(Callback)) == (["ask"], [])
    call.played()
    assert call.of(Callback)


def test_keys_meanwhile_are_kept_for_what_follows() -> None:
    call = callback()
    assert call.press("0") == ()
    assert call.state.keys == "0"


def test_after_the_hang_up_it_is_promised_without_a_sound() -> None:
    menu = "  menu: {kind: menu, prompt: ask, options: {on: {key: 1, next: bye}}, on: {hangup: {next: promise}}}\n"
    call = callback(before=menu)
    call.hang_up()
    assert (call.at, len(call.of(Callback)), call.of(Play)) == ("main.promise", 1, [])
    call.give(CallbackPlaced(call.op("callback"), "placed", "k1", 1))
    assert (call.at, call.state.ended) == ("main.bye", True)


def test_hanging_up_meanwhile_ends_the_dialogue() -> None:
    call = callback()
    call.hang_up()
    assert call.state.ended


def test_how_it_is_to_be_carried_out_goes_with_the_promise() -> None:
    asked = "{prompt: [sorry, bye], accept: 1, later: 2, later_s: 600, later_say: bye, cancel: 3}"
    call = callback(f"order: citizen_first\n    expires_s: 7200\n    answered: {asked}\n    hold: sorry")
    (wanted,) = call.of(Callback)
    assert wanted.plan == {
        "order": "citizen_first",
        "expires_s": 7200.0,
        "question": {
            "prompts": [{"id": "sorry"}, {"id": "bye"}],
            "accept": "1",
            "later": "2",
            "later_s": 600.0,
            "later_said": [{"id": "bye"}],
            "cancel": "3",
        },
        "hold": [{"id": "sorry"}],
    }


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("answered: {prompt: bye, later: 1}", "one key cannot mean two things"),
        ("answered: {prompt: bye, cancel: 12}", "each of these is one key"),
        ("hours: nowhere", "there is no calendar `nowhere`"),
    ],
)
def test_what_cannot_be_carried_out_is_a_fault(written: str, said: str) -> None:
    with pytest.raises(FlowLoadError, match=said):
        callback(written)
