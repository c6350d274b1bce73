"""`ivr archive`: logs of months that are over, out of the database into files, and back."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import typer

from ivr.archive.archiving import archive, bring_back, count, oldest
from ivr.archive.months import Month, months, refuse_unsettled
from ivr.cli.opening import ConfigOption, DatabaseOption, Format, FormatOption, explained
from ivr.cli.stored import with_store
from ivr.config import Settings
from storage.store import Store


def archive_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files are, one a month.")],
    before: Annotated[str, typer.Option("--before", help="Months before this one: 2026-08.")] = "",
    back: Annotated[
        str, typer.Option("--back", help="Bring this month's rows back into the database: 2026-07.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be archived.")] = False,
    format_: FormatOption = Format.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Take journals, decisions and histories of whole months out of the database, into compressed files with checksums.

    Records of calls, queue entries, transcripts and recordings stay. May run beside a hotline.
    """
    if bool(before) == bool(back):
        raise typer.BadParameter("name --before MONTH, or --back MONTH")

    async def work(store: Store, settings: Settings) -> list[dict[str, object]]:
        now = dt.datetime.now(dt.UTC)
        if back:
            month = Month.read(back)
            files = sorted(folder.glob(f"{month}*.archive"))
            return [{"file": str(file), "rows": dict(await bring_back(store, file))} for file in files]
        last = Month.read(before)
        if not dry_run:
            done = archive(store, folder, last, now)
            return [
                {"month": str(one.month), "file": str(one.file), "rows": dict(one.rows)} async for one in done
            ]
        refuse_unsettled(last, now)
        first = await oldest(store)
        found = [] if first is None else [(one, await count(store, one)) for one in months(first, last)]
        return [{"month": str(month), "rows": rows} for month, rows in found if any(rows.values())]

    with explained(format_):
        told = with_store(work, config, database_url)
    if format_ is Format.json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    for line in told:
        rows = line["rows"]
        assert isinstance(rows, dict)
        name = line.get("file", line.get("month"))
        typer.echo(f"{name}: " + ", ".join(f"{number} {table}" for table, number in rows.items()))
    if not told:
        typer.echo("there is nothing of these months")
