"""Erases what is older than its class allows, for as long as the hotline runs. What and how many is on record."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ivr.config import Settings
from ivr.errors import RecordingError, StorageError
from ivr.retention.classes import AUTHOR, KeptClass, classes
from storage.act_records import ActRecord
from storage.store import Store

log = logging.getLogger(__name__)

EVERY_S: Final = 6 * 3600.0


async def erase_old(
    store: Store, kept: Sequence[KeptClass], at: dt.datetime
) -> Mapping[str, Mapping[str, int]]:
    """Once, class by class: what went of each, by table. What cannot be done now is tried again the next time."""
    erased: dict[str, Mapping[str, int]] = {}
    for one in kept:
        try:
            counts = {what: count for what, count in (await one.erase(at)).items() if count}
            if not counts:
                continue
            erased[one.name] = counts
            days = {name or one.name: value for name, value in one.days.items()}
            act = ActRecord(
                id=f"act-{secrets.token_hex(8)}",
                at=at,
                author=AUTHOR,
                kind="retention",
                act="erase",
                subject=one.name,
                why=one.setting,
                data={"days": days, "erased": counts},
            )
            async with store.unit_of_work() as uow:
                await uow.acts.append(act)
            told = ", ".join(f"{count} of {what}" for what, count in counts.items())
            log.info("erased by age (%s): %s", one.setting, told)
        except (StorageError, RecordingError, OSError) as error:
            log.warning("what is old of %s could not be erased: %s", one.name, error)
    return erased


async def keep_erasing(store: Store, settings: Settings, now: Callable[[], dt.datetime]) -> None:
    """At once, and every six hours. Returns only when cancelled."""
    kept = classes(settings, store, now)
    while True:
        await erase_old(store, kept, now())
        await asyncio.sleep(EVERY_S)
