"""Drives the board: an event in, what changed into the records, what is wanted to the seats.

Everything runs on the loop and nothing waits: the board is pure, seats only enqueue, records are written elsewhere.
The one timer is set to the board's next deadline.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol, assert_never

from ivr.call.ports import RingOutcome
from ivr.callers_known import KnownCallers, NobodyKnown
from ivr.clock import Clock
from ivr.dispatch.seats import Seats
from ivr.log import of_no_call
from ivr.places import Places
from routing.board import Board
from routing.board_events import (
    AgentChanged,
    BoardEvent,
    Decided,
    EndConversation,
    EndWait,
    EntryChanged,
    Fact,
    Ignored,
    PlaceTold,
    Result,
    RingAgent,
    StopRinging,
    Tick,
)
from routing.ids import AgentId, EntryId, QueueName

log = logging.getLogger(__name__)

LATE_S: Final = 0.01
"""What passes between two looks at the clocks: a timer is not set anew for so little."""


class RoutingRecords(Protocol):
    """Where routing's facts go. Never waits, never raises."""

    def routing(self, fact: Fact, at: dt.datetime) -> None: ...


class Driving:
    """Implements `ivr.desk.looking.Floor`. not_answered: see `Seats`."""

    def __init__(
        self,
        board: Board,
        clock: Clock,
        records: RoutingRecords,
        not_answered: Callable[[EntryId, AgentId, RingOutcome], None],
        on_change: Callable[[], None],
    ) -> None:
        self.board = board
        self._clock = clock
        self._records = records
        self._on_change = on_change
        self._timer: asyncio.Handle | None = None
        self._rings_at = 0.0
        """The loop's time. A timer that is due at once cannot say its own: uvloop makes a plain handle of it."""
        self.together: AbstractContextManager[object] = nullcontext()
        """What is recorded within it is written in one go (`FactWriter.together`)."""
        self._facts_watched_by: list[Callable[[Fact, dt.datetime], None]] = []
        self.seats = Seats(lambda: board.rules, not_answered)
        self.places = Places(board, self.seats.by_entry, clock)
        self.places.overtaken = self._overtaken
        self.known: KnownCallers = NobodyKnown()
        self.watchers: list[Callable[[], None]] = []
        """Told whenever something has changed. They only take note."""
        self._began_in: dict[EntryId, QueueName] = {}
        """Where entries began that are in another queue now."""

    def start(self) -> None:
        """After a start of the controller: what is due is done."""
        self.apply(Tick())

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.places.close()

    def watch(self, see: Callable[[Fact, dt.datetime], None]) -> None:
        """Told of every change of an agent or an entry, on the loop; must not wait, nor tell the board anything."""
        self._facts_watched_by.append(see)

    def write(self, facts: Iterable[Fact]) -> None:
        """On record, of a board that stood so before it was driven."""
        now = self._clock.now()
        for fact in facts:
            self._records.routing(fact, now)

    def apply(self, event: BoardEvent) -> list[Result]:
        """Raises IllegalTransition for what an agent's state does not allow of a person's act."""
        now = self._clock.now()
        results = self.board.apply(event, now)
        with self.together:
            for result in results:
                self._deal_with(result, now)
        self._set_timer(now)
        if results:
            self._on_change()
            for watcher in self.watchers:
                watcher()
        return results

    def _deal_with(self, result: Result, now: dt.datetime) -> None:
        if isinstance(result, EntryChanged | AgentChanged):
            for see in self._facts_watched_by:
                see(result, now)
        match result:
            case RingAgent():
                self.seats.ring(result)
            case StopRinging():
                self.seats.stop_ringing(result)
            case EndWait(entry=entry):
                self.places.forget(entry.id)
                self.seats.end_wait(entry)
            case EndConversation(entry=entry_id):
                # Whoever forces an agent ends the telephone too, also in a call that is no entry (ivr/desk).
                log.info("agent forced out of %s", entry_id)
            case EntryChanged():
                self._records.routing(result, now)
                self._remember(result)
                self.places.line_moved(result, now)
            case AgentChanged():
                self._records.routing(result, now)
                self.places.agent_changed(result, now)
            case Decided():
                self._records.routing(result, now)
            case Ignored(event=stale, why=why):
                log.debug("%s ignored: %s", type(stale).__name__, why)
            case _:
                assert_never(result)

    def _forget(self, entry: EntryId) -> None:
        self.seats.forget(entry)
        self.places.forget(entry)

    def _overtaken(self, entry: EntryId, place: int) -> None:
        """Not told, but on record with its reasons: the true place is worse than the one that was told."""
        self.apply(PlaceTold(entry, place))

    def _remember(self, change: EntryChanged) -> None:
        entry, before = change.after, change.before
        if entry.state == "ended":
            self.known.entry_over(entry, self._began_in.pop(entry.id, entry.queue))
        elif before is not None and before.queue != entry.queue:
            self._began_in.setdefault(entry.id, before.queue)

    def _set_timer(self, now: dt.datetime) -> None:
        """Most deadlines are put off before they are reached: a timer that rings no later than the next is left. That
        is judged by the loop's clock, which knows of no jump, and of no sleep of the machine."""
        deadline = self.board.next_deadline()
        if deadline is None:
            return
        loop = asyncio.get_running_loop()
        rings_at = loop.time() + max(0.0, (deadline - now).total_seconds())
        if self._timer is not None:
            if self._rings_at <= rings_at + LATE_S:
                return
            self._timer.cancel()
        self._timer, self._rings_at = loop.call_at(rings_at, self._tick, context=of_no_call()), rings_at

    def _tick(self) -> None:
        """Nothing is due any more, often: who was rung has answered."""
        self._timer = None
        now, deadline = self._clock.now(), self.board.next_deadline()
        if deadline is not None and deadline > now:
            self._set_timer(now)
        elif deadline is not None:
            self.apply(Tick())
