"""Whatever comes in, in whatever order: the state stays valid, nothing raises, JSON brings back the same dialogue."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.flow import machine
from ivr.flow.actions import Hangup, Listen, Note, Play, StartTimer
from ivr.flow.codec import (
    action_from_json,
    action_to_json,
    input_from_json,
    input_to_json,
    state_from_json,
    state_to_json,
)
from ivr.flow.inputs import (
    AgentJoined,
    Alternative,
    Digit,
    HungUp,
    Input,
    OpId,
    PromptEnded,
    QueueEnded,
    QueueProgress,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
    TimerFired,
)
from ivr.flow.load import load
from ivr.flow.machine import MAX_HOPS
from ivr.flow.model import FlowLibrary
from ivr.flow.state import CallFacts, FlowState, Step
from tests.flow.support import FLOWS, NOON

KITCHEN_SINK = Path(__file__).parent / "data" / "kitchen_sink"


@cache
def shipped() -> FlowLibrary:
    return load(FLOWS)


@cache
def kitchen_sink() -> FlowLibrary:
    """A flow with every kind of node and every form that the language has."""
    return load(KITCHEN_SINK)


said = st.one_of(
    st.sampled_from(
        [
            "人工",
            "我要投诉",
            "不想活了",
            "着火了",
            "普通话",
            "english please",
            "person",
            "返回",
            "再说一遍",
            "",
            "  ",
            "。",
        ]
    ),
    st.text(max_size=30),
)
seconds = st.one_of(st.none(), st.floats(-10, 10_000), st.integers(0, 600).map(float))
confidence = st.one_of(st.none(), st.floats(0, 1))
ops = st.one_of(
    st.integers(0, 60).map(lambda number: OpId(str(number))), st.just(OpId("")), st.just(OpId("x"))
)


def inputs_for(op: st.SearchStrategy[OpId]) -> st.SearchStrategy[Input]:
    return st.one_of(
        st.builds(PromptEnded, op, st.sampled_from(["finished", "finished", "stopped", "failed"])),
        st.builds(Digit, st.one_of(st.sampled_from("0123456789*#ABCD"), st.text(max_size=2))),
        st.builds(SpeechStarted, op),
        st.builds(SpeechPartial, op, said),
        st.builds(
            SpeechHeard,
            op,
            said,
            confidence,
            st.sampled_from(["", "zh"]),
            st.just("engine"),
            st.one_of(st.just(""), said),
            st.lists(st.builds(Alternative, said, confidence), max_size=2).map(tuple),
        ),
        st.builds(SpeechFailed, op, st.sampled_from(["unavailable", "language", "overloaded", "lost"])),
        st.builds(TimerFired, op),
        st.builds(QueueProgress, op, st.integers(-1, 50), st.integers(0, 50), seconds, seconds),
        st.builds(AgentJoined, op, st.sampled_from(["a1001", ""])),
        st.builds(
            QueueEnded,
            op,
            st.sampled_from(["served", "timeout", "full", "closed", "unstaffed", "left", "failed"]),
            st.just("a1001"),
            st.floats(0, 100),
            st.floats(0, 100),
        ),
        st.builds(HungUp, st.sampled_from(["caller", "system"]), st.sampled_from([16, 17, 0])),
    )


calls = st.builds(
    CallFacts,
    st.just("c-1"),
    st.sampled_from(["", "13812345678"]),
    st.just("12345"),
    st.sampled_from(["zh", "en", "xx"]),
    st.sampled_from([(), ("zh",), ("zh", "en")]),
    st.sampled_from([{}, {"day_desk": False}, {"desk": False}]),
)


turns = st.lists(st.tuples(st.integers(0, 7), inputs_for(ops)), max_size=25)
"""Inputs, each with a number: which of the open ops it is to answer; from 6 on it keeps its own, right or wrong."""


def aimed(state: FlowState, number: int, event: Input) -> Input:
    """Most inputs answer what is open, as real ones do."""
    waited = list(state.waiting.values())
    if isinstance(event, Digit | HungUp) or number >= 6 or not waited:
        return event
    return dataclasses.replace(event, op=OpId(waited[number % len(waited)]))


def check_step(library: FlowLibrary, state: FlowState, event: Input, step: Step) -> None:
    notes = [action.kind for action in step.actions if isinstance(action, Note)]
    assert "machine_error" not in notes
    assert notes.count("node") <= 2 * MAX_HOPS
    assert step.state.node in library.nodes
    assert step.state.ended == (state.ended or isinstance(event, HungUp) or _hangs_up(step.actions))
    # Nobody is left in silence for ever: something is under way, or the call is over.
    assert step.state.ended or step.state.waiting
    opened = [action.op for action in step.actions if isinstance(action, Play | Listen | StartTimer)]
    assert len(set(opened)) == len(opened)
    assert not set(opened) & set(state.waiting.values())


@pytest.mark.parametrize("which", [shipped, kitchen_sink], ids=["shipped", "kitchen_sink"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls, turns)
def test_any_inputs_leave_a_valid_state_that_json_brings_back(
    which: Callable[[], FlowLibrary], call: CallFacts, events: list[tuple[int, Input]]
) -> None:
    library = which()
    step = machine.start(library, "", call, NOON)
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
        check_step(library, state, event, step)


WORDS = (
    "人工",
    "我要投诉",
    "不想活了",
    "着火了",
    "普通话",
    "english please",
    "person",
    "返回",
    "再说一遍",
    "",
    "。",
    "路灯坏了",
)


def _random_input(chance: random.Random, state: FlowState) -> Input:
    op = OpId(chance.choice([*state.waiting.values(), str(chance.randrange(80))]))
    text = chance.choice(WORDS)
    makers: list[Callable[[], Input]] = [
        lambda: Digit(chance.choice("0123456789*#")),
        lambda: PromptEnded(op, chance.choice(("finished", "finished", "finished", "stopped", "failed"))),
        lambda: TimerFired(op),
        lambda: SpeechStarted(op),
        lambda: SpeechHeard(op, text, chance.choice((None, 0.2, 0.9))),
        lambda: SpeechPartial(op, text),
        lambda: SpeechFailed(op, chance.choice(("unavailable", "overloaded", "lost"))),
        lambda: QueueProgress(op, chance.randrange(5), 5, chance.choice((None, 30.0)), 90.0),
        lambda: AgentJoined(op, "a1"),
        lambda: QueueEnded(op, chance.choice(("served", "timeout", "full", "closed", "unstaffed", "failed"))),
    ]
    return chance.choice(makers)()


@pytest.mark.parametrize("which", [shipped, kitchen_sink], ids=["shipped", "kitchen_sink"])
def test_a_thousand_long_dialogues(which: Callable[[], FlowLibrary]) -> None:
    """Without the cost of shrinking: longer, and many more. The seed names the dialogue that fails."""
    library = which()
    for seed in range(1000):
        chance = random.Random(seed)
        call = CallFacts("c-1", speech=chance.choice([(), ("zh",), ("zh", "en")]))
        step = machine.start(library, "", call, NOON)
        for _ in range(60):
            event = _random_input(chance, step.state)
            state, step = step.state, machine.step(library, step.state, event, NOON)
            check_step(library, state, event, step)


def test_hangs_up_only_on_purpose_or_by_the_caller() -> None:
    """Whatever goes wrong, the demo hotline brings its caller to a queue or says why it cannot."""
    library = shipped()
    for seed in range(300):
        chance = random.Random(seed)
        step = machine.start(library, "", CallFacts("c-1", speech=("zh", "en")), NOON)
        words = 0
        while not step.state.ended and words < 200:
            event = _random_input(chance, step.state)
            step = machine.step(library, step.state, event, NOON)
            words += 1
        if step.state.ended:
            assert library.nodes[step.state.node].ends


def _hangs_up(actions: tuple[object, ...]) -> bool:
    return any(isinstance(action, Hangup) for action in actions)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from("0126"), max_size=4), inputs_for(st.just(OpId("1000"))))
def test_late_and_unknown_ops_change_nothing(digits: list[str], event: Input) -> None:
    library = shipped()
    step = machine.start(library, "", CallFacts("c-1", speech=("zh",)), NOON)
    for digit in digits:
        step = machine.step(library, step.state, Digit(digit), NOON)
    after = machine.step(library, step.state, event, NOON)
    if not isinstance(event, Digit | HungUp):
        assert after == Step(step.state, ())


def test_the_end_is_the_end() -> None:
    library = shipped()
    step = machine.start(library, "", CallFacts("c-1"), NOON)
    over = machine.step(library, step.state, HungUp("caller"), NOON)
    assert over.state.ended
    assert not over.state.waiting
    assert machine.step(library, over.state, Digit("0"), NOON) == Step(over.state, ())
