"""What an event, and a command of the caller, leads to. Works on a turn; which handler it is, events.py decides.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ivr.flow import subflows
from ivr.flow.actions import JsonValue
from ivr.flow.events import handled_by, name_parts, select
from ivr.flow.model import HANGUP, Command, Handler, Handlers

if TYPE_CHECKING:
    from ivr.flow.nodes.base import Node
    from ivr.flow.turn import Turn

MAX_SAID = 4000
"""Characters of what was said that a variable keeps."""
MAX_RAISED = 10
"""Events raised by handlers in one turn; then somebody has led them in a circle."""


def raise_event(turn: Turn, name: str, detail: JsonValue) -> None:
    turn.raised += 1
    if turn.raised > MAX_RAISED:
        turn.note("loop", {"node": turn.node, "event": name})
        turn.rescue()
        return
    count(turn, name, turn.here.flow)
    turn.event, turn.detail = name, detail
    turn.note("event", {"event": name, "count": turn.counts[name], "node": turn.node})
    node = turn.here
    flow = turn.library.flows.get(node.flow)
    if flow is not None and name in flow.events and turn.stack and not _own(turn, node, name):
        # Declared as one that this subflow hands to whoever called it.
        subflows.back(turn, event=name, detail=detail)
        return
    do(turn, select(scopes(turn, node), name, turn.counts, _per_flow(turn), turn.flow_counts, turn.evaluate))


def scopes(turn: Turn, node: Node) -> list[Handlers]:
    """The nearest first: the node, its kind's own defaults, its flow, the library it comes from, the hotline."""
    found: list[Handlers] = [node.handlers, node.defaults]
    flow = turn.library.flows.get(node.flow)
    if flow is not None:
        found.append(flow.handlers)
        shared = turn.library.shared.get(flow.library)
        if shared is not None:
            found.append(shared)
    found.append(turn.library.handlers)
    return found


def hangup_handler(turn: Turn) -> Handler | None:
    """What the dialogue still does when the caller has gone: the handlers of the callers of a subflow count too."""
    places = [turn.node, *(str(frame.get("node", "")) for frame in reversed(turn.stack))]
    for place in places:
        node = turn.library.nodes.get(place)
        if node is None:
            continue
        count(turn, "hangup", node.flow)
        found: Sequence[Handlers] = scopes(turn, node)
        handler = handled_by(found, "hangup", turn.counts, _per_flow(turn), turn.flow_counts, turn.evaluate)
        if handler is not None:
            return handler
    return None


def count(turn: Turn, name: str, flow: str) -> None:
    """In this visit, in this flow ("main no_input"), and in the call; `error.asr` counts as `error` too."""
    turn.counts, turn.flow_counts = dict(turn.counts), dict(turn.flow_counts)
    for part in name_parts(name):
        turn.counts[part] = turn.counts.get(part, 0) + 1
        turn.flow_counts[part] = turn.flow_counts.get(part, 0) + 1
        in_flow = f"{flow} {part}"
        turn.flow_counts[in_flow] = turn.flow_counts.get(in_flow, 0) + 1


def _per_flow(turn: Turn) -> dict[str, int]:
    prefix = turn.here.flow + " "
    return {
        name.removeprefix(prefix): number
        for name, number in turn.flow_counts.items()
        if name.startswith(prefix)
    }


def _own(turn: Turn, node: Node, name: str) -> bool:
    """Whether the subflow handles the event itself, at this count."""
    flow = turn.library.flows[node.flow]
    near = [node.handlers, flow.handlers]
    return handled_by(near, name, turn.counts, _per_flow(turn), turn.flow_counts, turn.evaluate) is not None


def do(turn: Turn, handler: Handler) -> None:
    turn.add_lead(handler.say.runs(turn))
    for name, source in handler.sets.items():
        turn.assign(name, source.value(turn))
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
    else:
        turn.rescue()


def command(turn: Turn, chosen: Command, by: str) -> None:
    turn.note("command", {"command": chosen.name, "by": by, "reason": chosen.reason})
    turn.keys = ""
    if chosen.into and by == "speech":
        turn.assign(chosen.into, turn.said.strip()[:MAX_SAID])
    if chosen.do == "go":
        turn.go(chosen.target)
    elif chosen.do in ("help", "cancel"):
        raise_event(turn, chosen.do, None)
    elif chosen.do == "back" and (earlier := _step_back(turn)):
        turn.go(earlier)
    else:
        # Also a "back" at the first step: hearing the question again is better than hearing nothing.
        turn.here.reprompt(turn)


def _step_back(turn: Turn) -> str:
    """Takes the present step off the history; the one before, also of the flow that called this one; "" for none."""
    while True:
        earlier = turn.history
        if earlier and earlier[-1] == turn.node:
            earlier = earlier[:-1]
        if earlier:
            turn.history = earlier
            return earlier[-1]
        if not turn.stack:
            return ""
        subflows.pop(turn)
