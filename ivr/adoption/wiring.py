"""Joins the adoption of an earlier controller's calls to the hotline."""

from __future__ import annotations

from collections.abc import Callable

from ivr.adoption.adopting import Adopted, Ground, adopt
from ivr.adoption.kept import read
from ivr.ari.interface import Ari
from ivr.call.front_door import FrontDoor
from ivr.call.ports import Records
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from storage.records import Fact
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
    put: Callable[[Fact], None],
    clock: Clock,
    node: str,
) -> Adopted:
    """Then the front door is open. Raises StorageError, AriError."""
    kept = await read(store, node)
    adopted = await adopt(Ground(ari, front_door, dispatcher, records, clock, put), kept)
    front_door.open()
    return adopted
