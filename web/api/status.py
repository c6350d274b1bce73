"""What the status page shows, as values, and where they come from.

The page depends only on `StatusSource`; the controller provides one. A source keeps a `Revision`, bumps it whenever
something that the page shows has changed, and builds a `Status` when asked:

    class Floor:
        def __init__(self) -> None:
            self._revision = Revision()
        def snapshot(self) -> Status: ...
        async def changed(self, seen: int) -> int:
            return await self._revision.changed(seen)

Times are aware UTC datetimes, durations are seconds. Callers' numbers may be given whole: they are masked before
they leave the process (`web.api.wire`), and so are runs of digits in what was heard, which is left out altogether
unless the settings ask for it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Literal, Protocol

CallState = Literal["arriving", "menu", "queue", "ringing", "talking", "held", "survey", "ending"]
"""Where a citizen's call is. `ringing`: an agent's phone rings for it. `held`: the agent has put the caller on hold."""

AgentState = Literal[
    "offline", "available", "reserved", "ringing", "talking", "hold", "consulting", "wrap_up", "paused"
]


AsteriskTrouble = Literal["", "silent", "away", "starting", "crash_loop", "replaced"]
"""silent: connected, and says nothing. away: not connected. starting: it had ended. crash_loop: it ends again and
again. replaced: another controller has the application."""


@dataclass(frozen=True, slots=True)
class AsteriskStatus:
    """version: "" while never connected. trouble: why no call can be taken. restarts: of a private one."""

    connected: bool
    version: str = ""
    trouble: AsteriskTrouble = ""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class SpeechStatus:
    """engine None: no model for this language, callers are understood by keys only."""

    language: str
    engine: str | None


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    kind: Literal["sqlite", "postgres"]
    ok: bool


@dataclass(frozen=True, slots=True)
class LiveCall:
    """since: arrival of the call. state_since: entry into its state. last_heard: the caller's last utterance."""

    call_id: str
    caller: str
    since: dt.datetime
    state: CallState
    state_since: dt.datetime
    node: str | None = None
    language: str | None = None
    queue: str | None = None
    agent: str | None = None
    last_heard: str | None = None


@dataclass(frozen=True, slots=True)
class QueueLine:
    """longest_wait_s: of those waiting now; None when nobody waits."""

    name: str
    waiting: int
    longest_wait_s: float | None
    agents_available: int
    agents_busy: int


@dataclass(frozen=True, slots=True)
class AgentLine:
    id: str
    name: str
    state: AgentState
    since: dt.datetime
    phone_registered: bool
    call_id: str | None = None
    phone_refuses: bool = False
    """Calls, before it rings: do not disturb."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A promise to call back. place: in its queue's line, None while it is carried out. attempts: in vain so far."""

    id: str
    queue: str
    number: str
    promised_at: dt.datetime
    place: int | None
    attempts: int = 0
    not_before: dt.datetime | None = None
    calling: bool = False


@dataclass(frozen=True, slots=True)
class Today:
    """Counters since local midnight, named as the KPIs' definitions name them.

    arrived: all calls. offered: entered a queue. answered: offered and joined to an agent. abandoned: offered, hung
    up before an agent answered after 5 s or more; abandoned_short: the same, sooner. answered_within_15_s: of the
    answered. asa_s: mean wait of the answered, None while there are none.
    """

    arrived: int = 0
    offered: int = 0
    answered: int = 0
    answered_within_15_s: int = 0
    abandoned: int = 0
    abandoned_short: int = 0
    asa_s: float | None = None


@dataclass(frozen=True, slots=True)
class Unwell:
    """A part that serves worse than it should (`web.api.health`). zh, en: what is wrong, in a sentence."""

    name: str
    level: Literal["degraded", "down"]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Status:
    now: dt.datetime
    node: str
    uptime_s: float
    asterisk: AsteriskStatus
    database: DatabaseStatus
    speech: tuple[SpeechStatus, ...] = ()
    calls: tuple[LiveCall, ...] = ()
    queues: tuple[QueueLine, ...] = ()
    agents: tuple[AgentLine, ...] = ()
    today: Today = Today()
    callbacks: tuple[Callback, ...] = ()
    unwell: tuple[Unwell, ...] = ()


class StatusSource(Protocol):
    def snapshot(self) -> Status:
        """The whole state now. Called on the event loop up to five times a second: no I/O, no waiting."""
        ...

    async def changed(self, seen: int) -> int:
        """Wait until the state's revision is not `seen`, and give it. Revisions are not negative, so `changed(-1)`
        answers at once. Many may wait at a time; cancelling one wait loses nothing."""
        ...


class Revision:
    """A number that grows with every change, and can be waited for. Changes nobody waited for run together."""

    def __init__(self) -> None:
        self._number = 0
        self._grown: asyncio.Event | None = None
        """Made by whoever waits: calls tell of some twenty changes each, also while nobody looks."""

    @property
    def number(self) -> int:
        return self._number

    def bump(self) -> None:
        """Something changed. Cheap; on the event loop's thread only."""
        self._number += 1
        if self._grown is not None:
            self._grown.set()
            self._grown = None

    async def changed(self, seen: int) -> int:
        """As `StatusSource.changed`."""
        while self._number == seen:
            if self._grown is None:
                self._grown = asyncio.Event()
            await self._grown.wait()
        return self._number
