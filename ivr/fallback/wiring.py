"""Joins the taking of the fallback's calls into the running hotline."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from ivr.ari.interface import Ari
from ivr.clock import Clock
from ivr.config import Settings
from ivr.fallback.taking import FallbackTaking
from ivr.ids import CallId
from ivr.records import FactRecords
from ivr.status import TodayCount
from storage.records import Fact
from storage.store import Store

log = logging.getLogger(__name__)


class StoredCalls:
    """Implements `taking.Known`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def ended(self, call: CallId) -> bool:
        async with self._store.reading() as uow:
            found = await uow.calls.get(call)
        return found is not None and found.state == "ended"


def fallback_taking(
    settings: Settings,
    ari: Ari,
    store: Store,
    put: Callable[[Fact], None],
    clock: Clock,
    agent_of: Callable[[str], str],
) -> FallbackTaking | None:
    """None: Asterisk's folders are not to be seen from here. put: the door of live calls' facts, so that the ledger of
    missed calls sees them."""
    wanted = settings.asterisk
    spool = settings.state_dir / "asterisk" / "spool" if wanted.mode == "private" else wanted.fallback_folder
    recordings = settings.recordings.where(settings.state_dir, wanted.mode)
    if spool is None or recordings is None:
        log.info(
            "calls that the dialplan's fallback takes are not seen: `asterisk.fallback_folder` is not set"
        )
        return None
    # They are not of today's service: who calls in while nobody answers is counted when the call is in the records.
    records = FactRecords(put, settings.node, TodayCount(clock))
    return FallbackTaking(
        ari,
        records,
        StoredCalls(store),
        Path(spool) / "fallback",
        Path(spool) / "voicemail",
        recordings,
        settings.node,
        settings.default_language,
        agent_of,
    )
