"""Levels of one moment, as values: what the scrape and the health are made of. Plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Buffer:
    """A queue or buffer of the server. held: now (of many alike, the fullest). most: its bound; None: it may well be
    full, or what bounds it is no number."""

    name: str
    held: float
    most: float | None


@dataclass(frozen=True, slots=True)
class QueueLevel:
    name: str
    waiting: int
    longest_s: float
    free: int


@dataclass(frozen=True, slots=True)
class SpeechWorker:
    """name: `worker-0`, `worker-1` ...: never an address. late_s: the oldest live piece of work waits so long.

    wait_s: what one more would wait. use: share of its threads, 0..1. refused: since its start, for load.
    """

    name: str
    ready: bool
    hearings: int
    restarts: int
    refused: int
    memory_bytes: float
    late_s: float
    wait_s: float
    use: float


@dataclass(frozen=True, slots=True)
class Readings:
    """calls, agents: how many in which state. writer: its figures since the start by name.

    refused_share: of new callers, because the controller is late by late_s with what Asterisk tells it.

    trouble: of Asterisk, as the status page names it. lag_s: age of the oldest fact that is not in the database.
    spool_takes: the disk took all that was lately written into the spool. disk: free and total bytes of the disk with
    the least room, 0 where that is not known. keys_only: languages that no speech worker understands now. ending: this
    controller takes no more calls.
    """

    node: str = "n1"
    version: str = ""
    uptime_s: float = 0.0
    calls: Mapping[str, int] = field(default_factory=dict)
    most_calls: int = 0
    agents: Mapping[str, int] = field(default_factory=dict)
    queues: Sequence[QueueLevel] = ()
    callbacks: int = 0
    buffers: Sequence[Buffer] = ()
    admitted: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    refused_unheard: int = 0
    refused_share: float = 0.0
    late_s: float = 0.0
    nuisances: int = 0
    repairs: Mapping[str, int] = field(default_factory=dict)
    connected: bool = False
    replaced: bool = False
    trouble: str = ""
    asterisk_silent_s: float = 0.0
    asterisk_restarts: int = 0
    events: int = 0
    events_unwatched: int = 0
    events_unknown: int = 0
    event_lag_s: float = 0.0
    database_ok: bool = True
    writer: Mapping[str, int] = field(default_factory=dict)
    facts_waiting: int = 0
    lag_s: float = 0.0
    spool_bytes: int = 0
    spool_most_bytes: int = 0
    spool_failures: int = 0
    spool_takes: bool = True
    disk_free_bytes: int = 0
    disk_total_bytes: int = 0
    speech: Sequence[SpeechWorker] = ()
    keys_only: Sequence[str] = ()
    loop_lag_s: float = 0.0
    tasks: int = 0
    ending: bool = False


CALL_STATES: Final = ("arriving", "menu", "queue", "ringing", "talking")
AGENT_STATES: Final = (
    "offline",
    "available",
    "reserved",
    "ringing",
    "talking",
    "hold",
    "consulting",
    "wrap_up",
    "paused",
)
