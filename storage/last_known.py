"""What a start needs of the database, kept beside the controller, so that it can start while the database is away.

    known = LastKnown(folder, url, node, hotline)
    known.see(facts)             # of every batch, once it is stored and before the spool forgets it
    await known.renew(store)     # now and then, and when dialogues, accounts or the nuisance list have changed
    stand_in = await known.stand_in(spool)   # a start without the database: None, nothing is known

Theory of operation. A snapshot holds the live state of the database: agents, places, live calls with their journals,
promises, the dialogues that calls run, telephone accounts, the nuisance list. Behind it lies every fact of these kinds
that was stored since. With what the spool still has, which is on its way to the database, that is all that an earlier
controller knew, to the last fact: a call that goes on must not give a number of its journal twice. From these a small
database in memory is made, which answers a start's questions as the true one would.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson
from sqlalchemy.exc import SQLAlchemyError

from ivr.errors import StorageError
from storage import spool_codec, spool_format, tables
from storage.accounts import sip_accounts
from storage.dumping import dumped, kinds_of, load, rows_of
from storage.engine import create_memory_engine
from storage.errors import explained, parse_url, where_is
from storage.known_files import KnownFiles
from storage.live_records import LiveCallRecord
from storage.migrate import head_revision
from storage.nuisances import nuisances
from storage.promises import CallbackRecord
from storage.records import AgentRecord, CallRecord, EntryRecord, Fact, JournalEvent, TranscriptLine
from storage.spool_files import earlier_runs
from storage.spool_recovery import readable
from storage.store import Store, UnitOfWork

log = logging.getLogger(__name__)

KINDS: Final = (
    AgentRecord,
    CallRecord,
    CallbackRecord,
    EntryRecord,
    JournalEvent,
    LiveCallRecord,
    TranscriptLine,
)
MOST_BYTES: Final = 16 * 1024 * 1024
"""With so much behind a snapshot the next one is made: that much is read at a start in half a second."""
RELEASES: Final = 12
"""So many releases can be gone back to without the database."""
PART: Final = 1000
CALLS_AT_ONCE: Final = 20
"""Calls whose journals are read at once."""


class LastKnown:
    """url: of the database. What was kept of another one, or by a version with other tables, is not used."""

    def __init__(self, folder: Path, url: str, node: str, hotline: str) -> None:
        self._files = KnownFiles(folder)
        self._node = node
        self._hotline = hotline
        self._head = orjson.dumps(
            {"database": where_is(parse_url(url)), "tables": head_revision(), "node": node, "name": hotline}
        )
        self.torn = True
        """It has to be made anew: this is a start, or something could not be written."""
        self._told = False

    @property
    def is_long(self) -> bool:
        return self._files.size > MOST_BYTES

    def see(self, facts: Sequence[Fact]) -> None:
        """They are in the database. Never waits, never raises."""
        try:
            payloads = [spool_codec.encode(_bare(fact)) for fact in facts if isinstance(fact, KINDS)]
            if payloads:
                self._files.append(payloads)
        except (OSError, ValueError) as error:
            if not self._told:
                log.error("a start without the database is not possible for now: %s", error)
            self._told = True
            # Half of the truth would be worse than none: numbers would be given twice.
            self.torn = True
            self._files.forget()

    async def renew(self, store: Store) -> None:
        """A new snapshot takes the place of the last and of what lies behind it. Raises StorageError, OSError."""
        number, old = self._files.turn()
        self.torn = False
        payloads: list[bytes] = [self._head]
        async with store.reading(one_view=True) as uow:
            async for facts in self._facts(uow):
                payloads += [spool_codec.encode(fact) for fact in facts]
                await asyncio.sleep(0)
            async for table, lines in self._rows(uow):
                payloads += [b'{"table":"%b","row":%b}' % (table.encode(), line) for line in lines]
        await asyncio.to_thread(self._files.put_snapshot, number, payloads, old)
        self._told = False

    def close(self) -> None:
        self._files.close()

    # --- what is kept

    async def _facts(self, uow: UnitOfWork) -> AsyncIterator[list[Fact]]:
        """In parts that hold up the event loop for some milliseconds."""
        agents = await uow.agents.all()
        entries = await uow.entries.live()
        known = {entry.id for entry in entries}
        entries += await uow.entries.some(
            [one.entry for one in agents if one.entry and one.entry not in known]
        )
        live = await uow.live_calls.all_live(self._node)
        calls = [one for one in await uow.calls.live() if one.node == self._node]
        ids = {one.id for one in live} | {one.id for one in calls}
        calls += await uow.calls.some(ids - {one.id for one in calls})
        _, said = await uow.live_calls.last_lines(ids)
        yield [*agents, *entries, *await uow.callbacks.waiting()]
        ordered = sorted(ids)
        for begin in range(0, len(ordered), CALLS_AT_ONCE):
            yield list(await uow.journal.of_calls(ordered[begin : begin + CALLS_AT_ONCE]))
        rest: list[Fact] = [*live, *calls, *(_said(call, seq) for call, seq in said.items())]
        for begin in range(0, len(rest), PART):
            yield rest[begin : begin + PART]

    async def _rows(self, uow: UnitOfWork) -> AsyncIterator[tuple[str, list[bytes]]]:
        released, versions = tables.flow_releases, tables.flow_versions
        latest = (await uow.flow_releases.history(self._hotline))[:RELEASES]
        running = (await uow.calls.live_by_version()).keys()
        wanted = {one.version for one in latest} | set(running)
        files = {
            hash
            for version in sorted(wanted)
            if (found := await uow.flow_versions.get(version)) is not None
            for hash in found.files.values()
        }
        for table, where in (
            (released, [released.c.name == self._hotline]),
            (versions, [versions.c.hash.in_(sorted(wanted))]),
            (tables.flow_files, [tables.flow_files.c.hash.in_(sorted(files))]),
            (sip_accounts, []),
            (nuisances, []),
        ):
            with explained(uow.connection.engine.url):
                async for lines, _ in dumped(uow.connection, table, where):
                    yield table.name, lines.splitlines()

    # --- what is made of it

    async def stand_in(self, spool: Path) -> Store | None:
        """A database in memory with what is known, for reading; None: too little is. spool: the spool's folder.

        Raises StorageError: what is kept cannot be read.
        """
        try:
            return await self._stand_in(spool)
        except (OSError, ValueError, KeyError, SQLAlchemyError) as error:
            raise StorageError(f"what is known without the database cannot be read: {error}") from error

    async def _stand_in(self, spool: Path) -> Store | None:
        found = await asyncio.to_thread(self._files.read)
        if found is None:
            return None
        (head, *payloads), later = found
        if head != self._head:
            log.error("what is known without the database is of another one, or of another version: not used")
            return None
        rows = [one for one in payloads if one.startswith(b"{")]
        facts = [spool_codec.decode(one) for one in (*payloads, *later) if not one.startswith(b"{")]
        facts += await asyncio.to_thread(_in_spool, spool)
        engine = create_memory_engine()
        try:
            async with engine.begin() as connection:
                await connection.run_sync(tables.metadata.create_all)
                for name, lines in _by_table(rows).items():
                    kinds = kinds_of(tables.metadata.tables[name])
                    await load(connection, name, kinds, rows_of(lines, kinds))
                uow = UnitOfWork(connection)
                wanted = still_live(facts)
                for begin in range(0, len(wanted), PART):
                    await uow.write(wanted[begin : begin + PART])
        except BaseException:
            await engine.dispose()
            raise
        return Store(engine)


def still_live(facts: Iterable[Fact]) -> list[Fact]:
    """What a start asks for: of every state the newest, of calls only those that are not over. Pure."""
    states: dict[tuple[type[Fact], str], Fact] = {}
    lines: dict[str, dict[tuple[str, int], Fact]] = {}
    for fact in facts:
        match fact:
            case JournalEvent():
                lines.setdefault(fact.call_id, {}).setdefault(("journal", fact.seq), fact)
            case TranscriptLine():
                lines.setdefault(fact.call_id, {}).setdefault((fact.source, fact.seq), fact)
            case AgentRecord() | CallRecord() | CallbackRecord() | EntryRecord() | LiveCallRecord():
                known = states.get((type(fact), fact.id))
                if known is None or fact.revision >= known.revision:  # type: ignore[union-attr]
                    states[type(fact), fact.id] = fact
            case _:
                pass
    live = {
        id for (_, id), fact in states.items() if isinstance(fact, LiveCallRecord) and fact.state == "live"
    }
    live |= {id for (_, id), fact in states.items() if isinstance(fact, CallRecord) and fact.state == "live"}
    held = {fact.entry for fact in states.values() if isinstance(fact, AgentRecord)}
    return [
        *(fact for fact in states.values() if _is_wanted(fact, live, held)),
        *(fact for call in sorted(live & lines.keys()) for fact in lines[call].values()),
    ]


def _is_wanted(fact: Fact, live: Collection[str], held: Collection[str | None]) -> bool:
    match fact:
        case CallRecord() | LiveCallRecord():
            return fact.id in live
        case EntryRecord():
            return fact.ended_at is None or fact.id in held
        case CallbackRecord():
            return fact.state == "waiting"
        case _:
            return True


def _in_spool(spool: Path) -> list[Fact]:
    """What controllers that are gone left there, in order; it stays there. Raises OSError."""
    facts: list[Fact] = []
    runs = earlier_runs(spool)
    try:
        for run in runs:
            for path in run.segments():
                for payload in spool_format.scan(path.read_bytes()).payloads:
                    fact = readable(spool, run.path.name, payload)
                    if isinstance(fact, KINDS):
                        facts.append(_bare(fact))
    finally:
        for run in runs:
            run.close()
    return facts


def _by_table(rows: Iterable[bytes]) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for payload in rows:
        told = orjson.loads(payload)
        found.setdefault(told["table"], []).append(orjson.dumps(told["row"]))
    return found


def _bare(fact: Fact) -> Fact:
    """Of what was said only the number counts."""
    if isinstance(fact, TranscriptLine):
        return replace(fact, text="", words=(), corrected=None)
    return fact


def _said(call: str, seq: int) -> TranscriptLine:
    return TranscriptLine(call, seq, dt.datetime.fromtimestamp(0, dt.UTC), "caller", "")
