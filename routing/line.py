"""The entries, indexed: the line of each queue for places, and the waiting ones by where an agent looks for them.

Sorted lists of `sortedcontainers`: inserting, removing and finding a place cost a few microseconds at 100,000 entries
(docs/decisions/0063-the-board-is-sorted-lists.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from routing.entries import IN_LINE, Entry
from routing.floor import Census
from routing.ids import AgentId, EntryId, QueueName
from routing.ranks import Key, Ranks
from routing.rules import POINT, QueueRules, Rank, micros

Stand = Census | tuple[QueueName, AgentId]
"""Where a waiting entry is looked for: by whoever fits its demand, or by the one agent for whom it is kept."""


@dataclass(frozen=True, slots=True)
class Place:
    """place: 1 = next. waiting: how many stand in the line, this one included."""

    place: int
    waiting: int


@dataclass(slots=True)
class Kept:
    """stand: None = not waiting, or offered to nobody now. due: when it is looked at next (Unix s).

    said: a fingerprint of the last `Wait` decision, 0 = none.
    """

    entry: Entry
    demand: Census
    key: Key
    growing: bool = False
    stand: Stand | None = None
    due: float = math.inf
    said: int = 0


class Line:
    def __init__(self) -> None:
        self._kept: dict[EntryId, Kept] = {}
        self._queues: dict[QueueName, Ranks] = {}
        self._stands: dict[Stand, Ranks] = {}
        self._open: dict[QueueName, Ranks] = {}
        self._aside: dict[Census, dict[EntryId, None]] = {}
        self._preferring: dict[AgentId, dict[EntryId, None]] = {}

    def get(self, id: EntryId) -> Entry | None:
        kept = self._kept.get(id)
        return None if kept is None else kept.entry

    def kept(self, id: EntryId) -> Kept | None:
        return self._kept.get(id)

    def entries(self) -> Iterator[Entry]:
        return (kept.entry for kept in self._kept.values())

    def put(self, entry: Entry, queue: QueueRules, demand: Census, stand: Stand | None, now_us: int) -> Kept:
        """A new entry, or an old one changed, or grown. demand and stand are what the rules in force make of it."""
        key, growing = _key(entry, queue, now_us)
        kept = self._kept.get(entry.id)
        if kept is None:
            kept = self._kept[entry.id] = Kept(entry, demand, key, growing, stand)
            self._enlist(kept, queue)
            self._stand(kept, queue)
            if entry.preferred is not None:
                self._preferring.setdefault(entry.preferred, {})[entry.id] = None
            return kept
        old = kept.entry
        same_rank = kept.key == key and kept.growing == growing and old.queue == entry.queue
        if not (same_rank and (old.state in IN_LINE) == (entry.state in IN_LINE)):
            self._delist(kept)
            self._unstand(kept)
            kept.entry, kept.demand, kept.key, kept.growing, kept.stand = entry, demand, key, growing, stand
            self._enlist(kept, queue)
            self._stand(kept, queue)
        elif (
            kept.stand != stand
            or kept.demand is not demand
            or (old.state == "waiting") != (entry.state == "waiting")
        ):
            self._unstand(kept)
            kept.entry, kept.demand, kept.stand = entry, demand, stand
            self._stand(kept, queue)
        kept.entry = entry
        return kept

    def remove(self, id: EntryId) -> Kept:
        kept = self._kept.pop(id)
        self._delist(kept)
        self._unstand(kept)
        if kept.entry.preferred is not None:
            fewer = self._preferring[kept.entry.preferred]
            del fewer[id]
            if not fewer:
                del self._preferring[kept.entry.preferred]
        return kept

    def waiting(self, stand: Stand) -> Ranks | None:
        return self._stands.get(stand)

    def open_to_all(self, queue: QueueName) -> Ranks | None:
        """All of the queue whom anybody who fits may be offered."""
        return self._open.get(queue)

    def with_demand(self, demand: Census) -> list[EntryId]:
        """All who wait with it, also those that nobody may be asked for now. In no order."""
        ranks = self._stands.get(demand)
        return [*(map(EntryId, ranks.ids()) if ranks is not None else ()), *self._aside.get(demand, ())]

    def demands(self) -> set[Census]:
        """Of those who wait."""
        return {kept.demand for kept in self._kept.values() if kept.entry.state == "waiting"}

    def preferring(self, agent: AgentId) -> list[EntryId]:
        return list(self._preferring.get(agent, ()))

    def of_queue(self, queue: QueueName) -> list[EntryId]:
        """All in its line. In no order."""
        ranks = self._queues.get(queue)
        return [] if ranks is None else [EntryId(id) for id in ranks.ids()]

    def length(self, queue: QueueName) -> int:
        ranks = self._queues.get(queue)
        return 0 if ranks is None else len(ranks)

    def place(self, id: EntryId, now_us: int) -> Place | None:
        """None when the entry stands in no line (unknown, joined)."""
        kept = self._kept.get(id)
        if kept is None or kept.entry.state not in IN_LINE:
            return None
        ranks = self._queues[kept.entry.queue]
        return Place(ranks.before(kept.key, kept.growing, now_us) + 1, len(ranks))

    def rank(self, id: EntryId, now_us: int) -> Rank | None:
        """None when the entry stands in no line."""
        kept = self._kept.get(id)
        if kept is None or kept.entry.state not in IN_LINE:
            return None
        return self._queues[kept.entry.queue].rank(kept.key, kept.growing, now_us)

    # --- the indexes

    def _enlist(self, kept: Kept, queue: QueueRules) -> None:
        if kept.entry.state in IN_LINE:
            _add(self._queues, kept.entry.queue, kept, queue)

    def _delist(self, kept: Kept) -> None:
        if kept.entry.state in IN_LINE:
            _drop(self._queues, kept.entry.queue, kept)

    def _stand(self, kept: Kept, queue: QueueRules) -> None:
        if kept.stand is not None:
            _add(self._stands, kept.stand, kept, queue)
        if kept.stand is kept.demand:
            _add(self._open, kept.entry.queue, kept, queue)
        elif kept.entry.state == "waiting":
            self._aside.setdefault(kept.demand, {})[kept.entry.id] = None

    def _unstand(self, kept: Kept) -> None:
        if kept.stand is not None:
            _drop(self._stands, kept.stand, kept)
        if kept.stand is kept.demand:
            _drop(self._open, kept.entry.queue, kept)
        elif kept.entry.state == "waiting":
            fewer = self._aside[kept.demand]
            del fewer[kept.entry.id]
            if not fewer:
                del self._aside[kept.demand]


Where = TypeVar("Where")


def _add(parts: dict[Where, Ranks], where: Where, kept: Kept, queue: QueueRules) -> None:
    ranks = parts.get(where)
    if ranks is None:
        rate = 0 if queue.ageing is None else queue.ageing.rate
        ranks = parts[where] = Ranks(0 if queue.urgent else 1, rate)
    ranks.add(kept.key, kept.growing)


def _drop(parts: dict[Where, Ranks], where: Where, kept: Kept) -> None:
    ranks = parts[where]
    ranks.remove(kept.key, kept.growing)
    if not ranks:
        del parts[where]


def _key(entry: Entry, queue: QueueRules, now_us: int) -> tuple[Key, bool]:
    enqueued, ageing = micros(entry.enqueued_at), queue.ageing
    weight = (queue.priority + entry.priority) * POINT
    if ageing is None:
        return (-weight, enqueued, entry.id), False
    if now_us - enqueued < ageing.grown_after_us:
        return (ageing.rate * enqueued - weight, enqueued, entry.id), True
    return (-weight - ageing.most * POINT, enqueued, entry.id), False
