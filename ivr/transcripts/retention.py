"""Erases transcripts whose time is over, for as long as the hotline runs. How many is on record and in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

from ivr.config import TranscriptSettings
from ivr.errors import StorageError
from ivr.transcripts.service import TranscriptService
from storage.records import SpeechSource

log = logging.getLogger(__name__)

EVERY_S: Final = 6 * 3600.0


def keep_days(settings: TranscriptSettings) -> Mapping[SpeechSource, float]:
    """Source -> days; 0: for ever. Messages left on the machine are recordings too."""
    return {
        "dialogue": settings.keep_dialogue_days,
        "conversation": settings.keep_conversation_days,
        "voicemail": settings.keep_recording_days,
        "recording": settings.keep_recording_days,
    }


async def erase_old(service: TranscriptService, keep: Mapping[SpeechSource, float]) -> None:
    """Once; a database that is away is tried again the next time."""
    try:
        for source, count in (await service.erase_old(keep)).items():
            log.info("%d lines of transcripts (%s) erased: older than %g days", count, source, keep[source])
    except StorageError as error:
        log.warning("old transcripts could not be erased: %s (%s)", error, error.mend)


async def keep_erasing(service: TranscriptService, keep: Mapping[SpeechSource, float]) -> None:
    """At once, and every six hours. Returns only when cancelled."""
    while True:
        await erase_old(service, keep)
        await asyncio.sleep(EVERY_S)
