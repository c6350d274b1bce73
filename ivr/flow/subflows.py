"""Calling another flow and coming back: frames on the state's stack. Pure.

A frame keeps what the calling flow had: the `call` node, its variables, its history and the counts of that visit. The
variables that the hotline itself declares belong to the whole call and go through; all others are the flow's own, so
that a flow which calls itself, or shares a name with its caller, disturbs nobody.

A flow that is called may also go on elsewhere for good: then its frame stays, unless it goes to a flow that waits for
it to return (`leave_for`).
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


def enter(turn: Turn, name: str, given: Mapping[str, JsonValue]) -> bool:
    """Go into that flow with a frame of its own. given: its parameters. False: too deep, nothing happened."""
    if len(turn.stack) >= MAX_CALLS:
        return False
    frame: dict[str, JsonValue] = {
        "node": turn.node,
        "variables": dict(turn.variables),
        "history": list(turn.history),
        "counts": dict(turn.counts),
    }
    turn.stack = (*turn.stack, frame)
    flow = turn.library.flows[name]
    turn.variables = {
        **turn.library.variables,
        **flow.variables,
        **_shared(turn, turn.variables),
        **given,
    }
    turn.history = ()
    turn.calling = True
    turn.go(flow.start)
    return True


def leave_for(turn: Turn, target: str) -> None:
    """On the way to another flow. When that is one of those that wait for this one to return, nothing returns any
    more: the dialogue is theirs again, with their variables."""
    flow = turn.library.nodes[target].flow
    calling, turn.calling = turn.calling, False
    here = turn.library.nodes.get(turn.node)
    if calling or not flow or here is None or here.flow in ("", flow):
        return
    for depth in reversed(range(len(turn.stack))):
        caller = turn.library.nodes.get(str(turn.stack[depth].get("node")))
        if caller is not None and caller.flow == flow:
            unwind(turn, depth)
            return


def pop(turn: Turn) -> Mapping[str, JsonValue]:
    """Back to the frame below: the turn stands at its `call` node again. Gives the variables of the flow left."""
    left = turn.variables
    frame, turn.stack = turn.stack[-1], turn.stack[:-1]
    counts = frame.get("counts")
    turn.leave()
    turn.node = str(frame.get("node", ""))
    turn.variables = variables_in(turn, frame)
    turn.history = history_in(frame)
    turn.counts = (
        {name: number for name, number in counts.items() if isinstance(number, int)}
        if isinstance(counts, Mapping)
        else {}
    )
    turn.data = {}
    return left


def back(
    turn: Turn, *, event: str = "", detail: JsonValue = None, given: Mapping[str, JsonValue] | None = None
) -> None:
    """Return from a subflow: on after its `call` node, or with an event raised there.

    Its results are its variables of the names that it declares as such. given: those that it gives other values.
    """
    asked = bool(turn.history)
    left = pop(turn)
    if asked:
        # `back` can come back into that flow, at its start.
        turn.remember(turn.node)
    flow = _called(turn)
    results = {name: left.get(name) for name in (flow.results if flow is not None else ())}
    turn.note("returned", {"node": turn.node, "flow": flow.name if flow is not None else "", "event": event})
    turn.here.returned(turn, {**results, **(given or {})})
    if event:
        turn.pending = None
        turn.raise_event(event, detail)


def _called(turn: Turn) -> Flow | None:
    """The flow that the present `call` node calls, which may have gone on to another one before it returned."""
    return turn.library.flows.get(turn.here.calls())


def unwind(turn: Turn, depth: int) -> None:
    """Back down to that many frames, without results."""
    while len(turn.stack) > depth:
        pop(turn)


def variables_in(turn: Turn, frame: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What the flow of that frame sees: its own variables, and the present values of the call's."""
    kept = frame.get("variables")
    return {**(kept if isinstance(kept, Mapping) else {}), **_shared(turn, turn.variables)}


def standing(turn: Turn) -> dict[str, JsonValue]:
    """Where the dialogue stands among the flows, to come back there (`stand`): frames, variables, history."""
    return {
        "stack": [dict(frame) for frame in turn.stack],
        "variables": dict(turn.variables),
        "history": list(turn.history),
    }


def stand(turn: Turn, kept: Mapping[str, JsonValue]) -> None:
    """Come back to where the dialogue stood. Frames that are still there keep what was set in them since."""
    stack = kept.get("stack")
    frames = tuple(frame for frame in stack if isinstance(frame, Mapping)) if isinstance(stack, list) else ()
    if turn.stack[: len(frames)] == frames:
        unwind(turn, len(frames))
    else:
        turn.stack = frames
        turn.variables = variables_in(turn, kept)
        turn.history = history_in(kept)


def history_in(frame: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """The steps that `back` goes back through in that frame."""
    history = frame.get("history")
    return tuple(str(node) for node in history) if isinstance(history, list) else ()


def _shared(turn: Turn, variables: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: variables[name] for name in turn.library.shared_names if name in variables}
