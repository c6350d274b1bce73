"""The nuisance list in the database: for people, each change with its act on record, and for the running server."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ivr.admission.gate import Gate
from ivr.admission.rules import Nuisance, NuisanceList, Treatment
from ivr.errors import AdmissionError, StorageError
from storage.act_records import ActRecord
from storage.nuisances import NuisanceRecord
from storage.store import Store

log = logging.getLogger(__name__)

ASK_EVERY_S: Final = 5.0
MOST_LISTED: Final = 5_000


class NuisanceService:
    """Raises AdmissionError for what cannot be, StorageError where the database does not do it."""

    def __init__(self, store: Store, now: Callable[[], dt.datetime]) -> None:
        self._store = store
        self._now = now

    async def listed(self, *, removed: bool = False) -> list[NuisanceRecord]:
        async with self._store.reading(last_known=True) as uow:
            return await uow.nuisances.listed(removed=removed)

    async def last_serial(self) -> int:
        async with self._store.reading(last_known=True) as uow:
            return await uow.nuisances.last_serial()

    async def add(
        self,
        pattern: str,
        *,
        reason: str,
        by: str,
        treatment: Treatment = "message",
        lasts: dt.timedelta | None = None,
    ) -> NuisanceRecord:
        """A number, or a pattern of numbers. lasts: None = until it is taken off."""
        pattern, now = pattern.strip(), self._now()
        try:
            NuisanceList([Nuisance(pattern)])
        except ValueError as error:
            raise AdmissionError(
                str(error), mend="give a number (13800138000) or a pattern of them (1380013XXXX, 00.)"
            ) from error
        if len(pattern) > 64:
            raise AdmissionError("a pattern has at most 64 signs", mend="list several shorter ones")
        if not reason.strip():
            raise AdmissionError("it has to be said why", mend='--why "calls and is silent"')
        async with self._store.unit_of_work() as uow:
            known = await uow.nuisances.listed()
            if any(one.pattern == pattern and one.in_force(now) for one in known):
                raise AdmissionError("that is on the list already", mend="`ivr nuisance list` shows it")
            if len(known) >= MOST_LISTED:
                raise AdmissionError(
                    f"{MOST_LISTED} are listed, and no more can be", mend="use patterns, or take some off"
                )
            record = await uow.nuisances.put(
                NuisanceRecord(
                    id=f"nuisance-{secrets.token_hex(4)}",
                    pattern=pattern,
                    treatment=treatment,
                    reason=reason.strip(),
                    created_at=now,
                    created_by=by,
                    until=None if lasts is None else now + lasts,
                ),
                new=True,
            )
            await uow.acts.append(self._act(by, "added", record.id, record.reason))
        return record

    async def remove(self, id: str, *, by: str, why: str = "") -> NuisanceRecord:
        """Off the list; that it was on it stays on record."""
        async with self._store.unit_of_work() as uow:
            record = await uow.nuisances.get(id)
            if record is None or record.removed_at is not None:
                raise AdmissionError(f"{id} is not on the list", mend="`ivr nuisance list` shows all ids")
            record = await uow.nuisances.put(
                replace(record, removed_at=self._now(), removed_by=by), new=False
            )
            await uow.acts.append(self._act(by, "removed", record.id, why))
        return record

    async def shown(self, *, by: str, count: int) -> None:
        """Somebody sees the numbers in full: on record."""
        async with self._store.unit_of_work() as uow:
            await uow.acts.append(replace(self._act(by, "number_shown", "", ""), data={"count": count}))

    def _act(self, by: str, act: str, id: str, why: str) -> ActRecord:
        return ActRecord(
            id=f"act-{secrets.token_hex(8)}",
            at=self._now(),
            author=by,
            kind="nuisance",
            act=act,
            subject=id,
            why=why,
        )


async def keep_current(
    service: NuisanceService, gate: Gate, now: Callable[[], dt.datetime], every_s: float = ASK_EVERY_S
) -> None:
    """Until cancelled: what is listed, by whatever process, is in force within every_s."""
    serial, known, away = -1, list[NuisanceRecord](), False
    ends: dt.datetime | None = None
    while True:
        try:
            last = await service.last_serial()
            if last != serial:
                known, serial = await service.listed(), last
                ends = dt.datetime.min.replace(tzinfo=dt.UTC)
            away = False
        except StorageError as error:
            if not away:
                log.warning("the nuisance list stays as it was: %s", error)
            away = True
        if ends is not None and ends <= now():
            gate.use(Nuisance(one.pattern, one.treatment, one.id) for one in known if one.in_force(now()))
            ends = min(
                (one.until for one in known if one.until is not None and one.in_force(now())), default=None
            )
        await asyncio.sleep(every_s)
