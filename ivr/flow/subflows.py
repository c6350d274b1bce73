"""Calling another flow and coming back: frames on the state's stack. Pure.

A frame keeps what the calling flow had: the `call` node, its variables, its history and the counts of that visit. The
variables that the hotline itself declares belong to the whole call and go through; all others are the flow's own, so
that a flow which calls itself, or shares a name with its caller, disturbs nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ivr.flow.actions import JsonValue

if TYPE_CHECKING:
    from ivr.flow.model import Flow
    from ivr.flow.turn import Turn

MAX_CALLS = 20
"""Flows called within each other."""


def enter(turn: Turn, start: str, given: Mapping[str, JsonValue]) -> bool:
    """Go to `start` with a frame of its own. given: its parameters. False: too deep, nothing happened."""
    if len(turn.stack) >= MAX_CALLS:
        return False
    frame: dict[str, JsonValue] = {
        "node": turn.node,
        "variables": dict(turn.variables),
        "history": list(turn.history),
        "counts": dict(turn.counts),
    }
    turn.stack = (*turn.stack, frame)
    turn.variables = {**turn.library.variables, **_shared(turn, turn.variables), **given}
    turn.history = ()
    turn.go(start)
    return True


def pop(turn: Turn) -> Mapping[str, JsonValue]:
    """Back to the frame below: the turn stands at its `call` node again. Gives the variables of the flow left."""
    left = turn.variables
    frame, turn.stack = turn.stack[-1], turn.stack[:-1]
    kept, history, counts = frame.get("variables"), frame.get("history"), frame.get("counts")
    turn.leave()
    turn.node = str(frame.get("node", ""))
    turn.variables = {**(kept if isinstance(kept, Mapping) else {}), **_shared(turn, left)}
    turn.history = tuple(str(node) for node in history) if isinstance(history, list | tuple) else ()
    turn.counts = (
        {name: number for name, number in counts.items() if isinstance(number, int)}
        if isinstance(counts, Mapping)
        else {}
    )
    turn.data = {}
    return left


def back(
    turn: Turn, *, event: str = "", detail: JsonValue = None, results: Mapping[str, JsonValue] | None = None
) -> None:
    """Return from a subflow: on after its `call` node, or with an event raised there.

    results: what the flow gives; None = its variables of the names that it declares as results.
    """
    flow = turn.library.flows.get(turn.here.flow)
    asked = bool(turn.history)
    left = pop(turn)
    if asked:
        # `back` can come back into that flow, at its start.
        turn.remember(turn.node)
    if flow is None:
        flow = _called(turn)
    if results is None:
        results = {name: left.get(name) for name in (flow.results if flow is not None else ())}
    turn.note("returned", {"node": turn.node, "flow": flow.name if flow is not None else "", "event": event})
    turn.here.returned(turn, results)
    if event:
        turn.pending = None
        turn.raise_event(event, detail)


def _called(turn: Turn) -> Flow | None:
    """The flow that the present `call` node calls: the hidden node of `next: return` belongs to none."""
    start = getattr(turn.here, "start", "")
    return turn.library.flows.get(str(start).split(".", 1)[0])


def unwind(turn: Turn, depth: int) -> None:
    """Back down to that many frames, without results."""
    while len(turn.stack) > depth:
        pop(turn)


def _shared(turn: Turn, variables: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: variables[name] for name in turn.library.shared_names if name in variables}
