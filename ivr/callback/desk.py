"""The promises to call back: made, kept, timed, listed. Who carries them out: `rounds.py`.

Theory of operation. A promise is a queue entry without a caller on the line. It keeps the place of the wait that it
takes over (routing/entries.py, `Promised`) and stands in line like any caller. Agent first: when its turn comes the
agent who is offered is rung, then the citizen. Citizen first: when it is next in line the citizen is rung, and whoever
accepts waits for the next agent in that old place. Until the call in which it was made is over nobody is rung for it,
for its citizen is still on the telephone; nor outside its opening hours. A citizen who is not reached is called again;
one who asked for later, then. What was promised is in the database before it is said, what happens to it is in a
journal under its own id, and it is put back into line at the next start.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from ivr.call.outbound import Outbound
from ivr.call.ports import Seat
from ivr.call.registry import CallRegistry
from ivr.callback.hours import Hours, always
from ivr.callback.plan import Plan, given_up_at
from ivr.callback.promises import Kept, Promises
from ivr.callback.record import record_of
from ivr.callback.rounds import Promise, Rounds
from ivr.callback.services import CallbackServices
from ivr.callback.settings import CallbackSettings
from ivr.clock import Clock
from ivr.dispatch import Dispatcher
from ivr.errors import CallbackError, StorageError
from ivr.flow.actions import Callback
from ivr.flow.inputs import CallbackPlaced, OpId
from ivr.ids import CallId, child_id, new_call_id, promised_as
from ivr.log import of_no_call
from routing.entries import Entry, enter
from routing.ids import EntryId, QueueName, SkillName
from storage.missed_records import MissedCallRecord
from storage.promises import CallbackRecord

log = logging.getLogger(__name__)

GRACE_S: Final = 3.0
"""After the call: the citizen's telephone is just being laid down."""
LONGEST_CALL: Final = dt.timedelta(hours=6)
"""Nobody is rung before the call is over; should its end not be noticed, then after this at last."""


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
        house: CallbackServices,
        dispatcher: Dispatcher,
        promises: Promises,
        node: str,
        changed: Callable[[], None] = lambda: None,
        *,
        settings: CallbackSettings | None = None,
        hours: Hours = always,
    ) -> None:
        self._dispatcher = dispatcher
        self._kept = promises
        self._outbound: Outbound = house.outbound
        self._clock: Clock = house.clock
        self._node = node
        self._changed = changed
        self._settings = settings or CallbackSettings()
        self._hours = hours
        self._promises: dict[EntryId, Promise] = {}
        self._timers: dict[EntryId, asyncio.TimerHandle] = {}
        self.restored = False
        """The promises of earlier runs are known, and whoever talks because of them."""
        self._rounds = Rounds(house, dispatcher, self, node)

    async def run(self, registry: CallRegistry) -> None:
        """Until cancelled. registry: told of the calls made here, so that nobody takes their parts for left over.

        Raises StorageError when the promises of earlier runs cannot be read.
        """
        async with self._rounds.open(registry):
            try:
                for kept in await self._kept.waiting():
                    self._restore(kept)
                self.restored = True
                await asyncio.get_running_loop().create_future()
            finally:
                for timer in self._timers.values():
                    timer.cancel()

    def lines(self) -> list[CallbackLine]:
        """In the order in which they were promised."""
        return [self._line(promise) for promise in self._promises.values()]

    def cancel(self, callback: str, by: str) -> bool:
        """The citizen is not to be called any more. False: there is no such promise, or it is being carried out."""
        promise = next((one for one in self._promises.values() if one.record.id == callback), None)
        if promise is None or promise.calling:
            return False
        self.end(promise, "cancelled", {"by": by})
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
        record = record_of(id, call, wanted, entry, now)
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
        position = 0 if place is None else place.place
        self._known(Promise(record, Plan.of(record, self._settings), entry.id, during_call=True), position)
        return CallbackPlaced(wanted.op, "placed", id, position)

    def released(self, call: CallId) -> None:
        for promise in list(self._promises.values()):
            if promise.during_call and promise.record.call_id == call:
                promise.during_call = False
                promise.earliest = self._clock.now() + dt.timedelta(seconds=GRACE_S)
                self.time(promise)

    async def owe(self, missed: MissedCallRecord, by: str) -> str:
        """Promise a caller who was missed a call, at the end of the line. The promise's id.

        Raises CallbackError: not allowed by the settings or the rules; StorageError.
        """
        mend = "see the settings' outbound numbers"
        if self._outbound.endpoint_of(missed.number) is None:
            raise CallbackError("the settings do not allow calls to that number", mend=mend)
        queues = self._dispatcher.board.rules.queues
        queue = missed.queue if missed.queue in queues else next(iter(queues), "")
        wanted = Callback(op=OpId(""), queue=queue, number=missed.number, language=missed.language)
        id, call = f"cb-{self._node}-{secrets.token_hex(8)}", new_call_id(self._node)
        entry = self._take_place(id, call, wanted, None, self._clock.now() + LONGEST_CALL)
        if entry is None:
            raise CallbackError(f"the queue {queue} takes nobody now", mend="see its hours and its length")
        record = replace(
            record_of(id, call, wanted, entry, self._clock.now()), reason=f"missed {missed.reason}"
        )
        try:
            await self._kept.keep(record)
        except StorageError:
            self._dispatcher.leave(entry.id, "failed")
            raise
        promise = Promise(record, Plan.of(record, self._settings), entry.id)
        self._known(promise, 0, by=by, owed=missed.id)
        self.time(promise)
        return id

    def _take_place(
        self, id: str, call: CallId, wanted: Callback, held: EntryId | None, later: dt.datetime
    ) -> Entry | None:
        """The entry that is the promise's now; None: the rules, or an agent who has just answered, forbid it."""
        dispatcher = self._dispatcher
        if held is not None:
            taken = dispatcher.promise(held, id, later, wanted.number, self._rounds.seat())
            return dispatcher.board.entry(held) if taken else None
        place = EntryId(child_id(call, promised_as(wanted.op)))
        return dispatcher.promise_anew(place, call, wanted, id, later, self._rounds.seat())

    # --- when it is time

    def of(self, entry: EntryId) -> Promise | None:
        return self._promises.get(entry)

    def entries(self) -> list[EntryId]:
        """Of all promises that are kept now."""
        return list(self._promises)

    def __iter__(self) -> Iterator[Promise]:
        return iter(list(self._promises.values()))

    def time(self, promise: Promise) -> None:
        """When somebody may be rung for it: after its call, when the citizen asked for it, within its hours. A timer
        stands at the next moment at which that is decided anew."""
        old = self._timers.pop(promise.entry, None)
        if old is not None:
            old.cancel()
        if promise.calling or promise.during_call or promise.entry not in self._promises:
            return
        now, over = self._clock.now(), given_up_at(promise.record, promise.plan)
        if now >= over:
            self.end(promise, "failed", {"why": "expired"})
            self._dispatcher.leave(promise.entry, "failed")
            return
        wanted = max(at for at in (promise.record.not_before, promise.earliest, now) if at is not None)
        opens, changes = self._hours(promise.plan.hours, wanted)
        promise.due = wanted if opens is None else opens
        first_citizen = promise.plan.order == "citizen_first"
        self._dispatcher.time_callback(promise.entry, over if first_citizen else promise.due)
        after = [at for at in (over, changes, promise.due) if at is not None and at > now]
        self._timers[promise.entry] = asyncio.get_running_loop().call_later(
            (min(after) - now).total_seconds() + 0.001, self.time, promise, context=of_no_call()
        )
        self._rounds.look()

    # --- what becomes of it

    def end(
        self,
        promise: Promise,
        state: Literal["done", "cancelled", "failed"],
        data: Mapping[str, object],
        attempts: int | None = None,
    ) -> None:
        record = promise.record
        made = record.attempts if attempts is None else attempts
        self.change(promise, replace(record, state=state, data=data, attempts=made))
        self._promises.pop(promise.entry, None)
        timer = self._timers.pop(promise.entry, None)
        if timer is not None:
            timer.cancel()

    def change(self, promise: Promise, record: CallbackRecord) -> None:
        promise.record = replace(record, revision=record.revision + 1)
        self._kept.note(promise.record)
        data = {key: value for key, value in record.data.items() if key != "at"}
        until = None if record.not_before is None else record.not_before.isoformat()
        self.note(promise, record.state, {"attempts": record.attempts, "not_before": until, **data})
        self._changed()

    def note(self, promise: Promise, kind: str, data: Mapping[str, object]) -> None:
        """Into the promise's own journal."""
        self._kept.journal(promise.happened(kind, data, self._clock.now()))

    def _known(self, promise: Promise, place: int, **more: str) -> None:
        self._promises[promise.entry] = promise
        record = promise.record
        self.note(
            promise,
            "promised",
            {
                "queue": record.queue,
                "place": place,
                "since": record.enqueued_at.isoformat(),
                "order": promise.plan.order,
                "in_call": record.call_id,
                **more,
            },
        )
        self._changed()

    def _restore(self, kept: Kept) -> None:
        """A promise of an earlier run: back into line, in its old place. Whoever talks because of it talks on."""
        record, stored = kept.record, kept.entry
        entry = EntryId(record.entry_id)
        if kept.onward:
            self._kept_already(kept, entry)
            return
        if self._goes_on(kept, entry):
            return
        waiting = enter(
            entry,
            QueueName(record.queue if stored is None else stored.queue),
            record.call_id,
            self._clock.now(),
            skills={SkillName(name): level for name, level in record.skills.items()},
            priority=record.priority,
            language=record.language,
            reason=record.reason,
            callback=record.id,
            not_before=self._clock.now() + LONGEST_CALL,
            preferred=None if stored is None else stored.preferred,
            caller_key=self._dispatcher.known.key(record.number),
            enqueued_at=record.enqueued_at,
        )
        revision = self._dispatcher.revision(entry, kept.entry_revision)
        waiting = replace(waiting, revision=revision + 1)
        plan = Plan.of(record, self._settings)
        promise = self._promises[entry] = Promise(record, plan, entry, seq=kept.last_seq)
        if not self._dispatcher.put(waiting, record.number, self._rounds.seat()):
            log.error("a promised callback has no queue %s any more: it stays on the list only", record.queue)
            return
        self.note(promise, "restored", {"queue": waiting.queue})
        if kept.up is not None and not kept.up.agent:
            self._rounds.go_on(promise, kept.up)
        else:
            self.time(promise)

    def _kept_already(self, kept: Kept, entry: EntryId) -> None:
        """The citizen was reached, and has a call; nobody lived to say that the promise is kept. An agent who has the
        place has it for that call."""
        plan = Plan.of(kept.record, self._settings)
        promise = self._promises[entry] = Promise(kept.record, plan, entry, seq=kept.last_seq)
        at = self._clock.now().isoformat()
        self.end(promise, "done", {"outcome": "talked", "call": kept.onward, "at": at})
        place = self._dispatcher.board.entry(entry)
        if place is not None and place.state != "joined":
            self._dispatcher.leave(entry, "left")

    def _goes_on(self, kept: Kept, entry: EntryId) -> bool:
        """Agent and citizen of an earlier run are together. Where they are not any more, the place waits again."""
        talked = self._dispatcher.board.entry(entry)
        if talked is None or talked.state != "joined" or talked.agent is None:
            return False
        plan = Plan.of(kept.record, self._settings)
        promise = self._promises[entry] = Promise(kept.record, plan, entry, seq=kept.last_seq)
        self._dispatcher.resume(entry, kept.record.number, self._rounds.seat())
        self.note(promise, "restored", {"queue": talked.queue})
        if kept.up is not None and kept.up.agent == talked.agent:
            self._rounds.go_on(promise, kept.up)
        else:
            self._dispatcher.sent_back(entry, talked.agent, "restart")
            self.time(promise)
        return True

    def _line(self, promise: Promise) -> CallbackLine:
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
