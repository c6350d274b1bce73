"""The entries, indexed: the line of each queue for places, and the waiting ones by what they need of an agent.

A sorted list each, bisected: inserting into a list of 100,000 moves less than a megabyte, which is quicker than any
tree in Python, and a place is an index.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from routing.entries import IN_LINE, Entry
from routing.floor import Demand
from routing.ids import EntryId, QueueName
from routing.rules import Rank

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Place:
    """place: 1 = next. waiting: how many stand in the line, this one included."""

    place: int
    waiting: int


@dataclass(slots=True)
class _Kept:
    entry: Entry
    rank: Rank
    demand: Demand


class Line:
    def __init__(self) -> None:
        self._kept: dict[EntryId, _Kept] = {}
        self._queues: dict[QueueName, list[Rank]] = {}
        self._waiting: dict[Demand, list[Rank]] = {}

    def get(self, id: EntryId) -> Entry | None:
        kept = self._kept.get(id)
        return None if kept is None else kept.entry

    def entries(self) -> Iterator[Entry]:
        return (kept.entry for kept in self._kept.values())

    def put(self, entry: Entry, rank: Rank, demand: Demand) -> None:
        """A new entry, or an old one changed. rank and demand are what the rules in force make of it."""
        old = self._kept.get(entry.id)
        new = _Kept(entry, rank, demand)
        in_line, waiting = entry.state in IN_LINE, entry.state == "waiting"
        if old is not None:
            same = old.rank == rank and old.entry.queue == entry.queue
            if old.entry.state in IN_LINE and not (same and in_line):
                _drop(self._queues, old.entry.queue, old.rank)
            elif old.entry.state in IN_LINE:
                in_line = False
            if old.entry.state == "waiting" and not (same and waiting and old.demand == demand):
                _drop(self._waiting, old.demand, old.rank)
            elif old.entry.state == "waiting":
                waiting = False
        if in_line:
            bisect.insort(self._queues.setdefault(entry.queue, []), rank)
        if waiting:
            bisect.insort(self._waiting.setdefault(demand, []), rank)
        self._kept[entry.id] = new

    def remove(self, id: EntryId) -> None:
        old = self._kept.pop(id)
        if old.entry.state in IN_LINE:
            _drop(self._queues, old.entry.queue, old.rank)
        if old.entry.state == "waiting":
            _drop(self._waiting, old.demand, old.rank)

    def waiting(self, demand: Demand) -> list[Rank]:
        """Who waits with this demand, first in line first; a rank's last part is the id. Not to be changed."""
        return self._waiting.get(demand, [])

    def demands(self) -> Mapping[Demand, list[Rank]]:
        return self._waiting

    def length(self, queue: QueueName) -> int:
        return len(self._queues.get(queue, ()))

    def place(self, id: EntryId) -> Place | None:
        """None when the entry stands in no line (unknown, joined)."""
        kept = self._kept.get(id)
        if kept is None or kept.entry.state not in IN_LINE:
            return None
        ranks = self._queues[kept.entry.queue]
        return Place(bisect.bisect_left(ranks, kept.rank) + 1, len(ranks))


def _drop(lists: dict[Key, list[Rank]], key: Key, rank: Rank) -> None:
    ranks = lists[key]
    del ranks[bisect.bisect_left(ranks, rank)]
    if not ranks:
        del lists[key]
