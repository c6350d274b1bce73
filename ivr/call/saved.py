"""A call as it is kept while it lives, so that another controller, or this one after it was killed, can go on with it.

    data = to_json(saved)            # into `LiveCallRecord.data`, after each thing that happened
    saved = from_json(record, ...)   # raises CodecError: written by another version, or damaged

Each part of a call keeps what it has open in its own words (`saved()`, `resume()` of `player.py`, `timers.py` ...).
It holds what the caller pressed and said: never logged, deleted when the call is over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from ivr.call.ports import CallerFacts
from ivr.flow import codec
from ivr.flow.actions import JsonValue
from ivr.flow.codec import CodecError
from ivr.flow.inputs import (
    CallbackPlaced,
    DeskAnswered,
    Input,
    LookupEnded,
    PromptEnded,
    RecordingEnded,
    RequestEnded,
    SpeechFailed,
    SpeechHeard,
    TimerFired,
    TransferEnded,
)
from ivr.flow.state import FlowState
from ivr.flow.turn import TIMER
from ivr.ids import CallId, ChannelId

SHAPE: Final = 1
"""Of the data; another one is not read."""


ASKING: Final = frozenset(
    f"{TIMER}{name}" for name in ("first_input", "inter_digit", "whole", "speech", "answer")
)
"""What `FlowState.waiting` calls the timers that give the caller time to answer."""


@dataclass(frozen=True, slots=True)
class SavedCall:
    """at: of the last change that was kept. history, parts: as the call's history and its parts gave it.

    said: number of the last line that is stored of its transcript; `history` may be behind it. gone: the caller is not
    there any more.
    """

    call: CallId
    channel: ChannelId
    at: dt.datetime
    revision: int
    facts: CallerFacts
    arrived_at: dt.datetime
    state: FlowState | None
    """None: the dialogue has not begun."""
    history: Mapping[str, Any] = field(default_factory=dict, repr=False)
    parts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    unread: tuple[Input, ...] = field(default=(), repr=False)
    """What had happened and the dialogue was not told yet."""
    claims: tuple[str, ...] = ()
    """Channels and bridges, besides the caller's channel, with which the call goes on."""
    written: tuple[tuple[str, Mapping[str, Any]], ...] = field(default=(), repr=False)
    """Kind and data of the lines of its journal that were written after it was kept for the last time."""
    acts: tuple[tuple[dt.datetime, Mapping[str, Any]], ...] = field(default=(), repr=False)
    """When and what of these were acts in a talk, which the call's record has too."""
    said: int = 0
    gone: bool = False
    cut_off: bool = False
    """Asterisk has been started anew since: the call ended with the one before."""
    left_at: dt.datetime | None = None
    """When the earlier controller was last known to live; None: at `at`."""

    @property
    def asked(self) -> list[str]:
        """Ops of the timers that give the caller time to answer."""
        waiting = {} if self.state is None else self.state.waiting
        return [op for purpose, op in waiting.items() if purpose in ASKING]

    @property
    def happened(self) -> list[Input]:
        """What was written down that the dialogue was told, after the call was kept for the last time. Raises
        CodecError."""
        return [codec.input_from_json(data) for kind, data in self.written if kind == "input"]

    @property
    def parted_s(self) -> float | None:
        """The talk that was kept is over, and lasted so long: so much was still written down. None: nothing was."""
        for kind, data in self.written:
            if kind in ("parted", "input"):
                return float(data["talked_s"]) if kind == "parted" else None
        return None

    @property
    def seq(self) -> int:
        """Of the last line of the journal that was kept."""
        kept: int = self.history.get("seq", 0)
        return kept


Completion = (
    PromptEnded
    | SpeechHeard
    | SpeechFailed
    | TimerFired
    | RecordingEnded
    | RequestEnded
    | LookupEnded
    | TransferEnded
    | CallbackPlaced
    | DeskAnswered
)
"""What says that an action is over."""


def still_open(parts: Mapping[str, Any], happened: Iterable[Input]) -> dict[str, Any]:
    """What the parts had open, without what is over by now."""
    over = {event.op for event in happened if isinstance(event, Completion)}
    recorder, waiting = dict(parts.get("recorder", {})), dict(parts.get("waiting", {}))
    if recorder.get("running", {}).get("action", {}).get("op") in over:
        del recorder["running"]
    if "callbacks" in waiting:
        waiting["callbacks"] = [one for one in waiting["callbacks"] if one["op"] not in over]
    return {
        **parts,
        "player": [one for one in parts.get("player", ()) if one["action"]["op"] not in over],
        "listener": [one for one in parts.get("listener", ()) if one["op"] not in over],
        "timers": {op: due for op, due in parts.get("timers", {}).items() if op not in over},
        "recorder": recorder,
        "waiting": waiting,
        "transfers": [one for one in parts.get("transfers", ()) if one["action"]["op"] not in over],
        "desk": [one for one in parts.get("desk", ()) if one["action"]["op"] not in over],
        "errands": [one for one in parts.get("errands", ()) if one["op"] not in over],
    }


_TOLD: Final = tuple(each.name for each in fields(CallerFacts) if each.name != "history")


def facts_to_json(facts: CallerFacts) -> dict[str, JsonValue]:
    """Without the earlier calls, which the dialogue's state has too."""
    return {name: value for name in _TOLD if (value := getattr(facts, name))}


def from_json(
    call: str, channel: str, at: dt.datetime, version: int, revision: int, data: Mapping[str, Any]
) -> SavedCall:
    """Of `LiveCallRecord`'s fields. Raises CodecError."""
    if version != SHAPE:
        raise CodecError(f"a live call of shape {version}, not {SHAPE}")
    try:
        state = codec.state_from_json(data["state"]) if "state" in data else None
        known = {each.name for each in fields(CallerFacts)}
        told = {name: value for name, value in data["facts"].items() if name in known}
        return SavedCall(
            CallId(call),
            ChannelId(channel),
            at,
            revision,
            CallerFacts(
                **{"caller": "", "called": "", **told}, history={} if state is None else state.call.history
            ),
            dt.datetime.fromisoformat(data["arrived_at"]),
            state,
            data.get("history", {}),
            data.get("parts", {}),
            tuple(codec.input_from_json(each) for each in data.get("unread", ())),
            tuple(data.get("claims", ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CodecError(f"a live call cannot be read: {type(error).__name__}") from error
