"""An event of a journal as the row that Postgres's binary COPY takes, and back. Pure.

Journals are most of what is written: the bytes that lie in the spool are those that go to the database, encoded once.

    row = 6, then each of COLUMNS with its length (4 bytes) before it:
          whole numbers in 4 bytes · a time in 8, microseconds since 2000 UTC · 1 and then JSON · texts in UTF-8

The 6 is the number of columns, in two bytes: a row begins with a zero, which no JSON does. A table with other columns
needs another number here, or a tag before it, and a way to read rows of 6 that were left by the version before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache
from struct import Struct, error
from typing import Final

import orjson

from storage.records import JournalEvent

COLUMNS: Final = ("seq", "at", "version", "data", "call_id", "kind")
FIRST: Final = 0
"""The first byte of a row."""
ODD: Final = (TypeError, ValueError, AttributeError, LookupError, error)
"""What making a row of an event raises whose fields are not what they should be."""

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_SINCE: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_JSON: Final = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
_BEGIN: Final = Struct(
    ">hiiiqiiiB"
)  # 6, 4, seq, 8, at, 4, version, the length of data, how Postgres sends JSON: 1
_LENGTH: Final = Struct(">i")
_LENGTHS: Final = [_LENGTH.pack(length) for length in range(513)]
"""Of texts, packed. A call's id has 128 characters at most."""
_pack: Final = _BEGIN.pack
_join: Final = b"".join


def row(event: JournalEvent) -> bytes:
    """Raises one of ODD."""
    data, call = orjson.dumps(event.data, option=_JSON), event.call_id.encode()
    at = (event.at - _SINCE) // _MICROSECOND
    begin = _pack(6, 4, event.seq, 8, at, 4, event.version, len(data) + 1, 1)
    return _join((begin, data, _LENGTHS[len(call)], call, _kind(event.kind)))


@lru_cache(1000)
def _kind(kind: str) -> bytes:
    """With its length before it. There are some dozens of kinds."""
    text = kind.encode()
    return _LENGTHS[len(text)] + text


def copied(rows: Iterable[bytes]) -> bytes:
    """All that a COPY into COLUMNS sends."""
    return _join((_SIGNATURE, *rows, _END))


def event(found: bytes) -> JournalEvent:
    """Raises ValueError for what is no row."""
    try:
        columns, four, seq, eight, at, also_four, version, length, one = _BEGIN.unpack_from(found)
        end = _BEGIN.size + length - 1
        call, kind_at = _text(found, end)
        kind, behind = _text(found, kind_at)
        if (columns, four, eight, also_four, one, behind) != (6, 4, 8, 4, 1, len(found)) or length < 1:
            raise ValueError("not the columns of a journal")
        data = orjson.loads(found[_BEGIN.size : end])
        return JournalEvent(call, seq, _SINCE + at * _MICROSECOND, kind, data, version)
    except (error, OverflowError) as wrong:
        raise ValueError(f"no row of a journal: {wrong}") from wrong


def _text(found: bytes, place: int) -> tuple[str, int]:
    """And where the next column begins."""
    begin = place + _LENGTH.size
    end = begin + _LENGTH.unpack_from(found, place)[0]
    if not 0 <= begin <= end <= len(found):
        raise ValueError("a text that is longer than its row")
    return found[begin:end].decode(), end
