"""What the world outside needs of storage: notifications still to be sent, and a caller's earlier calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from ivr.clock import Clock
from ivr.ids import CallId
from ivr.outside.lookups import History
from ivr.outside.outbox import Pending
from storage.callers import CallerHistory
from storage.promises import NotificationRecord
from storage.store import Store
from storage.writer import FactWriter

EVER = dt.timedelta(days=3650)
ASK_S = 5.0
"""A dialogue that asks does without after this, where it is not in more of a hurry itself."""


def stored_pending(store: Store, writer: FactWriter, node: str, clock: Clock) -> Pending:
    """Those of this controller's calls: what another one has under way is not ours to send again."""

    async def pending(limit: int) -> Iterable[NotificationRecord]:
        await writer.drain()
        async with store.reading() as uow:
            found = await uow.notifications.due(clock.now() + EVER, limit)
        return [record for record in found if record.call_id.startswith(f"c-{node}-")]

    return pending


def stored_history(store: Store, clock: Clock) -> History:
    async def history(call: CallId, caller: str) -> CallerHistory | None:
        async with store.reading(ASK_S) as uow:
            this = await uow.calls.get(call)
            return await uow.callers.history(caller, clock.now() if this is None else this.started_at)

    return history
