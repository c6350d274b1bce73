"""Asterisk out of reach for so long that its calls are taken to be gone: each is told, so that nobody is stuck."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from ivr.ari.client import AriClient
from ivr.call.registry import CallRegistry

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0


async def end_calls_of_lost(ari: AriClient, registry: CallRegistry, away_s: float) -> None:
    """Until cancelled. away_s: so long without an answer. Callers who are there after all when it is back are taken in
    as new calls by the reconciler."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if ari.heart.away_s < away_s or ari.replaced or not len(registry):
            continue
        log.critical(
            "Asterisk has been out of reach for %.0f s: its %d calls are cut off, and their callers are owed a call",
            ari.heart.away_s,
            len(registry),
        )
        for session in registry:
            session.cut_off()
        await ari.answering()
