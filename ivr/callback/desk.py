"""The promises to call back: made, kept, carried out, listed.

Theory of operation. A promise is a queue entry without a caller on the line. It keeps the place of the wait that it
takes over (routing/entries.py, `Promised`), stands in line like any caller, and when its turn comes the agent who is
offered is rung first, then the citizen. Until the call in which it was made is over nobody is rung for it, for its
citizen is still on the telephone. A citizen who cannot be reached is called again after `AGAIN_S`, `ATTEMPTS` times in
all. What was promised is in the database before it is said, and is put back into line at the next start.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from ivr.ari.interface import Ari
from ivr.call.outbound import Outbound
from ivr.call.ports import Offer, Seat
from ivr.call.registry import CallRegistry
from ivr.callback.attempt import Attempt, AttemptEnded
from ivr.callback.promises import Kept, Promises
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from ivr.errors import StorageError
from ivr.flow.actions import Callback
from ivr.flow.inputs import CallbackPlaced
from ivr.ids import CallId, child_id, new_call_id
from routing.entries import Entry, enter
from routing.ids import EntryId, QueueName, SkillName
from storage.promises import CallbackRecord

log = logging.getLogger(__name__)

ATTEMPTS: Final = 3
AGAIN_S: Final = (300.0, 900.0)
"""After the first and the second attempt in vain."""
AGENT_LEFT_S: Final = 10.0
GRACE_S: Final = 3.0
"""After the call: the citizen's telephone is just being laid down."""
LONGEST_CALL: Final = dt.timedelta(hours=6)
"""Nobody is rung before the call is over; should its end not be noticed, then after this at last."""


@dataclass(slots=True)
class _Promise:
    record: CallbackRecord
    entry: EntryId
    during_call: bool
    """The call in which it was made lasts."""
    calling: bool = False


@dataclass(frozen=True, slots=True)
class CallbackLine:
    """A promise as a screen shows it. place: in its line, None while it is carried out. attempts: in vain so far."""

    id: str
    queue: str
    number: str
    promised_at: dt.datetime
    place: int | None
    attempts: int
    not_before: dt.datetime | None
    calling: bool


