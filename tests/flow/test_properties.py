"""Whatever comes in, in whatever order: the state stays valid, the books are even, JSON brings the dialogue back."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.flow import machine
from ivr.flow.codec import (
    action_from_json,
    action_to_json,
    input_from_json,
    input_to_json,
    state_from_json,
    state_to_json,
)
from ivr.flow.inputs import Digit, HungUp, Input, OpId
from ivr.flow.load import load
from ivr.flow.model import FlowLibrary
from ivr.flow.registry import KINDS
from ivr.flow.state import CallFacts, Step
from tests.flow.ledger import Ledger
from tests.flow.support import FLOWS, NOON
from tests.flow.wild_inputs import aimed, by_chance, calls, inputs_for, turns

KITCHEN_SINK = Path(__file__).parent / "data" / "kitchen_sink"


@cache
def shipped() -> FlowLibrary:
    return load(FLOWS)


@cache
def kitchen_sink() -> FlowLibrary:
    """Flows with every kind of node and every form that the language has."""
    return load(KITCHEN_SINK)


both = pytest.mark.parametrize("which", [shipped, kitchen_sink], ids=["shipped", "kitchen_sink"])


def test_the_kitchen_sink_has_every_kind() -> None:
    assert {node.kind for node in kitchen_sink().nodes.values()} == set(KINDS)
    assert not kitchen_sink().findings


@both
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["", "work", "waiting", "others", "person"]), calls, turns)
def test_any_inputs_leave_a_valid_state_that_json_brings_back(
    which: Callable[[], FlowLibrary], entry: str, call: CallFacts, events: list[tuple[int, Input]]
) -> None:
    library = which()
    ledger = Ledger(library)
    step = machine.start(library, entry, call, NOON)
    ledger.enter(None, None, step)
    for number, template in events:
        state = step.state
        event = aimed(state, number, template)
        copied = state_from_json(json.loads(json.dumps(state_to_json(state))))
        assert copied == state
        assert input_from_json(json.loads(json.dumps(input_to_json(event)))) == event
        step = machine.step(library, state, event, NOON)
        assert machine.step(library, copied, event, NOON) == step
        for action in step.actions:
            assert action_from_json(json.loads(json.dumps(action_to_json(action)))) == action
        ledger.enter(state, event, step)


@both
def test_a_thousand_long_dialogues(which: Callable[[], FlowLibrary]) -> None:
    """Without the cost of shrinking: longer, and many more. The seed names the dialogue that fails."""
    library = which()
    # Codes of agents are a way of a few steps each: they begin more often.
    entries = ["", *library.flows, *(2 * [flow for flow in library.flows if flow == "agent_codes"])]
    visited: set[str] = set()
    for seed in range(1000):
        chance = random.Random(seed)
        call = CallFacts(
            "c-1",
            chance.choice(("", "138")),
            # Agents dial codes; citizens the hotline.
            chance.choice(("12345", "*40", "*45", "*461", "*47", "*472", "*48", "*483", "*49110")),
            speech=chance.choice([(), ("zh",), ("zh", "en")]),
            facts=chance.choice([{}, {}, {"incident": "flood"}, {"age": 70}]),
        )
        now = NOON + dt.timedelta(hours=chance.choice((0, 0, 12)))
        step = machine.start(library, chance.choice(entries), call, now)
        ledger = Ledger(library)
        ledger.enter(None, None, step)
        for number in range(80):
            if step.state.ended:
                break
            gone = number > 20 and chance.random() < 0.03
            event = HungUp("caller") if gone else by_chance(chance, step.state)
            state, step = step.state, machine.step(library, step.state, event, now)
            ledger.enter(state, event, step)
        visited |= set(step.state.visits)
    own = {node.id for node in library.nodes.values() if node.flow}
    # Chance gets around: what it never reaches it cannot test.
    assert len(own & visited) > 0.8 * len(own), own - visited


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("0126"), max_size=4), inputs_for(st.just(OpId("100000"))))
def test_late_and_unknown_ops_change_nothing(digits: list[str], event: Input) -> None:
    library = shipped()
    step = machine.start(library, "", CallFacts("c-1", speech=("zh",)), NOON)
    for digit in digits:
        step = machine.step(library, step.state, Digit(digit), NOON)
    after = machine.step(library, step.state, event, NOON)
    if not isinstance(event, Digit | HungUp):
        assert after == Step(step.state, ())


def test_hangs_up_only_on_purpose_or_by_the_caller() -> None:
    """Whatever goes wrong, the hotline that ships brings its caller to a person or says why it cannot."""
    library = shipped()
    for seed in range(300):
        chance = random.Random(seed)
        step = machine.start(library, "", CallFacts("c-1", speech=("zh", "en")), NOON)
        for _ in range(200):
            if step.state.ended:
                assert library.nodes[step.state.node].ends
                break
            step = machine.step(library, step.state, by_chance(chance, step.state), NOON)
