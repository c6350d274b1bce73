"""The actions of one step, sorted by what a replay does with them. Looked through once, used by every run. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, get_args

from ivr.flow.actions import (
    Action,
    Callback,
    CancelTimer,
    DeskAct,
    Enqueue,
    Hangup,
    Listen,
    Lookup,
    Note,
    Notify,
    Play,
    Record,
    Request,
    StartTimer,
    StopListen,
    StopPlay,
    Transfer,
)

Work = Enqueue | Transfer | Record | Request | Lookup | Callback | DeskAct
"""What a dialogue gives others to do."""
TROUBLES: Final = frozenset({"rescue", "loop", "machine_error"})
ANSWERS: Final = {"option": "option", "collected": "", "confirmed": "yes", "survey": "rating"}
"""Notes that are answers of the caller -> the field that says which; "" = none does, the digits are personal."""
_WORKS: Final[frozenset[type]] = frozenset(get_args(Work))
_NO_MATTER: Final[frozenset[type]] = frozenset({Listen, StopListen, StopPlay})
_TOLD: Final = TROUBLES | ANSWERS.keys() | {"command"}


class Digest(NamedTuple):
    """nodes: entered, in order. events: raised. notes: answers, commands and troubles. cancelled: ops of timers."""

    nodes: Sequence[str]
    events: Sequence[str]
    notes: Sequence[Note]
    timers: Sequence[StartTimer]
    cancelled: Sequence[str]
    plays: Sequence[Play]
    works: Sequence[Work]
    notices: Sequence[Notify]
    hangs_up: bool


NOTHING: Final = Digest((), (), (), (), (), (), (), (), False)


def digest(actions: Sequence[Action]) -> Digest:
    if not actions:
        return NOTHING
    nodes: list[str] = []
    events: list[str] = []
    notes: list[Note] = []
    timers: list[StartTimer] = []
    cancelled: list[str] = []
    plays: list[Play] = []
    works: list[Work] = []
    notices: list[Notify] = []
    hangs_up = False
    for action in actions:
        # By the exact type, the most frequent first: this is done for every step of every call.
        kind: type = type(action)
        if kind is Note:
            note: Note = action  # type: ignore[assignment]
            if note.kind == "node":
                nodes.append(str(note.data["node"]))
            elif note.kind == "event":
                events.append(str(note.data["event"]))
            elif note.kind in _TOLD:
                notes.append(note)
        elif kind is CancelTimer:
            cancelled.append(action.op)  # type: ignore[union-attr]
        elif kind in _NO_MATTER:
            continue
        elif kind is StartTimer:
            timers.append(action)  # type: ignore[arg-type]
        elif kind is Play:
            plays.append(action)  # type: ignore[arg-type]
        elif kind in _WORKS:
            works.append(action)  # type: ignore[arg-type]
        elif kind is Notify:
            notices.append(action)  # type: ignore[arg-type]
        elif kind is Hangup:
            hangs_up = True
    return Digest(nodes, events, notes, timers, cancelled, plays, works, notices, hangs_up)
