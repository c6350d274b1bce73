"""Calls for replays: simulated ones, written down as a call session journals them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ivr.flow.actions import Note
from ivr.flow.codec import input_to_json
from ivr.flow.followed import FollowedCall
from ivr.flow.inputs import Digit
from ivr.flow.load import load_sources, read_folder
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.journal import Event, stored_call
from ivr.flow.replaying.model import StoredCall
from ivr.flow.scenarios.acting import do
from ivr.flow.scenarios.beginning import begin
from ivr.flow.scenarios.reading import Case, read_scenarios
from ivr.flow.scenarios.running import next_at_once
from ivr.flow.state import FlowState

FLOWS = Path(__file__).parents[2] / "flows"


def journal_of(call: FollowedCall, states: list[FlowState] | None = None) -> list[Event]:
    """What a session would have written: keys of masked nodes are `*`. states: before each input."""
    events: list[Event] = []
    begun = call.actions[0][0]
    events += _notes(begun, call.steps[0])
    for number, ((at, event), actions) in enumerate(zip(call.inputs, call.steps[1:], strict=True)):
        node = call.library.nodes.get(states[number].node) if states is not None else None
        if isinstance(event, Digit) and node is not None and node.masked:
            event = Digit("*")
        events.append((at, "input", input_to_json(event)))
        events += _notes(at, actions)
    if call.over:
        events.append((call.now, "ended", {"outcome": "completed", "by": call.ended_by or "system", "cause": 16}))
    return events


def _notes(at: dt.datetime, actions: Any) -> Iterator[Event]:
    return ((at, action.kind, dict(action.data)) for action in actions if isinstance(action, Note))


def stored(call: FollowedCall, states: list[FlowState] | None = None, **facts: Any) -> StoredCall:
    known = call.state.call
    return stored_call(known.call_id, known.caller, known.number, journal_of(call, states))


def play(library: FlowLibrary, case: Case) -> FollowedCall:
    """A scenario, without a look at what is expected of it."""
    turns = case.scenario.turns
    call = begin(library, case.given, promises_kept=not any(turn.callback for turn in turns))
    for number, turn in enumerate(turns, 1):
        if not turn.at_once:
            call.settle()
        if do(call, turn):
            break
        if not next_at_once(turns, number):
            call.settle()
    return call


def scenario_calls(folder: Path = FLOWS) -> Iterator[tuple[str, StoredCall]]:
    """Every scenario of a folder: its name, the call."""
    sources = read_folder(folder)
    library = load_sources(sources)
    for case in read_scenarios(sources):
        yield f"{case.file}: {case.name}", stored(play(library, case))


def changed(folder: Path, changes: Mapping[str, tuple[tuple[str, str], ...]]) -> FlowLibrary:
    """A draft: a folder with words replaced in some files."""
    sources = read_folder(folder)
    for name, pairs in changes.items():
        text = sources[name].decode()
        for before, after in pairs:
            assert before in text, f"{name} has no {before!r}"
            text = text.replace(before, after)
        sources[name] = text.encode()
    return load_sources(sources)
