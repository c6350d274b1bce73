"""What the commands about transcripts share: times as typed, who is there, the database, files of an export."""

from __future__ import annotations

import asyncio
import datetime as dt
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from ivr.config import Settings, load_settings
from ivr.errors import StorageError, TranscriptError
from ivr.transcripts.formats import SUFFIXES, WRITERS, TranscriptFormat
from ivr.transcripts.service import TranscriptService
from ivr.transcripts.shown import Transcript
from storage.errors import parse_url
from storage.store import Store

Result = TypeVar("Result")


def when(typed: str, option: str, *, end: bool = False) -> dt.datetime | None:
    """Of this machine's clock unless a zone is given. end: a day is meant with all its hours."""
    if not typed:
        return None
    try:
        read = dt.datetime.fromisoformat(typed)
    except ValueError:
        raise typer.BadParameter(
            f"`{typed}` is neither a day (2026-11-26) nor a time", param_hint=option
        ) from None
    if end and len(typed) == len("2026-11-26"):
        read += dt.timedelta(days=1)
    return read.astimezone()


def who(by: str) -> str:
    return by or getpass.getuser()


async def export_to(
    folder: Path, found: AsyncIterator[Transcript], formats: Sequence[TranscriptFormat]
) -> int:
    """A file a call and format, for this user alone. How many calls. Raises TranscriptError: no place to write."""
    count = 0
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        try:
            await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
            async for transcript in found:
                for format in formats:
                    # An id is ours, but a file's name must not become a path whatever is stored.
                    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in transcript.call_id)
                    _write(folder / f"{name}{SUFFIXES[format]}", WRITERS[format](transcript))
                count += 1
                progress.update(task, description=f"{count} calls")
        except OSError as error:
            raise TranscriptError(
                f"{error.filename or folder}: {error.strerror}", mend="name a folder that can be written to"
            ) from error
    return count


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)
    part.replace(path)


def run(
    work: Callable[[TranscriptService, Settings], Awaitable[Result]], config: Path | None, database_url: str
) -> Result:
    """What `work` gives, done with the transcripts in the database of the settings."""

    async def inside() -> Result:
        settings = load_settings(config)
        url = database_url or settings.effective_database_url
        _refuse_nothing(url)
        async with await Store.open(url, pool_size=1) as store:
            return await work(TranscriptService(store), settings)

    return asyncio.run(inside())


def _refuse_nothing(url: str) -> None:
    """A file that is not there would be told of as a database that does not work."""
    parsed = parse_url(url)
    if parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists():
        raise StorageError(f"there is no {parsed.database}", mend="`ivr migrate` makes it")
