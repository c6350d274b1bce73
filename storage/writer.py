"""Facts off the call path: on the disk at once, in the database soon, in batches, by one background task.

    async with FactWriter(store, spool=Spool(folder)) as writer:
        writer.put(JournalEvent(...))          # never waits, never raises for anybody's sake
        await writer.durable(CallbackRecord(...))  # before the next step may be taken
        await writer.drain(timeout_s=5)        # until all that was put is in the database

Theory of operation. `put` appends to the spool, a file of this process's own, and to what waits in memory
(`backlog.py`). The task takes what is there every `every_s`, or at once when `batch` facts lie ready (`pace.py`),
writes them in one transaction (`batches.py`: again and again while the database is away) and trims the spool. Memory
is bounded: with `capacity` facts in it, what comes next is in the spool only, and read from it again, in order, when
memory is empty. What a controller that was killed left in the spool is written before the `async with` is entered
(`earlier.py`).

Without a spool (tests, tools) what has no room in memory, and what is left at the end, is counted, logged and lost.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Final, Literal

from storage import spool_codec
from storage.backlog import Backlog
from storage.batches import WRITE_LIMIT_S, Batches, Figures
from storage.earlier import Earlier
from storage.errors import StorageAway
from storage.pace import Pace
from storage.records import Fact, TranscriptLine
from storage.spool import Spool
from storage.spool_rows import FIRST
from storage.store import Store
from storage.together import Together

log = logging.getLogger(__name__)

DURABLE_S: Final = 1.0
"""So long `durable` waits for the database before the spool is enough."""
SPOOL_AGAIN_S: Final = 0.5
MORE: Final = 4


class FactWriter:
    """capacity: most facts that wait in memory. batch: so many are written at once, without waiting for company;
    MORE times as many in one transaction at most. every_s: longest wait for company.

    close_timeout_s: how long leaving the `async with` may take to write the rest.
    """

    def __init__(
        self,
        store: Store,
        *,
        spool: Spool | None = None,
        capacity: int = 20_000,
        batch: int = 1000,
        every_s: float = 0.05,
        close_timeout_s: float = 10.0,
        write_limit_s: float = WRITE_LIMIT_S,
        jitter: Callable[[], float] = random.random,
        stored: Callable[[Sequence[Fact]], None] = lambda _: None,
        until_there: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """stored: told of each batch that is in the database, before the spool forgets it; must not wait nor raise.

        until_there: returns when the database is there, which was away when this began. Until then nothing is written
        or read, and then what earlier controllers left goes first.
        """
        self._copies = store.copies
        self._stored_told = stored
        self._until_there = until_there
        self.spool = spool
        self._capacity = capacity
        self._batch = batch
        self._close_timeout_s = close_timeout_s
        self.watchers: list[Callable[[Sequence[Fact], float], None]] = []
        """Told of each batch that was written, and how long that took (s), tries in all. Must not wait nor raise."""
        self._stored = 0
        """Everything up to this index is in the database."""
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._pace = Pace(every_s)
        self._sync_from = 0
        """A fact that must survive a power cut has this index: nothing up to there is trimmed before it does."""
        self._closing = False
        self._losing = False
        self._task: asyncio.Task[None] | None = None
        self._spooling: asyncio.TimerHandle | None = None
        self._together: AbstractContextManager[None] = (
            nullcontext() if spool is None else Together(spool.hold, self._let_go)
        )
        self.figures = Figures()
        self._backlog = Backlog(spool, self.figures)
        aside = None if spool is None else spool.folder
        self._batches = Batches(store, aside, self.figures, limit_s=write_limit_s, jitter=jitter)
        earlier = self._earlier = Earlier(spool, self._batches, self.figures, batch, stored)
        self.recovered, self.left = earlier.recovered, earlier.left

    @property
    def waiting(self) -> int:
        """Facts not yet in the database."""
        return self.figures.waiting

    @property
    def away(self) -> bool:
        """The database: the last attempt did not reach it."""
        return self._batches.away

    @property
    def buffered(self) -> int:
        """Facts in memory; the others that wait are in the spool only."""
        return len(self._backlog.facts)

    @property
    def capacity(self) -> int:
        """Most facts in memory."""
        return self._capacity

    def put(self, fact: Fact) -> None:
        """Take a fact. Facts of one kind are written in the order of `put`."""
        spool, backlog, row = self.spool, self._backlog, None
        held = len(backlog.facts)
        if self._closing:
            return self._lose("the writer is closed")
        if spool is None:
            if held >= self._capacity:
                return self._lose(f"{self._capacity} facts wait for the database")
            backlog.last += 1
        else:
            if type(fact) is TranscriptLine and spool.pressed:
                return self._lose("neither disk nor database takes anything: what is said is not kept")
            try:
                payload = spool_codec.encode(fact)
            except spool_codec.Unwritable as error:
                log.error("a fact is lost, it cannot be stored: %s", error)
                self.figures.taken += 1
                self.figures.refused += 1
                return None
            before = spool.end if held >= self._capacity and backlog.behind is None else None
            index = spool.append(payload)
            if index is None:
                return self._lose("neither disk nor database takes anything")
            if spool.unwritten and not spool.held and self._spooling is None:
                self._spool_again()
            backlog.last = index
            if before is not None:
                backlog.behind = replace(before, index=index)
                log.error("%d facts wait in memory: the next ones wait in the spool only", held)
            if self._copies and payload[0] == FIRST:
                row = payload
        self._losing = False
        self.figures.taken += 1
        if backlog.behind is None:
            backlog.facts.append(fact)
            backlog.rows.append(row)
            if not held:
                self._pace.begin()
            if held + 1 == self._batch:
                self._pace.enough.set()
        return None

    @property
    def together(self) -> AbstractContextManager[None]:
        """Facts that are put within it are in the kernel at its end, in one write. Nothing may be awaited within it."""
        return self._together

    async def durable(self, *facts: Fact, limit_s: float = DURABLE_S) -> Literal["database", "spool"]:
        """Put these, and return when they, and all that was put before, outlive this machine's losing its power: in the
        database, or, when that takes longer than limit_s or is known to be away, on the disk in the spool.

        Raises StorageAway when neither takes them; they may still be written later. docs/developers/storage.md lists
        what is written so.
        """
        without = self.figures.lost + self.figures.refused
        for fact in facts:
            self.put(fact)
        if self.figures.lost + self.figures.refused > without:
            raise StorageAway("what must be kept has no room", mend="see whether disk and database work")
        index = self._sync_from = self._backlog.last
        if index <= self._stored:
            await self._batches.until_synced()
            return "database"
        with self._pace.hurried():
            synced = (
                None
                if self.spool is None
                else asyncio.create_task(self.spool.sync(), name="facts onto the disk")
            )
            stored = self._until_stored(index)
            try:
                if not self.away or synced is None:
                    await asyncio.wait([stored], timeout=limit_s)
                if stored.done():
                    stored.result()
                    return "database"
                if synced is not None:
                    await synced
                    return "spool"
            except OSError as error:
                log.error("the spool does not keep what must be kept: %s", error)
            finally:
                stored.cancel()
                if synced is not None and not synced.done():
                    synced.add_done_callback(_looked_at)
        raise StorageAway(f"not written within {limit_s:g} s", mend="see whether the database works")

    async def settled(self) -> None:
        """`durable` of what was put so far, for whom an error would be of no use: it is logged."""
        try:
            await self.durable()
        except StorageAway as error:
            log.error("what was accepted may not outlive a power cut: %s", error)

    async def failed(self) -> None:
        """Never returns; raises what the background task died of, if it does. For whoever watches over the services."""
        assert self._task is not None
        await asyncio.shield(self._task)

    async def drain(self, timeout_s: float = 10.0) -> None:
        """Returns when everything put so far (and meanwhile) is in the database.

        Raises StorageAway after timeout_s, or what the background task died of.
        """
        with self._pace.hurried():
            try:
                async with asyncio.timeout(timeout_s):
                    await self._pace.idle.wait()
            except TimeoutError:
                waiting = f"{self.waiting} facts are still not written after {timeout_s:g} s"
                raise StorageAway(waiting, mend="see whether the database works") from None
        if self._task is not None and self._task.done():
            self._task.result()

    async def recover(self) -> int:
        """Write what controllers that are gone left in the spool: how many facts.

        Done at the start; again where another one has just ended whose work is taken over. Raises StorageAway (they
        stay in the spool), StorageError when the spool cannot be read.
        """
        return await self._earlier.recover()

    async def __aenter__(self) -> FactWriter:
        """Raises as `recover` does."""
        if self._until_there is None:
            await self.recover()
            self.recovered.set()
        else:
            self._batches.away = True
        if self.spool is not None:
            await asyncio.to_thread(self.spool.open)
        self._task = asyncio.create_task(self._run(), name="fact-writer")
        self._task.add_done_callback(lambda _: self._pace.idle.set())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Writes the rest, for close_timeout_s at most; what is left then stays in the spool."""
        assert self._task is not None
        try:
            await self.drain(self._close_timeout_s)
        except StorageAway as error:
            log.error("closing with the database away: %s", error)
        finally:
            self._closing = True
            self._task.cancel()
            await asyncio.wait([self._task])
            if self._spooling is not None:
                self._spooling.cancel()
            self._leave()

    # --- taking ---

    def _lose(self, why: str) -> None:
        self.figures.lost += 1
        if not self._losing:
            self._losing = True
            log.critical("%s: facts are lost", why)

    def _let_go(self) -> None:
        assert self.spool is not None
        if not self.spool.let_go() and self._spooling is None:
            self._spool_again()

    def _spool_again(self) -> None:
        """The disk is asked again while it does not take what is in memory."""
        assert self.spool is not None
        self._spooling = None
        if not self.spool.retry():
            self._spooling = asyncio.get_running_loop().call_later(SPOOL_AGAIN_S, self._spool_again)

    def _leave(self) -> None:
        if self.spool is None:
            if left := self.buffered:
                self.figures.lost += left
                log.critical("the writer is closed: %d facts are lost", left)
                self._backlog.facts.clear()
            return
        if (left := self._backlog.last - self._stored) > 0:
            log.warning("%d facts stay in the spool: the next start writes them", left)
        self.spool.close()
        if self.spool.unwritten:
            log.critical("the disk takes nothing: %d facts are lost", self.spool.unwritten)

    # --- writing ---

    async def _run(self) -> None:
        backlog, pace = self._backlog, self._pace
        if self._until_there is not None:
            await self._until_there()
            await self._earlier.recover_late()
        while True:
            await pace.some.wait()
            if backlog.behind is None and self.buffered < self._batch:
                await pace.company()
            if not backlog.facts:
                await backlog.read_again()
            # Taken out only once they are stored: a cancelled task leaves them to the spool.
            held, batch = backlog.first(self._batch * MORE)
            facts = batch.facts
            began_s = time.perf_counter()
            written = await self._batches.until_written(batch) if facts else 0
            for begin in range(0, len(facts), self._batch):
                self._stored_told(facts[begin : begin + self._batch])
                await asyncio.sleep(0)
            for see in self.watchers if facts else ():
                see(facts, time.perf_counter() - began_s)
            if held and self._stored < self._sync_from:
                await self._batches.until_synced()
            self.figures.batches += 1
            self.figures.written += written
            self.figures.refused += len(facts) - written
            if held:
                self._trim(backlog.drop(held))
            if self.buffered < self._batch:
                pace.enough.clear()
            if not backlog.facts and backlog.behind is None:
                pace.end()

    def _trim(self, index: int) -> None:
        self._stored = index
        if self.spool is not None:
            self.spool.trim(index)
        while self._waiters and self._waiters[0][0] <= index:
            future = self._waiters.pop(0)[1]
            if not future.done():
                future.set_result(None)

    def _until_stored(self, index: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((index, future))
        return future


def _looked_at(task: asyncio.Task[None]) -> None:
    """What nobody waits for any more may have failed."""
    if not task.cancelled():
        task.exception()
