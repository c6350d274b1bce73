"""What an event, and a command of the caller, leads to. Works on a turn; which handler it is, events.py decides.
Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ivr.flow import adapting, languages, subflows
from ivr.flow.actions import JsonValue
from ivr.flow.commands import Command
from ivr.flow.events import Evaluate, Reached, handled_by, name_parts, select
from ivr.flow.expressions import Expression
from ivr.flow.model import HANGUP, Handler, Handlers, Per

if TYPE_CHECKING:
    from ivr.flow.nodes.base import Node
    from ivr.flow.turn import Turn

MAX_SAID = 4000
"""Characters of what was said that a variable keeps."""
MAX_RAISED = 10
"""Events raised by handlers in one turn; then somebody has led them in a circle."""
MAX_ERRORS = 10
"""A node that fails so often in one visit, and is led back to itself each time, is given up."""


def raise_event(turn: Turn, name: str, detail: JsonValue) -> None:
    turn.raised += 1
    node = turn.here
    count(turn, name, node.flow)
    turn.event, turn.detail = name, detail
    turn.note("event", {"event": name, "count": turn.counts[name], "node": turn.node})
    if turn.raised > MAX_RAISED or turn.counts.get("error", 0) > MAX_ERRORS:
        turn.note("loop", {"node": turn.node, "event": name})
        turn.rescue()
    elif turn.stack and _hands_back(turn, node, name):
        subflows.back(turn, event=name, detail=detail)
    else:
        scopes = (*_near(turn, node), turn.library.handlers)
        handler = select(scopes, name, _reached(turn, node.flow), turn.evaluate)
        if name in adapting.STRUGGLES and node.asks:
            adapting.struggled(turn, name)
            if handler.then in ("reprompt", "wait"):
                handler = _helping(turn, node, name) or handler
        do(turn, handler)


def _helping(turn: Turn, node: Node, why: str) -> Handler | None:
    """What is done for a caller who struggles, instead of asking as before; None = nobody says."""
    if not turn.slow:
        return None
    name = adapting.STRUGGLING
    kept = turn.event, turn.detail
    count(turn, name, node.flow)
    turn.event, turn.detail = name, {"why": why, "times": turn.struggles}
    scopes = (*_near(turn, node), turn.library.handlers)
    found = handled_by(scopes, name, _reached(turn, node.flow), turn.evaluate)
    if found is None:
        turn.event, turn.detail = kept
    else:
        turn.note("event", {"event": name, "count": turn.counts[name], "node": turn.node})
    return found


def count(turn: Turn, name: str, flow: str) -> None:
    """In this visit, in this flow ("main no_input"), and in the call; `error.asr` counts as `error` too."""
    turn.counts, turn.flow_counts = dict(turn.counts), dict(turn.flow_counts)
    for part in name_parts(name):
        turn.counts[part] = turn.counts.get(part, 0) + 1
        turn.flow_counts[part] = turn.flow_counts.get(part, 0) + 1
        in_flow = f"{flow} {part}"
        turn.flow_counts[in_flow] = turn.flow_counts.get(in_flow, 0) + 1


def _reached(turn: Turn, flow: str) -> Reached:
    def reached(per: Per, name: str) -> int:
        if per == "visit":
            return turn.counts.get(name, 0)
        return turn.flow_counts.get(name if per == "call" else f"{flow} {name}", 0)

    return reached


def _near(turn: Turn, node: Node) -> list[Handlers]:
    """The scopes of a node below the hotline's, the nearest first: the node, its kind's own defaults, its flow, the
    library it comes from."""
    flow = turn.library.flows.get(node.flow)
    if flow is None:
        return [node.handlers, node.defaults]
    shared = turn.library.shared.get(flow.library, {})
    return [node.handlers, node.defaults, flow.handlers, shared]


def is_handled(turn: Turn, node: Node, name: str) -> bool:
    """Whether an author says what follows from an event here, were it raised now."""
    scopes = (*_near(turn, node), turn.library.handlers)
    return any(handlers.get(part) for handlers in scopes for part in name_parts(name))


def _hands_back(turn: Turn, node: Node, name: str) -> bool:
    """Whether the flow declares the event as one for whoever called it, and does not handle it itself at this count."""
    flow = turn.library.flows.get(node.flow)
    if flow is None or flow.events.isdisjoint(name_parts(name)):
        return False
    own = [node.handlers, flow.handlers]
    return handled_by(own, name, _reached(turn, node.flow), turn.evaluate) is None


def do(turn: Turn, handler: Handler) -> None:
    turn.add_lead(handler.say.runs(turn))
    _set(turn, handler)
    node = turn.here
    if handler.then == "go":
        turn.go(handler.target)
    elif handler.then == "reprompt":
        node.reprompt(turn)
    elif handler.then == "wait":
        node.resume(turn)
    elif handler.then == "hangup":
        turn.go(HANGUP)
    elif handler.then == "raise":
        raise_event(turn, handler.target, turn.detail)
    elif handler.then == "offer":
        node.offer_language(turn)
    else:
        turn.rescue()


def _set(turn: Turn, handler: Handler) -> None:
    for name, source in handler.sets.items():
        turn.assign(name, source.value(turn))


# When the caller has gone


def after_hangup(turn: Turn) -> bool:
    """Go where the handler of `hangup` leads, without sound. False: none leads on."""
    count(turn, "hangup", turn.here.flow)
    handler = _hangup_handler(turn)
    if handler is None:
        return False
    _set(turn, handler)
    if handler.then != "go":
        return False
    turn.go(handler.target)
    return True


def _hangup_handler(turn: Turn) -> Handler | None:
    """Those of the flows that called this one count too, before the hotline's: whoever called is nearer. The dialogue
    then stands in the flow whose handler it is."""
    node = turn.here
    found = handled_by(_near(turn, node), "hangup", _reached(turn, node.flow), turn.evaluate)
    if found is not None:
        return found
    for depth in reversed(range(len(turn.stack))):
        frame = turn.stack[depth]
        caller = turn.library.nodes.get(str(frame.get("node")))
        if caller is None:
            continue
        evaluate = _evaluating(turn, subflows.variables_in(turn, frame))
        found = handled_by(_near(turn, caller), "hangup", _reached(turn, caller.flow), evaluate)
        if found is not None:
            subflows.unwind(turn, depth)
            return found
    return handled_by([turn.library.handlers], "hangup", _reached(turn, node.flow), turn.evaluate)


def _evaluating(turn: Turn, variables: Mapping[str, JsonValue]) -> Evaluate:
    """Evaluates with the variables of another frame."""

    def evaluate(expression: Expression) -> JsonValue:
        own, turn.variables = turn.variables, variables
        try:
            return turn.evaluate(expression)
        finally:
            turn.variables = own

    return evaluate


# Commands of the caller


def command(turn: Turn, chosen: Command, by: str) -> None:
    turn.note("command", {"command": chosen.name, "by": by, "reason": chosen.reason})
    turn.keys = ""
    if chosen.into and by == "speech":
        turn.assign(chosen.into, turn.said.strip()[:MAX_SAID])
    if chosen.do == "go":
        turn.go(chosen.target)
    elif chosen.do in ("help", "cancel"):
        raise_event(turn, chosen.do, None)
    elif chosen.do == "language":
        languages.switch(turn, chosen.language, "command")
    elif chosen.do == "back" and (earlier := _step_back(turn)):
        turn.go(earlier)
    elif chosen.do == "repeat" and turn.here.asks:
        adapting.struggled(turn, "repeat")
        helping = _helping(turn, turn.here, "repeat")
        if helping is not None:
            do(turn, helping)
        else:
            turn.here.reprompt(turn)
    else:
        # Also a "back" at the first step: hearing the question again is better than hearing nothing.
        turn.here.reprompt(turn)


def _step_back(turn: Turn) -> str:
    """Takes the present step off the history; the one before, also of a flow that called this one; "" for none."""
    earlier = _without(turn.history, turn.node)
    depth = len(turn.stack)
    while not earlier and depth:
        depth -= 1
        frame = turn.stack[depth]
        earlier = _without(subflows.history_in(frame), str(frame.get("node")))
    if not earlier:
        return ""
    subflows.unwind(turn, depth)
    turn.history = earlier
    return earlier[-1]


def _without(history: tuple[str, ...], node: str) -> tuple[str, ...]:
    return history[:-1] if history and history[-1] == node else history
