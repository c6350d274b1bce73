"""Reads the live parts of a running hotline as `Readings`. No I/O but a look at the disk's room."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from ivr.admission.refusal import MOST_AT_ONCE
from ivr.admission.wiring import Admissions
from ivr.ari.bus import CAPACITY, FRONT_DOOR_CAPACITY, HELD_MOST
from ivr.ari.client import AriClient
from ivr.call.front_door import FrontDoor
from ivr.call.services import INBOX_MOST
from ivr.callers_wiring import Callers
from ivr.config import Settings
from ivr.disk import disk_folders
from ivr.missed.ledger import WAITING_MOST
from ivr.outside.outbox import MOST_HELD
from ivr.outside.service import OutsideService
from ivr.reconcile.repairs import Repairs
from ivr.status import Counts, LiveStatus
from ivr.watching.event_lag import EventLag
from ivr.watching.journal_lag import JournalLag
from ivr.watching.loop import LoopLag
from ivr.watching.readings import Buffer, QueueLevel, Readings, SpeechWorker
from storage.writer import FactWriter
from web.settings import MOST_WATCHERS

if TYPE_CHECKING:
    from asr.pool import WorkerPool, WorkerState

EVENTS_OLD_S: Final = 60.0
"""The age of an event that was looked at so long ago says nothing of now."""
FAILED_S: Final = 10.0
"""So long after a write that failed the spool is not called well: another one fails again, or has not been tried."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What is looked at. languages: that callers may speak. speech: None = keys only."""

    ari: AriClient
    writer: FactWriter
    status: LiveStatus
    front_door: FrontDoor
    admissions: Admissions
    outside: OutsideService
    callers: Callers
    speech: WorkerPool | None
    languages: Sequence[str]
    settings: Settings


class Collector:
    """`read()` for a scrape or a look at the health."""

    def __init__(self, parts: Parts, event_lag: EventLag, loop_lag: LoopLag, journal_lag: JournalLag) -> None:
        self._parts = parts
        self._event_lag = event_lag
        self._loop_lag = loop_lag
        self._journal_lag = journal_lag
        self._version = _version()
        self._folders = disk_folders(parts.settings)
        self._failures = 0
        """Of the spool, at the last tick."""
        self._failed_at: float | None = None
        self.page_watchers: Callable[[], int] = lambda: 0
        """How many pages show the live status."""
        self.ending = False
        """No more calls are taken."""

    def tick(self, now: float) -> None:
        """Some times a second. now: the loop's clock."""
        figures, spool = self._parts.writer.figures, self._parts.writer.spool
        stored = figures.written + figures.refused + figures.unreadable
        self._journal_lag.tick(now, figures.taken, stored)
        if spool is not None and spool.figures.failures > self._failures:
            self._failures, self._failed_at = spool.figures.failures, now

    def read(self) -> Readings:
        parts, now = self._parts, asyncio.get_running_loop().time()
        ari, writer, gate = parts.ari, parts.writer, parts.admissions.gate
        counts = parts.status.counts()
        disk_free, disk_total = self._disk()
        spool = writer.spool
        events_fresh = ari.connected and now - self._event_lag.last_at < EVENTS_OLD_S
        return Readings(
            node=counts.node,
            version=self._version,
            uptime_s=counts.uptime_s,
            calls=counts.calls,
            most_calls=parts.settings.max_calls,
            agents=counts.agents,
            queues=_queues(counts),
            callbacks=counts.callbacks,
            buffers=self._buffers(counts),
            admitted=gate.admitted,
            refused={str(reason): count for reason, count in gate.refused.items()},
            refused_unheard=parts.admissions.refusals.unheard,
            refused_share=gate.share,
            late_s=gate.late_s,
            nuisances=gate.nuisances,
            repairs=_repairs(parts.front_door.repairs),
            connected=ari.connected,
            replaced=ari.replaced,
            trouble=counts.asterisk.trouble,
            asterisk_silent_s=ari.heart.silent_for_s,
            asterisk_restarts=counts.asterisk.restarts,
            events=ari.bus.received,
            events_unwatched=ari.bus.unwatched,
            events_unknown=ari.bus.unknown,
            event_lag_s=self._event_lag.last_s if events_fresh else 0.0,
            database_ok=not writer.away,
            writer=asdict(writer.figures),
            facts_waiting=writer.waiting,
            lag_s=self._journal_lag.lag_s(now),
            spool_bytes=0 if spool is None else spool.size,
            spool_most_bytes=0 if spool is None else spool.most_bytes,
            spool_failures=0 if spool is None else spool.figures.failures,
            spool_takes=self._failed_at is None or now - self._failed_at >= FAILED_S,
            disk_free_bytes=disk_free,
            disk_total_bytes=disk_total,
            speech=_workers(parts.speech),
            keys_only=_keys_only(parts),
            loop_lag_s=self._loop_lag.worst_s,
            tasks=len(asyncio.all_tasks()),
            ending=self.ending,
        )

    def _disk(self) -> tuple[int, int]:
        """Free and total bytes of the disk with the least room; of one that cannot be looked at nothing is said."""
        found = []
        for folder in self._folders:
            with contextlib.suppress(OSError):
                usage = shutil.disk_usage(folder)
                found.append((usage.free, usage.total))
        return min(found, default=(0, 0))

    def _buffers(self, counts: Counts) -> tuple[Buffer, ...]:
        """Every queue and buffer that could grow; docs/administrators/limits.md says what happens when one is full."""
        parts = self._parts
        bus, writer, admissions = parts.ari.bus, parts.writer, parts.admissions
        inboxes = max((session.unread for session in parts.front_door.registry), default=0)
        found = [
            Buffer("front_door", len(bus.front_door()), FRONT_DOOR_CAPACITY),
            Buffer("mailbox", bus.fullest, CAPACITY),
            Buffer("arrival", bus.held, HELD_MOST),
            Buffer("commands", parts.ari.commands.open, None),
            Buffer("inbox", inboxes, INBOX_MOST),
            Buffer("facts", writer.buffered, writer.capacity),
            Buffer(
                "missed_ledger",
                0 if parts.callers.ledger is None else parts.callers.ledger.waiting,
                WAITING_MOST,
            ),
            Buffer("notifications", parts.outside.notifications_fullest, MOST_HELD),
            Buffer("announcements", admissions.refusals.open, MOST_AT_ONCE),
            Buffer("announcements_sent_away", admissions.refusals.sent_away, MOST_AT_ONCE),
            Buffer(
                "callers_remembered",
                max(parts.callers.known.remembered, *admissions.gate.remembered.values()),
                None,
            ),
            Buffer("page_watchers", self.page_watchers(), MOST_WATCHERS),
            Buffer("asr_hearings", _hearings(parts.speech), _most_hearings(parts)),
            Buffer("calls", sum(counts.calls.values()), parts.settings.max_calls),
        ]
        if writer.spool is not None:
            found.append(Buffer("spool_bytes", writer.spool.size, writer.spool.most_bytes))
            found.append(
                Buffer("spool_unwritten_bytes", writer.spool.unwritten_bytes, writer.spool.unwritten_most)
            )
        return tuple(found)


