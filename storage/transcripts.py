"""What was said in calls: stored once, corrected, counted, erased. Finding it again is in `transcript_search.py`."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables
from storage.errors import explained
from storage.records import SpeechSource, TranscriptLine
from storage.repository import FactRepository, Repository
from storage.transcript_records import Correction, TranscriptAct

TABLE = tables.transcripts
CORRECTIONS = tables.transcript_corrections
PART = 500
"""Lines at a time, where there may be millions."""


class Transcripts(FactRepository[TranscriptLine]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, TranscriptLine)

    async def append(self, *lines: TranscriptLine) -> None:
        """Idempotent: a (call_id, party, seq) that is there stays as it is."""
        await self._write(*lines)

    async def of(self, call_id: str) -> list[TranscriptLine]:
        """All of a call in the order in which it was spoken, whenever it was understood."""
        begins = func.coalesce(TABLE.c.began_at, TABLE.c.at)
        query = self._select().where(TABLE.c.call_id == call_id)
        return await self._many(query.order_by(begins, TABLE.c.seq, TABLE.c.party))

    async def get(self, call_id: str, party: str, seq: int) -> TranscriptLine | None:
        return await self._one(_is(call_id, party, seq))

    async def calls(
        self, since: dt.datetime, until: dt.datetime, after: str = "", limit: int = PART
    ) -> list[str]:
        """Ids of the calls in which something was said then, by id, those after `after`."""
        query = select(TABLE.c.call_id).distinct().where(TABLE.c.at >= since, TABLE.c.at < until)
        query = query.where(TABLE.c.call_id > after).order_by(TABLE.c.call_id).limit(limit)
        with explained(self._connection.engine.url):
            return [row.call_id for row in await self._connection.execute(query)]

    async def correct(self, correction: Correction) -> bool:
        """False, and nothing is changed: the line is not at the revision before this one, or not there."""
        key = (correction.call_id, correction.party, correction.seq)
        from storage.transcript_words import found_by

        index = await asyncio.to_thread(found_by, correction.after)
        change = update(TABLE).where(_is(*key), TABLE.c.revision == correction.revision - 1)
        change = change.values(corrected=correction.after, revision=correction.revision, **index)
        with explained(self._connection.engine.url):
            if (await self._connection.execute(change)).rowcount != 1:
                return False
            row = {name: getattr(correction, name) for name in correction.__dataclass_fields__}
            await self._connection.execute(CORRECTIONS.insert().values(row))
        return True

    async def corrections(self, call_id: str) -> list[Correction]:
        """Of a whole call, in the order in which they were made."""
        history = Repository(self._connection, Correction, CORRECTIONS)
        query = history._select().where(CORRECTIONS.c.call_id == call_id)
        order = (CORRECTIONS.c.at, CORRECTIONS.c.party, CORRECTIONS.c.seq, CORRECTIONS.c.revision)
        return await history._many(query.order_by(*order))

    async def erase(
        self,
        *,
        source: SpeechSource | None = None,
        before: dt.datetime | None = None,
        call_id: str | None = None,
    ) -> int:
        """The lines that all of these are true of, with their corrections; PART at most. How many there were."""
        # By age it is the index on `at` that finds them, as long as nothing else is asked for in order.
        chosen = select(TABLE.c.number).order_by(TABLE.c.number if before is None else TABLE.c.at).limit(PART)
        if source is not None:
            chosen = chosen.where(TABLE.c.source == source)
        if before is not None:
            chosen = chosen.where(TABLE.c.at < before)
        if call_id is not None:
            chosen = chosen.where(TABLE.c.call_id == call_id)
        with explained(self._connection.engine.url):
            numbers = (await self._connection.execute(chosen)).scalars().all()
            if not numbers:
                return 0
            theirs = and_(
                TABLE.c.number.in_(numbers),
                TABLE.c.call_id == CORRECTIONS.c.call_id,
                TABLE.c.party == CORRECTIONS.c.party,
                TABLE.c.seq == CORRECTIONS.c.seq,
            )
            await self._connection.execute(delete(CORRECTIONS).where(exists().where(theirs)))
            await self._connection.execute(delete(TABLE).where(TABLE.c.number.in_(numbers)))
        return len(numbers)

    async def index(self, after: int = 0, *, missing: bool = False) -> tuple[int, int]:
        """What the lines after that number are found by, anew: PART of them. (how many, number of the last).

        missing: only of those that have nothing yet.
        """
        query = select(TABLE.c.number, func.coalesce(TABLE.c.corrected, TABLE.c.text).label("shown"))
        query = query.where(TABLE.c.number > after).order_by(TABLE.c.number).limit(PART)
        if missing:
            query = query.where(TABLE.c.open_words.is_(None))
        with explained(self._connection.engine.url):
            rows = (await self._connection.execute(query)).all()
        from storage.transcript_words import found_by

        found = await asyncio.to_thread(lambda: [found_by(row.shown) for row in rows])
        with explained(self._connection.engine.url):
            for row, words in zip(rows, found, strict=True):
                change = update(TABLE).where(TABLE.c.number == row.number).values(**words)
                await self._connection.execute(change)
        return len(rows), rows[-1].number if rows else after

    async def forget_words(self) -> None:
        """After an erasure: SQLite's index keeps what was deleted until its parts are merged. Postgres vacuums."""
        if self._connection.dialect.name == "sqlite":
            with explained(self._connection.engine.url):
                await self._connection.exec_driver_sql(
                    "INSERT INTO transcripts_words (transcripts_words) VALUES ('optimize')"
                )

    async def noted(self, act: TranscriptAct) -> None:
        row = {name: getattr(act, name) for name in act.__dataclass_fields__}
        with explained(self._connection.engine.url):
            await self._connection.execute(tables.transcript_acts.insert().values(row))

    async def acts(self, call_id: str | None = None, limit: int = 100) -> Sequence[TranscriptAct]:
        """The newest, youngest first; of one call, or of all."""
        table = tables.transcript_acts
        acts = Repository(self._connection, TranscriptAct, table)
        query = acts._select().order_by(table.c.number.desc()).limit(limit)
        return await acts._many(query if call_id is None else query.where(table.c.call_id == call_id))


def _is(call_id: str, party: str, seq: int) -> ColumnElement[bool]:
    return and_(TABLE.c.call_id == call_id, TABLE.c.party == party, TABLE.c.seq == seq)
