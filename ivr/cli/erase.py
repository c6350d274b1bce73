"""`ivr erase`: all that is kept of a person, or of a call; `ivr retention`: how long what is kept."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from ivr.archive.forgetting import in_archives
from ivr.callers_known import CallerKeys
from ivr.cli.opening import ConfigOption, DatabaseOption, Format, FormatOption, explained
from ivr.cli.stored import with_store
from ivr.cli.transcript_files import who
from ivr.config import Settings
from ivr.errors import ErasureError
from ivr.recordings.service import RecordingService
from ivr.retention import person
from ivr.retention.classes import classes
from ivr.retention.keeper import erase_old
from storage.store import Store

ELSEWHERE = (
    "Backups and archives that were made before hold it still: erase those too, or let them go by their age."
)


def erase(
    caller: Annotated[str, typer.Option("--caller", help="A telephone number: all that is kept of it.")] = "",
    call: Annotated[str, typer.Option("--call", help="One call's id.")] = "",
    archives: Annotated[
        Path | None, typer.Option("--archives", help="The folder of archives: there too.", metavar="FOLDER")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only what there is is told.")] = False,
    why: Annotated[str, typer.Option("--why", "-m", help="Why: put on record.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who (default: who is logged in here).")] = "",
    format_: FormatOption = Format.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Erase what is kept of a person, for good: journals, transcripts, recordings, messages, promises, missed calls.

    Records of calls stay, without number and topic, so that the figures of the service stay true. What is under legal
    hold stays. The number is put on record nowhere.
    """
    if bool(caller) == bool(call):
        raise typer.BadParameter("name --caller NUMBER or --call ID")

    async def work(store: Store, settings: Settings) -> tuple[person.Found, Mapping[str, int]]:
        folder = settings.recordings.where(settings.state_dir, settings.asterisk.mode)
        recordings = RecordingService(store, folder, settings.recordings.classes)
        keys = CallerKeys.kept_in(settings.state_dir)
        found = await person.look(store, recordings, keys, number=caller, call=call)
        away: Mapping[str, int] = {}
        if archives is not None:
            # First: once the database has forgotten the number, nobody knows which calls those were.
            write = yes and not found.open
            away = await asyncio.to_thread(
                in_archives, archives, (*found.calls, *found.promises), write=write
            )
        if yes and found.anything:
            counts = await person.erase(store, recordings, found, by=who(by), why=why)
        else:
            counts = found.counts
        return found, {**counts, **{f"{table} (archived)": count for table, count in away.items()}}

    with explained(format_):
        if yes and not why:
            raise ErasureError("this is put on record", mend="say why: --why")
        found, counts = with_store(work, config, database_url)
    if format_ is Format.json:
        plain = {
            "erased" if yes else "found": dict(counts),
            "calls": list(found.calls),
            "open": list(found.open),
            "held": list(found.held),
        }
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=1))
        return
    if not found.anything:
        typer.echo("nothing is kept of it")
        return
    for table, count in counts.items():
        typer.echo(f"{count:8} {table}")
    for one in found.open:
        typer.echo(f"still open: {one}")
    for id in found.held:
        typer.echo(f"stays: recording {id} is under legal hold")
    typer.echo("erased. " + ELSEWHERE if yes else "nothing was changed: `--yes --why ...` erases it")


def retention(
    run: Annotated[
        bool, typer.Option("--run", help="Erase what is older now; the hotline does so by itself.")
    ] = False,
    format_: FormatOption = Format.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """How long what is kept, class by class."""

    async def work(store: Store, settings: Settings) -> tuple[list[dict[str, object]], Mapping[str, object]]:
        kept = classes(settings, store, _now)
        lines: list[dict[str, object]] = [
            {"class": one.name, "what": one.what, "setting": one.setting, "days": dict(one.days)}
            for one in kept
        ]
        return lines, await erase_old(store, kept, _now()) if run else {}

    with explained(format_):
        lines, erased = with_store(work, config, database_url)
    if format_ is Format.json:
        typer.echo(json.dumps({"classes": lines, "erased": erased}, ensure_ascii=False, indent=1))
        return
    for line in lines:
        days = line["days"]
        assert isinstance(days, dict)
        told = ", ".join(f"{name + ' ' if name else ''}{_days(value)}" for name, value in days.items())
        typer.echo(f"{line['class']}: {told}\n    {line['what']} ({line['setting']})")
    if run:
        typer.echo(f"erased: {json.dumps(erased, ensure_ascii=False)}")


def _days(days: float) -> str:
    return f"{days:g} days" if days else "for ever"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
