"""The dialogue machine: pure. The same one serves a call, a chat, the simulator, a scenario and a replay.

`(library, state, input, now) -> (state, actions)`. How an input finds its way:

1. After the end nothing counts.
2. An input that answers an action (`op`) counts only while the state waits for that op; a late one is dropped.
3. The node where the dialogue stands takes it. It may open operations, raise events (events.py), and say where to go.
4. Going: whatever the node still has open is closed, the next one is entered; nodes that wait for nothing are passed
   through in the same turn. A turn that enters more than `MAX_HOPS` nodes is a loop: the caller is brought to a person.
   So is a call that enters one node more than `MAX_VISITS` times: that loop goes on from turn to turn.
5. A hang-up ends the dialogue, unless a handler of `hangup` leads on: then the nodes that need no caller still run
   (`Node.silent`), without sound, and the first one that needs a caller ends it.
6. A place in a queue may be kept while the dialogue is elsewhere (held.py): what comes of it brings the dialogue back
   to its queue.

Nothing here raises. A fault of ours in a node is noted as `machine_error` and leads to a person as well: a caller must
not be dropped for it, and a test asserts that no input of any kind leads there.
"""

from __future__ import annotations

import datetime as dt
from typing import assert_never

from ivr.flow import adapting, held, raising, subflows
from ivr.flow.actions import JsonValue
from ivr.flow.inputs import (
    AgentJoined,
    CallbackPlaced,
    DeskAnswered,
    Digit,
    HungUp,
    Input,
    LookupEnded,
    OpId,
    PartyJoined,
    PromptEnded,
    QueueEnded,
    QueueProgress,
    RecordingEnded,
    RequestEnded,
    SentToFlow,
    SpeechFailed,
    SpeechHeard,
    SpeechPartial,
    SpeechStarted,
    TimerFired,
    TransferEnded,
    WaitsAgain,
)
from ivr.flow.model import FAREWELL, Flow, FlowLibrary
from ivr.flow.nodes.base import Node
from ivr.flow.state import CallFacts, FlowState, Step
from ivr.flow.turn import TIMER, Turn

MAX_HOPS = 100
"""Nodes entered in one turn."""
MAX_VISITS = 2000
"""Visits of one node in one call. A caller who answers every few seconds would take hours for them; what fails at
once and leads back to itself, a moment."""
HELD = "~held"
"""The purpose of an op that is kept while the dialogue is elsewhere."""

KEYS = frozenset("0123456789*#ABCD")


def start(library: FlowLibrary, entry: str, call: CallFacts, now: dt.datetime) -> Step:
    """The first step of a call. entry: name of a flow; "" or an unknown one = the library's own.

    now: aware. The state keeps the library's version; go on with the same library (`FlowState.flow_version`).
    """
    language = call.language if call.language in library.languages else library.languages[0]
    flow = library.flows.get(entry) or library.flows[library.entry]
    variables = {**library.variables, **flow.variables, **_given(flow, call)}
    state = FlowState(library.version, call, language=language, variables=variables)
    turn = Turn(library, state, now)
    turn.note(
        "started", {"flow": flow.name, "version": library.version, "language": language, **_known(call)}
    )
    adapting.look(turn)
    turn.go(flow.start)
    return _finish(turn)


def _given(flow: Flow, call: CallFacts) -> dict[str, JsonValue]:
    """The parameters of a flow that a call begins with: facts of the call by the same name."""
    return {name: call.facts[name] for name in flow.parameters if name in call.facts}


def _known(call: CallFacts) -> dict[str, JsonValue]:
    """What else the way of a call may depend on, so that its journal is enough to replay it. The numbers are in the
    call's record, which is masked and deleted by its own rules."""
    known: dict[str, JsonValue] = {"speech": list(call.speech)}
    for name in ("hours", "history", "facts", "drawn"):
        if said := getattr(call, name):
            known[name] = dict(said)
    return known


def step(library: FlowLibrary, state: FlowState, event: Input, now: dt.datetime) -> Step:
    """One input. Never raises; an input that means nothing here gives the same state and no actions."""
    if state.ended or (state.hung_up and isinstance(event, Digit | HungUp)):
        return Step(state, ())
    purpose = ""
    if isinstance(event, Digit):
        if event.digit not in KEYS:
            return Step(state, ())
    elif not isinstance(event, HungUp):
        purpose = _purpose(state, event.op)
        if not purpose:
            return Step(state, ())
    turn = Turn(library, state, now)
    node = library.nodes.get(state.node)
    try:
        if isinstance(event, HungUp):
            _hung_up(turn, event)
        elif node is None:
            return _rescue(turn, f"no node `{state.node}` in version {library.version}")
        elif purpose != HELD:
            _deliver(turn, node, event, purpose)
        elif held.happened(turn, event):
            _deliver(turn, turn.here, event, held.QUEUE)
    except Exception as error:
        # See the head of this file: a fault of ours must not drop the caller.
        cause = f"{type(error).__name__} in {state.node}"
        if isinstance(event, HungUp):
            return _give_up(turn, cause)
        return _rescue(Turn(library, state, now), cause)
    return _finish(turn)


