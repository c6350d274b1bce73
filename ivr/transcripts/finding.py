"""What is looked for in transcripts, and what is found. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from ivr.transcripts.excerpt import Piece
from ivr.transcripts.shown import ShownLine
from storage.records import Speaker, SpeechSource


@dataclass(frozen=True, slots=True)
class Wanted:
    """words: as typed (`storage/search_query.py`). since, until: aware; until is not included. queue, agent: of the
    call. after: `Page.more` of the page before.
    """

    words: str
    speaker: Speaker | None = None
    source: SpeechSource | None = None
    language: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    queue: str | None = None
    agent: str | None = None
    call_id: str | None = None
    after: int | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that answers a search. at: when it was spoken. excerpt: the part of it that does."""

    call_id: str
    at: dt.datetime
    line: ShownLine
    excerpt: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first. more: where the next page begins, None: there is none."""

    hits: tuple[Hit, ...]
    more: int | None
