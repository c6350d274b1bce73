"""A promise to call back, which takes over the caller's place where there is one."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Iterable, Mapping
from typing import Any

from ivr.ari.unhurried import unhurried
from ivr.call.in_line import InLine
from ivr.call.place import Place
from ivr.call.ports import Seat
from ivr.call.services import OpenCall
from ivr.flow import codec
from ivr.flow.actions import Callback, JsonValue
from ivr.flow.inputs import CallbackPlaced, OpId
from ivr.ids import promised_as


class CallingBack:
    """seat: whose place it is again when the promise cannot be made."""

    def __init__(self, here: OpenCall, line: InLine, seat: Seat) -> None:
        self._here = here
        self._line = line
        self._seat = seat
        self._being_made: dict[OpId, Callback] = {}

    def let_loose(self) -> None:
        """The call is over: whose place it was is forgotten."""
        del self._seat

    def promise(self, action: Callback) -> Coroutine[Any, Any, None]:
        """Carries out `Callback`. A caller who hangs up meanwhile gets the promise all the same."""
        self._being_made[action.op] = action
        return self._make(action)

    async def _make(self, action: Callback) -> None:
        held = (
            self._line.place
            if action.held and self._line.place and self._line.place.op == action.held
            else None
        )
        if held is not None and (held.joined_at is not None or held.promised):
            # An agent has the caller in this very moment; or it has been promised already.
            self._being_made.pop(action.op, None)
            self._here.tell(CallbackPlaced(action.op, "refused"))
            return
        if held is not None:
            held.promised = True
            for task in held.tasks():
                task.cancel()
        await unhurried(self._promise(action, held))

    async def _promise(self, action: Callback, held: Place | None) -> None:
        here = self._here
        if here.services.callbacks is None:
            placed = CallbackPlaced(action.op, "failed")
        else:
            entry = None if held is None else held.entry
            placed = await here.services.callbacks.promise(
                here.call, action, here.facts.caller, entry, self._seat
            )
        if held is not None:
            held.promised = False
            if placed.outcome == "placed":
                self._line.place = None
                here.history.left_queue("callback")
        self._being_made.pop(action.op, None)
        here.tell(placed)
        here.keep()

    # --- for whoever goes on with the call

    def saved(self) -> list[JsonValue]:
        return [codec.action_to_json(one) for one in self._being_made.values()] if self._being_made else []

    def resume(self, saved: Iterable[Mapping[str, Any]], promised: Collection[str]) -> None:
        """promised: entries that are promises to call back now."""
        for kept in saved:
            action, place = codec.action_from_json(kept), self._line.place
            if not isinstance(action, Callback):
                continue
            # Some were made, and nobody was there to hear so.
            anew = f"{self._here.call}.{promised_as(action.op)}"
            if place is not None and action.held == place.op and place.entry in promised:
                self._line.place = None
                self._here.history.left_queue("callback")
                self._here.tell(CallbackPlaced(action.op, "placed"))
            elif any(entry.startswith(anew) for entry in promised):
                self._here.tell(CallbackPlaced(action.op, "placed"))
            else:
                self._here.spawn(self.promise(action), f"callback {action.op}")