class CallbackDesk:
    """Implements `ivr.call.ports.Callbacks`. `run` carries the promises out, as long as it runs."""

    def __init__(
        self,
        ari: Ari,
        dispatcher: Dispatcher,
        promises: Promises,
        outbound: Outbound,
        clock: Clock,
        node: str,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._ari = ari
        self._dispatcher = dispatcher
        self._kept = promises
        self._outbound = outbound
        self._clock = clock
        self._node = node
        self._changed = changed
        self._promises: dict[EntryId, _Promise] = {}
        self._group: asyncio.TaskGroup | None = None
        self._registry: CallRegistry | None = None

    async def run(self, registry: CallRegistry) -> None:
        """Until cancelled. registry: told of the calls made here, so that nobody takes their parts for left over.

        Raises StorageError when the promises of earlier runs cannot be read.
        """
        self._registry = registry
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for kept in await self._kept.waiting():
                    self._restore(kept)
                await asyncio.get_running_loop().create_future()
            finally:
                self._group = None

    def lines(self) -> list[CallbackLine]:
        """In the order in which they were promised."""
        return [self._line(promise) for promise in self._promises.values()]

    def cancel(self, callback: str, by: str) -> bool:
        """The citizen is not to be called any more. False: there is no such promise, or it is being carried out."""
        promise = next((one for one in self._promises.values() if one.record.id == callback), None)
        if promise is None or promise.calling:
            return False
        self._end(promise, "cancelled", {"by": by})
        self._dispatcher.leave(promise.entry, "left")
        return True

    # --- Callbacks: what call sessions tell

    async def promise(
        self, call: CallId, wanted: Callback, caller: str, held: EntryId | None, seat: Seat
    ) -> CallbackPlaced:
        if self._outbound.endpoint_of(wanted.number) is None:
            log.warning("a callback is refused: the settings do not allow calls to that number")
            return CallbackPlaced(wanted.op, "refused")
        now = self._clock.now()
        id, later = f"cb-{self._node}-{secrets.token_hex(8)}", now + LONGEST_CALL
        entry = self._take_place(id, call, wanted, held, later)
        if entry is None:
            return CallbackPlaced(wanted.op, "refused")
        record = _record(id, call, wanted, entry, now)
        place = self._dispatcher.board.place(entry.id)
        try:
            await self._kept.keep(record)
        except StorageError as error:
            log.error("a callback cannot be promised: %s", error)
            # Whether it was written is not known: then this is.
            self._kept.note(replace(record, state="failed", data={"why": "not durable"}, revision=1))
            if held is None:
                self._dispatcher.leave(entry.id, "failed")
            else:
                self._dispatcher.unpromise(held, caller, seat)
            return CallbackPlaced(wanted.op, "failed")
        self._promises[entry.id] = _Promise(record, entry.id, during_call=True)
        self._changed()
        return CallbackPlaced(wanted.op, "placed", id, 0 if place is None else place.place)

    def released(self, call: CallId) -> None:
        earliest = self._clock.now() + dt.timedelta(seconds=GRACE_S)
        for promise in list(self._promises.values()):
            if promise.during_call and promise.record.call_id == call:
                promise.during_call = False
                asked = promise.record.not_before
                self._dispatcher.time_callback(
                    promise.entry, earliest if asked is None else max(asked, earliest)
                )

    def _take_place(
        self, id: str, call: CallId, wanted: Callback, held: EntryId | None, later: dt.datetime
    ) -> Entry | None:
        """The entry that is the promise's now; None: the rules, or an agent who has just answered, forbid it."""
        dispatcher = self._dispatcher
        if held is not None:
            taken = dispatcher.promise(held, id, later, wanted.number, _PromiseSeat(self))
            return dispatcher.board.entry(held) if taken else None
        entry = enter(
            EntryId(child_id(call, "entry")),
            QueueName(wanted.queue),
            call,
            self._clock.now(),
            skills=dispatcher.skills(wanted.language, wanted.skills),
            priority=wanted.priority,
            language=wanted.language,
            reason=wanted.reason,
            callback=id,
            not_before=later,
        )
        waits = dispatcher.put(entry, wanted.number, _PromiseSeat(self))
        return entry if waits else None

    # --- carrying out

    def offered(self, offer: Offer, withdrawn: asyncio.Future[None]) -> None:
        """An agent is reserved for this promise."""
        promise = self._promises.get(offer.entry)
        if promise is None or self._group is None:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._dispatcher.not_answered, offer.entry, offer.agent, "failed")
            return
        promise.calling = True
        self._group.create_task(
            self._attempt(promise, offer, withdrawn), name=f"callback {promise.record.id}"
        )

    async def _attempt(self, promise: _Promise, offer: Offer, withdrawn: asyncio.Future[None]) -> None:
        call = new_call_id(self._node)
        attempt = Attempt(
            self._ari,
            self._dispatcher,
            self._outbound,
            self._clock,
            call,
            promise.record.number,
            offer,
            withdrawn,
        )
        assert self._registry is not None
        self._registry.add_made(call)
        try:
            ended = await attempt.run()
        except Exception as error:
            # One promise must not end the others. What Asterisk may still have of this one is the reconciler's.
            log.error("a callback was broken off", exc_info=error)
            self._dispatcher.not_answered(offer.entry, offer.agent, "failed")
            ended = AttemptEnded("failed", joined=True)
        finally:
            self._registry.remove_made(call)
            promise.calling = False
        self._after(promise, offer, ended)
        self._changed()

    def _after(self, promise: _Promise, offer: Offer, ended: AttemptEnded) -> None:
        entry, agent, now = offer.entry, offer.agent, self._clock.now()
        if not ended.joined:
            return  # the agent's own affair: the place in line is as it was
        if ended.outcome == "agent_left":
            later = now + dt.timedelta(seconds=AGENT_LEFT_S)
            self._dispatcher.sent_back(entry, agent, ended.outcome, later)
            return
        data = {
            "outcome": ended.outcome,
            "agent": agent,
            "cause": ended.cause,
            "talked_s": ended.talked_s,
            "at": now.isoformat(),
        }
        attempts = promise.record.attempts + 1
        if ended.outcome == "talked":
            self._end(promise, "done", data, attempts)
            self._dispatcher.finished(entry, agent)
        elif attempts >= ATTEMPTS:
            log.warning("a citizen was not reached in %d attempts: the callback is given up", attempts)
            self._end(promise, "failed", data, attempts)
            self._dispatcher.finished(entry, agent, served=False)
        else:
            later = now + dt.timedelta(seconds=AGAIN_S[min(attempts, len(AGAIN_S)) - 1])
            self._change(promise, replace(promise.record, not_before=later, attempts=attempts, data=data))
            self._dispatcher.sent_back(entry, agent, ended.outcome, later)

    def _end(
        self,
        promise: _Promise,
        state: Literal["done", "cancelled", "failed"],
        data: Mapping[str, object],
        attempts: int | None = None,
    ) -> None:
        record = promise.record
        made = record.attempts if attempts is None else attempts
        self._change(promise, replace(record, state=state, data=data, attempts=made))
        self._promises.pop(promise.entry, None)

    def _change(self, promise: _Promise, record: CallbackRecord) -> None:
        promise.record = replace(record, revision=record.revision + 1)
        self._kept.note(promise.record)
        self._changed()

    def _restore(self, kept: Kept) -> None:
        """A promise of an earlier run: back into line, in its old place."""
        record = kept.record
        entry = EntryId(record.entry_id)
        waiting = enter(
            entry,
            QueueName(record.queue),
            record.call_id,
            self._clock.now(),
            skills={SkillName(name): level for name, level in record.skills.items()},
            priority=record.priority,
            language=record.language,
            reason=record.reason,
            callback=record.id,
            not_before=record.not_before,
        )
        waiting = replace(waiting, enqueued_at=record.enqueued_at, revision=kept.entry_revision + 1)
        self._promises[entry] = _Promise(record, entry, during_call=False)
        if not self._dispatcher.put(waiting, record.number, _PromiseSeat(self)):
            log.error("a promised callback has no queue %s any more: it stays on the list only", record.queue)

    def _line(self, promise: _Promise) -> CallbackLine:
        record = promise.record
        place = self._dispatcher.board.place(promise.entry)
        return CallbackLine(
            id=record.id,
            queue=record.queue,
            number=record.number,
            promised_at=record.created_at,
            place=None if place is None else place.place,
            attempts=record.attempts,
            not_before=record.not_before,
            calling=promise.calling,
        )


