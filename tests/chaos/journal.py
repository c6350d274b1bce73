"""Whether every call that the telephones made is in the database: once, whole, and with figures that agree."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ivr.audit.evidence import evidence_of
from ivr.audit.figures import discrepancies
from ivr.errors import StorageError
from storage import tables
from storage.records import JournalEvent
from storage.store import Store
from tests.chaos.citizens import Citizen, Problem

LONGEST_DATA: Final = 90
LATEST_S: Final = 25.0
"""After a call's end, and after the last fault: then it must be there."""


class JournalCheck:
    """`look` at the calls that are over; what is not there yet is looked for again."""

    def __init__(self) -> None:
        self._store: Store | None = None
        self.checked = 0
        self.rows = 0

    async def open(self, url: str) -> None:
        """On that database from now on."""
        await self.close()
        self._store = await Store.open(url)

    async def close(self) -> None:
        if self._store is not None:
            await self._store.close()
            self._store = None

    async def look(
        self, over: Iterable[Citizen], now_s: float, calm_since_s: float
    ) -> tuple[list[Citizen], list[Problem]]:
        """Those that need not be looked at again, and what is wrong with them."""
        done: list[Citizen] = []
        problems: list[Problem] = []
        for citizen in over:
            if not citizen.greeted:
                done.append(citizen)
                continue
            try:
                wrong, rows = await self._wrong(citizen)
            except (SQLAlchemyError, StorageError, OSError, TimeoutError):
                return done, problems  # the database is away: later
            if not wrong:
                self.checked += 1
                self.rows += rows
                done.append(citizen)
            elif now_s - max(citizen.ended_s or now_s, calm_since_s) > LATEST_S:
                done.append(citizen)
                problems.extend(Problem(code, text, citizen.number) for code, text in wrong)
        return done, problems

    async def timelines(self, number: str) -> list[str]:
        """The journals of this citizen's calls, a line each; [] when the database is away."""
        assert self._store is not None
        try:
            async with asyncio.timeout(5), self._store.reading() as uow:
                query = select(tables.calls.c.id).where(tables.calls.c.caller == number)
                ids = list((await uow.connection.execute(query)).scalars())
                return [f"{id}: " + "; ".join(map(_line, await uow.journal.of(id))) for id in ids]
        except (SQLAlchemyError, StorageError, OSError, TimeoutError):
            return []

    async def _wrong(self, citizen: Citizen) -> tuple[list[tuple[str, str]], int]:
        """And how many rows of the journal were looked at."""
        wrong: list[tuple[str, str]] = []
        rows = 0
        assert self._store is not None
        async with asyncio.timeout(5), self._store.reading() as uow:
            query = select(tables.calls.c.id).where(tables.calls.c.caller == citizen.number)
            ids = list((await uow.connection.execute(query)).scalars())
            if not ids:
                return [("call_lost", "the call is not in the database")], 0
            if len(ids) > 1:
                wrong.append(("call_doubled", f"{len(ids)} records of one call: {ids}"))
            for id in ids:
                record = await uow.calls.get(id)
                assert record is not None
                evidence = await evidence_of(uow, record)
                rows += len(evidence.journal)
                if record.state != "ended":
                    wrong.append(("not_ended", f"{id} is {record.state}, and nobody is on the line"))
                wrong.extend(("audit", f"{id}: {each}") for each in discrepancies(evidence))
                joins = len(evidence.notes("joined"))
                if citizen.joined > joins:
                    wrong.append(
                        ("join_lost", f"{id}: {citizen.joined} talks were heard, {joins} in the journal")
                    )
            promises = [one for id in ids for one in await uow.callbacks.of_call(id)]
            if citizen.promised and len(promises) != 1:
                wrong.append(("promise", f"a promise was heard, {len(promises)} are in the database"))
        return wrong, rows


def _line(event: JournalEvent) -> str:
    data = ",".join(f"{name}={value}" for name, value in event.data.items())
    return f"{event.seq} {event.at:%M:%S.%f} {event.kind} {data[:LONGEST_DATA]}"
