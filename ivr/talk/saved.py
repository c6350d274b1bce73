"""A talk as it is kept while it lasts, for whoever goes on with the call. JSON; holds no word of what was said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from ivr.flow.codec import CodecError
from ivr.talk.people import Talk


@dataclass(frozen=True, slots=True)
class SavedParty:
    """A telephone in the talk. bridge: the one that was made for it. entry: None of an outsider.

    on_board: the board has to be told when the person's call is over.
    """

    channel: str
    bridge: str
    agent: str = ""
    entry: str | None = None
    on_board: bool = True


@dataclass(frozen=True, slots=True)
class SavedTalk:
    """at: when it was so. parties: by person; of who is rung there is none. main: the bridge where the citizen is.

    agents: all who had the citizen. slot: where it is parked. second: the owner consults by a second channel. sent_to:
    the flow that the citizen was sent to for good. longest_s: what was left then of the longest time; None: no limit.
    """

    state: Talk
    at: dt.datetime
    main: str
    parties: Mapping[str, SavedParty]
    music: str = ""
    agents: tuple[str, ...] = ()
    slot: str = ""
    second: bool = False
    talked_s: float = 0.0
    held_s: float = 0.0
    longest_s: float | None = None
    sent_to: str = ""

    @property
    def claims(self) -> list[str]:
        """Channels and bridges that whoever goes on with it takes over."""
        return [self.main, *(part for one in self.parties.values() for part in (one.channel, one.bridge))]


_SHAPE: Final = TypeAdapter(SavedTalk)


def to_json(saved: SavedTalk) -> dict[str, Any]:
    data: dict[str, Any] = _SHAPE.dump_python(saved, mode="json")
    return data


def from_json(data: Mapping[str, Any]) -> SavedTalk:
    """Raises CodecError."""
    try:
        return _SHAPE.validate_python(data)
    except ValidationError as error:
        raise CodecError(f"a talk cannot be read: {error.error_count()} faults") from error
