"""Why a caller's place is worse than the one that was told: who got in before since then. Pure, and cheap.

Whoever comes into a line at another place than the last is noted (an arrival by priority, a caller with the old place
back, a move). Nothing is done to those who were overtaken; only when one of them is told the place again the notes
since then are looked through, the last `NOTES` of the queue at most. What they do not explain is said to be so.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from routing.decisions import Reason, ReasonCode, Value
from routing.entries import Entry
from routing.ids import EntryId, QueueName
from routing.rules import QueueRules, Rank

NOTES: Final = 256


@dataclass(frozen=True, slots=True)
class Telling:
    """say: the place to be told, never a greater one than before. place: the true one (1 = next), of `waiting`.

    why: () unless the true one is worse than what was told.
    """

    say: int
    place: int
    waiting: int
    why: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class _Note:
    number: int
    entry: EntryId
    code: ReasonCode
    by: str


@dataclass(frozen=True, slots=True)
class _Told:
    """place: the best that was told, or the worst that has been explained. number: of the last note then."""

    place: int
    number: int


class Overtaking:
    def __init__(self) -> None:
        self._notes: dict[QueueName, deque[_Note]] = {}
        self._told: dict[EntryId, _Told] = {}
        self._number = 0

    def note(self, queue: QueueName, entry: EntryId, code: ReasonCode, by: str = "") -> None:
        """That entry came into the line before others, or (`new_rules`, of no entry) the order changed."""
        self._number += 1
        self._notes.setdefault(queue, deque(maxlen=NOTES)).append(_Note(self._number, entry, code, by))

    def told(self, entry: EntryId, place: int) -> None:
        self._told[entry] = _Told(place, self._number)

    def forget(self, entry: EntryId) -> None:
        self._told.pop(entry, None)

    def why(
        self, entry: Entry, place: int, queue: QueueRules, rank: Callable[[EntryId], Rank | None]
    ) -> tuple[Reason, ...]:
        """() when the place is no worse than was told, or explained. rank: of an entry that is in the same line now."""
        told = self._told.get(entry.id)
        if told is None and entry.announced is not None:
            told = _Told(entry.announced, 0)
        own = rank(entry.id)
        if told is None or own is None or place <= told.place:
            return ()
        best = place if entry.announced is None else entry.announced
        counts: Counter[tuple[ReasonCode, str]] = Counter()
        seen: set[EntryId] = set()
        for note in reversed(self._notes.get(entry.queue, ())):
            if note.number <= told.number:
                break
            if note.entry in seen:
                continue
            seen.add(note.entry)
            other = rank(note.entry) if note.entry else None
            if note.code == "new_rules" or note.entry == entry.id or (other is not None and other < own):
                code = "moved_self" if note.entry == entry.id else note.code
                counts[code, note.by] += 1
        reasons = [_reason(code, by, count) for (code, by), count in sorted(counts.items())]
        unexplained = place - told.place - counts.total()
        if unexplained > 0 and not any(code in ("moved_self", "new_rules") for code, _ in counts):
            code = "overtaken_aged" if queue.ageing is not None else "overtaken"
            reasons.append(_reason(code, "", unexplained))
        return (Reason("place_worse", {"told": best, "place": place}), *reasons)


def _reason(code: ReasonCode, by: str, count: int) -> Reason:
    data: dict[str, Value] = {}
    if code not in ("moved_self", "new_rules"):
        data["count"] = count
    if code in ("moved_self", "overtaken_moved"):
        data["by"] = by
    return Reason(code, data)
