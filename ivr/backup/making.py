"""Makes a backup beside a hotline that runs: one view of the database, and the files as they are just before and after.

The spool is copied before the database's view is taken: a fact that is written meanwhile is then in both, never in
neither, and is known by its key when it is put back. Recordings come after it: each one that the rows tell of is there.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from sqlalchemy import ColumnElement, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from ivr.backup.manifest import NAME, Manifest, TableOf, member
from ivr.backup.places import Places
from ivr.errors import BackupError
from storage.dumping import dumped, kinds_of
from storage.migrate import head_revision
from storage.store import Store
from storage.tables import metadata

CHUNK: Final = 1 << 20
LEVEL: Final = 3
"""Of compression: rows shrink to a tenth already, and a higher one costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Made:
    """rows, files: how many. size: of the backup, bytes."""

    rows: int
    files: int
    size: int


async def make(
    store: Store, places: Places, target: Path, say: Callable[[str], None] = lambda _: None
) -> Made:
    """Whole or not at all, readable by its owner only. Raises BackupError, StorageError."""
    await asyncio.to_thread(_refuse_what_is_no_place, target)
    part = target.with_name(f".{target.name}.part")
    try:
        with private(part) as file:
            writing = Writing(file)
            for name, path in places.of_state():
                await asyncio.to_thread(writing.file, name, path)
            async with store.reading(one_view=True) as uow:
                tables = {
                    table.name: await rows_into(writing, uow.connection, table, target.parent, say=say)
                    for table in metadata.sorted_tables
                }
            say("files")
            for name, path in places.of_recordings():
                await asyncio.to_thread(writing.file, name, path)
            await asyncio.to_thread(writing.close, writing.manifest(store.dialect, tables))
        size = await asyncio.to_thread(_named, part, target)
    except OSError as error:
        raise BackupError(
            f"the backup cannot be written: {error}", mend="name a file in a folder that has room"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return Made(
        sum(table.rows for table in tables.values()),
        len(writing.sha256) - len(tables),
        size,
    )


def _refuse_what_is_no_place(target: Path) -> None:
    if target.is_dir():
        raise BackupError(f"{target} is a folder", mend=f"name a file in it: {target / 'hotline.backup'}")
    if not target.parent.is_dir():
        what = "is no folder" if target.parent.exists() else "is not there"
        raise BackupError(
            f"{target} cannot be made: {target.parent} {what}",
            mend="name a file in a folder that is there and has room",
        )


async def rows_into(
    writing: Writing,
    connection: AsyncConnection,
    table: Table,
    folder: Path,
    where: Sequence[ColumnElement[bool]] = (),
    say: Callable[[str], None] = lambda _: None,
) -> TableOf:
    """folder: has room for the rows, until they are a member."""
    say(table.name)
    rows = 0
    with tempfile.TemporaryFile(dir=folder) as lines:
        with gzip.GzipFile("", "wb", LEVEL, lines, mtime=0) as packed:
            async for page, count in dumped(connection, table, where):
                await asyncio.to_thread(packed.write, page)
                rows += count
        size = lines.tell()
        lines.seek(0)
        await asyncio.to_thread(writing.member, member(table.name), lines, size)
    return TableOf(rows=rows, kinds=kinds_of(table))


class Writing:
    """The members, one after the other, each with its checksum."""

    def __init__(self, file: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.sha256: dict[str, str] = {}

    def file(self, name: str, path: Path) -> None:
        """As much of it as there is now: it may be growing. One that has gone meanwhile is left out."""
        try:
            with path.open("rb") as source:
                self.member(name, source, os.fstat(source.fileno()).st_size)
        except FileNotFoundError:
            pass

    def member(self, name: str, source: IO[bytes], size: int) -> None:
        about = tarfile.TarInfo(name)
        about.size, about.mode = size, 0o600
        hashed = _Hashed(source, size)
        self._tar.addfile(about, hashed)  # type: ignore[arg-type]  # it reads, and that is all that is asked of it
        self.sha256[name] = hashed.digest()

    def manifest(self, dialect: str, tables: dict[str, TableOf]) -> Manifest:
        """Of what has been written until now."""
        return Manifest(
            revision=head_revision(),
            dialect=dialect,
            made_at=dt.datetime.now(dt.UTC).isoformat(),
            tables=tables,
            sha256=self.sha256,
        )

    def close(self, manifest: Manifest) -> None:
        told = manifest.model_dump_json(indent=1).encode()
        about = tarfile.TarInfo(NAME)
        about.size, about.mode = len(told), 0o600
        self._tar.addfile(about, io.BytesIO(told))
        self._tar.close()


class _Hashed:
    """Reads `size` bytes, with zeros for those that the file has lost meanwhile."""

    def __init__(self, source: IO[bytes], size: int) -> None:
        self._source = source
        self._left = size
        self._hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        data = self._source.read(size).ljust(size, b"\0")
        self._left -= size
        self._hash.update(data)
        return data

    def digest(self) -> str:
        return self._hash.hexdigest()


def _named(part: Path, target: Path) -> int:
    """Its size, bytes."""
    part.replace(target)
    return target.stat().st_size


@contextmanager
def private(path: Path) -> Iterator[IO[bytes]]:
    """A new file of mode 0600, on the disk when it is left."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
