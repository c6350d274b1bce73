"""`ivr recordings`: talks and messages as sound: list, export, verify, keep, erase."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from ivr.cli.opening import ConfigOption, DatabaseOption, explained
from ivr.cli.opening import Format as Told
from ivr.cli.transcript_files import when, who
from ivr.config import load_settings
from ivr.errors import StorageError
from ivr.recordings.service import RecordingService, agents_of
from ivr.recordings.settings import class_of
from storage.errors import parse_url
from storage.promises import RecordingRecord
from storage.store import Store

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(
    help="Talks and messages as sound. Whoever takes one away or erases one is on record.",
    no_args_is_help=True,
)
Result = TypeVar("Result")

ByOption = Annotated[str, typer.Option("--by", help="Who (default: who is logged in here).")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason; put on record.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The recording, as `list` names it.")]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="Recordings, as `list` names them.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("list")
def list_(
    since: Annotated[str, typer.Option("--from", help="From this day or time on.")] = "",
    until: Annotated[str, typer.Option("--to", help="Until this day (all of it) or time.")] = "",
    call: Annotated[str, typer.Option("--call", help="Only of this call.")] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="talk, message ...")] = "",
    retention: Annotated[str, typer.Option("--class", help="Only of this retention class.")] = "",
    agent: Annotated[str, typer.Option("--agent", help="Only talks of this agent.")] = "",
    erased: Annotated[bool, typer.Option("--erased", help="Those that were erased, instead.")] = False,
    json_: JsonOption = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Which recordings there are, oldest first: when, of which call, how long, with whom, how long they are kept."""

    async def work(service: RecordingService) -> list[RecordingRecord]:
        found = service.listed(
            since=when(since, "--from"),
            until=when(until, "--to", end=True),
            call=call,
            purpose=purpose,
            retention=retention,
            agent=agent,
            states=("deleted",) if erased else ("kept",),
        )
        return [row async for row in found]

    with explained(Told.json if json_ else Told.text):
        rows = _run(work, config, database_url)
        if json_:
            typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1, default=str))
            return
        for row in rows:
            console.print(_told(row), markup=False)
        if not rows:
            console.print("there is no such recording")


def _told(row: RecordingRecord) -> str:
    """Two lines that fit into 80 columns: when, how long, what, kept how, with whom; and the name to ask for it by."""
    kept = class_of(row.retention, row.purpose)
    agents = " ".join(agents_of(row))
    return (
        f"{row.created_at:%Y-%m-%d %H:%M:%S}Z {row.seconds:5.0f} s  {row.purpose:<8} {kept:<12} {agents}".rstrip()
        + f"\n    {row.id}"
    )


@app.command()
def export(
    ids: IdsArgument,
    folder: Annotated[Path, typer.Option("--to", metavar="DIR", help="Made if need be.")],
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Copy recordings, each with what is known of it as JSON. In stereo, left is the citizen. Put on record."""
    with explained():
        work = _run(lambda service: service.export(ids, folder, by=who(by), why=why), config, database_url)
        console.print(f"{len(work)} recordings written to {folder}", markup=False)


@app.command()
def verify(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Default: all.")] = None,
    json_: JsonOption = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Is every file there, and what it was? Ends with 1 when one is missing or changed."""

    async def work(service: RecordingService) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {"good": [], "no_checksum": [], "missing": [], "changed": []}
        async for one in service.verify(ids or ()):
            found[one.verdict].append(one.recording.id)
        return found

    with explained(Told.json if json_ else Told.text):
        found = _run(work, config, database_url)
        if json_:
            typer.echo(json.dumps(found, indent=1))
        else:
            console.print(", ".join(f"{len(those)} {_WORDS[verdict]}" for verdict, those in found.items()))
            for verdict in ("missing", "changed"):
                for id in found[verdict]:
                    console.print(f"{_WORDS[verdict]}: {id}", markup=False)
    if found["missing"] or found["changed"]:
        raise typer.Exit(1)


_WORDS = {
    "good": "good",
    "no_checksum": "without a checksum (messages)",
    "missing": "missing",
    "changed": "changed",
}


@app.command()
def keep(
    id: IdArgument,
    retention: Annotated[str, typer.Option("--class", help="The retention class, e.g. legal_hold.")],
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Change how long a recording is kept. `legal_hold` keeps it whatever happens. Put on record."""
    with explained():
        _run(lambda service: service.keep(id, retention, by=who(by), why=why), config, database_url)
        console.print(f"{id}: {retention}", markup=False)


@app.command()
def erase(
    id: Annotated[str, typer.Argument(metavar="[ID]", help="Erase this one.")] = "",
    old: Annotated[bool, typer.Option("--old", help="Or what the settings keep no longer.")] = False,
    why: WhyOption = "",
    by: ByOption = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Erase recordings for good. That it was done stays on record. What is under legal hold stays."""
    if bool(id) == old:
        raise typer.BadParameter("name a recording, or say --old")

    async def work(service: RecordingService) -> str:
        if id:
            await service.erase(id, by=who(by), why=why)
            return f"{id}: erased"
        erased = await service.erase_old()
        return ", ".join(f"{count} erased ({name})" for name, count in erased.items()) or "nothing is old"

    with explained():
        console.print(_run(work, config, database_url), markup=False)


@app.command()
def acts(
    id: Annotated[str, typer.Argument(metavar="[ID]", help="Only of this recording.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1)] = 50,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Who paused, took away, kept longer or erased recordings, and why: the newest first."""
    with explained():
        for one in _run(lambda service: service.acts(id, limit), config, database_url):
            typer.echo(f"{one.at:%Y-%m-%d %H:%M:%S} {one.author} {one.act} {one.subject} {one.why}")


def _run(
    work: Callable[[RecordingService], Awaitable[Result]], config: Path | None, database_url: str
) -> Result:
    """What `work` gives, done with the recordings of the settings."""

    settings = load_settings(config)
    url = database_url or settings.effective_database_url
    parsed = parse_url(url)
    if parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists():
        # A file that is not there would be told of as a database that does not work.
        raise StorageError(f"there is no {parsed.database}", mend="`ivr migrate` makes it")

    async def inside() -> Result:
        folder = settings.recordings.where(settings.state_dir, settings.asterisk.mode)
        async with await Store.open(url, pool_size=2) as store:
            return await work(RecordingService(store, folder, settings.recordings.classes))

    return asyncio.run(inside())
