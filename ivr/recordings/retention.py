"""Erases recordings whose time is over, for as long as the hotline runs. Each is on record, how many is in the log."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from ivr.errors import RecordingError, StorageError
from ivr.recordings.service import RecordingService

log = logging.getLogger(__name__)

EVERY_S: Final = 6 * 3600.0


async def erase_old(service: RecordingService) -> None:
    """Once; what cannot be done now is tried again the next time."""
    try:
        for name, count in (await service.erase_old()).items():
            log.info("%d recordings of class `%s` erased: their time is over", count, name)
    except (StorageError, RecordingError, OSError) as error:
        log.warning("old recordings could not be erased: %s", error)


async def keep_erasing(service: RecordingService) -> None:
    """At once, and every six hours. Returns only when cancelled."""
    while True:
        await erase_old(service)
        await asyncio.sleep(EVERY_S)
