"""Stored calls for `ivr replay`, out of a database or an export, with the versions that they ran on."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.errors import HotlineError, VersionError
from ivr.flow.replaying.exporting import ExportedVersion, Journalled, UnreadableExport, read_lines
from ivr.flow.replaying.journal import KINDS, UnreadableCall, stored_call
from ivr.flow.replaying.model import StoredCall
from ivr.versions.service import Versions
from storage.call_journal import EndedCalls
from storage.records import CallRecord, JournalEvent
from storage.store import UnitOfWork

Sources = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls. ids: only these; flow: only those that began with it; limit: so many, the youngest."""

    since: dt.datetime | None = None
    flow: str = ""
    limit: int | None = None
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """One call: its journal as it is, and as a replay wants it, or why it cannot be replayed."""

    journalled: Journalled
    stored: StoredCall | None
    fault: str = ""


async def from_database(versions: Versions, wanted: Wanted) -> AsyncIterator[Found]:
    """Youngest first. Raises StorageError."""
    found = 0
    async with versions.store.reading() as uow:
        async for records in _pages(uow, wanted):
            for one in await _journals(uow, records):
                if wanted.flow and (one.stored is None or one.stored.flow != wanted.flow):
                    continue
                yield one
                found += 1
                if found == wanted.limit:
                    return


async def _pages(uow: UnitOfWork, wanted: Wanted) -> AsyncIterator[list[CallRecord]]:
    if wanted.ids:
        records = await uow.calls.some(wanted.ids)
        missing = wanted.ids - {record.id for record in records}
        if missing:
            raise HotlineError(
                f"there is no call {', '.join(sorted(missing))}",
                mend="the status page shows the ids of calls",
            )
        yield sorted(records, key=lambda record: record.started_at, reverse=True)
        return
    ended = EndedCalls(uow.connection)
    page = await ended.page(since=wanted.since)
    while page:
        yield page
        page = await ended.page(page[-1], since=wanted.since)


async def _journals(uow: UnitOfWork, records: Sequence[CallRecord]) -> list[Found]:
    events: dict[str, list[JournalEvent]] = {record.id: [] for record in records}
    for event in await uow.journal.of_kinds(events.keys(), KINDS):
        events[event.call_id].append(event)
    return [_found(record, events[record.id]) for record in records]


def _found(record: CallRecord, events: Sequence[JournalEvent]) -> Found:
    told = tuple((event.at, event.kind, event.data) for event in events)
    journalled = Journalled(record.id, record.caller, record.dialled, told)
    try:
        return Found(journalled, stored_call(record.id, record.caller, record.dialled, told))
    except UnreadableCall as error:
        return Found(journalled, None, str(error))


def from_export(path: Path, wanted: Wanted, on_version: Callable[[str, Sources], None]) -> list[StoredCall]:
    """Youngest first. on_version: told of each version before its calls. Raises UnreadableExport, UnreadableCall."""
    calls: list[StoredCall] = []
    try:
        with path.open(encoding="utf-8") as lines:
            for one in read_lines(lines, path.as_posix()):
                if isinstance(one, ExportedVersion):
                    on_version(one.version, one.files)
                elif _is_wanted(one, wanted):
                    calls.append(one)
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableExport(f"{path} cannot be read: {error}") from error
    calls.sort(key=lambda call: call.began_at, reverse=True)
    return calls[: wanted.limit]


def _is_wanted(call: StoredCall, wanted: Wanted) -> bool:
    return (
        (not wanted.ids or call.id in wanted.ids)
        and (not wanted.flow or call.flow == wanted.flow)
        and (wanted.since is None or call.began_at >= wanted.since)
    )


async def stored_sources(versions: Versions, needed: Collection[str]) -> dict[str, Sources]:
    """Hash -> files, of those that are stored. Raises StorageError."""
    found: dict[str, Sources] = {}
    for version in needed:
        try:
            found[version] = await versions.sources(version)
        except VersionError:
            # Its calls are told of as such: one that cannot be loaded must not hide the others.
            continue
    return found
