"""agent: what is asked of the desk, what comes of it, and that keys in a talk are the parties' own."""

from __future__ import annotations

import pytest

from ivr.flow.actions import CancelDeskAct, DeskAct
from ivr.flow.inputs import DeskAnswered, PartyJoined
from tests.flow.support import PERSON, Dialogue, faults, library

AGENT = """
  act: {kind: agent, do: DO, next: done}
  done: {kind: hangup, prompt: bye}
  refused: {kind: hangup, prompt: sorry}
  person: {kind: hangup, prompt: again}
"""
HOTLINE = PERSON + "variables: {dialled: '1234'}\nfallback: main.person\n"


def agent(do: str) -> Dialogue:
    return Dialogue(library(AGENT.replace("DO", do), HOTLINE))


@pytest.mark.parametrize(
    ("do", "wanted"),
    [
        ("log_in, pin: = dialled", {"do": "log_in", "pin": "1234"}),
        ("log_out", {"do": "log_out"}),
        ("pause, reason: meal", {"do": "pause", "reason": "meal"}),
        ("unpause", {"do": "unpause"}),
        ("wrap_up, code: '= last(dialled, 1)'", {"do": "wrap_up", "code": "4"}),
        ("extend, for_s: 90", {"do": "extend", "seconds": 90.0}),
        ("look", {"do": "look"}),
        ("call, number: = dialled, ring_s: 5", {"do": "call", "number": "1234", "ring_s": 5.0}),
    ],
)
def test_what_is_asked_for(do: str, wanted: dict[str, object]) -> None:
    (act,) = agent(do).of(DeskAct)
    assert {name: getattr(act, name) for name in wanted} == wanted


def test_what_was_done_is_seen_and_the_dialogue_goes_on() -> None:
    call = agent("look, into: me, set: {dialled: = me.state}")
    call.give(DeskAnswered(call.op("desk"), "done", {"state": "paused", "waiting": 3}))
    assert (call.at, call.value("me"), call.value("dialled")) == (
        "main.done",
        {"state": "paused", "waiting": 3},
        "paused",
    )
    assert call.notes("desk") == [{"node": "main.act", "do": "look", "outcome": "done"}]


def test_a_refusal_is_an_event() -> None:
    call = agent("log_in, on: {error.agent.wrong_pin: {next: refused}}")
    call.give(DeskAnswered(call.op("desk"), "wrong_pin"))
    assert call.at == "main.refused"
    call = agent("log_in, on: {error.agent: {next: refused}}")
    call.give(DeskAnswered(call.op("desk"), "no_agent"))
    assert (call.at, call.value("agent")["state"]) == ("main.refused", "")  # type: ignore[index,call-overload]
    call = agent("log_in")
    call.give(DeskAnswered(call.op("desk"), "not_now"))
    assert call.at == "main.person", "where nothing is said of it, as with any error"


def test_keys_in_a_talk_are_the_parties_own_and_the_end_leads_on() -> None:
    call = agent("call, number: = dialled")
    call.give(PartyJoined(call.op("desk")))
    call.press("0")
    assert call.at == "main.act"
    call.give(DeskAnswered(call.op("desk"), "done", {"state": "wrap_up"}))
    assert call.at == "main.done"


def test_before_a_log_in_is_done_a_command_still_leads_away() -> None:
    call = agent("log_in")
    op = call.op("desk")
    call.press("0")
    assert (call.at, call.of(CancelDeskAct)) == ("main.person", [CancelDeskAct(op)])


@pytest.mark.parametrize(
    ("do", "code"),
    [
        ("pause, code: x", "wrong-value"),
        ("call", "missing-field"),
        ("log_in, pin: = nothing", "undefined-variable"),
        ("sleep", "wrong-value"),
    ],
)
def test_faults(do: str, code: str) -> None:
    found = faults(AGENT.replace("DO", do), HOTLINE)
    assert code in {finding.code for finding in found}, found
