"""What was kept of calls that are over is erased soon: it held what callers pressed and said."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from typing import Final

from ivr.clock import Clock
from ivr.errors import StorageError
from storage.store import Store

log = logging.getLogger(__name__)

EVERY_S: Final = 60.0
AFTER: Final = dt.timedelta(minutes=10)
"""The row was emptied at the call's end; it stays so long as an older state of the call may still be on its way."""


async def keep_erasing_live(store: Store, node: str, clock: Clock) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            async with store.unit_of_work() as uow:
                await uow.live_calls.erase_over(node, clock.now() - AFTER)
        except StorageError as error:
            log.warning("rows of calls that are over are erased later: %s", error)