class _PromiseSeat:
    """A promise as the dispatcher sees it: a `ports.Seat` with nobody on the line."""

    def __init__(self, desk: CallbackDesk) -> None:
        self._desk = desk
        self._withdrawn: asyncio.Future[None] | None = None

    def offered(self, offer: Offer) -> None:
        self._withdrawn = asyncio.get_running_loop().create_future()
        self._desk.offered(offer, self._withdrawn)

    def withdrawn(self, offer: Offer) -> None:
        if self._withdrawn is not None and not self._withdrawn.done():
            self._withdrawn.set_result(None)

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        pass

    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None:
        log.error("the rules ended a promised callback (%s): it stays on the list only", outcome)


def _record(id: str, call: CallId, wanted: Callback, entry: Entry, now: dt.datetime) -> CallbackRecord:
    return CallbackRecord(
        id=id,
        call_id=call,
        entry_id=entry.id,
        queue=entry.queue,
        number=wanted.number,
        enqueued_at=entry.enqueued_at,
        created_at=now,
        language=wanted.language,
        skills={skill: level for skill, level in entry.skills.items()},
        priority=entry.priority,
        reason=wanted.reason or entry.reason,
        not_before=_moment(wanted.not_before),
    )


def _moment(written: str) -> dt.datetime | None:
    """An ISO time as the dialogue wrote it; None for none, and for what is no time with a zone."""
    if not written:
        return None
    try:
        moment = dt.datetime.fromisoformat(written)
    except ValueError:
        log.warning("%r is no time: the callback is made as soon as it is its turn", written)
        return None
    return moment if moment.tzinfo is not None else moment.astimezone()
