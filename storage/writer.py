"""Facts off the call path: taken at once, written soon, in batches, by one background task.

    async with FactWriter(store) as writer:
        writer.put(JournalEvent(...))          # never waits, never raises for the database's sake
        await writer.drain(timeout_s=5)        # until all that was put is durable

Theory of operation. `put` appends to a bounded buffer. The task takes what is there every `every_s`, or at once when
`batch` facts lie ready, and writes them in one transaction. What is away is tried again with back-off, in order and
without limit, while the buffer fills; writing twice is harmless, since every fact has its key. What the database will
never take (a value too long, a duplicate extension) is found by halving the batch, logged and left out, so that one
bad fact does not hold up the rest. When the buffer is full, facts go to `overflow`; without one they are counted,
logged and lost. A spool file takes its place behind that signature.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from ivr.errors import StorageError
from storage.errors import StorageAway, StorageRefused
from storage.records import Fact
from storage.store import Store

log = logging.getLogger(__name__)

FIRST_RETRY_S: Final = 0.1
LONGEST_RETRY_S: Final = 5.0


class Overflow(Protocol):
    """Takes a fact that the buffer has no room for, or that is left at the end of a close. Must not block or raise."""

    def __call__(self, fact: Fact) -> None: ...


@dataclass(slots=True)
class Figures:
    """Counts since the start, for metrics. retries: failed attempts to reach the database."""

    taken: int = 0
    written: int = 0
    refused: int = 0
    overflowed: int = 0
    batches: int = 0
    retries: int = 0


class FactWriter:
    """capacity: most facts that wait in memory. batch: facts a transaction at most. every_s: longest wait for company.

    close_timeout_s: how long leaving the `async with` may take to write the rest.
    """

    def __init__(
        self,
        store: Store,
        *,
        capacity: int = 100_000,
        batch: int = 1000,
        every_s: float = 0.05,
        close_timeout_s: float = 10.0,
        overflow: Overflow | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._capacity = capacity
        self._batch = batch
        self._every_s = every_s
        self._close_timeout_s = close_timeout_s
        self._overflow = overflow
        self._jitter = jitter
        self._buffer: deque[Fact] = deque()
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._urgent = False
        self._closing = False
        self._full = False
        self._task: asyncio.Task[None] | None = None
        self.figures = Figures()

    @property
    def waiting(self) -> int:
        """Facts not yet durable."""
        return self.figures.taken - self.figures.written - self.figures.refused

    def put(self, fact: Fact) -> None:
        """Take a fact. Facts of one kind are written in the order of `put`."""
        if self._closing or len(self._buffer) >= self._capacity:
            self._lose(fact)
            return
        self._full = False
        self.figures.taken += 1
        self._buffer.append(fact)
        self._idle.clear()
        self._some.set()
        if len(self._buffer) >= self._batch:
            self._enough.set()

    async def failed(self) -> None:
        """Never returns; raises what the background task died of, if it does. For whoever watches over the services."""
        assert self._task is not None
        await asyncio.shield(self._task)

    async def drain(self, timeout_s: float = 10.0) -> None:
        """Returns when everything put so far (and meanwhile) is written.

        Raises StorageAway after timeout_s, or what the background task died of.
        """
        self._urgent = True
        self._enough.set()
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
            if self._task is not None and self._task.done():
                self._task.result()
        except TimeoutError:
            waiting = f"{self.waiting} facts are still not written after {timeout_s:g} s"
            raise StorageAway(waiting, mend="see whether the database works") from None
        finally:
            self._urgent = False

    async def __aenter__(self) -> FactWriter:
        self._task = asyncio.create_task(self._run(), name="fact-writer")
        self._task.add_done_callback(lambda _: self._idle.set())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Writes the rest, for close_timeout_s at most; what is left then goes to `overflow`."""
        assert self._task is not None
        try:
            await self.drain(self._close_timeout_s)
        except StorageAway as error:
            log.error("closing with the database away: %s", error)
        finally:
            self._closing = True
            self._task.cancel()
            await asyncio.wait([self._task])
            while self._buffer:
                self._lose(self._buffer.popleft())

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            await self._company()
            # Taken out only once they are durable: a cancelled task leaves them to be given to `overflow`.
            batch = list(itertools.islice(self._buffer, self._batch))
            written, refused = await self._until_written(batch)
            for _ in batch:
                self._buffer.popleft()
            self.figures.batches += 1
            self.figures.written += written
            self.figures.refused += refused
            if len(self._buffer) < self._batch:
                self._enough.clear()
            if not self._buffer:
                self._some.clear()
                self._idle.set()

    async def _company(self) -> None:
        """Wait a little for more, unless enough are there or someone waits for us."""
        if self._urgent or len(self._buffer) >= self._batch:
            return
        self._enough.clear()
        try:
            async with asyncio.timeout(self._every_s):
                await self._enough.wait()
        except TimeoutError:
            return

    async def _until_written(self, batch: Sequence[Fact]) -> tuple[int, int]:
        """(written, refused). Tries for as long as the database is away."""
        attempt = 0
        while True:
            try:
                written = await self._write(batch)
            except StorageError as error:
                attempt += 1
                self.figures.retries += 1
                wait_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(attempt, 10)) * (
                    0.5 + self._jitter() / 2
                )
                say = log.error if attempt == 1 else log.warning
                say("%d facts wait: %s (%s); again in %.1f s", len(self._buffer), error, error.mend, wait_s)
                await asyncio.sleep(wait_s)
            else:
                if attempt:
                    log.info("the database is back after %d attempts", attempt)
                return written, len(batch) - written

    async def _write(self, batch: Sequence[Fact]) -> int:
        """How many were written. Raises StorageError when the database is away; a refusal is narrowed to its fact."""
        try:
            async with self._store.unit_of_work() as uow:
                await uow.write(batch)
        except StorageRefused as error:
            if len(batch) == 1:
                log.error("a fact is lost, the database refuses it: %r: %s", batch[0], error)
                return 0
            middle = len(batch) // 2
            return await self._write(batch[:middle]) + await self._write(batch[middle:])
        return len(batch)

    def _lose(self, fact: Fact) -> None:
        self.figures.overflowed += 1
        if not self._full:
            self._full = True
            why = "the writer is closed" if self._closing else f"{self._capacity} facts wait for the database"
            log.critical("%s: %s", why, "facts are lost" if self._overflow is None else "facts overflow")
        if self._overflow is not None:
            self._overflow(fact)
