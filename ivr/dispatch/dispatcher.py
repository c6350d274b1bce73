"""What calls and callbacks tell the board of their entries: from entering the line to the end of the talk."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Literal

from ivr.call.ports import QueueNow, RingOutcome, Seat
from ivr.callers_known import LostPlace
from ivr.clock import Clock
from ivr.dispatch.arrival import arrival, skills_for
from ivr.dispatch.driving import RoutingRecords
from ivr.dispatch.staffed import Staffed
from ivr.flow.actions import Callback, Enqueue, Transfer
from ivr.ids import CallId
from routing import agents as ag
from routing.board import Board
from routing.board_events import (
    Answered,
    CallbackPromised,
    CallbackRefused,
    CallbackTimed,
    EntryArrived,
    EntryChanged,
    EntryLeft,
    Ignored,
    NotAnswered,
    OfferFailed,
    PlaceTold,
    Rang,
    SentBack,
    TalkEnded,
    Tick,
)
from routing.entries import Entry, enter
from routing.estimate import WaitRange
from routing.ids import AgentId, EntryId, QueueName
from routing.restoring import Restored

log = logging.getLogger(__name__)

_KIND_OF: Final[Mapping[RingOutcome, ag.NoAnswerKind]] = {
    "busy": "busy",
    "no_answer": "timeout",
    "unreachable": "unreachable",
    "do_not_disturb": "do_not_disturb",
}


class Dispatcher(Staffed):
    """Implements `ivr.call.ports.Queues` for sessions."""

    def __init__(
        self,
        board: Board,
        clock: Clock,
        records: RoutingRecords,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(board, clock, records, self.not_answered, on_change)
        self._mended: Mapping[EntryId, int] = {}
        """Revisions of the entries that were repaired at the start."""

    # --- a start of the controller

    def begin(self, found: Restored) -> None:
        """The board began with these: what was repaired goes on record, and each caller's session has to come
        (`resume`) before `adopted` is called."""
        self.seats.begin(found.entries)
        self.write(found.facts)
        self._mended = {
            fact.after.id: fact.after.revision for fact in found.facts if isinstance(fact, EntryChanged)
        }

    def revision(self, entry: EntryId, stored: int) -> int:
        """The newest that is on record: what was repaired at the start may still be on its way into the database."""
        return max(stored, self._mended.get(entry, 0))

    def resume(self, entry: EntryId, caller: str, seat: Seat) -> Entry | None:
        """The session of a caller whose entry an earlier controller had. The entry as it stands: `waiting` or `offered`
        (the seat was told) in the old place, `joined`, or `ended` with its outcome; None: there is none.
        """
        told = self.seats.unseated.take(entry)
        if isinstance(told, Entry):
            return told
        found = self.board.entry(entry)
        if found is None:
            return None
        self.seats.give(entry, caller, seat)
        if told:
            self.seats.make_up(told, caller, seat)
        elif found.state == "waiting":
            self.places.tell_anew(entry)
        return found

    def adopted(self) -> list[Entry]:
        """All sessions that go on are there: entries that none came for are over. Gives these, as they stood."""
        left = [entry for id in self.seats.unseated if (entry := self.board.entry(id)) is not None]
        for entry in left:
            if entry.state == "joined" and entry.agent is not None:
                self.finished(entry.id, entry.agent)
            else:
                self.leave(entry.id, "failed")
        self.seats.unseated.clear()
        return left

    # --- Queues: what call sessions tell

    def enqueue(
        self, entry: EntryId, call: CallId, wanted: Enqueue, caller: str, seat: Seat
    ) -> LostPlace | None:
        """A caller begins to wait. Gives the place that the caller lost before and has again, if there is one."""
        queue, key = self.board.rules.queues.get(QueueName(wanted.queue)), self.known.key(caller)
        lost = self.known.lost_place(key, queue.name, queue.redial_s) if key and queue is not None else None
        since = None if lost is None else lost.enqueued_at
        arrived = arrival(
            entry,
            call,
            wanted,
            self.board.rules,
            self._clock.now(),
            since=since,
            caller_key=key,
            preferred=self.known.last_agent(key),
            one_by_one=not seat.rings_several,
        )
        if lost is not None:
            # What was told holds on: the place is told again when it is better than that.
            arrived = replace(arrived, announced=lost.announced)
        self.put(arrived, caller, seat)
        return lost

    def told(self, entry: EntryId, place: int, wait_s: tuple[float, float] | None) -> None:
        """The caller hears now that this is the place, and how long it will take (s)."""
        self.apply(PlaceTold(entry, place))
        self.places.told(entry, place, None if wait_s is None else WaitRange(*wait_s))

    def put(self, arrived: Entry, caller: str, seat: Seat) -> bool:
        """An entry that begins to wait, or a stored one after a start. False: the rules do not let it wait."""
        self.seats.give(arrived.id, caller, seat)
        self.apply(EntryArrived(arrived))
        self.places.tell(arrived.id)
        return self.board.entry(arrived.id) is not None

    def now(self, queue: str, language: str) -> QueueNow | None:
        """How a queue is doing, for a caller of that language; None when there is none of that name."""
        name = QueueName(queue)
        if name not in self.board.rules.queues:
            return None
        return self.places.now(name, skills_for(self.board.rules, language, {}) if language else {})

    def call_agent(
        self, entry: EntryId, call: CallId, wanted: Transfer, caller: str, seat: Seat
    ) -> Literal["offered", "unknown", "unavailable"]:
        """Reserve this one agent, by id or extension, now or not at all."""
        self.apply(Tick())
        agents = self.board.agents
        named = agents.get(AgentId(wanted.target))
        agent = named or next((one for one in agents.values() if one.extension == wanted.target), None)
        if agent is None:
            return "unknown"
        if agent.state != "available":
            return "unavailable"
        arrived = enter(
            entry,
            QueueName(""),
            call,
            self._clock.now(),
            language=wanted.language,
            reason=wanted.reason,
            caller_key=self.known.key(caller),
            only=agent.id,
            ring_s=wanted.ring_s,
        )
        return "offered" if self.put(arrived, caller, seat) else "unavailable"

    # --- callbacks: what the desk of promises tells

    def promise(
        self, entry: EntryId, callback: str, not_before: dt.datetime | None, number: str, seat: Seat
    ) -> bool:
        """The entry's caller need not stay: `seat` serves it from now on. False: an agent has the caller already."""
        waiting = self.board.entry(entry)
        if waiting is None or waiting.state == "joined":
            return False
        # Told to the old seat: whom it rings is to be let go.
        self.apply(CallbackPromised(entry, callback, not_before))
        self.seats.give(entry, number, seat)
        return True

    def promise_anew(
        self,
        entry: EntryId,
        call: CallId,
        wanted: Callback,
        callback: str,
        not_before: dt.datetime | None,
        seat: Seat,
    ) -> Entry | None:
        """A promise without a place in line gets one at its end. None: the rules do not let it wait."""
        key = self.known.key(wanted.number)
        arrived = arrival(
            entry,
            call,
            wanted,
            self.board.rules,
            self._clock.now(),
            caller_key=key,
            preferred=self.known.last_agent(key),
            callback=callback,
            not_before=not_before,
        )
        return arrived if self.put(arrived, wanted.number, seat) else None

    def unpromise(self, entry: EntryId, caller: str, seat: Seat) -> None:
        """The promise could not be kept durably: the caller's seat again, in the same place."""
        self.seats.give(entry, caller, seat)
        self.apply(CallbackRefused(entry))

    def time_callback(self, entry: EntryId, not_before: dt.datetime | None) -> None:
        """When its citizen may be called. None: now."""
        self.apply(CallbackTimed(entry, not_before))

    # --- Queues: what happens to an offer

    def leave(
        self, entry: EntryId, why: Literal["abandoned", "left", "failed"], *, heard: bool = True
    ) -> None:
        self.apply(EntryLeft(entry, why, heard))
        self._forget(entry)

    def ringing(self, entry: EntryId, agent: AgentId) -> None:
        if self.seats.rings(entry, agent):
            self.apply(Rang(entry, agent))

    def answered(self, entry: EntryId, agent: AgentId) -> bool:
        """False: the offer was over already (withdrawn in the same moment); the telephone must be let go."""
        return not any(isinstance(result, Ignored) for result in self.apply(Answered(entry, agent)))

    def not_answered(self, entry: EntryId, agent: AgentId, outcome: RingOutcome) -> None:
        self.seats.over(entry, agent)
        kind = _KIND_OF.get(outcome)
        if kind is None:
            self.apply(OfferFailed(entry, agent, outcome))
        else:
            self.apply(NotAnswered(entry, agent, kind))

    def sent_back(
        self,
        entry: EntryId,
        agent: AgentId,
        why: str,
        not_before: dt.datetime | None = None,
        queue: str = "",
        skills: Mapping[str, int] | None = None,
    ) -> None:
        """queue, skills: into that queue, asking for these (besides what the language asks for); else as before."""
        waiting = self.board.entry(entry)
        self.seats.over(entry, agent)
        asked = (
            None
            if skills is None or waiting is None
            else skills_for(self.board.rules, waiting.language, skills)
        )
        self.apply(SentBack(entry, agent, why, not_before, QueueName(queue) if queue else None, asked))

    def again(
        self,
        entry: EntryId,
        call: CallId,
        wanted: Enqueue,
        caller: str,
        seat: Seat,
        since: dt.datetime,
        missed_by: str,
    ) -> None:
        """A caller whom nobody took after all: the place that was had since then."""
        now = self._clock.now()
        arrived = arrival(
            entry,
            call,
            wanted,
            self.board.rules,
            now,
            since=since,
            caller_key=self.known.key(caller),
            one_by_one=not seat.rings_several,
        )
        # Or the one who has just not taken the caller would be rung again at once.
        tried = {AgentId(missed_by): now} if missed_by else {}
        self.put(replace(arrived, tried=tried), caller, seat)

    def tell_anew(self, entry: EntryId) -> None:
        """The dialogue waits again, and knows no place."""
        self.places.tell_anew(entry)

    def since(self, entry: EntryId) -> dt.datetime | None:
        """What the age of an entry is counted from."""
        found = self.board.entry(entry)
        return None if found is None else found.enqueued_at

    def finished(self, entry: EntryId, agent: AgentId, *, served: bool = True, wrap_up_as: str = "") -> None:
        """served False: the agent was there, the citizen of a callback was not, and is not called again.

        wrap_up_as: the queue whose wrap-up holds for an agent to whom a call was handed."""
        self.apply(TalkEnded(entry, agent, served, QueueName(wrap_up_as) if wrap_up_as else None))
        self._forget(entry)
