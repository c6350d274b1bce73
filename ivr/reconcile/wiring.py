"""Joins the reconciler to the hotline."""

from __future__ import annotations

from ivr.accounts.wiring import Telephony
from ivr.ari.interface import Ari
from ivr.call.front_door import FrontDoor
from ivr.callback.desk import CallbackDesk
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from ivr.reconcile.mending import Mender
from ivr.reconcile.reading import Books
from ivr.reconcile.reconciler import Reconciler
from ivr.talk.conversations import Conversations
from ivr.talk.registry import Talks


def reconcile_by(
    ari: Ari,
    clock: Clock,
    node: str,
    front_door: FrontDoor,
    dispatcher: Dispatcher,
    talks: Conversations,
    in_talk: Talks,
    callbacks: CallbackDesk,
    telephony: Telephony | None = None,
) -> Reconciler:
    """`run` it; `soon` after each gap."""
    books = Books(
        node, ari.app, front_door.registry, dispatcher, talks, in_talk, callbacks.entries, ari.not_ended
    )
    own_calls = None if telephony is None else telephony.own_calls
    book = None if telephony is None else telephony.book
    mender = Mender(ari, dispatcher, in_talk, front_door.registry, front_door.take_in, own_calls)

    def ours() -> bool:
        return front_door.is_ours and callbacks.restored

    return Reconciler(ari, clock, books, mender, front_door.repairs, book, ours)
