"""`ivr backup` and `ivr restore`: the whole of a hotline in one file, and back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from ivr.adoption.lock import one_at_a_time
from ivr.backup.making import make
from ivr.backup.places import Places
from ivr.backup.restoring import looked_through, restore
from ivr.cli.opening import ConfigOption, DatabaseOption, Format, FormatOption, explained
from ivr.cli.stored import with_store
from ivr.config import Settings, load_settings
from storage.store import Store


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to make.")],
    format_: FormatOption = Format.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Database, recordings, keys and spool into one file, readable by its owner only. The hotline goes on meanwhile.

    It holds personal data and secrets: keep it as safe as the machine itself. The settings' file is not in it.
    """

    async def work(store: Store, settings: Settings) -> dict[str, object]:
        began = monotonic()
        made = await make(store, Places.of(settings), file.absolute())
        return {
            "file": str(file),
            "rows": made.rows,
            "files": made.files,
            "bytes": made.size,
            "seconds": round(monotonic() - began, 1),
        }

    with explained(format_):
        told = with_store(work, config, database_url)
    if format_ is Format.json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        typer.echo(
            f"{file}: {told['rows']} rows and {told['files']} files, {told['bytes']} bytes, {told['seconds']} s"
        )


def restore_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="What the database and the folders have is given up.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only look whether the backup is whole; nothing is changed.")
    ] = False,
    format_: FormatOption = Format.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Put a backup back, into SQLite or Postgres, whichever it was made of. Refused while a hotline runs here."""
    aside = ""
    with explained(format_):
        if check:
            manifest = looked_through(file)
            rows = sum(table.rows for table in manifest.tables.values())
            files = len(manifest.sha256) - len(manifest.tables)
        else:
            settings = load_settings(config)
            url = database_url or settings.effective_database_url
            settings.state_dir.mkdir(parents=True, exist_ok=True)
            # A controller that runs would write what it knows into what is put back, and go on with calls of now.
            with one_at_a_time(settings, takeover=False):
                done = asyncio.run(restore(file, url, Places.of(settings), replace=yes))
            manifest, rows, files = done.manifest, done.rows, done.files
            aside = "" if done.set_aside is None else str(done.set_aside)
    told = {"file": str(file), "made_at": manifest.made_at, "rows": rows, "files": files, "set_aside": aside}
    if format_ is Format.json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        verb = "whole" if check else "restored"
        typer.echo(f"{file} of {manifest.made_at[:19]}Z: {verb}, {rows} rows and {files} files")
        if aside:
            typer.echo(
                "What the hotline of before had written down and not brought into its database, or knew of it, is not "
                f"part of this: it lies in {aside}"
            )
