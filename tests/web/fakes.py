"""A source whose state the test sets, and statuses to set."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from web.api.status import (
    AgentLine,
    AsteriskStatus,
    CallState,
    DatabaseStatus,
    LiveCall,
    QueueLine,
    Revision,
    SpeechStatus,
    Status,
    Today,
)

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
NUMBER = "13812345678"

QUIET = Status(
    now=NOW,
    node="n1",
    uptime_s=61.0,
    asterisk=AsteriskStatus(connected=True, version="22.10.1"),
    database=DatabaseStatus(kind="sqlite", ok=True),
    speech=(SpeechStatus("zh", "whisper"), SpeechStatus("en", None)),
    queues=(QueueLine("general", 0, None, 1, 0),),
    agents=(AgentLine("1001", "李雯", "available", NOW, phone_registered=True),),
)


def a_call(state: CallState = "menu", call_id: str = "c-n1-1", **fields: object) -> LiveCall:
    call = LiveCall(call_id, NUMBER, NOW - dt.timedelta(seconds=7), state, NOW, node="main", language="zh")
    return replace(call, **fields)


BUSY = replace(
    QUIET,
    calls=(a_call("menu"), a_call("talking", "c-n1-2", queue="general", agent="李雯")),
    queues=(QueueLine("general", 2, 31.5, 0, 1),),
    today=Today(arrived=30, offered=20, answered=19, answered_within_15_s=18, abandoned=1, asa_s=6.5),
)


class Board:
    """A `StatusSource`: shows what the test puts on it."""

    def __init__(self, status: Status = QUIET) -> None:
        self._status = status
        self._revision = Revision()
        self.snapshots = 0
        self.fault: Exception | None = None

    def show(self, status: Status) -> None:
        self._status = status
        self._revision.bump()

    def snapshot(self) -> Status:
        self.snapshots += 1
        if self.fault is not None:
            raise self.fault
        return self._status

    async def changed(self, seen: int) -> int:
        return await self._revision.changed(seen)
