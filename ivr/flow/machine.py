"""The dialogue machine: pure. The same one serves a call, a chat, the simulator, a scenario and a replay.

`(library, state, input, now) -> (state, actions)`. How an input finds its way:

1. After the end nothing counts.
2. An input that answers an action (`op`) counts only while the state waits for that op; a late one is dropped.
3. The node where the dialogue stands takes it. It may open operations, raise events (events.py), and say where to go.
4. Going: whatever the node still has open is closed, the next one is entered; nodes that wait for nothing are passed
   through in the same turn. A turn that enters more than `MAX_HOPS` nodes is a loop: the caller is brought to a person.

Nothing here raises. A fault of ours in a node is noted as `machine_error` and leads to a person as well: a caller must
not be dropped for it, and a test asserts that no input of any kind leads there.
"""

from __future__ import annotations

import datetime as dt
from typing import assert_never

from ivr.flow.inputs import (
    AgentJoined,
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
from ivr.flow.model import FAREWELL, FlowLibrary
from ivr.flow.nodes.base import Node
from ivr.flow.state import CallFacts, FlowState, Step
from ivr.flow.turn import TIMER, Turn

MAX_HOPS = 100
"""Nodes entered in one turn."""

KEYS = frozenset("0123456789*#ABCD")


def start(library: FlowLibrary, entry: str, call: CallFacts, now: dt.datetime) -> Step:
    """The first step of a call. entry: name of a flow; "" or an unknown one = the library's own.

    now: aware. The state keeps the library's version; go on with the same library (`FlowState.flow_version`).
    """
    language = call.language if call.language in library.languages else library.languages[0]
    state = FlowState(library.version, call, language=language, variables=library.variables)
    turn = Turn(library, state, now)
    flow = library.flows.get(entry) or library.flows[library.entry]
    turn.note("started", {"flow": flow.name, "version": library.version, "language": language})
    turn.go(flow.start)
    return _finish(turn)


def step(library: FlowLibrary, state: FlowState, event: Input, now: dt.datetime) -> Step:
    """One input. Never raises; an input that means nothing here gives the same state and no actions."""
    if state.ended:
        return Step(state, ())
    if isinstance(event, HungUp):
        return _hung_up(library, state, event, now)
    node = library.nodes.get(state.node)
    if node is None:
        return _rescue(Turn(library, state, now), f"no node `{state.node}` in version {library.version}")
    purpose = ""
    if not isinstance(event, Digit):
        purpose = _purpose(state, event.op)
        if not purpose:
            return Step(state, ())
    elif event.digit not in KEYS:
        return Step(state, ())
    turn = Turn(library, state, now)
    try:
        _deliver(turn, node, event, purpose)
    except Exception as error:
        # See the head of this file: a fault of ours must not drop the caller.
        return _rescue(Turn(library, state, now), f"{type(error).__name__} in {state.node}")
    return _finish(turn)


def _purpose(state: FlowState, op: OpId) -> str:
    for purpose, waited in state.waiting.items():
        if waited == op:
            return purpose
    return ""


def _deliver(turn: Turn, node: Node, event: Input, purpose: str) -> None:
    match event:
        case Digit():
            node.digit(turn, event.digit)
        case PromptEnded():
            if purpose == "play":
                del turn.waiting[purpose]
                node.prompt_ended(turn, failed=event.outcome == "failed")
        case TimerFired():
            if purpose.startswith(TIMER):
                del turn.waiting[purpose]
                node.timer(turn, purpose[len(TIMER) :])
        case SpeechStarted():
            if purpose == "listen":
                node.speech_started(turn, event)
        case SpeechPartial():
            if purpose == "listen":
                node.speech_partial(turn, event)
        case SpeechHeard():
            if purpose == "listen":
                del turn.waiting[purpose]
                node.speech_heard(turn, event)
        case SpeechFailed():
            if purpose == "listen":
                del turn.waiting[purpose]
                turn.note("speech_failed", {"node": node.id, "cause": event.cause})
                node.speech_failed(turn, event)
        case QueueProgress():
            if purpose == "queue":
                node.queue_progress(turn, event)
        case AgentJoined():
            if purpose == "queue":
                node.agent_joined(turn, event)
        case QueueEnded():
            if purpose == "queue":
                del turn.waiting[purpose]
                node.queue_ended(turn, event)
        case HungUp():
            pass
        case _:
            assert_never(event)


def _finish(turn: Turn) -> Step:
    """Go where the node wants to go, through all nodes that do not wait."""
    try:
        while turn.pending is not None and not turn.ended:
            target, turn.pending = turn.pending, None
            turn.hops += 1
            if turn.hops > MAX_HOPS:
                turn.hops = 0
                turn.note("loop", {"node": target, "hops": MAX_HOPS})
                turn.rescue()
                continue
            _enter(turn, target)
        if turn.lead:
            turn.speak(())
    except Exception as error:
        return _rescue(turn, f"{type(error).__name__} in {turn.node}")
    return Step(turn.freeze(), tuple(turn.actions))


def _enter(turn: Turn, target: str) -> None:
    node = turn.library.nodes[target]
    if turn.waiting:
        turn.leave()
    turn.node = target
    turn.counts = {}
    turn.data = {}
    turn.actions.append(node.entered)
    node.enter(turn)


def _rescue(turn: Turn, cause: str) -> Step:
    """To a person, or to the last words; and if even that fails, an orderly end."""
    turn.note("machine_error", {"node": turn.node, "cause": cause})
    turn.pending = None
    try:
        turn.leave()
        turn.rescue()
        while turn.pending is not None and not turn.ended and turn.hops <= MAX_HOPS:
            target, turn.pending = turn.pending, None
            turn.hops += 1
            _enter(turn, target)
        if turn.pending is None:
            return Step(turn.freeze(), tuple(turn.actions))
    except Exception as error:
        turn.note(
            "machine_error", {"node": turn.node, "cause": f"{type(error).__name__} on the way to a person"}
        )
    turn.leave()
    _enter(turn, FAREWELL)
    return Step(turn.freeze(), tuple(turn.actions))


def _hung_up(library: FlowLibrary, state: FlowState, event: HungUp, now: dt.datetime) -> Step:
    """The end. Nothing can be heard any more, and whatever was open ended with the call."""
    turn = Turn(library, state, now)
    turn.note("ended", {"node": state.node, "by": event.by, "cause": event.cause})
    turn.waiting = {}
    turn.unplayed = ()
    turn.ended = True
    return Step(turn.freeze(), tuple(turn.actions))
