"""Keeps the ledger while calls go on: what was missed is written, what was made good is closed.

Theory of operation. `see` is shown every fact on its way to the database and never waits; `run` writes what is judged
of them, one after the other, and tries for as long as the database is away. The rows themselves are the truth: another
controller, the command line and a restart all find the same. One open obligation a caller: a second call in vain is
counted on it, and its deadline stays.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from ivr.clock import Clock
from ivr.errors import StorageError
from ivr.ids import new_call_id
from ivr.missed.earlier import Unjudged, is_stored, judgements
from ivr.missed.judging import JUDGED_BY, Answered, CallsSeen, Judgement, Missed, Promised
from ivr.missed.settings import Policy
from storage.errors import StorageRefused
from storage.missed_records import ClosedHow, MissedCallRecord
from storage.promises import CallbackRecord
from storage.records import CallRecord, Fact
from storage.store import Store, UnitOfWork

log = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 0.2
LONGEST_RETRY_S: Final = 5.0
WAITING_MOST: Final = 50_000
FINISH_S: Final = 5.0
JUST_BEFORE: Final = dt.timedelta(minutes=2)
LONGEST_CALL: Final = dt.timedelta(hours=6)
STORED_EVERY_S: Final = 0.1
STORED_LOOKS: Final = 100
TOGETHER_S: Final = 0.1
"""Between two looks at who is owed a call."""


@dataclass(frozen=True, slots=True)
class CallbackOver:
    """A promise is over. talked: agent and citizen talked. refused: the citizen wants no call any more."""

    callback: str
    agent: str
    talked: bool
    refused: bool
    at: dt.datetime


Entry = Judgement | CallbackOver | Unjudged
LOOKED_AT: Final = frozenset({CallbackRecord, *JUDGED_BY})
"""Kinds of facts that say something of an obligation; `see` need not be shown any other."""


class MissedLedger:
    """key: of a caller, by the number. changed: told of every obligation that began or changed; must not wait."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        key: Callable[[str], str],
        policy: Policy,
        changed: Callable[[MissedCallRecord], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._policy = policy
        self._changed = changed
        self._calls = CallsSeen(policy)
        self._earlier: set[str] = set()
        self._since = clock.now() - JUST_BEFORE
        self._waiting: deque[Entry] = deque()
        """Each until it is written."""
        self._came, self._empty = asyncio.Event(), asyncio.Event()
        self._empty.set()
        self._begun = False
        """Perhaps the first one was written, and its writer cancelled before it could say so."""
        self._full = False
        self._shut = False

    @property
    def waiting(self) -> int:
        """Obligations that are not written yet."""
        return len(self._waiting)

    def see(self, fact: Fact) -> None:
        """One fact, as it is written. Never waits, never raises."""
        if isinstance(fact, CallbackRecord):
            if fact.state != "waiting":
                self._put(_over(fact, self._clock.now()))
            return
        if isinstance(fact, CallRecord) and fact.state == "ended" and fact.id in self._earlier:
            self._earlier.discard(fact.id)
            self._put(Unjudged(fact))
            return
        for judgement in self._calls.see(fact):
            self._put(judgement)

    async def begin(self, node: str, left: Sequence[Fact] = ()) -> int:
        """Calls that an earlier controller of this node had when it ended without a word: judged when they are over,
        whoever ends them. How many. Raises StorageError.

        left: what that one had not brought into the database, and so perhaps not judged. What ended just before is
        looked at as well.
        """
        self._since = self._clock.now() - JUST_BEFORE
        async with self._store.reading(last_known=True) as uow:
            self._earlier = {call.id for call in await uow.calls.live() if call.node == node}
            over = {call.id: call for call in await uow.calls.ended_since(self._since, LONGEST_CALL)}
        self._look_again(node, over, left)
        return len(self._earlier)

    async def begin_late(self, node: str, left: Sequence[Fact]) -> None:
        """The database was away when we began, and has by now what was left of earlier controllers: `left`.

        What this one has judged itself meanwhile is looked at again, and not counted again. Raises StorageError.
        """
        async with self._store.reading() as uow:
            over = {call.id: call for call in await uow.calls.ended_since(self._since, LONGEST_CALL)}
        self._look_again(node, over, left)

    def _look_again(self, node: str, over: dict[str, CallRecord], left: Sequence[Fact]) -> None:
        over |= {call.id: call for call in left if isinstance(call, CallRecord) and call.state == "ended"}
        for call in sorted(over.values(), key=lambda one: one.ended_at or one.started_at):
            if call.node == node:
                self._put(Unjudged(call, again=True))
        for promise in left:
            if isinstance(promise, CallbackRecord):
                self.see(promise)

    def shut(self) -> None:
        """Another controller has our calls: what is not written yet is judged by that one, which looks again at what
        ended lately, and at what our spool had (`begin`)."""
        self._shut = True

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._came.wait()
            self._came.clear()
            await self._write_all()
            # Nearly every call is answered, and nearly nobody was owed one: they are looked at together.
            await asyncio.sleep(TOGETHER_S)

    async def drain(self) -> None:
        """Until all that was seen is written."""
        await self._empty.wait()

    async def finish(self, limit_s: float = FINISH_S) -> None:
        """After `run` has ended: write what the last calls left. What cannot be written in time is said."""
        try:
            async with asyncio.timeout(limit_s):
                await self._write_all()
        except TimeoutError:
            log.error("%d entries of the ledger of missed calls are lost", len(self._waiting))

    def _put(self, entry: Entry) -> None:
        if self._shut:
            return
        if len(self._waiting) >= WAITING_MOST:
            if not self._full:
                log.critical("the ledger of missed calls is too far behind: obligations are lost")
            self._full = True
            return
        self._full = False
        self._waiting.append(entry)
        self._came.set()
        self._empty.clear()

    async def _write_all(self) -> None:
        while self._waiting:
            if isinstance(self._waiting[0], Answered) and not self._shut:
                await self._leave_out_who_is_owed_nothing()
            if self._waiting:
                unsure, self._begun = self._begun, True
                await self._until_written(self._waiting[0], unsure=unsure)
                self._waiting.popleft()
            self._begun = False
        self._empty.set()

    async def _leave_out_who_is_owed_nothing(self) -> None:
        """Of the answered who come next, up to the first entry of another kind."""
        answered = list(_answered_first(self._waiting))
        try:
            async with self._store.reading() as uow:
                owed = await uow.missed.owed({self._key(one.number) for one in answered} - {""})
        except StorageError:
            return  # it is tried again with each
        for _ in answered:
            self._waiting.popleft()
        self._waiting.extendleft(one for one in reversed(answered) if self._key(one.number) in owed)

    async def _until_written(self, entry: Entry, *, unsure: bool = False) -> None:
        attempt = 0
        while not self._shut:
            try:
                if isinstance(entry, Unjudged):
                    await self._until_stored(entry.ended.id)
                async with self._store.unit_of_work() as uow:
                    if unsure and isinstance(entry, Missed) and await self._counted(uow, entry):
                        written = await self._owed(uow, entry.number)
                    else:
                        written = await self._write(uow, entry)
            except StorageRefused as error:
                # Another controller has just opened one for this caller: it is found at the second look.
                attempt += 1
                if attempt > 2:
                    log.error("an obligation is lost, the database refuses it: %s", error)
                    return
            except StorageError as error:
                # Perhaps it was written, and only the answer was lost: it must not be counted twice.
                attempt, unsure = attempt + 1, True
                wait_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(attempt, 6))
                log.warning("the ledger of missed calls waits: %s; again in %.1f s", error, wait_s)
                await asyncio.sleep(wait_s)
            else:
                for record in written:
                    self._changed(record)
                return

    async def _write(self, uow: UnitOfWork, entry: Entry) -> list[MissedCallRecord]:
        now = self._clock.now()
        match entry:
            case Unjudged():
                written = []
                for judgement in await judgements(uow, entry, self._policy):
                    if entry.again and isinstance(judgement, Missed) and await self._counted(uow, judgement):
                        continue
                    written += await self._write(uow, judgement)
                return written
            case Missed():
                return [await self._missed(uow, entry)]
            case Answered():
                owed = await self._owed(uow, entry.number)
                closed = [closed_by(one, "repeat_call", entry.agent, "", now, entry.call) for one in owed]
            case Promised():
                owed = await self._owed(uow, entry.number)
                closed = [replace(one, callback_id=entry.callback, revision=one.revision + 1) for one in owed]
            case CallbackOver():
                closed = [_after(one, entry, now) for one in await uow.missed.of_callback(entry.callback)]
            case _:
                assert_never(entry)
        await uow.missed.upsert(*closed)
        return closed

    async def _until_stored(self, call: str) -> None:
        """Facts are written in batches: the end of a call comes to us before it comes to the database."""
        for _ in range(STORED_LOOKS):
            async with self._store.reading() as uow:
                if await is_stored(uow, call):
                    return
            await asyncio.sleep(STORED_EVERY_S)
        log.error("the end of call %s is not in the database: what it is owed is judged without it", call)

    async def _counted(self, uow: UnitOfWork, missed: Missed) -> bool:
        return await uow.missed.counted(self._key(missed.number), missed.call, missed.at)

    async def _owed(self, uow: UnitOfWork, number: str) -> list[MissedCallRecord]:
        key = self._key(number)
        found = await uow.missed.open_of(key) if key else None
        return [] if found is None else [found]

    async def _missed(self, uow: UnitOfWork, missed: Missed) -> MissedCallRecord:
        key, due_at = self._key(missed.number), missed.at + self._policy.due_after(missed.reason)
        known = await uow.missed.open_of(key) if key else None
        if known is None:
            record = MissedCallRecord(
                id=f"m-{new_call_id().removeprefix('c-n1-')}",
                caller_key=key,
                number=missed.number if key else "",
                reason=missed.reason,
                reasons={missed.reason: 1},
                count=1,
                first_at=missed.at,
                last_at=missed.at,
                due_at=due_at,
                call_id=missed.call,
                queue=missed.queue,
                language=missed.language,
            )
            if not key:
                why = "the number was withheld: nobody can be called back"
                record = closed_by(record, "withheld", "system", why, missed.at)
        else:
            reasons = dict(known.reasons)
            reasons[missed.reason] = reasons.get(missed.reason, 0) + 1
            record = replace(
                known,
                reason=missed.reason,
                reasons=reasons,
                count=known.count + 1,
                last_at=missed.at,
                due_at=min(known.due_at, due_at),
                call_id=missed.call,
                queue=missed.queue or known.queue,
                language=missed.language or known.language,
                revision=known.revision + 1,
            )
        await uow.missed.upsert(record)
        return record


