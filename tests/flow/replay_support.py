"""Calls for replays: simulated ones, written down as a call session journals them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ivr.call.history import CallHistory
from ivr.call.ports import CallerFacts
from ivr.flow.actions import Action, Note
from ivr.flow.followed import FollowedCall
from ivr.flow.inputs import HungUp
from ivr.flow.load import load_sources, read_folder
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.journal import Event, stored_call
from ivr.flow.replaying.model import StoredCall
from ivr.flow.scenarios.acting import do
from ivr.flow.scenarios.beginning import begin
from ivr.flow.scenarios.reading import Case, read_scenarios
from ivr.flow.scenarios.running import next_at_once
from ivr.flow.state import FlowState
from ivr.ids import CallId

FLOWS = Path(__file__).parents[2] / "flows"


class _Journal:
    """`Records`, of which only the journal is kept."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def journal(self, call: str, seq: int, kind: str, data: Mapping[str, Any], at: dt.datetime) -> None:
        self.events.append((at, kind, json.loads(json.dumps(data))))

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def journal_of(call: FollowedCall, states: Sequence[FlowState] = ()) -> list[Event]:
    """What a session writes of it. states: before each input; then what is masked is masked."""
    kept = _Journal()
    known, begun = call.state.call, call.actions[0][0]
    facts = CallerFacts(known.caller, known.number, "", call.library.version, known.language)
    history = CallHistory(kept, CallId(known.call_id), facts, begun)
    history.arrived()
    _note(history, begun, call.steps[0])
    for number, ((at, event), actions) in enumerate(zip(call.inputs, call.steps[1:], strict=True)):
        node = call.library.nodes.get(states[number].node) if states else None
        if isinstance(event, HungUp):
            history.hung_up(event.by, event.cause, at)
        history.input(event, at, masked=node is not None and node.masked)
        _note(history, at, actions)
    if call.over:
        history.ended(call.state.language, call.now)
    return kept.events


def _note(history: CallHistory, at: dt.datetime, actions: Sequence[Action]) -> None:
    for action in actions:
        if isinstance(action, Note):
            history.note(action.kind, action.data, at)


def stored(call: FollowedCall, states: Sequence[FlowState] = ()) -> StoredCall:
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
