"""`ivr nuisance`: callers who are not let in: list, add, remove. In force within seconds, without a restart."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ivr.admission.nuisance import NuisanceService
from ivr.cli.opening import ConfigOption, DatabaseOption, FormatOption, explained
from ivr.cli.opening import Format as Told
from ivr.cli.transcript_files import who
from ivr.config import load_settings
from ivr.errors import StorageError
from storage.errors import parse_url
from storage.masking import mask
from storage.nuisances import NuisanceRecord
from storage.store import Store

app = typer.Typer(
    help="The nuisance list: callers who are not let in. Numbers are masked; --clear shows them, and puts that on "
    "record. Every change is on record too.",
    no_args_is_help=True,
)
console = Console(highlight=False, soft_wrap=True)


class Treatment(StrEnum):
    message = "message"
    reject = "reject"


ByOption = Annotated[str, typer.Option("--by", help="Who (default: who is logged in here).")]


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="What is over or was taken off, too.")] = False,
    clear: Annotated[
        bool, typer.Option("--clear", help="Show numbers. Who did so is put on record.")
    ] = False,
    by: ByOption = "",
    format: FormatOption = Told.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Who is not let in, the youngest first. Those of the settings (`limits.nuisance`) are not here."""

    async def work(service: NuisanceService) -> None:
        now = _now()
        found = [one for one in await service.listed(removed=everything) if everything or one.in_force(now)]
        if clear and found:
            await service.shown(by=who(by), count=len(found))
        if format is Told.json:
            plain = [_plain(one, clear, now) for one in found]
            typer.echo(json.dumps(plain, ensure_ascii=False, indent=1, default=str))
            return
        for one in found:
            console.print(_told(one, clear, now), markup=False)
        if not found:
            console.print("nobody is on the list")

    _run(work, config, database_url)


@app.command()
def add(
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="A number, or a pattern: 13800138000, 1380013XXXX, 00.")
    ],
    why: Annotated[str, typer.Option("--why", "-m", help="Why, in a few words.")],
    days: Annotated[float, typer.Option("--days", min=0, help="For so long; 0: until taken off.")] = 30,
    hears: Annotated[
        Treatment, typer.Option("--hears", help="A short announcement, or ended at once.")
    ] = Treatment.message,
    by: ByOption = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Put a caller on the list. For 30 days, unless said otherwise."""

    async def work(service: NuisanceService) -> None:
        record = await service.add(
            number,
            reason=why,
            by=who(by),
            treatment=hears.value,
            lasts=dt.timedelta(days=days) if days else None,
        )
        until = (
            "until taken off" if record.until is None else f"until {record.until.astimezone():%Y-%m-%d %H:%M}"
        )
        typer.echo(f"{record.id}: {mask(record.pattern)} is not let in, {until}")

    _run(work, config, database_url)


@app.command()
def remove(
    id: Annotated[str, typer.Argument(metavar="ID", help="As `ivr nuisance list` shows it.")],
    why: Annotated[str, typer.Option("--why", "-m", help="Why, in a few words.")] = "",
    by: ByOption = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Take a caller off the list."""

    async def work(service: NuisanceService) -> None:
        record = await service.remove(id, by=who(by), why=why)
        typer.echo(f"{record.id}: {mask(record.pattern)} is let in again")

    _run(work, config, database_url)


def _told(record: NuisanceRecord, clear: bool, now: dt.datetime) -> str:
    """Two lines that fit into 80 columns: who from when to when, and by whom and why."""
    if record.removed_at is not None:
        until = f"removed by {record.removed_by}"
    elif record.until is None:
        until = "until taken off"
    else:
        until = f"until {record.until.astimezone():%Y-%m-%d %H:%M}"
        until += "" if record.in_force(now) else " (over)"
    since = f"{record.created_at.astimezone():%Y-%m-%d %H:%M}"
    who_when = f"{record.id}  {_number(record, clear):<11}  {record.treatment:<7}  {since} {until}"
    return f"{who_when}\n    {record.created_by}: {record.reason}"


def _plain(record: NuisanceRecord, clear: bool, now: dt.datetime) -> dict[str, Any]:
    fields = asdict(record)
    del fields["serial"], fields["pattern"]
    return fields | {"number": _number(record, clear), "in_force": record.in_force(now)}


def _number(record: NuisanceRecord, clear: bool) -> str:
    return record.pattern if clear else mask(record.pattern)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _run(work: Callable[[NuisanceService], Awaitable[None]], config: Path | None, database_url: str) -> None:
    async def inside(url: str) -> None:
        async with await Store.open(url, pool_size=1) as store:
            await work(NuisanceService(store, _now))

    with explained():
        url = database_url or load_settings(config).effective_database_url
        parsed = parse_url(url)
        if parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists():
            raise StorageError(f"there is no {parsed.database}", mend="`ivr migrate` makes it")
        asyncio.run(inside(url))