def _queues(counts: Counts) -> tuple[QueueLevel, ...]:
    return tuple(QueueLevel(name, *levels) for name, levels in counts.queues.items())


def _repairs(repairs: Repairs) -> dict[str, int]:
    return repairs.as_dict() | ({"failed": repairs.failed} if repairs.failed else {})


def _keys_only(parts: Parts) -> tuple[str, ...]:
    understood = frozenset[str]() if parts.speech is None else parts.speech.understood
    return tuple(language for language in parts.languages if language not in understood)


def _most_hearings(parts: Parts) -> float | None:
    """Of the workers that are ready; None: there is none."""
    workers = 0 if parts.speech is None else sum(state.ready for state in parts.speech.state())
    return workers * parts.settings.speech.max_streams or None


def _hearings(pool: WorkerPool | None) -> int:
    return 0 if pool is None else sum(state.open_hearings for state in pool.state())


def _workers(pool: WorkerPool | None) -> tuple[SpeechWorker, ...]:
    return () if pool is None else tuple(_worker(n, state) for n, state in enumerate(pool.state()))


def _worker(number: int, state: WorkerState) -> SpeechWorker:
    # What one that is gone told last says nothing of now; what it refused it has refused.
    load: Mapping[str, Any] = state.load if state.ready else {}
    return SpeechWorker(
        name=f"worker-{number}",
        ready=state.ready,
        hearings=state.open_hearings,
        restarts=state.restarts,
        refused=int(state.load.get("refused", 0)),
        memory_bytes=state.memory_mb * 1_000_000 if state.ready else 0.0,
        late_s=float(load.get("late_s", 0.0)),
        wait_s=float(load.get("wait_s", 0.0)),
        use=float(load.get("use", 0.0)),
    )


def _version() -> str:
    try:
        return version("open-hotline")
    except PackageNotFoundError:
        return ""