def _answered_first(entries: Iterable[Entry]) -> Iterator[Answered]:
    for entry in entries:
        if not isinstance(entry, Answered):
            return
        yield entry


def closed_by(
    record: MissedCallRecord, how: ClosedHow, by: str, why: str, at: dt.datetime, call: str = ""
) -> MissedCallRecord:
    return replace(
        record,
        state="closed",
        closed_at=at,
        closed_how=how,
        closed_by=by,
        closed_why=why,
        closing_call=call,
        revision=record.revision + 1,
    )


def _after(record: MissedCallRecord, over: CallbackOver, now: dt.datetime) -> MissedCallRecord:
    """Of the promise that was to make it good. Not reached: it is owed as before."""
    if over.talked:
        return closed_by(record, "callback", over.agent, "", now, over.callback)
    if over.refused:
        return closed_by(record, "callback", "caller", "wants no call any more", now, over.callback)
    return replace(record, callback_id="", revision=record.revision + 1)


def _over(record: CallbackRecord, at: dt.datetime) -> CallbackOver:
    agent = record.data.get("agent")
    return CallbackOver(
        record.id,
        agent if isinstance(agent, str) else "",
        talked=record.state == "done",
        refused=record.state == "cancelled" and record.data.get("by") == "caller",
        at=at,
    )
