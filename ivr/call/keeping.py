"""Writes down how a call stands after each thing that happened in it, for whoever may have to go on with it.

It is on the path of every key and every prompt: what did not change since the last time is not made into JSON again,
and nothing is written when nothing changed.
"""

from __future__ import annotations

import datetime as dt

from ivr.call.parts import Parts
from ivr.call.ports import CallerFacts, LiveCall
from ivr.call.saved import SavedCall, facts_to_json
from ivr.call.services import CallServices, OpenCall
from ivr.flow import codec
from ivr.flow.actions import JsonValue
from ivr.flow.state import FlowState
from ivr.ids import CallId, ChannelId


class Keeper:
    """One a call. saved: how an earlier controller left it."""

    def __init__(
        self,
        services: CallServices,
        call: CallId,
        channel: ChannelId,
        facts: CallerFacts,
        arrived_at: dt.datetime,
        saved: SavedCall | None,
    ) -> None:
        self._services = services
        self._call = call
        self._channel = channel
        self._always: dict[str, JsonValue] = {
            "facts": facts_to_json(facts),
            "arrived_at": arrived_at.isoformat(),
        }
        self._revision = 0 if saved is None else saved.revision
        self._state: FlowState | None = None
        self._state_json: JsonValue = None
        self._to_json = codec.StateWriter()
        self._kept: dict[str, JsonValue] = {}
        self._over = False

    def arrived(self) -> None:
        """There is such a call; its dialogue has not begun."""
        self._write(self._always, over=False)

    def keep(self, state: FlowState, here: OpenCall, parts: Parts) -> None:
        if self._over:
            return
        if state is not self._state:
            self._state, self._state_json = state, self._to_json(state)
        data: dict[str, JsonValue] = {
            **self._always,
            "state": self._state_json,
            "history": here.history.saved(),
            "parts": parts.saved(),
        }
        if here.inbox.unread:
            data["unread"] = [codec.input_to_json(each) for each in here.inbox.inputs]
        if claims := parts.claims:
            data["claims"] = list(claims)
        if data != self._kept:
            self._kept = data
            self._write(data, over=False)

    def over(self) -> None:
        """The call is at its end, and everything else about it is on record."""
        self._over = True
        self._write({}, over=True)

    def _write(self, data: dict[str, JsonValue], *, over: bool) -> None:
        self._revision += 1
        now = self._services.clock.now()
        self._services.records.live(self._call, LiveCall(self._channel, self._revision, now, over, data))
