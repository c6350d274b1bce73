"""Takes the logs of whole months out of the database: a file a month, read through again, then exactly its rows erased.

A row that comes late, of a month that was archived, goes into a further file of that month the next time.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import tarfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, func, select, tuple_

from ivr.archive.months import Month, months, refuse_unsettled
from ivr.backup.making import Writing, private, rows_into
from ivr.backup.manifest import Manifest, TableOf, member
from ivr.backup.restoring import looked_through, pages
from ivr.errors import BackupError
from storage import tables
from storage.dumping import load
from storage.entry_changes import entry_changes
from storage.errors import explained
from storage.store import Store

LOGS: Final[Mapping[str, Table]] = {
    table.name: table for table in (tables.journal, tables.decisions, entry_changes, tables.agent_states)
}
"""What grows with every call and is looked at seldom. All have `at`."""
PART: Final = 200


@dataclass(frozen=True, slots=True)
class Archived:
    """rows: by table."""

    month: Month
    file: Path
    rows: Mapping[str, int]


async def archive(store: Store, folder: Path, before: Month, now: dt.datetime) -> AsyncIterator[Archived]:
    """Each month that has rows, the oldest first. Raises BackupError, StorageError."""
    refuse_unsettled(before, now)
    first = await oldest(store)
    if first is None:
        return
    for month in months(first, before):
        if any((await count(store, month)).values()):
            file = await asyncio.to_thread(_free, folder, month)
            manifest = await _written(store, file, month)
            # What is erased is what can be read again.
            await asyncio.to_thread(looked_through, file)
            await _erased(store, file, manifest)
            yield Archived(month, file, {name: table.rows for name, table in manifest.tables.items()})


async def count(store: Store, month: Month) -> dict[str, int]:
    """Rows of that month, by table."""
    found: dict[str, int] = {}
    async with store.reading() as uow:
        for name, table in LOGS.items():
            query = select(func.count()).select_from(table).where(*_within(table, month))
            with explained(store.url):
                found[name] = (await uow.connection.execute(query)).scalar() or 0
    return found


async def oldest(store: Store) -> dt.datetime | None:
    """The time of the oldest row of any of the logs."""
    async with store.reading() as uow:
        with explained(store.url):
            found = [
                (await uow.connection.execute(select(func.min(table.c.at)))).scalar()
                for table in LOGS.values()
            ]
    return min((at for at in found if at is not None), default=None)


async def bring_back(store: Store, file: Path) -> Mapping[str, int]:
    """Rows that came back, by table; those that are there already stay as they are. The file stays too.

    Raises BackupError: damaged, or of other tables than today's.
    """
    manifest = await asyncio.to_thread(looked_through, file)
    unknown = manifest.tables.keys() - LOGS.keys()
    if unknown:
        raise BackupError(
            f"{file} is no archive: it has {', '.join(sorted(unknown)[:3])}", mend="`ivr restore`"
        )
    back = dict.fromkeys(manifest.tables, 0)
    with tarfile.open(file, "r:") as tar:
        for name, table in manifest.tables.items():
            source = tar.extractfile(member(name))
            assert source is not None
            key = [column.name for column in LOGS[name].primary_key.columns]
            for page in pages(source, table):
                async with store.unit_of_work() as uow:
                    with explained(store.url):
                        back[name] += await load(uow.connection, name, table.kinds, page, key=key)
    return back


def _within(table: Table, month: Month) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.at >= month.begins, table.c.at < month.next.begins


def _free(folder: Path, month: Month) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupError(
            f"{folder}: {error.strerror}", mend="name a folder that can be written to"
        ) from error
    number, path = 1, folder / f"{month}.archive"
    while path.exists():
        number += 1
        path = folder / f"{month}-{number}.archive"
    return path


async def _written(store: Store, file: Path, month: Month) -> Manifest:
    part = file.with_name(f".{file.name}.part")
    try:
        with private(part) as opened:
            writing = Writing(opened)
            found: dict[str, TableOf] = {}
            async with store.reading(one_view=True) as uow:
                for name, table in LOGS.items():
                    where = _within(table, month)
                    found[name] = await rows_into(writing, uow.connection, table, file.parent, where)
            manifest = writing.manifest(store.dialect, found)
            await asyncio.to_thread(writing.close, manifest)
        await asyncio.to_thread(part.replace, file)
    except OSError as error:
        raise BackupError(
            f"the archive cannot be written: {error}", mend="name a folder that has room"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


async def _erased(store: Store, file: Path, manifest: Manifest) -> None:
    with tarfile.open(file, "r:") as tar:
        for name, about in manifest.tables.items():
            source = tar.extractfile(member(name))
            assert source is not None
            table = LOGS[name]
            key = list(table.primary_key.columns)
            for page in pages(source, about):
                async with store.unit_of_work() as uow:
                    for start in range(0, len(page), PART):
                        some = [tuple(row[one.name] for one in key) for row in page[start : start + PART]]
                        with explained(store.url):
                            await uow.connection.execute(delete(table).where(tuple_(*key).in_(some)))
