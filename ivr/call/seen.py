"""A call as others see it while it lasts: screens, the reconciler, whoever goes on with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from ivr.call.parts import Parts
from ivr.call.place import Place
from ivr.call.services import OpenCall
from ivr.call.up import Up
from ivr.flow.actions import JsonValue
from ivr.flow.state import FlowState


class SeenCall:
    def __init__(self, here: OpenCall, arrived_at: dt.datetime) -> None:
        self._here = here
        self.call = here.call
        self.channel = here.channel
        self.facts = here.facts
        self.arrived_at = arrived_at
        self._state: FlowState | None = None
        """Of the dialogue; None: it has not begun."""
        self._parts: Parts | None = None

    @property
    def node(self) -> str:
        return self._state.node if self._state is not None else ""

    @property
    def language(self) -> str:
        return self._state.language if self._state is not None else self.facts.language

    @property
    def variables(self) -> Mapping[str, JsonValue]:
        """Of the dialogue, as they stand."""
        return self._state.variables if self._state is not None else {}

    @property
    def stage(self) -> Literal["arriving", "menu", "queue", "ringing", "talking"]:
        return "arriving" if self._state is None or self._parts is None else self._parts.stage

    @property
    def stage_since(self) -> dt.datetime:
        """When the waiting or the talk began; before and after that, the call's arrival."""
        place = self._place
        if place is None:
            return self.arrived_at
        begun = place.since if place.joined_at is None else place.joined_at
        return self._here.services.clock.now() - dt.timedelta(
            seconds=self._here.services.clock.monotonic() - begun
        )

    @property
    def last_heard(self) -> str:
        return self._here.history.last_heard

    @property
    def queue(self) -> str:
        return self._place.queue if self._place is not None else ""

    @property
    def agent(self) -> str:
        return self._place.agent if self._place is not None else ""

    @property
    def entry(self) -> str:
        """Of the place in a queue, "" = none."""
        return self._place.entry if self._place is not None else ""

    @property
    def in_line(self) -> str:
        """The entry by which the caller waits for an agent, which the board has to have; "" = none."""
        return "" if self._parts is None else self._parts.waiting.in_line

    @property
    def party(self) -> Up | None:
        """The telephone with which the caller is, in a bridge and in no talk."""
        return None if self._parts is None else self._parts.transfers.up

    @property
    def _place(self) -> Place | None:
        return None if self._parts is None else self._parts.waiting.place

    @property
    def unread(self) -> int:
        """Messages that wait in the inbox."""
        return len(self._here.inbox.unread)

    @property
    def hung_up(self) -> bool:
        """The caller has gone; the dialogue may have something to do yet."""
        return self._here.gone

    @property
    def to_end(self) -> bool:
        """The call is over, and its channel could not be hung up."""
        return self._here.to_end

    def note(self, kind: str, data: Mapping[str, JsonValue]) -> None:
        """Into the call's journal, by somebody outside; while the call lasts."""
        self._here.note(kind, data)
