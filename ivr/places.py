"""Tells waiting callers their place and how long they may have to wait, and measures how true that was.

A place is told no more often than is useful; a wait only while the last ones held (`routing.estimate.HitRate`). What
was estimated when a caller came, and what a caller was told, is compared with what happened: also when nothing is told,
so that trust can be won back.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ivr.call.ports import QueueNow, Seat
from ivr.clock import Clock
from routing.board import Board
from routing.board_events import AgentChanged, EntryChanged
from routing.entries import Entry
from routing.estimate import HitRate, Measured, WaitRange, estimate
from routing.handle_times import HandleTimes
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.outlook import Outlook, Standing

PLACE_EVERY_S: Final = 1.0
"""Places of a queue are told at most so often: a busy line moves many times a second."""


@dataclass(frozen=True, slots=True)
class _Said:
    """An estimate whose truth is not known yet. at_s: Unix time."""

    at_s: float
    place: int
    serving: int
    wait: WaitRange
    told: bool


class Places:
    """seats: those who wait; the dispatcher's own mapping, which changes meanwhile.

    handle_times, hit_rates: may be filled from earlier runs. measured: told of each estimate whose truth is known.
    """

    def __init__(self, board: Board, seats: Mapping[EntryId, Seat], clock: Clock) -> None:
        self._board = board
        self._seats = seats
        self._clock = clock
        self._timers: dict[QueueName, asyncio.TimerHandle] = {}
        self._told: dict[EntryId, tuple[int, int]] = {}
        self._said: dict[EntryId, list[_Said]] = {}
        self._busy_since: dict[AgentId, tuple[float, QueueName]] = {}
        self._outlook: tuple[float, Outlook] | None = None
        self.handle_times = HandleTimes()
        self.hit_rates: dict[QueueName, HitRate] = defaultdict(HitRate)
        self.measured: Callable[[Measured], None] = lambda _: None

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def forget(self, entry: EntryId) -> None:
        self._told.pop(entry, None)

    # --- what happened

    def line_moved(self, change: EntryChanged) -> None:
        entry, before = change.after, change.before
        left_line = entry.state in ("joined", "ended")
        if left_line and (before is None or before.state not in ("joined", "ended")):
            self._wait_over(entry, before)
        if entry.callback:
            # Its caller is not on the line: nothing can be measured of it.
            self._said.pop(entry.id, None)
        came_back = before is not None and before.state == "joined" and entry.state == "waiting"
        if (left_line or came_back) and entry.queue not in self._timers:
            self._timers[entry.queue] = asyncio.get_running_loop().call_later(
                PLACE_EVERY_S, self._tell_queue, entry.queue
            )

    def agent_changed(self, change: AgentChanged) -> None:
        """One call takes an agent from being reserved to being free again, if there was a talk."""
        agent, before = change.after, change.before
        if agent.state == "talking" and agent.entry is not None and agent.id not in self._busy_since:
            entry = self._board.entry(agent.entry)
            if entry is not None:
                self._busy_since[agent.id] = (self._now_s(), entry.queue)
        elif agent.state in ("available", "paused", "offline") and agent.id in self._busy_since:
            since_s, queue = self._busy_since.pop(agent.id)
            rung_s = self.handle_times.answer_s(queue)
            now = self._clock.now().astimezone()
            if before is not None and queue:
                self.handle_times.add(queue, self._now_s() - since_s + rung_s, now)

    def told(self, id: EntryId, place: int, wait: WaitRange | None) -> None:
        """The caller hears this now."""
        entry = self._board.entry(id)
        if entry is not None and wait is not None:
            standing = self._look().of(entry)
            serving = 0 if standing is None else standing.serving
            self._said.setdefault(id, []).append(_Said(self._now_s(), place, serving, wait, told=True))

    def _wait_over(self, entry: Entry, before: Entry | None) -> None:
        now_s = self._now_s()
        joined, waited_s = entry.state == "joined", now_s - entry.limit_from.timestamp()
        if entry.queue and not entry.callback:
            self.handle_times.waited(entry.queue, waited_s, gave_up=entry.outcome == "abandoned")
        if joined and before is not None and before.state in ("offered", "ringing"):
            self.handle_times.answered(entry.queue, now_s - before.since.timestamp())
        for number, said in enumerate(self._said.pop(entry.id, ())):
            since_s = now_s - said.at_s
            hit: bool | None = said.wait.holds(since_s)
            if not joined and since_s <= said.wait.high_s:
                hit = None
            if hit is not None:
                self.hit_rates[entry.queue].add(hit)
            id, queue = f"{entry.id}-{number}-{said.at_s:.0f}", entry.queue
            self.measured(
                Measured(
                    id,
                    entry.id,
                    queue,
                    said.at_s,
                    said.place,
                    said.serving,
                    said.wait,
                    said.told,
                    since_s,
                    hit,
                )
            )

    # --- what is told

    def tell(self, entry_id: EntryId) -> None:
        """The place, unless that is what was told last."""
        seat = self._seats.get(entry_id)
        entry = self._board.entry(entry_id)
        place = self._board.place(entry_id)
        if seat is None or entry is None or place is None or entry.state == "joined":
            return
        now_told = (place.place, place.waiting)
        if self._told.get(entry_id) == now_told:
            return
        first = entry_id not in self._told
        self._told[entry_id] = now_told
        standing = self._look().of(entry)
        wait = None if standing is None else self._wait(entry.queue, standing)
        if first and wait is not None and standing is not None and standing.place > standing.free:
            self._said[entry_id] = [_Said(self._now_s(), place.place, standing.serving, wait, told=False)]
        trusted = wait if self.hit_rates[entry.queue].trusted else None
        # Who was told a place is not told a worse one (a caller of a higher priority came, say).
        shown = place.place if entry.announced is None else min(place.place, entry.announced)
        seat.progressed(shown, place.waiting, None if trusted is None else (trusted.low_s, trusted.high_s))

    def _tell_queue(self, queue: QueueName) -> None:
        self._timers.pop(queue, None)
        for entry_id in list(self._seats):
            entry = self._board.entry(entry_id)
            if entry is not None and entry.queue == queue:
                self.tell(entry_id)

    def now(self, queue: QueueName, skills: Mapping[SkillName, int]) -> QueueNow:
        """How the queue is doing for a caller who would come now and needs these skills."""
        standing = self._look(fresh=True).last(queue, skills)
        wait = self._wait(queue, standing) if self.hit_rates[queue].trusted else None
        waiting = self._board.length(queue)
        return QueueNow(
            waiting, standing.serving, standing.free, None if wait is None else (wait.low_s, wait.high_s)
        )

    def standing(self, entry: Entry) -> Standing | None:
        """As of now."""
        return self._look(fresh=True).of(entry)

    def _wait(self, queue: QueueName, standing: Standing) -> WaitRange | None:
        times = self.handle_times
        return estimate(
            standing.place,
            standing.serving,
            times.of(queue, self._clock.now().astimezone()),
            free=standing.free,
            giving_up_per_s=times.giving_up_per_s(queue),
            answer_s=times.answer_s(queue),
        )

    def _look(self, *, fresh: bool = False) -> Outlook:
        """Line and floor, at most a second old: a crowd that comes at once is not counted anew for each."""
        now = self._clock.now()
        at_s = now.timestamp()
        if not fresh and self._outlook is not None and 0 <= at_s - self._outlook[0] < PLACE_EVERY_S:
            return self._outlook[1]
        outlook = Outlook(self._board.rules, self._board.agents.values(), self._board.entries(), now)
        self._outlook = (at_s, outlook)
        return outlook

    def _now_s(self) -> float:
        return self._clock.now().timestamp()
