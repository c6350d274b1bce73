"""Takes calls out of archives: a file with rows of them is written anew without, and takes the old one's place."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Final

import orjson

from ivr.backup.making import LEVEL, Writing, private
from ivr.backup.manifest import Manifest, TableOf, member
from ivr.backup.restoring import looked_through
from ivr.errors import BackupError
from storage.dumping import PAGE

OF_CALLS: Final = ("journal", "decisions", "entry_changes")
"""Tables of an archive whose rows name the call."""


def in_archives(folder: Path, calls: Collection[str], *, write: bool) -> Mapping[str, int]:
    """Rows of these calls in the archives of a folder, by table. write: they are taken out.

    Raises BackupError: no such folder, a damaged file. Blocking.
    """
    if not folder.is_dir():
        raise BackupError(f"there is no folder {folder}", mend="name the folder of the archives")
    found: Counter[str] = Counter()
    for file in sorted(folder.glob("*.archive")):
        manifest = looked_through(file)
        counts = _counted(file, manifest, frozenset(calls))
        found.update(counts)
        if write and counts:
            _without(file, manifest, frozenset(calls))
    return dict(found)


def _counted(file: Path, manifest: Manifest, calls: frozenset[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    with tarfile.open(file, "r:") as tar:
        for table in OF_CALLS:
            if table in manifest.tables:
                with gzip.open(_member(tar, table)) as lines:
                    count = sum(orjson.loads(line)["call_id"] in calls for line in lines)
                if count:
                    found[table] = count
    return found


def _without(file: Path, manifest: Manifest, calls: frozenset[str]) -> None:
    part = file.with_name(f".{file.name}.part")
    try:
        with private(part) as opened, tarfile.open(file, "r:") as tar:
            writing = Writing(opened)
            tables = {
                name: _table(writing, _member(tar, name), name, about, calls, file.parent)
                for name, about in manifest.tables.items()
            }
            writing.close(manifest.model_copy(update={"tables": tables, "sha256": writing.sha256}))
        looked_through(part)
        part.replace(file)
    except OSError as error:
        raise BackupError(
            f"{file} cannot be written anew: {error}", mend="see that the folder has room"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _table(
    writing: Writing, source: IO[bytes], name: str, about: TableOf, calls: frozenset[str], folder: Path
) -> TableOf:
    kept = 0
    with tempfile.TemporaryFile(dir=folder) as packed:
        with gzip.open(source) as lines, gzip.GzipFile("", "wb", LEVEL, packed, mtime=0) as out:
            while some := list(islice(lines, PAGE)):
                if name in OF_CALLS:
                    some = [line for line in some if orjson.loads(line)["call_id"] not in calls]
                out.writelines(some)
                kept += len(some)
        size = packed.tell()
        packed.seek(0)
        writing.member(member(name), packed, size)
    return TableOf(rows=kept, kinds=about.kinds)


def _member(tar: tarfile.TarFile, table: str) -> IO[bytes]:
    source = tar.extractfile(member(table))
    assert source is not None
    return source
