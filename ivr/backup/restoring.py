"""Puts a backup back: looked through as a whole first, then the tables of its version, its rows, today's tables, files.

The database may be of the other kind than the one that the backup was made of.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from pydantic import ValidationError
from sqlalchemy import Connection, inspect, text

from ivr.backup.manifest import NAME, Manifest, TableOf, member
from ivr.backup.places import Places
from ivr.errors import BackupError
from storage.dumping import PAGE, follow_on, load, rows_of
from storage.engine import create_engine, reach
from storage.errors import explained
from storage.migrate import current_revision, downgrade, revisions, upgrade

CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """set_aside: the folder where facts went that were not in the database of before; None: there were none."""

    manifest: Manifest
    rows: int
    files: int
    set_aside: Path | None = None


def looked_through(backup: Path) -> Manifest:
    """Every member of it is what it was when it was made. Raises BackupError. Takes as long as reading it."""
    sums: dict[str, str] = {}
    told = b""
    try:
        with tarfile.open(backup, "r:") as tar:
            for about in tar:
                source = tar.extractfile(about)
                if source is None:
                    raise BackupError(f"{backup}: {about.name} is no file")
                if about.name == NAME:
                    told = source.read()
                else:
                    sums[about.name] = _sha256(source)
        manifest = Manifest.model_validate_json(told)
    except FileNotFoundError as error:
        raise BackupError(f"there is no {backup}", mend="name a file that `ivr backup` made") from error
    except (OSError, tarfile.TarError, ValidationError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        raise BackupError(
            f"{backup} is no whole backup: {cause}",
            mend="name a file that `ivr backup` made, or another copy",
        ) from error
    wrong = [name for name, digest in manifest.sha256.items() if sums.get(name) != digest]
    if wrong or sums.keys() != manifest.sha256.keys():
        raise BackupError(
            f"{backup} is damaged: {', '.join(wrong[:3]) or 'it has members that it does not tell of'}",
            mend="use another copy of it",
        )
    if manifest.revision not in revisions():
        raise BackupError(
            f"{backup} is of a newer version (tables {manifest.revision})", mend="install that version first"
        )
    return manifest


async def restore(
    backup: Path,
    url: str,
    places: Places,
    *,
    replace: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Restored:
    """replace: what the database and the folders have is given up. Raises BackupError, StorageError."""
    say("looking through the backup")
    manifest = await asyncio.to_thread(looked_through, backup)
    targets = {name: places.target(name) for name in manifest.sha256 if name.startswith("files/")}
    if not replace:
        await _refuse_what_is_there(url, targets)
    aside = await asyncio.to_thread(_set_aside, places)
    await downgrade(url, "base")
    await upgrade(url, manifest.revision)
    rows = 0
    engine = create_engine(url, pool_size=1)
    try:
        with explained(engine.url), tarfile.open(backup, "r:") as tar:
            for name, table in manifest.tables.items():
                say(name)
                source = tar.extractfile(member(name))
                assert source is not None
                async with engine.begin() as connection:
                    for page in pages(source, table):
                        rows += await load(connection, name, table.kinds, page)
                    await follow_on(connection)
    finally:
        await engine.dispose()
    await upgrade(url)
    say("files")
    await asyncio.to_thread(_files, backup, targets)
    return Restored(manifest, rows, len(targets), aside)


def pages(source: IO[bytes], table: TableOf) -> Iterator[list[dict[str, Any]]]:
    """Of a member with rows."""
    with gzip.open(source) as lines:
        while some := list(islice(lines, PAGE)):
            yield rows_of(some, table.kinds)


async def _refuse_what_is_there(url: str, targets: dict[str, Path]) -> None:
    """Raises BackupError when rows or files would be lost."""
    engine = create_engine(url, pool_size=1)

    def full(connection: Connection) -> list[str]:
        if current_revision(connection) is None:
            return []
        return [
            name
            for name in inspect(connection).get_table_names()
            if name != "alembic_version"
            and not name.startswith("transcripts_words")
            and connection.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first()  # noqa: S608
        ]

    try:
        await reach(engine)
        with explained(engine.url):
            async with engine.connect() as connection:
                found = await connection.run_sync(full)
    finally:
        await engine.dispose()
    there = [str(path) for path in targets.values() if path.exists()]
    if found or there:
        what = f"rows in {', '.join(found[:3])}" if found else f"a file {there[0]}"
        raise BackupError(
            f"what is there already would be lost: {what}",
            mend="stop the hotline; back up what is there; then `ivr restore FILE --yes`",
        )


def _set_aside(places: Places) -> Path | None:
    try:
        return places.set_aside(dt.datetime.now(dt.UTC))
    except OSError as error:
        raise BackupError(
            f"facts that were not in the database of before cannot be set aside: {error}",
            mend="see who owns the state's folder; nothing is changed yet",
        ) from error


def _files(backup: Path, targets: dict[str, Path]) -> None:
    try:
        with tarfile.open(backup, "r:") as tar:
            for name, path in targets.items():
                source = tar.extractfile(name)
                assert source is not None
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                part = path.with_name(f".{path.name}.part")
                part.unlink(missing_ok=True)
                with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    while chunk := source.read(CHUNK):
                        file.write(chunk)
                part.replace(path)
    except OSError as error:
        raise BackupError(
            f"a file cannot be put back: {error}", mend="mend that, then restore again with --yes"
        ) from error


def _sha256(source: IO[bytes]) -> str:
    found = hashlib.sha256()
    while chunk := source.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()
