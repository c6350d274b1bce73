"""A call out of its journal. Pure.

started: what the call began with; input: what came in, in the codec's JSON; node, event ...: notes of the machine;
ended, failed: how it ended. Other kinds tell nothing that a replay needs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from ivr.errors import FlowError
from ivr.flow.codec import CodecError, input_from_json
from ivr.flow.inputs import Digit, Input, SpeechHeard, SpeechPartial
from ivr.flow.replaying.model import StoredCall, StoredInput, StoredNote
from ivr.flow.state import CallFacts

NOTES = frozenset(
    {"node", "option", "collected", "confirmed", "survey", "refused", "asked_back", "command", "event"}
)
"""The machine's notes that are kept: the way, and what became of keys and words that are not known."""
KINDS = NOTES | {"started", "input", "ended", "failed"}
"""The kinds of journal events that `stored_call` reads."""

Event = tuple[dt.datetime, str, Mapping[str, Any]]
"""When, kind, data."""


MASK = "*"
_PLAIN = frozenset({"digit", "prompt_ended", "speech_started", "timer_fired"})
"""Inputs that are wholly told by type, op, digit and outcome: the same ones again and again."""
_MOST_PLAIN = 5000
_plain_inputs: dict[tuple[object, ...], Input] = {}


class UnreadableCall(FlowError):
    """This journal cannot be replayed; the message says why."""


def stored_call(
    call_id: str, caller: str, number: str, events: Iterable[Event], *, anonymous: bool = False
) -> StoredCall:
    """events: in the order of their numbers. Raises UnreadableCall."""
    started: Event | None = None
    inputs: list[StoredInput] = []
    notes: list[StoredNote] = []
    whole, failed = False, False
    for event in events:
        at, kind, data = event
        if kind == "input":
            inputs.append(_input(call_id, at, data))
        elif kind in NOTES:
            notes.append(StoredNote(len(inputs), kind, data))
        elif kind == "started":
            started = started or event
        elif kind == "failed":
            failed = True
        elif kind == "ended" and "outcome" in data:
            whole = True
    if started is None:
        raise UnreadableCall(
            f"the journal of {call_id} has no `started`: the call never reached its dialogue"
        )
    at, _, data = started
    facts = CallFacts(
        call_id,
        caller,
        number,
        _text(data, "language"),
        tuple(str(language) for language in data.get("speech") or ()),
        _mapping(data, "hours"),
        _mapping(data, "history"),
        _mapping(data, "facts"),
        _mapping(data, "drawn"),
    )
    return StoredCall(
        facts,
        _text(data, "version"),
        _text(data, "flow"),
        at,
        tuple(inputs),
        tuple(notes),
        speech_known="speech" in data,
        whole=whole and not failed,
        anonymous=anonymous,
    )


def _input(call_id: str, at: dt.datetime, data: Mapping[str, Any]) -> StoredInput:
    key = (data.get("type"), data.get("op"), data.get("digit"), data.get("outcome"), len(data))
    plain = _plain_inputs.get(key) if key[0] in _PLAIN else None
    if plain is not None:
        return StoredInput(at, plain)
    withheld = bool(data.get("withheld"))
    if withheld:
        data = {name: value for name, value in data.items() if name != "withheld"}
    try:
        event = input_from_json(data)
    except CodecError as error:
        raise UnreadableCall(f"the journal of {call_id} has an input that is none: {error}") from error
    if key[0] in _PLAIN and not withheld and len(_plain_inputs) < _MOST_PLAIN:
        _plain_inputs[key] = event
    return StoredInput(at, event, withheld)


def is_masked(given: StoredInput) -> bool:
    """Whether a key or words may be those of a masked node: `*` stands for all of them."""
    event = given.event
    if isinstance(event, Digit):
        return event.digit == MASK
    return isinstance(event, SpeechHeard | SpeechPartial) and event.text == MASK


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _mapping(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    return dict(value) if isinstance(value, Mapping) else {}
