"""The caller's place in a queue, as the call knows it, and as it is kept for whoever goes on with the call."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.call.ports import Offer
from ivr.call.services import OpenCall
from ivr.flow import codec
from ivr.flow.actions import Enqueue, JsonValue, Prompt
from ivr.flow.inputs import OpId
from routing.ids import AgentId, EntryId


@dataclass(slots=True)
class Place:
    """The open `Enqueue`. promised: it is becoming a callback, and is not the caller's any more."""

    op: OpId
    entry: EntryId
    queue: str
    since: float
    music: str = ""
    whisper: tuple[Prompt, ...] = ()
    language: str = ""
    wanted: Enqueue = field(kw_only=True)
    """How the dialogue asked; with the queue that an agent sent the caller to."""
    enqueued_at: dt.datetime = field(kw_only=True)
    """What the place's age is counted from."""
    began_at: dt.datetime = field(kw_only=True)
    """What `since` is by the wall's clock."""
    ringing: dict[AgentId, tuple[Offer, asyncio.Task[None]]] = field(default_factory=dict)
    """Agents who are rung, or were, and who does it."""
    serving: asyncio.Task[None] | None = None
    """Of the agent who answered."""
    joined_at: float | None = None
    agent: str = ""
    promised: bool = False
    waited_s: float | None = None
    """Until the first agent."""
    talked_s: float = 0.0
    """With all agents so far."""
    written: tuple[Enqueue, dt.datetime, dict[str, JsonValue]] | None = None
    """`wanted`, and since when, as JSON: of that `wanted` and that `enqueued_at`."""

    def tasks(self) -> list[asyncio.Task[None]]:
        """Whoever rings or serves the caller."""
        ringing = [task for _, task in self.ringing.values()]
        return ringing if self.serving is None else [*ringing, self.serving]


def place_to_json(place: Place) -> dict[str, JsonValue]:
    known = place.written
    if known is None or known[0] is not place.wanted or known[1] is not place.enqueued_at:
        said: dict[str, JsonValue] = {
            "wanted": dict(codec.action_to_json(place.wanted)),
            "enqueued_at": place.enqueued_at.isoformat(),
            "began_at": place.began_at.isoformat(),
        }
        known = place.written = (place.wanted, place.enqueued_at, said)
    return {
        "entry": place.entry,
        "queue": place.queue,
        **known[2],
        "joined": place.joined_at is not None,
        "agent": place.agent,
        "promised": place.promised,
        "waited_s": place.waited_s,
        "talked_s": place.talked_s,
    }


def place_from_json(saved: Mapping[str, Any], here: OpenCall) -> Place:
    """Raises CodecError."""
    wanted = codec.action_from_json(saved["wanted"])
    if not isinstance(wanted, Enqueue):
        raise codec.CodecError("a place that no `Enqueue` asked for")
    now, began_at = here.services.clock.now(), dt.datetime.fromisoformat(saved["began_at"])
    return Place(
        wanted.op,
        EntryId(saved["entry"]),
        saved["queue"],
        here.monotonic() - (now - began_at).total_seconds(),
        wanted.music,
        wanted.whisper,
        wanted.language,
        wanted=wanted,
        enqueued_at=dt.datetime.fromisoformat(saved["enqueued_at"]),
        began_at=began_at,
        joined_at=here.monotonic() if saved["joined"] else None,
        agent=saved["agent"],
        waited_s=saved["waited_s"],
        talked_s=saved["talked_s"],
    )
