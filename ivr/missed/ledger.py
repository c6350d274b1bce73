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
from typing import Final

from ivr.clock import Clock
from ivr.errors import StorageError
from ivr.missed.earlier import Unjudged, is_stored
from ivr.missed.judging import JUDGED_BY, Answered, CallsSeen
from ivr.missed.obligations import CallbackOver, Entry, Obligations
from ivr.missed.settings import Policy
from storage.errors import StorageRefused
from storage.missed_records import MissedCallRecord
from storage.promises import CallbackRecord
from storage.records import CallRecord, Fact
from storage.store import Store

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
        self._obligations = Obligations(key, policy)
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
                    written = await self._obligations.write(uow, entry, self._clock.now(), unsure=unsure)
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

    async def _until_stored(self, call: str) -> None:
        """Facts are written in batches: the end of a call comes to us before it comes to the database."""
        for _ in range(STORED_LOOKS):
            async with self._store.reading() as uow:
                if await is_stored(uow, call):
                    return
            await asyncio.sleep(STORED_EVERY_S)
        log.error("the end of call %s is not in the database: what it is owed is judged without it", call)


def _answered_first(entries: Iterable[Entry]) -> Iterator[Answered]:
    for entry in entries:
        if not isinstance(entry, Answered):
            return
        yield entry


def _over(record: CallbackRecord, at: dt.datetime) -> CallbackOver:
    agent = record.data.get("agent")
    return CallbackOver(
        record.id,
        agent if isinstance(agent, str) else "",
        talked=record.state == "done",
        refused=record.state == "cancelled" and record.data.get("by") == "caller",
        at=at,
    )
