"""The part `agents` of queues.yaml: what it compiles to, and what is wrong with it."""

from __future__ import annotations

import pytest

from routing.agent_limits import LIMITS, Limit
from routing.rules_load import RulesError, load_rules

QUEUES = "queues: {general: {}}\n"


def test_what_is_written_and_what_holds_otherwise() -> None:
    agents = load_rules(
        QUEUES
        + """
agents:
  limits:
    reserved: [{after_s: 10, then: available}]
    wrap_up: [{after_s: 60, then: paused}, {after_s: 30, then: remind}]
  pauses:
    meal: {key: "2", title: {zh: 用餐}, limits: [{after_s: 5, then: offline}]}
    break: {}
  misses_forgotten: {by: [answer], after_s: 600}
  longest_wrap_up_s: 300
"""
    ).agents
    assert agents.of("reserved") == (Limit(10, "available"),)
    assert agents.of("wrap_up") == (Limit(30, "remind"), Limit(60, "paused")), "in the order of time"
    assert agents.of("hold") == LIMITS["hold"] and agents.of("talking") == ()
    assert agents.of("paused", "meal") == (Limit(5, "offline"),) and agents.of("paused", "break") == ()
    assert (agents.reason("2"), agents.reason("break"), agents.reason("nap")) == ("meal", "break", None)
    assert (agents.misses_forgotten_by, agents.misses_forgotten_after_s) == (frozenset({"answer"}), 600)
    assert agents.longest_wrap_up_s == 300
    assert load_rules(QUEUES).agents.reason("anything") == "anything"


@pytest.mark.parametrize(
    ("written", "line", "cause"),
    [
        ("limits: {talking: [{after_s: 60, then: offline}]}", 2, "cannot become offline"),
        ("limits: {reserved: [{after_s: 60, then: remind}]}", 2, "reserved for ever"),
        ("limits: {sleeping: []}", 2, "limits.sleeping"),
        ("pauses: {a: {key: '1'}, b: {key: '1'}}", 2, "has the key 1 already"),
        ("pauses: {a: {limits: [{after_s: 9, then: paused}]}}", 2, "cannot become paused"),
        ("misses_forgotten: {by: [sleep]}", 2, "'log_in'"),
    ],
)
def test_faults_are_told_by_their_place(written: str, line: int, cause: str) -> None:
    with pytest.raises(RulesError) as refused:
        load_rules(f"agents:\n  {written}\n{QUEUES}")
    (finding,) = refused.value.findings
    assert finding.line == line
    assert cause in finding.cause
