"""Tells waiting callers their place and how long they may have to wait, no more often than is useful."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Final

from ivr.call.ports import QueueNow, Seat
from routing.agents import Agent
from routing.board import Board
from routing.board_events import EntryChanged
from routing.estimate import estimate
from routing.ids import EntryId, QueueName, SkillName

PLACE_EVERY_S: Final = 1.0
"""Places of a queue are told at most so often: a busy line moves many times a second."""
HANDLE_TIMES_KEPT: Final = 50


class Places:
    """seats: those who wait; the dispatcher's own mapping, which changes meanwhile."""

    def __init__(self, board: Board, seats: Mapping[EntryId, Seat]) -> None:
        self._board = board
        self._seats = seats
        self._timers: dict[QueueName, asyncio.TimerHandle] = {}
        self._told: dict[EntryId, tuple[int, int]] = {}
        self._handle_s: dict[QueueName, deque[float]] = defaultdict(lambda: deque(maxlen=HANDLE_TIMES_KEPT))

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def forget(self, entry: EntryId) -> None:
        self._told.pop(entry, None)

    def line_moved(self, change: EntryChanged) -> None:
        entry = change.after
        if entry.state == "ended" and entry.outcome == "served" and entry.joined_at and entry.ended_at:
            self._handle_s[entry.queue].append((entry.ended_at - entry.joined_at).total_seconds())
        left_line = entry.state in ("joined", "ended")
        came_back = change.before is not None and change.before.state == "joined" and entry.state == "waiting"
        if (left_line or came_back) and entry.queue not in self._timers:
            self._timers[entry.queue] = asyncio.get_running_loop().call_later(
                PLACE_EVERY_S, self._tell_queue, entry.queue
            )

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
        self._told[entry_id] = now_told
        wait = estimate(
            place.place, len(self._serving(entry.queue, entry.skills)), list(self._handle_s[entry.queue])
        )
        seat.progressed(place.place, place.waiting, None if wait is None else (wait.low_s, wait.high_s))

    def _tell_queue(self, queue: QueueName) -> None:
        self._timers.pop(queue, None)
        for entry_id in list(self._seats):
            entry = self._board.entry(entry_id)
            if entry is not None and entry.queue == queue:
                self.tell(entry_id)

    def now(self, queue: QueueName, skills: Mapping[SkillName, int]) -> QueueNow:
        """How the queue is doing for a caller who would come now and needs these skills."""
        serving = self._serving(queue, skills)
        waiting = self._board.length(queue)
        wait = estimate(waiting + 1, len(serving), list(self._handle_s[queue]))
        free = sum(agent.state == "available" for agent in serving)
        return QueueNow(waiting, len(serving), free, None if wait is None else (wait.low_s, wait.high_s))

    def _serving(self, queue: QueueName, skills: Mapping[SkillName, int]) -> list[Agent]:
        return [
            agent
            for agent in self._board.agents.values()
            if agent.logged_in and agent.state != "paused" and queue in agent.queues and agent.has(skills)
        ]
