"""What stands in for keys and words that are not known: any that make the dialogue go on as its journal says. Pure.

What is pressed and said at a masked node, and before one, is journalled as `*`; an export may withhold more. The notes
beside it tell what it led to: an option, a command, a number of so many digits, or nothing.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ivr.flow import machine
from ivr.flow.actions import Note
from ivr.flow.inputs import Digit, Input, SpeechHeard, SpeechPartial
from ivr.flow.match import normalise
from ivr.flow.model import FlowLibrary
from ivr.flow.nodes.asking_back import yes_no_phrases
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.choices import Options
from ivr.flow.nodes.collect import Collect
from ivr.flow.replaying.journal import NOTES, is_masked
from ivr.flow.replaying.model import StoredCall, StoredNote
from ivr.flow.state import FlowState

ORDERS: Final = (("1357902468",), ("8642097531", "1864209753"))
"""Which digits are tried first, for each variant; then, for numbers that must begin with 1, others."""
VARIED: Final = 3
"""So many last digits are varied to find a check digit, or a date that exists."""
MEANINGLESS: Final = ("withheld words", "mm", "withheld " * 8)
"""Words that no phrase is in, of several lengths, which flows may look at."""
_KEYS: Final = "1234567890#*"

Notes = Mapping[int, Sequence[StoredNote]]
"""Number of the input that they came with, from 1 -> notes."""


def notes_of(call: StoredCall) -> Notes:
    notes: dict[int, list[StoredNote]] = {}
    for note in call.notes:
        notes.setdefault(note.after, []).append(note)
    return notes


def instead(
    library: FlowLibrary, state: FlowState, call: StoredCall, notes: Notes, index: int, variant: int
) -> dict[int, Input] | None:
    """Number of the input -> what stands in for it, for the one at `index` and those that belong to it (the keys of a
    number). None: nothing fits."""
    node = library.nodes[state.node]
    event = call.inputs[index].event
    now = call.inputs[index].at.astimezone(library.timezone)
    until = index
    if isinstance(node, Collect) and isinstance(event, Digit):
        while until < len(call.inputs) - 1 and until + 1 not in notes:
            until += 1
    outcome = notes.get(until + 1, ())
    if isinstance(event, Digit):
        unknown = [
            number
            for number in range(index, until + 1)
            if is_masked(call.inputs[number]) and isinstance(call.inputs[number].event, Digit)
        ]
        found: Iterator[list[Input]] = (
            [Digit(key) for key in keys]
            for order in ORDERS[variant]
            for keys in _keys(node, state, len(unknown), outcome, order, now)
        )
    else:
        unknown = [index]
        later = [note for note in call.notes if note.after > until + 1]
        found = (
            [_saying(event, words)]
            for order in ORDERS[variant]
            for words in _words(node, state, outcome, later, order, now)
        )
    for events in found:
        chosen = dict(zip(unknown, events, strict=True))
        if _comes_out(library, state, call, chosen, range(index, until + 1), notes):
            return chosen
    return None


def _saying(event: Input, words: str) -> Input:
    return replace(event, text=words) if isinstance(event, SpeechHeard | SpeechPartial) else event


def _comes_out(
    library: FlowLibrary,
    state: FlowState,
    call: StoredCall,
    chosen: Mapping[int, Input],
    numbers: range,
    notes: Notes,
) -> bool:
    for number in numbers:
        given = call.inputs[number]
        step = machine.step(library, state, chosen.get(number, given.event), given.at)
        state = step.state
        came = [
            (action.kind, dict(action.data))
            for action in step.actions
            if isinstance(action, Note) and action.kind in NOTES
        ]
        if came != [(note.kind, dict(note.data)) for note in notes.get(number + 1, ())]:
            return False
    return True


def _keys(
    node: Node, state: FlowState, count: int, outcome: Sequence[StoredNote], order: str, now: dt.datetime
) -> Iterator[str]:
    """Keys of this number, the likeliest first."""
    said = {note.kind: note.data for note in outcome}
    if isinstance(node, Collect):
        yield from _numbers(node, state, count, said.get("collected", {}).get("digits"), order, now)
    options = getattr(node, "options", None)
    if "option" in said and isinstance(options, Options):
        option = options.by_name.get(str(said["option"].get("option")))
        if option is not None and len(option.key) == count:
            yield option.key
    commands = [key for key in node.commands.by_key if len(key) <= count]
    if "command" in said:
        yield from (key + end for key in commands for end in ("", "#") if len(key + end) == count)
    # Keys that are kept for a number further on begin as one does that is likely to fit there.
    first = order[len(state.keys) % len(order)]
    yield from (key * count for key in dict.fromkeys(first + order + _KEYS))


def _numbers(
    node: Collect, state: FlowState, count: int, wanted: object, order: str, now: dt.datetime
) -> Iterator[str]:
    """wanted: so many digits the number had, None = there was none. The first of them may have been typed ahead."""
    ahead = str(state.data.get("digits", "")) + state.keys
    for end in ("", node.terminator) if node.terminator else ("",):
        length = count - len(end)
        if length >= 0 and wanted in (None, len(ahead) + length):
            yield from (digits + end for digits in _fitting(node, ahead, length, order, now))


def _fitting(node: Collect, ahead: str, length: int, order: str, now: dt.datetime) -> Iterator[str]:
    """Digits of the right shape; then with others at the end, where a format asks for more than a shape."""
    digits = ahead
    for _ in range(length):
        fits = (digit for digit in order if node.rule.verdict(digits + digit) != "invalid")
        digit = next(fits, None)
        if digit is None:
            return
        digits += digit
    own = digits[len(ahead) :]
    yield own
    if node.format is None:
        return
    varied = min(VARIED, length)
    for tail in itertools.product(order, repeat=varied):
        other = own[: length - varied] + "".join(tail)
        if not node.format.fault(ahead + other, now):
            yield other
            return


def _words(
    node: Node,
    state: FlowState,
    outcome: Sequence[StoredNote],
    later: Sequence[StoredNote],
    order: str,
    now: dt.datetime,
) -> Iterator[str]:
    """Words, the likeliest first. later: what was noted after the outcome: it tells which answer was asked back."""
    notes = list(outcome)
    if any(note.kind == "asked_back" for note in outcome):
        notes += [note for note in later if note.data.get("node") == node.id][:1]
    options = getattr(node, "options", None)
    for note in notes:
        if note.kind == "option" and isinstance(options, Options):
            yield from _phrases_of(options, state.language, str(note.data.get("option")))
        elif note.kind == "command":
            yield from node.commands.phrases(state.language)
        elif note.kind == "collected" and isinstance(node, Collect):
            count = note.data.get("digits")
            yield from _fitting(node, "", count if isinstance(count, int) else 0, order, now)
        elif note.kind == "confirmed":
            yield from yes_no_phrases(state.language)
        elif note.kind == "survey":
            yield str(note.data.get("rating"))
    yield from MEANINGLESS
    yield ""


def _phrases_of(options: Options, language: str, name: str) -> Iterator[str]:
    """Alone, and in a sentence, which flows may take for more."""
    spoken = options.spoken(language)
    for phrase in spoken.spoken:
        if spoken.by_phrase.get(normalise(phrase)) == name:
            yield phrase
            yield f"{phrase} {MEANINGLESS[0]}"
