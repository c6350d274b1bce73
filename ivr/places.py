"""Tells waiting callers their place and how long they may have to wait, and measures how true that was.

A place is told no more often than is useful; a wait only while the last ones held (`routing.estimate.HitRate`). What
was estimated when a caller came, and what a caller was told, is compared with what happened: also when nothing is told,
so that trust can be won back.
"""

from __future__ import annotations

import asyncio
import bisect
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ivr.call.ports import QueueNow, Seat
from ivr.clock import Clock
from routing.board import Board
from routing.board_events import AgentChanged, EntryChanged
from routing.entries import Entry
from routing.estimate import AT_ONCE, LONGEST_S, Handling, HitRate, Measured, WaitRange, estimate
from routing.handle_times import HandleTimes
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.standings import Demand, Order, Stand, Standing, Standings

PLACE_EVERY_S: Final = 1.0
"""The line is looked through at most so often: a busy one moves many times a second."""
FURTHER_BACK_EVERY_S: Final = 10.0
"""Callers who are not among the `SOON` next ones are told at most so often: the dialogue says a place no more often."""
SOON: Final = 3
SLICE: Final = 20
"""So many callers are told before others have their turn: about a millisecond."""


Truth = Literal["known", "at_least", "none"]
"""What is known of a wait when it is over: its length, that it would have been longer, or nothing."""


@dataclass(frozen=True, slots=True)
class _Said:
    """An estimate whose truth is not known yet. at_s: Unix time."""

    at_s: float
    place: int
    serving: int
    wait: WaitRange
    told: bool


@dataclass(frozen=True, slots=True, order=True)
class _GaveUp:
    """A caller who hung up in line, and what had been said until then."""

    order: Order
    entry: Entry = field(compare=False)
    said: list[_Said] = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Told:
    """at_s: monotonic."""

    place: int
    waiting: int
    at_s: float


