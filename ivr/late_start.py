"""The database of a hotline: there at the start, or later.

    opened = await open_database(stack, settings)    # ConfigError, StorageError: neither it nor what was known last
    await opened.know_again()                        # another controller has just ended, and had more
    await opened.keep_up(steps)                      # for as long as the hotline runs

Theory of operation. A Postgres that does not answer within `WAIT_S` is done without: `storage/last_known.py` has what a
start asks, calls go on and come in, facts wait in the spool (docs/decisions/0213). When it is back its tables are
brought to this version, what earlier controllers left in their spools goes into it, then it is read by everybody, what
was put off is done (`steps`), and our own facts follow in their order. An SQLite file is never done without: it lies on
the disk that the spool lies on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from ivr.adoption.lock import ControllerLock
from ivr.config import Settings
from ivr.disk import MB
from ivr.errors import StorageError
from storage.errors import StorageAway, parse_url, where_is
from storage.last_known import LastKnown
from storage.late_store import LateStore
from storage.migrate import head_revision, status, upgrade
from storage.spool import Spool
from storage.store import Store
from storage.writer import FactWriter

log = logging.getLogger(__name__)

WAIT_S: Final = 2.0
"""So long a start waits for the database. Callers of a controller that was killed wait as long."""
AGAIN_S: Final = 0.5
SAID_AGAIN: Final = 60
"""Of so many tries one is logged."""
LOOK_EVERY_S: Final = 2.0
"""So often it is looked whether dialogues, accounts or the nuisance list have changed."""
RENEWED_EVERY: Final = 300
"""Looks: after so many what is known is made anew in any case, so that what was erased is not kept here."""

Step = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Database:
    """store: for everybody. known: what a start without it would have, None: it is an SQLite file.

    late: the same store, when it was away at this start.
    """

    store: Store
    writer: FactWriter
    known: LastKnown | None = None
    late: LateStore | None = None

    async def know_again(self, lock: ControllerLock) -> None:
        """Another controller has let its calls go: what it knew is known. Raises StorageError, ConfigError."""
        if self.late is None or self.known is None or self.late.there.is_set():
            await self.writer.recover()
            return
        # Its facts are in its spool, which is its own until its end.
        await lock.until_ours()
        assert self.writer.spool is not None
        stand_in = await self.known.stand_in(self.writer.spool.folder)
        if stand_in is not None:
            await self.late.know(stand_in)

    async def keep_up(self, hotline: str, steps: Mapping[str, Step]) -> None:
        """Until cancelled: what is known is kept for the next start. steps: what this one put off, by name."""
        if self.late is not None:
            await self._arrive(self.late, steps)
        if self.known is not None:
            await _keep_known(self.store, self.known, hotline)

    async def _arrive(self, late: LateStore, steps: Mapping[str, Step]) -> None:
        await self.writer.recovered.wait()
        # Again: of a controller whose calls were taken over it was not known then that it would leave something.
        await _until_done("what earlier controllers left", self.writer.recover)
        await late.arrived()
        for name, step in steps.items():
            await _until_done(name, step)
        log.warning("the database is back: what was put off at the start is done")


async def open_database(stack: AsyncExitStack, settings: Settings) -> Database:
    url = settings.effective_database_url
    spool = Spool(settings.state_dir / "spool", most_bytes=settings.disk.spool_most_mb * MB)
    if parse_url(url).drivername.startswith("sqlite"):
        await upgrade(url)
        store = await stack.enter_async_context(await Store.open(url))
        return Database(store, await stack.enter_async_context(FactWriter(store, spool=spool)))
    known = LastKnown(settings.state_dir / "last-known", url, settings.node, settings.hotline)
    stack.callback(known.close)
    found = await _found(url)
    if not isinstance(found, StorageAway):
        if found != head_revision():
            await upgrade(url)
        store = await stack.enter_async_context(await Store.open(url))
        writer = await stack.enter_async_context(FactWriter(store, spool=spool, stored=known.see))
        return Database(store, writer, known)
    return await _without(stack, url, spool, known, found)


async def _without(
    stack: AsyncExitStack, url: str, spool: Spool, known: LastKnown, away: StorageAway
) -> Database:
    stand_in = await known.stand_in(spool.folder)
    if stand_in is None:
        raise away
    late = await stack.enter_async_context(LateStore.away(url, stand_in))
    log.error("%s (%s): calls are taken without it, from what was known last", away, away.mend)
    writer = FactWriter(
        late.writing, spool=spool, stored=known.see, until_there=lambda: _until_there(url, late)
    )
    return Database(late, await stack.enter_async_context(writer), known, late)


async def _found(url: str) -> StorageAway | str | None:
    """Where it answers, the revision of its tables. Raises StorageError: it does, and refuses us."""
    loop = asyncio.get_running_loop()
    until = loop.time() + WAIT_S
    while True:
        try:
            async with asyncio.timeout_at(until):
                revision, _ = await status(url)
            return revision
        except TimeoutError:
            return StorageAway(f"{where_is(parse_url(url))} does not answer", mend="see whether it is frozen")
        except StorageAway as error:
            if loop.time() + AGAIN_S >= until:
                return error
        await asyncio.sleep(AGAIN_S)


async def _until_there(url: str, late: LateStore) -> None:
    """Until the database answers and has the tables of this version. Calls go on meanwhile, whatever is wrong."""
    tried = 0
    while True:
        try:
            await upgrade(url)
            await late.writing.check()
            return
        except StorageError as error:
            if not tried % SAID_AGAIN:
                log.error("calls are taken without the database: %s (%s)", error, error.mend)
            tried += 1
        await asyncio.sleep(AGAIN_S)


async def _until_done(name: str, step: Step) -> None:
    tried = 0
    while True:
        try:
            await step()
            return
        except StorageError as error:
            if not tried % SAID_AGAIN:
                log.error("%s: put off again: %s", name, error)
            tried += 1
        await asyncio.sleep(AGAIN_S)


async def _keep_known(store: Store, known: LastKnown, hotline: str) -> None:
    seen: tuple[int, int, int] | None = None
    looks = 0
    while True:
        try:
            async with store.reading() as uow:
                now = (
                    await uow.flow_releases.last_seq(hotline),
                    await uow.sip_accounts.last_serial(),
                    await uow.nuisances.last_serial(),
                )
            if now != seen or known.torn or known.is_long or looks >= RENEWED_EVERY:
                await known.renew(store)
                seen, looks = now, 0
        except (StorageError, OSError) as error:
            log.warning("what a start without the database would need is kept later: %s", error)
        looks += 1
        await asyncio.sleep(LOOK_EVERY_S)
