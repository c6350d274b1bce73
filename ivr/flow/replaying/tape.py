"""A call again on its own version, input by input as stored: what the machine did then, step by step. Pure.

The machine is deterministic, so this is the call itself, and the nodes that its journal names prove it. Keys of masked
nodes are not in the journal: digits that fit stand in for them (standins.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ivr.flow import machine
from ivr.flow.actions import Note
from ivr.flow.inputs import Digit, Input
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying import standins
from ivr.flow.replaying.journal import is_masked
from ivr.flow.replaying.model import StoredCall, StoredInput
from ivr.flow.state import FlowState, Step


class Taken(NamedTuple):
    """One input that meant something. before, step: of the machine."""

    at: dt.datetime
    event: Input
    withheld: bool
    before: FlowState
    step: Step


@dataclass(slots=True)
class Tape:
    """fault: why there is no more of it, "" when it is whole. guessed: keys or words stand in for some that are not
    known."""

    call: StoredCall
    first: Step
    taken: list[Taken] = field(default_factory=list)
    fault: str = ""
    guessed: bool = False

    def nodes(self) -> list[str]:
        """The nodes entered, in order."""
        steps = [self.first, *(taken.step for taken in self.taken)]
        actions = (action for step in steps for action in step.actions)
        return [str(one.data["node"]) for one in actions if isinstance(one, Note) and one.kind == "node"]


def enact(library: FlowLibrary, call: StoredCall, variant: int = 0) -> Tape:
    """variant: 0 or 1, another set of digits that stand in for unknown ones."""
    if call.speech_known:
        return _enact(library, call, variant)
    tape = _enact(library, _hearing(call, library.languages), variant)
    if tape.fault or difference(tape.nodes(), call.nodes):
        deaf = _enact(library, _hearing(call, ()), variant)
        return tape if deaf.fault or difference(deaf.nodes(), call.nodes) else deaf
    return tape


def _hearing(call: StoredCall, languages: Sequence[str]) -> StoredCall:
    return replace(call, facts=replace(call.facts, speech=tuple(languages)))


def _enact(library: FlowLibrary, call: StoredCall, variant: int) -> Tape:
    first = machine.start(library, call.flow, call.facts, call.began_at)
    tape = Tape(call, first)
    state = first.state
    instead: dict[int, Input] = {}
    notes: standins.Notes | None = None
    taken, inputs = tape.taken, call.inputs
    for index, given in enumerate(inputs):
        event, withheld = given.event, given.withheld
        if is_masked(given) and (withheld or _masked(library, state)):
            withheld = True
            if index not in instead:
                tape.guessed = True
                notes = standins.notes_of(call) if notes is None else notes
                found = standins.instead(library, state, call, notes, index, variant)
                if found is None:
                    tape.fault = f"what was pressed or said at {state.node} is not known"
                    return tape
                instead |= found
            event = instead[index]
        step = machine.step(library, state, event, given.at)
        if step.state is state:
            continue
        taken.append(Taken(given.at, event, withheld, state, step))
        state = step.state
    return tape


def _masked(library: FlowLibrary, state: FlowState) -> bool:
    node = library.nodes.get(state.node)
    return node is not None and node.masked


def difference(came: Sequence[str], stored: Sequence[str]) -> str:
    """Where the nodes of a tape are not those of the journal, "" where they are."""
    for number, (one, other) in enumerate(zip(came, stored, strict=False)):
        if one != other:
            before = came[number - 1] if number else "the start"
            return f"after {before} its own version goes to {one}, its journal says {other}"
    if len(came) != len(stored):
        shorter = came if len(came) < len(stored) else stored
        return f"its own version and its journal part after {shorter[-1] if shorter else 'the start'}"
    return ""


def said_of(given: StoredInput | Taken) -> str:
    """A key for people: one that is withheld is a `*`."""
    return given.event.digit if isinstance(given.event, Digit) and not given.withheld else "*"
