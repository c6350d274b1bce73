"""Digits that stand in for those of a masked node: any that make the dialogue go on as its journal says. Pure."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence

from ivr.flow import machine
from ivr.flow.actions import Note
from ivr.flow.inputs import Digit, Input
from ivr.flow.model import FlowLibrary
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.collect import Collect
from ivr.flow.replaying.journal import NOTES, is_masked_key
from ivr.flow.replaying.model import StoredCall, StoredNote
from ivr.flow.state import FlowState

ORDERS = ("1357902468", "8642097531")
"""Which digits are tried first, for each variant."""
VARIED = 3
"""So many last digits are varied to find a check digit, or a date that exists."""


def keys(
    library: FlowLibrary, state: FlowState, call: StoredCall, index: int, variant: int
) -> dict[int, Input] | None:
    """Number of the input -> key, for the keys from `index` on until something came of them. None: none fit."""
    notes: dict[int, list[StoredNote]] = {}
    for note in call.notes:
        notes.setdefault(note.after, []).append(note)
    until = index
    while until < len(call.inputs) - 1 and until + 1 not in notes:
        until += 1
    unknown = [number for number in range(index, until + 1) if is_masked_key(call.inputs[number])]
    node = library.nodes[state.node]
    now = call.inputs[index].at.astimezone(library.timezone)
    for pressed in _candidates(node, len(unknown), _outcome(notes.get(until + 1, ())), ORDERS[variant], now):
        instead: dict[int, Input] = {number: Digit(key) for number, key in zip(unknown, pressed, strict=True)}
        if _comes_out(library, state, call, instead, range(index, until + 1), notes):
            return instead
    return None


def _outcome(notes: Sequence[StoredNote]) -> StoredNote | None:
    return notes[0] if notes else None


def _comes_out(
    library: FlowLibrary,
    state: FlowState,
    call: StoredCall,
    instead: dict[int, Input],
    numbers: range,
    notes: dict[int, list[StoredNote]],
) -> bool:
    for number in numbers:
        given = call.inputs[number]
        step = machine.step(library, state, instead.get(number, given.event), given.at)
        state = step.state
        came = [
            (action.kind, dict(action.data))
            for action in step.actions
            if isinstance(action, Note) and action.kind in NOTES
        ]
        if came != [(note.kind, dict(note.data)) for note in notes.get(number + 1, ())]:
            return False
    return True


def _candidates(
    node: Node, count: int, outcome: StoredNote | None, order: str, now: dt.datetime
) -> Iterator[str]:
    """Keys of this number, the likeliest first."""
    commands = [key for key in node.commands.by_key if len(key) <= count]
    if isinstance(node, Collect):
        ends = ("", node.terminator) if node.terminator else ("",)
        wanted = outcome.data.get("digits") if outcome is not None else None
        for end in ends:
            length = count - len(end)
            if length > 0 and wanted in (None, length):
                yield from (digits + end for digits in _fitting(node, length, order, now))
    yield from (key + end for key in commands for end in ("", "#") if len(key + end) == count)
    yield from (digit * count for digit in order)


def _fitting(node: Collect, length: int, order: str, now: dt.datetime) -> Iterator[str]:
    """Digits of the right shape; then with others at the end, where a format asks for more than a shape."""
    digits = ""
    for _ in range(length):
        fits = (digit for digit in order if node.rule.verdict(digits + digit) != "invalid")
        digit = next(fits, None)
        if digit is None:
            return
        digits += digit
    yield digits
    if node.format is None:
        return
    varied = min(VARIED, length)
    for tail in itertools.product(order, repeat=varied):
        other = digits[: length - varied] + "".join(tail)
        if not node.format.fault(other, now):
            yield other
            return
