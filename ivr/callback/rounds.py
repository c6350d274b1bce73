"""Carries promises out: who is rung when, and what becomes of a promise after an attempt.

Agent first: the dispatcher offers an agent to the promise's seat, as to any caller's. Citizen first: as soon as a
promise is among the next to be served and somebody is there who could, its citizen is rung; once the citizen waits on
the line, the same entry may be offered, and the offers go to that round.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol

from ivr.call.onward_port import Lines
from ivr.call.ports import Offer
from ivr.call.registry import CallRegistry
from ivr.callback.attempt import Attempt, AttemptEnded
from ivr.callback.place import FAR, Offers, PlaceInLine
from ivr.callback.plan import Plan, follow
from ivr.callback.services import CallbackServices
from ivr.callback.up import Up
from ivr.dispatch import Dispatcher
from ivr.ids import CallId, new_call_id
from ivr.log import call_context, of_no_call
from routing.ids import AgentId, EntryId
from storage.promises import CallbackRecord
from storage.records import JournalEvent

log = logging.getLogger(__name__)

LOOK_AFTER_S: Final = 0.2
"""A line that moves is looked at once for all that moves in this time."""


@dataclass(slots=True)
class Promise:
    """during_call: the call in which it was made lasts. earliest: after that call. due: when it may be carried out.

    running: attempts under way; one may be cleaning up while the next has begun. offers: of a round whose citizen is on
    the line, or about to be. seq: of its journal.
    """

    record: CallbackRecord
    plan: Plan
    entry: EntryId
    during_call: bool = False
    earliest: dt.datetime | None = None
    due: dt.datetime | None = None
    running: int = 0
    offers: Offers | None = None
    seq: int = 0

    @property
    def calling(self) -> bool:
        return self.running > 0

    def happened(self, kind: str, data: Mapping[str, object], at: dt.datetime) -> JournalEvent:
        self.seq += 1
        return JournalEvent(self.record.id, self.seq, at, kind, dict(data))


class Book(Protocol):
    """The desk, as the rounds see it."""

    def of(self, entry: EntryId) -> Promise | None: ...
    def __iter__(self) -> Iterator[Promise]: ...
    def time(self, promise: Promise) -> None: ...
    def change(self, promise: Promise, record: CallbackRecord) -> None: ...
    def end(
        self,
        promise: Promise,
        state: Literal["done", "cancelled", "failed"],
        data: Mapping[str, object],
        attempts: int | None = None,
    ) -> None: ...
    def note(self, promise: Promise, kind: str, data: Mapping[str, object]) -> None: ...


@dataclass(slots=True)
class Rounds:
    house: CallbackServices
    dispatcher: Dispatcher
    book: Book
    node: str
    _group: asyncio.TaskGroup | None = None
    _registry: CallRegistry | None = None
    _looking: asyncio.TimerHandle | None = None
    _ringing: dict[EntryId, str] = field(default_factory=dict)
    """Citizens who are rung, and are not on the line yet: entry -> queue."""

    @asynccontextmanager
    async def open(self, registry: CallRegistry) -> AsyncIterator[None]:
        self._registry = registry
        self.dispatcher.watchers.append(self.look)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                yield
        finally:
            self._group = None
            self.dispatcher.watchers.remove(self.look)
            if self._looking is not None:
                self._looking.cancel()

    def seat(self) -> PromiseSeat:
        return PromiseSeat(self)

    # --- agent first

    def offered(self, offer: Offer, withdrawn: asyncio.Future[None]) -> None:
        """An agent is reserved for this promise."""
        promise = self.book.of(offer.entry)
        if promise is not None and promise.offers is not None:
            promise.offers.put_nowait((offer, withdrawn))
            return
        if promise is None or self._group is None:
            loop = asyncio.get_running_loop()
            loop.call_soon(self.dispatcher.not_answered, offer.entry, offer.agent, "failed")
            return
        promise.running += 1
        self.book.note(promise, "attempt", {"agent": offer.agent, "first": "agent"})
        self._group.create_task(
            self._agent_first(promise, offer, withdrawn), name=f"callback {promise.record.id}"
        )

    async def _agent_first(self, promise: Promise, offer: Offer, withdrawn: asyncio.Future[None]) -> None:
        with self._made() as call:
            try:
                attempt = self._attempt(promise, call)
                ended = await attempt.agent_first(offer, withdrawn, self._place(promise))
            except Exception as error:
                # One promise must not end the others. What Asterisk may still have of this one is the reconciler's.
                log.error("a callback was broken off", exc_info=error)
                self.dispatcher.not_answered(offer.entry, offer.agent, "failed")
                ended = AttemptEnded("failed", joined=True)
            finally:
                promise.running -= 1
        self._parted(promise, ended)
        self._after(promise, replace(ended, agent=ended.agent or offer.agent))

    # --- citizen first

    def look(self) -> None:
        """The line may have moved, somebody may have come: is it anybody's turn?"""
        if self._looking is None and self._group is not None:
            loop = asyncio.get_running_loop()
            self._looking = loop.call_later(LOOK_AFTER_S, self._look, context=of_no_call())

    def _look(self) -> None:
        self._looking = None
        now = self.house.clock.now()
        waiting = [
            promise
            for promise in self.book
            if promise.plan.order == "citizen_first"
            and not promise.calling
            and not promise.during_call
            and promise.due is not None
            and promise.due <= now
        ]
        for promise in sorted(waiting, key=lambda one: (one.record.enqueued_at, one.record.id)):
            entry = self.dispatcher.board.entry(promise.entry)
            if entry is None or entry.state != "waiting":
                continue
            standing = self.dispatcher.places.standing(entry)
            if standing is None or standing.serving == 0:
                continue
            rung = sum(queue == entry.queue for queue in self._ringing.values())
            if standing.place + rung - standing.free > promise.plan.ring_at_place:
                continue
            self._ring(promise, entry.queue)

    def _ring(self, promise: Promise, queue: str) -> None:
        if self._group is None:
            return
        promise.running += 1
        promise.offers = asyncio.Queue()
        self._ringing[promise.entry] = queue
        self.book.note(promise, "attempt", {"first": "citizen"})
        self._group.create_task(
            self._citizen_first(promise, promise.offers), name=f"callback {promise.record.id}"
        )

    def go_on(self, promise: Promise, up: Up) -> None:
        """What another controller had begun: who talks talks on, who waits on the line waits on."""
        assert self._group is not None
        promise.running += 1
        if up.agent:
            work = self._talk_on(promise, up)
        else:
            promise.offers = asyncio.Queue()
            work = self._citizen_first(promise, promise.offers, up)
        self._group.create_task(work, name=f"callback {promise.record.id}")

    async def _talk_on(self, promise: Promise, up: Up) -> None:
        with self._made(up) as call:
            try:
                ended = await self._attempt(promise, call, up.said).talk_on(self._place(promise), up)
            except Exception as error:
                log.error("a callback was broken off", exc_info=error)
                ended = AttemptEnded("failed", joined=self._joined(promise))
            finally:
                promise.running -= 1
        self._parted(promise, ended)
        self._after(promise, replace(ended, agent=ended.agent or up.agent))

    async def _citizen_first(self, promise: Promise, offers: Offers, up: Up | None = None) -> None:
        def waits() -> None:
            self._ringing.pop(promise.entry, None)
            self.dispatcher.time_callback(promise.entry, None)

        with self._made(up) as call:
            attempt = self._attempt(promise, call, 0 if up is None else up.said)
            try:
                if up is None:
                    ended = await attempt.citizen_first(self._place(promise), waits, offers)
                else:
                    ended = await attempt.wait_on(self._place(promise), up, waits, offers)
            except Exception as error:
                log.error("a callback was broken off", exc_info=error)
                ended = AttemptEnded("failed", joined=self._joined(promise))
            finally:
                promise.running -= 1
                self._ringing.pop(promise.entry, None)
        self._parted(promise, ended)
        self._after(promise, ended)

    def _parted(self, promise: Promise, ended: AttemptEnded) -> None:
        """The citizen is on the line no more."""
        waited, promise.offers = promise.offers is not None, None
        if waited and not ended.joined:
            # Whoever was reserved for a citizen who is gone is free again, and the place waits without anybody.
            self.dispatcher.promise(
                promise.entry,
                promise.record.id,
                self.house.clock.now() + FAR,
                promise.record.number,
                self.seat(),
            )

    def _joined(self, promise: Promise) -> bool:
        entry = self.dispatcher.board.entry(promise.entry)
        return entry is not None and entry.state == "joined"

    # --- both

    def _place(self, promise: Promise) -> PlaceInLine:
        def take() -> Offers:
            if promise.offers is None:
                promise.offers = asyncio.Queue()
            return promise.offers

        return PlaceInLine(self.dispatcher, promise.entry, take, self.house.clock.now)

    def _attempt(self, promise: Promise, call: CallId, said: int = 0) -> Attempt:
        record = promise.record
        return Attempt(
            self.house,
            call,
            record.number,
            record.language,
            record.queue,
            promise.plan,
            lambda kind, data: self.book.note(promise, kind, data),
            record.id,
            Lines(said),
        )

    @contextmanager
    def _made(self, up: Up | None = None) -> Iterator[CallId]:
        """The id of a call that is made here, and known to be ours while it lasts: the log and traces have it for what
        this task does. up: of one that is there already."""
        assert self._registry is not None
        call = new_call_id(self.node) if up is None else up.call
        call_context.set(call)
        self._registry.add_made(call)
        try:
            yield call
        finally:
            self._registry.remove_made(call)

    def _after(self, promise: Promise, ended: AttemptEnded) -> None:
        record, now = promise.record, self.house.clock.now()
        after = follow(ended.outcome, record, promise.plan, now)
        if ended.outcome == "not_taken":
            # The agent's own affair: the place in line is as it was.
            self.book.note(promise, "not_taken", {"agent": ended.agent})
            self.book.time(promise)
            return
        data = {
            "outcome": ended.outcome,
            "agent": ended.agent,
            "cause": ended.cause,
            "talked_s": ended.talked_s,
            "at": now.isoformat(),
        }
        if ended.onward:
            data["call"] = ended.onward
        if after.why:
            data["why"] = after.why
        if after.state == "cancelled":
            data["by"] = "caller"
        attempts = record.attempts + after.counted
        if after.state == "waiting":
            later = after.not_before if ended.outcome != "agent_left" else record.not_before
            self.book.change(promise, replace(record, not_before=later, attempts=attempts, data=data))
            self._back(promise, ended, after.not_before)
            return
        if after.state == "failed":
            log.warning("a citizen was not reached: the callback is given up (%s)", after.why)
        self.book.end(promise, after.state, data, attempts)
        self._over(promise, ended, served=after.state == "done")

    def _back(self, promise: Promise, ended: AttemptEnded, later: dt.datetime | None) -> None:
        """Into line again, in the old place."""
        agent = self._agent_of(promise)
        if ended.joined and agent is not None:
            self.dispatcher.sent_back(promise.entry, agent, ended.outcome, later)
        if ended.outcome == "agent_left":
            promise.earliest = later
        self.book.time(promise)

    def _over(self, promise: Promise, ended: AttemptEnded, *, served: bool) -> None:
        agent = self._agent_of(promise)
        if ended.onward and ended.place:
            return
        if ended.joined and not ended.onward and agent is not None:
            self.dispatcher.finished(promise.entry, agent, served=served)
        else:
            # Who talked was handed on: the place was kept until now.
            told = ended.outcome in ("cancelled", "talked")
            self.dispatcher.leave(promise.entry, "left" if told else "failed")

    def _agent_of(self, promise: Promise) -> AgentId | None:
        entry = self.dispatcher.board.entry(promise.entry)
        return None if entry is None else entry.agent


class PromiseSeat:
    """A promise as the dispatcher sees it: a `ports.Seat` with nobody on the line."""

    rings_several: Final = False

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self._withdrawn: asyncio.Future[None] | None = None

    def offered(self, offer: Offer) -> None:
        self._withdrawn = asyncio.get_running_loop().create_future()
        self._rounds.offered(offer, self._withdrawn)

    def withdrawn(self, offer: Offer) -> None:
        if self._withdrawn is not None and not self._withdrawn.done():
            self._withdrawn.set_result(None)

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        pass

    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None:
        log.error("the rules ended a promised callback (%s): it stays on the list only", outcome)