def _purpose(state: FlowState, op: OpId) -> str:
    for purpose, waited in state.waiting.items():
        if waited == op:
            return purpose
    return HELD if op == state.held != "" else ""


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
                turn.said = event.text
                node.speech_partial(turn, event)
        case SpeechHeard():
            if purpose == "listen":
                del turn.waiting[purpose]
                turn.said = event.text
                node.speech_heard(turn, event)
        case SpeechFailed():
            if purpose == "listen":
                del turn.waiting[purpose]
                turn.note("speech_failed", {"node": node.id, "cause": event.cause})
                node.speech_failed(turn, event)
        case QueueProgress():
            if purpose == held.QUEUE:
                node.queue_progress(turn, event)
        case AgentJoined():
            if purpose == held.QUEUE:
                node.agent_joined(turn, event)
        case WaitsAgain():
            if purpose == held.QUEUE:
                node.waits_again(turn, event)
        case SentToFlow():
            if purpose == held.QUEUE:
                node.sent_to_flow(turn, event)
        case QueueEnded():
            if purpose == held.QUEUE:
                del turn.waiting[purpose]
                node.queue_ended(turn, event)
        case CallbackPlaced():
            if purpose == "callback":
                del turn.waiting[purpose]
                node.callback_placed(turn, event)
        case RecordingEnded():
            if purpose == "record":
                del turn.waiting[purpose]
                node.recording_ended(turn, event)
        case PartyJoined():
            if purpose in ("transfer", "desk"):
                node.party_joined(turn)
        case TransferEnded():
            if purpose == "transfer":
                del turn.waiting[purpose]
                node.transfer_ended(turn, event)
        case RequestEnded():
            if purpose == "request":
                del turn.waiting[purpose]
                node.request_ended(turn, event)
        case LookupEnded():
            if purpose == "lookup":
                del turn.waiting[purpose]
                node.lookup_ended(turn, event)
        case DeskAnswered():
            if purpose == "desk":
                del turn.waiting[purpose]
                node.desk_answered(turn, event)
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
            if turn.hops > MAX_HOPS or _visited_enough(turn, target):
                turn.note("loop", {"node": target, "hops": turn.hops, "visits": turn.visits.get(target, 0)})
                turn.hops = 0
                turn.rescue()
                continue
            _enter(turn, target)
        if turn.lead and not turn.ended:
            turn.speak(())
    except Exception as error:
        return _rescue(turn, f"{type(error).__name__} in {turn.node}")
    return Step(turn.freeze(), tuple(turn.actions))


def _visited_enough(turn: Turn, target: str) -> bool:
    """The hidden nodes, where all calls end and all flows return, do not count."""
    return turn.visits.get(target, 0) >= MAX_VISITS and bool(turn.library.nodes[target].flow)


def _enter(turn: Turn, target: str) -> None:
    node = turn.library.nodes[target]
    if turn.stack:
        subflows.leave_for(turn, target)
    if turn.waiting:
        turn.leave()
    turn.node = target
    turn.counts = {}
    turn.data = {}
    turn.visits = {**turn.visits, target: turn.visits.get(target, 0) + 1}
    turn.actions.append(node.entered)
    if turn.hung_up and not node.silent:
        turn.end()
    else:
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


def _give_up(turn: Turn, cause: str) -> Step:
    """The caller has gone already: nobody is left to be brought to a person."""
    turn.note("machine_error", {"node": turn.node, "cause": cause})
    turn.waiting = {}
    turn.end()
    return Step(turn.freeze(), tuple(turn.actions))


def _hung_up(turn: Turn, event: HungUp) -> None:
    """The caller has gone. Nothing can be heard any more; what was open ended with the call, what is asked of others
    does not. Without a handler of `hangup` this is the end."""
    turn.note("ended", {"node": turn.node, "by": event.by, "cause": event.cause})
    turn.event, turn.detail = "hangup", {"by": event.by, "cause": event.cause}
    turn.unplayed, turn.keys = (), ""
    turn.hung_up = True
    # Places in queues and other parties end with the call; the session knows that as well as we do.
    held.forget(turn)
    recording = turn.waiting.get("record")
    if recording is not None:
        # A message is left by hanging up more often than by a key: its node goes on when the recording is there.
        turn.waiting = {"record": recording}
        return
    turn.waiting = {purpose: op for purpose, op in turn.waiting.items() if purpose in ("request", "lookup")}
    if event.by != "caller" or turn.node not in turn.library.nodes or not raising.after_hangup(turn):
        turn.end()
