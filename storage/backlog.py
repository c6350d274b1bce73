"""Facts that wait for the database: in memory as far as there is room, and beyond that in the spool only."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import partial
from itertools import islice

from storage.batches import Batch, Figures
from storage.records import Fact
from storage.spool import Cursor, Spool
from storage.spool_recovery import readable
from storage.spool_rows import FIRST

log = logging.getLogger(__name__)


class Backlog:
    """figures: what cannot be read again is counted there."""

    def __init__(self, spool: Spool | None, figures: Figures) -> None:
        self._spool = spool
        self._figures = figures
        self.facts: deque[Fact | None] = deque()
        """In memory. Their indexes follow each other (`_up_to`). None: it could not be read again."""
        self.rows: deque[bytes | None] = deque()
        """Of each of them: as the database takes it, None where that is still to be made."""
        self.last = 0
        """The index of what was put last."""
        self.behind: Cursor | None = None
        """Where the facts begin that are in the spool only; None: all are in memory."""

    def first(self, most: int) -> tuple[int, Batch]:
        """The oldest in memory, which stay there: how many places they have, and themselves."""
        held = list(islice(self.facts, most))
        return len(held), Batch.of(held, list(islice(self.rows, len(held))))

    def drop(self, places: int) -> int:
        """The oldest are in the database: the index of the last of them."""
        index = self._up_to - len(self.facts) + places
        for _ in range(places):
            self.facts.popleft()
            self.rows.popleft()
        return index

    async def read_again(self) -> None:
        """From the spool into memory, what did not fit into it. At its end, all that follows fits again."""
        if self.behind is None or self._spool is None:
            return
        payloads, self.behind = await self._spool.read(self.behind)
        read = partial(readable, self._spool.folder, "run")
        facts = await asyncio.to_thread(list, map(read, payloads))
        self.facts.extend(facts)
        self.rows.extend(map(_row_of, facts, payloads))
        self._figures.unreadable += facts.count(None)
        if self.behind.index > self.last:
            self.behind = None
            log.info("no fact waits in the spool only any more")

    @property
    def _up_to(self) -> int:
        """The index of the last fact in memory."""
        return self.last if self.behind is None else self.behind.index - 1


def _row_of(fact: Fact | None, payload: bytes) -> bytes | None:
    return payload if fact is not None and payload[0] == FIRST else None
