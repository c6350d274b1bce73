"""Joins the adoption of an earlier controller's calls to the hotline."""

from __future__ import annotations

from ivr.adoption.adopting import Adopted, Ground, adopt
from ivr.ari.interface import Ari
from ivr.call.front_door import FrontDoor
from ivr.call.ports import Records
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from storage.store import Store


def before_connecting(ari: Ari) -> None:
    """What happens to channels from the first event on is kept for whoever will have them."""
    ari.bus.hold_all()


async def take_over_calls(
    store: Store,
    ari: Ari,
    front_door: FrontDoor,
    dispatcher: Dispatcher,
    records: Records,
    clock: Clock,
    node: str,
) -> Adopted:
    """Then the front door is open. Raises StorageError, AriError."""
    adopted = await adopt(Ground(store, ari, front_door, dispatcher, records, clock, node))
    front_door.open()
    return adopted
