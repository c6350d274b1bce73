"""Finding what was said: conditions on words by the database's own full-text index, and on who, when and where."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, cast, column, func, literal_column, or_, select
from sqlalchemy import table as named_table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables
from storage.errors import explained
from storage.records import Speaker, SpeechSource, TranscriptLine
from storage.repository import Repository
from storage.search_query import Query, postgres, sqlite

TABLE = tables.transcripts
ENTRIES = tables.queue_entries
_WORDS = named_table("transcripts_words", column("rowid"))


@dataclass(frozen=True, slots=True)
class TranscriptSearch:
    """All that is given must be true of a line. since, until: when it was understood, until not included.

    queue: its call waited there. agent: spoke it, or had its call. clear: also by what is hidden from most. below: only
    lines with a lower number, the last one of the page before.
    """

    query: Query
    speaker: Speaker | None = None
    source: SpeechSource | None = None
    language: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    queue: str | None = None
    agent: str | None = None
    call_id: str | None = None
    clear: bool = False
    below: int | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class FoundLine:
    number: int
    line: TranscriptLine


class FoundTranscripts(Repository[TranscriptLine]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, TranscriptLine, TABLE)

    async def find(self, search: TranscriptSearch) -> list[FoundLine]:
        """What was stored last comes first."""
        with explained(self._connection.engine.url):
            rows = (await self._connection.execute(self.statement(search))).all()
        return [FoundLine(number, TranscriptLine(*values)) for number, *values in rows]

    def statement(self, search: TranscriptSearch) -> Select[Any]:
        query = select(TABLE.c.number, *self._columns)
        if self._connection.dialect.name == "postgresql":
            query = query.where(*_on_postgres(search)).order_by(TABLE.c.number.desc())
        else:
            # From the index outwards, in its own order: the first page of a common word reads no more than a page.
            query = query.select_from(_WORDS.join(TABLE, TABLE.c.number == _WORDS.c.rowid))
            query = query.where(_on_sqlite(search)).order_by(_WORDS.c.rowid.desc())
        return query.where(*_others(search)).limit(search.limit)


def _on_postgres(search: TranscriptSearch) -> list[ColumnElement[bool]]:
    wanted = cast(bindparam(None, postgres(search.query), type_=Text), TSQUERY)
    if not search.clear:
        return [TABLE.c.open_words.op("@@")(wanted)]
    # The first by the indexes; the second, where a line has secrets, on all that it holds.
    either = or_(TABLE.c.open_words.op("@@")(wanted), TABLE.c.secret_words.op("@@")(wanted))
    return [either, func.coalesce(TABLE.c.secret_words, TABLE.c.open_words).op("@@")(wanted)]


def _on_sqlite(search: TranscriptSearch) -> ColumnElement[bool]:
    # Without a column both are looked at: what a line with secrets holds openly is among its secret words too.
    text = sqlite(search.query, "" if search.clear else "open_words")
    return literal_column("transcripts_words").op("MATCH")(bindparam(None, text, type_=Text))


def _others(search: TranscriptSearch) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search.speaker is not None:
        conditions.append(TABLE.c.speaker == search.speaker)
    if search.source is not None:
        conditions.append(TABLE.c.source == search.source)
    if search.language is not None:
        conditions.append(TABLE.c.language == search.language)
    if search.since is not None:
        conditions.append(TABLE.c.at >= search.since)
    if search.until is not None:
        conditions.append(TABLE.c.at < search.until)
    if search.call_id is not None:
        conditions.append(TABLE.c.call_id == search.call_id)
    if search.below is not None:
        conditions.append(TABLE.c.number < search.below)
    entry = select(ENTRIES.c.id).where(ENTRIES.c.call_id == TABLE.c.call_id)
    if search.queue is not None:
        conditions.append(entry.where(ENTRIES.c.queue == search.queue).exists())
    if search.agent is not None:
        theirs = entry.where(ENTRIES.c.agent == search.agent).exists()
        conditions.append(or_(TABLE.c.party == search.agent, theirs))
    return conditions
