"""What a caller's earlier calls say: asked for while a call arrives, so it must be quick."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables
from storage.errors import explained

WEEK: Final = dt.timedelta(days=7)
LONGEST_CALL: Final = dt.timedelta(hours=6)
"""So that the index by caller and beginning finds what ended."""


@dataclass(frozen=True, slots=True)
class CallerHistory:
    """calls: in the days asked for. last_*: of the newest call that has ended. Field names as in `call.history`."""

    known: bool
    calls: int
    calls_7d: int
    last_at: str
    last_topic: str
    last_outcome: str
    last_agent: str
    language: str


class Callers:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def history(self, number: str, before: dt.datetime, days: int = 90) -> CallerHistory | None:
        """The calls of this number in the `days` before an instant; None when there are none, or no number."""
        if not number:
            return None
        with explained(self._connection.engine.url):
            calls, week = (await self._connection.execute(counts(number, before, days))).one()
            if not calls:
                return None
            last = (await self._connection.execute(newest(number, before, days))).one_or_none()
        started_at, language, data = (None, "", {}) if last is None else last
        return CallerHistory(
            known=True,
            calls=calls,
            calls_7d=week,
            last_at="" if started_at is None else started_at.isoformat(),
            last_topic=_text(data, "topic"),
            last_outcome=_text(data, "outcome"),
            last_agent=_text(data, "agent"),
            language=language,
        )

    async def ended(self, number: str, since: dt.datetime, until: dt.datetime) -> list[str]:
        """Ids of the calls of this number that ended in this time, the first one first; [] without a number."""
        if not number:
            return []
        with explained(self._connection.engine.url):
            return list((await self._connection.execute(ended(number, since, until))).scalars())


def ended(number: str, since: dt.datetime, until: dt.datetime) -> Select[str]:
    calls = tables.calls.c
    began = calls.started_at.between(since - LONGEST_CALL, until)
    over = calls.ended_at.between(since, until)
    return select(calls.id).where(calls.caller == number, began, over).order_by(calls.ended_at, calls.id)


def counts(number: str, before: dt.datetime, days: int) -> Select[int, int]:
    """(calls in these days, of them in the last seven)"""
    calls = tables.calls.c
    in_week = func.count().filter(calls.started_at >= before - WEEK)
    return select(func.count(), in_week).where(
        calls.caller == number,
        calls.started_at < before,
        calls.started_at >= before - dt.timedelta(days=days),
    )


def newest(number: str, before: dt.datetime, days: int) -> Select[Any]:
    """(started_at, language, data) of the newest one that has ended"""
    calls = tables.calls.c
    return (
        select(calls.started_at, calls.language, calls.data)
        .where(
            calls.caller == number,
            calls.started_at < before,
            calls.started_at >= before - dt.timedelta(days=days),
            calls.state == "ended",
        )
        .order_by(calls.started_at.desc())
        .limit(1)
    )


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
