"""The caller's place in a queue: what the dispatcher is told of it, and the dialogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from ivr.call.place import Place
from ivr.call.ports import Seat
from ivr.call.services import OpenCall
from ivr.flow.actions import Enqueue
from ivr.flow.inputs import OpId, QueueEnded, QueueProgress, WaitsAgain
from ivr.ids import child_id
from ivr.talk.targets import ToQueue
from routing.entries import Entry
from routing.ids import AgentId, EntryId

QueueOutcome = Literal["served", "timeout", "full", "closed", "unstaffed", "left", "failed"]
ENDS: Final[Mapping[str, QueueOutcome]] = {
    "served": "served",
    "timeout": "timeout",
    "full": "full",
    "closed": "closed",
    "unstaffed": "unstaffed",
    "left": "left",
}
"""What the dialogue is told, by the outcome of the entry."""


class InLine:
    """seat: who is told of the place's offers. place: the open one, None: the caller waits in no queue."""

    def __init__(self, here: OpenCall, seat: Seat) -> None:
        self._here = here
        self._queues = here.services.queues
        self._seat = seat
        self.place: Place | None = None

    def let_loose(self) -> None:
        """The call is over: whoever is told is forgotten."""
        del self._seat

    # --- what the dialogue wants

    def enqueue(self, action: Enqueue) -> None:
        entry = EntryId(f"{self._here.call}.entry-{action.op}")
        now = self._here.services.clock.now()
        self.place = Place(
            action.op,
            entry,
            action.queue,
            self._here.monotonic(),
            action.music,
            action.whisper,
            action.language,
            wanted=action,
            enqueued_at=now,
            began_at=now,
        )
        self._here.history.queued(action.queue)
        if self._here.catching_up and self._known(self.place):
            return
        lost = self._queues.enqueue(entry, self._here.call, action, self._here.facts.caller, self._seat)
        entered = self._queues.since(entry)
        if lost is None and entered is not None:
            # The board's moment: the process may have been held up on the way to it.
            self.place.since += (entered - now).total_seconds()
            self.place.enqueued_at = self.place.began_at = entered
        if lost is not None:
            self.place.enqueued_at = lost.enqueued_at
            away_s = (self._here.services.clock.now() - lost.lost_at).total_seconds()
            self._here.note(
                "place_returned",
                {
                    "queue": action.queue,
                    "since": lost.enqueued_at.isoformat(),
                    "lost_in": lost.call,
                    "away_s": round(away_s, 1),
                    "why": "called again after hanging up or being cut off",
                },
            )

    def told(self, place: int, wait_s: tuple[float, float] | None) -> None:
        """The dialogue tells the caller this place, and this wait (s)."""
        if self.place is not None and not self.place.promised:
            self._queues.told(self.place.entry, place, wait_s)

    def leave(self, op: OpId) -> None:
        place = self.place
        if place is None or place.op != op or place.promised:
            return
        for task in place.tasks():
            task.cancel()
        self._queues.leave(place.entry, "left")
        self._here.tell(QueueEnded(op, "left", waited_s=self.waited_s(place)))

    def ended(self, event: QueueEnded) -> bool:
        """Whether this end is that of the present place, which is given up then. False: a stale one."""
        if self.place is None or self.place.op != event.op:
            return False
        self.place = None
        self._here.history.left_queue(event.outcome)
        return True

    def abandon(self, why: Literal["abandoned", "failed"], *, heard: bool = True) -> None:
        """The caller has gone, or the dialogue broke: nobody is to be rung any more. heard: see `Queues.leave`."""
        place = self.place
        if place is None or place.promised:
            return
        self.place = None
        for task in place.tasks():
            task.cancel()
        self._queues.leave(place.entry, why, heard=heard)

    # --- what the dispatcher tells

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        if self.place is not None:
            low, high = wait_s if wait_s is not None else (None, None)
            self._here.tell(QueueProgress(self.place.op, place, waiting, low, high))

    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None:
        if self.place is not None:
            self._here.tell(QueueEnded(self.place.op, outcome, waited_s=self.waited_s(self.place)))

    # --- what becomes of it

    def resume(self, place: Place) -> Entry | None:
        """The place again that another controller had: its entry as it stands, None: there is none."""
        self.place = place
        return self._queues.resume(place.entry, self._here.facts.caller, self._seat)

    def _known(self, place: Place) -> bool:
        """Whether an earlier controller got so far as to put it on the board."""
        entry = self.resume(place)
        if entry is not None and entry.state == "ended":
            self.over_meanwhile(place, entry)
        return entry is not None

    def over_meanwhile(self, place: Place, entry: Entry) -> None:
        """The wait was over, and nobody was there to tell the dialogue."""
        over = ENDS.get(entry.outcome or "", "failed")
        self._here.tell(QueueEnded(place.op, over, waited_s=self.waited_s(place)))

    def waits_again(self, place: Place) -> None:
        """Nobody has the caller any more, and the entry is in line."""
        place.joined_at, place.agent = None, ""
        self.tell_in_line(place)

    def tell_in_line(self, place: Place) -> None:
        self._here.history.in_line_again()
        self._here.tell(WaitsAgain(place.op, place.queue))
        self._queues.tell_anew(place.entry)

    def back_into(self, place: Place, to: ToQueue, entry: EntryId | None, agent: AgentId) -> None:
        """The agent sends the caller to a queue; the place has the age of before. entry: the agent's, None = none."""
        place.joined_at, place.agent = None, ""
        if entry is not None and entry != place.entry:
            # To whom the call was handed: an entry of that agent's only, which waits in no line.
            self._queues.finished(entry, agent, wrap_up_as=place.queue)
        place.queue = to.queue
        place.wanted = replace(place.wanted, queue=to.queue, skills=to.skills)
        if entry is None or entry != place.entry:
            self.again(place, "transfer", "")
            return
        self._here.history.queued(to.queue)
        self._queues.sent_back(entry, agent, "transfer", queue=to.queue, skills=to.skills)

    def again(self, place: Place, why: str, missed_by: str) -> None:
        """Nobody has the caller after all: the old place."""
        here = self._here
        place.joined_at, place.agent = None, ""
        place.entry = EntryId(child_id(here.call, "entry"))
        here.history.queued(place.queue)
        here.note(
            "place_returned", {"queue": place.queue, "since": place.enqueued_at.isoformat(), "why": why}
        )
        self._queues.again(
            place.entry, here.call, place.wanted, here.facts.caller, self._seat, place.enqueued_at, missed_by
        )

    def waited_s(self, place: Place) -> float:
        return round(self._here.monotonic() - place.since, 3)
