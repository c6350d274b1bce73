"""Where a talk stands, in words: what is waited for and how to answer it, the node, its place in the files. No I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import assert_never

from ivr.flow.actions import Action, Callback, DeskAct, Enqueue, Lookup, Note, Record, Request, Transfer
from ivr.flow.codec import input_to_json
from ivr.flow.findings import FlowLoadError
from ivr.flow.followed import Work
from ivr.flow.model import FlowLibrary
from ivr.flow.nodes.choices import Options
from ivr.flow.simulate import Simulation
from ivr.flow.yaml_source import read


def pending(call: Simulation) -> Iterator[str]:
    """What others have been asked for, each with the lines that answer it."""
    if call.over:
        yield "the call is over: /undo, /restart, /save NAME, /quit"
        return
    for work in call.awaited():
        told = _awaited(call, work)
        if call.comes_by_itself(work.op):
            told += "  (comes by itself: an empty line lets time pass)"
        yield told


def _awaited(call: Simulation, work: Work) -> str:
    match work:
        case Enqueue():
            if call.talking:
                return "with an agent: /done"
            return f"in the queue {work.queue}: /agent, /place 2, /queue full|timeout|closed|unstaffed|failed"
        case Transfer():
            if call.talking:
                return "with the other party: /transfer completed"
            return f"calling {work.target}: /transfer answers|busy|no_answer|refused|unavailable|failed"
        case Request():
            return f'{work.method} {work.url}: /request 200 {{"...": ...}}, /request 404, /request timeout|down|failed'
        case Lookup():
            return f"looking in {work.source}: /lookup found {{...}}, /lookup none|timeout|failed"
        case DeskAct():
            return f"at the desk: {work.do} (comes by itself)"
        case Callback():
            return f"promising to call {work.number}: /callback placed|refused|failed"
        case Record():
            keys = f", {' or '.join(work.finish_keys)}" if work.finish_keys else ""
            return f"recording: /record 12, /record 0|failed{keys}, /hangup"
        case _:
            assert_never(work)


def standing(call: Simulation) -> str:
    """For the line where one types: `main.question zh`, `... listening`."""
    listening = " (listening)" if call.listening else ""
    return f"{call.state.node} {call.state.language}{listening}"


def node(call: Simulation) -> Iterator[str]:
    """The node: its kind, what can be chosen, which commands work."""
    found = call.library.nodes.get(call.state.node)
    if found is None:
        yield f"{call.state.node}: not in these flows"
        return
    yield f"{found.id} ({found.kind})"
    options = getattr(found, "options", None)
    if isinstance(options, Options):
        for option in options.by_name.values():
            yield f"  {option.key or '-':3} {option.name} -> {option.target}"
    for command in found.commands.by_name.values():
        yield f"  {command.key or '-':3} {command.name} (always) -> {command.target or command.do}"
    waiting = [purpose for purpose in call.state.waiting if not purpose.startswith("timer.")]
    timers = [
        purpose.removeprefix("timer.") for purpose in call.state.waiting if purpose.startswith("timer.")
    ]
    yield f"  open: {', '.join(waiting) or 'nothing'}; timers: {', '.join(timers) or 'none'}"
    if call.state.stack:
        yield f"  called by {' < '.join(str(frame.get('node')) for frame in reversed(call.state.stack))}"


def where(library: FlowLibrary, node_id: str) -> str:
    """`main.yaml:31` of a node; "" for the hidden ones."""
    flow_name, _, name = node_id.partition(".")
    flow = library.flows.get(flow_name)
    source = library.texts.get(flow.file) if flow is not None else None
    if flow is None or source is None:
        return ""
    try:
        mark = read(flow.file, source).place(("nodes", name), key=True)
    except FlowLoadError:
        return flow.file
    return f"{flow.file}:{mark.line}"


def variables(call: Simulation, name: str) -> Iterator[str]:
    """All, or those whose name begins so; what still is as it was at the start is marked."""
    first = call.library.variables
    for key, value in sorted(call.state.variables.items()):
        if key.startswith(name):
            mark = "" if key not in first or first[key] != value else "  (as at the start)"
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}{mark}"


def journal(call: Simulation) -> Iterator[str]:
    """The inputs as the journal has them, each with its time; the notes after the input that they came of."""
    notes = iter(call.steps)
    yield from _notes(next(notes))
    for (at, event), step in zip(call.inputs, notes, strict=True):
        local = at.astimezone(call.library.timezone)
        yield f"{local:%H:%M:%S} {json.dumps(input_to_json(event), ensure_ascii=False)}"
        yield from _notes(step)


def _notes(step: Sequence[Action]) -> Iterator[str]:
    for action in step:
        if isinstance(action, Note):
            yield f"         {action.kind} {json.dumps(dict(action.data), ensure_ascii=False)}"