class Places:
    """seats: those who wait; the dispatcher's own mapping, which changes meanwhile.

    handle_times, hit_rates: may be filled from earlier runs. measured: told of each estimate whose truth is known.
    overtaken: told of a place that is worse than the caller was told: its reasons go on record, and nobody hears it.
    """

    def __init__(self, board: Board, seats: Mapping[EntryId, Seat], clock: Clock) -> None:
        self._board = board
        self._seats = seats
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._slice: asyncio.Handle | None = None
        self._moved: set[QueueName] = set()
        self._told: dict[EntryId, _Told] = {}
        self._said: dict[EntryId, list[_Said]] = {}
        self._busy_since: dict[AgentId, tuple[float, QueueName]] = {}
        self._standings = Standings()
        self._standings.all_anew(board.rules, board.agents.values(), board.entries(), clock.now())
        self._rules = board.rules
        self._gave_up: dict[Demand, list[_GaveUp]] = {}
        self._figures: dict[QueueName, tuple[float, Handling | None]] = {}
        self.handle_times = HandleTimes()
        self.hit_rates: dict[QueueName, HitRate] = defaultdict(HitRate)
        self.measured: Callable[[Measured], None] = lambda _: None
        self.overtaken: Callable[[EntryId, int], None] = lambda entry, place: None

    def close(self) -> None:
        for waiting in (self._timer, self._slice):
            if waiting is not None:
                waiting.cancel()
        self._timer = self._slice = None

    def forget(self, entry: EntryId) -> None:
        self._told.pop(entry, None)

    # --- what happened

    def line_moved(self, change: EntryChanged, now: dt.datetime) -> None:
        entry, before = change.after, change.before
        self._standings.entry(entry, self._board.rules, now)
        left_line = entry.state in ("joined", "ended")
        if left_line and (before is None or before.state not in ("joined", "ended")):
            self._wait_over(entry, before, now.timestamp())
        if entry.callback:
            # Its caller is not on the line: nothing can be measured of it.
            self._said.pop(entry.id, None)
        came_back = before is not None and before.state == "joined" and entry.state == "waiting"
        if left_line or came_back:
            self._look_through(entry.queue)
        elif before is not None and before.queue != entry.queue:
            self._look_through(before.queue)
        elif before is None and (place := self._board.place(entry.id)) and place.place < place.waiting:
            # Somebody came in before others.
            self._look_through(entry.queue)

    def agent_changed(self, change: AgentChanged, now: dt.datetime) -> None:
        """One call takes an agent from being reserved to being free again, if there was a talk."""
        agent, before = change.after, change.before
        self._standings.agent(agent)
        if agent.state == "talking" and agent.entry is not None and agent.id not in self._busy_since:
            entry = self._board.entry(agent.entry)
            if entry is not None:
                self._busy_since[agent.id] = (now.timestamp(), entry.queue)
        elif agent.state in ("available", "paused", "offline") and agent.id in self._busy_since:
            since_s, queue = self._busy_since.pop(agent.id)
            if before is not None and queue:
                handled_s = now.timestamp() - since_s + self.handle_times.answer_s(queue)
                self.handle_times.add(queue, handled_s, now.astimezone())

    def told(self, id: EntryId, place: int, wait: WaitRange | None) -> None:
        """The caller hears this now."""
        entry = self._board.entry(id)
        if entry is not None and wait is not None:
            standing = self.standing(entry)
            serving = 0 if standing is None else standing.serving
            self._said.setdefault(id, []).append(_Said(self._now_s(), place, serving, wait, told=True))

    def _wait_over(self, entry: Entry, before: Entry | None, now_s: float) -> None:
        joined, waited_s = entry.state == "joined", now_s - entry.limit_from.timestamp()
        if entry.queue and not entry.callback:
            self.handle_times.waited(entry.queue, waited_s, gave_up=entry.outcome == "abandoned")
        if joined and before is not None and before.state in ("offered", "ringing"):
            self.handle_times.answered(entry.queue, now_s - before.since.timestamp())
        said = self._said.pop(entry.id, [])
        stand = self._standings.stand(entry, self._board.rules)
        if joined:
            self._judge(entry, said, now_s)
            self._turn_of(stand, now_s)
        elif entry.outcome == "abandoned" and said and stand is not None:
            # Whether it held is known when it would have been this caller's turn.
            bisect.insort(self._gave_up.setdefault(stand[0], []), _GaveUp(stand[1], entry, said))
        else:
            self._judge(entry, said, now_s, truth="at_least")

    def _turn_of(self, stand: Stand | None, now_s: float) -> None:
        """Somebody is answered: those before, who gave up, would have been answered by now."""
        gave_up = [] if stand is None else self._gave_up.get(stand[0], [])
        while stand is not None and gave_up and gave_up[0].order < stand[1]:
            one = gave_up.pop(0)
            late = one.entry.ended_at is not None and now_s - one.entry.ended_at.timestamp() > LONGEST_S
            # Nobody was there any more, to answer whomever: no estimate was about that.
            self._judge(one.entry, one.said, now_s, truth="none" if late else "known")
        if stand is not None and not gave_up:
            self._gave_up.pop(stand[0], None)

    def _judge(self, entry: Entry, said: list[_Said], now_s: float, *, truth: Truth = "known") -> None:
        """Compare what was said with the wait that it was, or would have been."""
        for number, one in enumerate(said):
            waited_s = now_s - one.at_s
            known = truth == "known" or (truth == "at_least" and waited_s > one.wait.high_s)
            hit = one.wait.holds(waited_s) if known else None
            if hit is not None:
                self.hit_rates[entry.queue].add(one.wait, waited_s)
            id = f"{entry.id}-{number}-{one.at_s:.0f}"
            self.measured(
                Measured(
                    id,
                    entry.id,
                    entry.queue,
                    one.at_s,
                    one.place,
                    one.serving,
                    one.wait,
                    one.told,
                    waited_s,
                    hit,
                )
            )

    # --- what is told

    def tell_anew(self, entry_id: EntryId) -> None:
        """As `tell`, also when nothing has changed: the dialogue has begun to wait again."""
        self._told.pop(entry_id, None)
        self.tell(entry_id)

    def tell(self, entry_id: EntryId) -> bool:
        """The place, unless that is what was told last. False: it is told later, not so soon again."""
        seat = self._seats.get(entry_id)
        entry = self._board.entry(entry_id)
        telling = self._board.telling(entry_id)
        if seat is None or entry is None or telling is None or entry.state == "joined":
            return True
        if telling.why:
            self.overtaken(entry_id, telling.place)
        now_s, last = self._clock.monotonic(), self._told.get(entry_id)
        if last is not None:
            if (last.place, last.waiting) == (telling.say, telling.waiting):
                return True
            if telling.say > SOON and now_s - last.at_s < FURTHER_BACK_EVERY_S:
                return False
        self._told[entry_id] = _Told(telling.say, telling.waiting, now_s)
        standing = self.standing(entry)
        wait = None if standing is None else self._wait(entry.queue, standing)
        if entry.state != "waiting":
            wait = AT_ONCE
        elif last is None and wait is not None and standing is not None and standing.place > standing.free:
            self._said[entry_id] = [_Said(self._now_s(), telling.place, standing.serving, wait, told=False)]
        if not self.hit_rates[entry.queue].trusted:
            wait = None
        seat.progressed(telling.say, telling.waiting, None if wait is None else (wait.low_s, wait.high_s))
        return True

    def _look_through(self, queue: QueueName) -> None:
        """Tell the callers of this queue soon."""
        self._moved.add(queue)
        if self._timer is None and self._slice is None:
            self._timer = asyncio.get_running_loop().call_later(PLACE_EVERY_S, self._begin)

    def _begin(self) -> None:
        self._timer = None
        queues, self._moved = self._moved, set()
        self._go_on(iter(list(self._seats)), queues)

    def _go_on(self, rest: Iterator[EntryId], queues: set[QueueName]) -> None:
        """A slice of the callers; then others have their turn."""
        self._slice, told = None, 0
        for entry_id in rest:
            entry = self._board.entry(entry_id)
            if entry is None or entry.queue not in queues:
                continue
            if not self.tell(entry_id):
                self._moved.add(entry.queue)
            told += 1
            if told == SLICE:
                self._slice = asyncio.get_running_loop().call_soon(self._go_on, rest, queues)
                return
        if self._moved:
            self._timer = asyncio.get_running_loop().call_later(PLACE_EVERY_S, self._begin)

    def now(self, queue: QueueName, skills: Mapping[SkillName, int]) -> QueueNow:
        """How the queue is doing for a caller who would come now and needs these skills."""
        self._settle()
        standing = self._standings.last(queue, skills)
        wait = self._wait(queue, standing) if self.hit_rates[queue].trusted else None
        waiting = self._board.length(queue)
        return QueueNow(
            waiting, standing.serving, standing.free, None if wait is None else (wait.low_s, wait.high_s)
        )

    def standing(self, entry: Entry) -> Standing | None:
        """Of an entry in line: who is before it for the same agents, and how many these are."""
        self._settle()
        return self._standings.of(entry, self._rules)

    def _settle(self) -> None:
        """What time and the operator have changed meanwhile."""
        now, rules = self._clock.now(), self._board.rules
        if rules is not self._rules:
            self._rules = rules
            self._standings.all_anew(rules, self._board.agents.values(), self._board.entries(), now)
        self._standings.time(rules, now)

    def _wait(self, queue: QueueName, standing: Standing) -> WaitRange | None:
        times = self.handle_times
        return estimate(
            standing.place,
            standing.serving,
            self._handling(queue),
            free=standing.free,
            giving_up_per_s=times.giving_up_per_s(queue),
            answer_s=times.answer_s(queue),
            width=self.hit_rates[queue].width,
        )

    def _handling(self, queue: QueueName) -> Handling | None:
        """Of this hour and the latest calls; looked up once a second at most."""
        now_s = self._clock.monotonic()
        known = self._figures.get(queue)
        if known is None or now_s >= known[0]:
            found = self.handle_times.of(queue, self._clock.now().astimezone())
            known = self._figures[queue] = (now_s + PLACE_EVERY_S, found)
        return known[1]

    def _now_s(self) -> float:
        return self._clock.now().timestamp()
