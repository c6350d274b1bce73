"""`ivr transcripts`: what was said in calls: show, search, correct, export, erase."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ivr.cli.opening import ConfigOption, DatabaseOption, explained
from ivr.cli.opening import Format as Told
from ivr.cli.transcript_files import export_to, run, when, who
from ivr.config import Settings
from ivr.errors import TranscriptError
from ivr.retention.classes import keep_days
from ivr.transcripts.finding import Hit, Page, Wanted
from ivr.transcripts.formats import WRITERS, speaker
from ivr.transcripts.service import TranscriptService
from storage.personal.spans import HIDDEN_BY_DEFAULT, PersonalClass

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(
    help="What was said in calls. Personal data is hidden; --clear shows it, and puts that on record.",
    no_args_is_help=True,
)


class Format(StrEnum):
    text = "text"
    vtt = "vtt"
    json = "json"


class Who(StrEnum):
    caller = "caller"
    agent = "agent"
    party = "party"
    recording = "recording"


ClearOption = Annotated[
    bool, typer.Option("--clear", help="Show what is personal too. Who did so is put on record.")
]
ByOption = Annotated[str, typer.Option("--by", help="Who (default: who is logged in here).")]
CallArgument = Annotated[str, typer.Argument(metavar="CALL", help="The call's id.")]
FromOption = Annotated[
    str, typer.Option("--from", help="From this day or time on: 2026-11-26, 2026-11-26T08:00.")
]
ToOption = Annotated[str, typer.Option("--to", help="Until this day (all of it) or time.")]


@app.command()
def show(
    call: CallArgument,
    format: Annotated[Format, typer.Option("--format", help="text, vtt (WebVTT) or json.")] = Format.text,
    history: Annotated[bool, typer.Option("--history", help="The corrections, instead.")] = False,
    clear: ClearOption = False,
    by: ByOption = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """What was said in a call, by both sides, in order. `*` after a line's id: it was corrected."""

    async def work(service: TranscriptService, settings: Settings) -> str:
        if not history:
            transcript = await service.show(call, hide=_hide(clear), by=who(by))
            return WRITERS[format.value](transcript)
        made = await service.history(call, hide=_hide(clear), by=who(by))
        if format is Format.json:
            return json.dumps([asdict(one) for one in made], ensure_ascii=False, indent=1, default=str) + "\n"
        return "".join(
            f"{one.at:%Y-%m-%d %H:%M} {one.party + ':' if one.party else ''}{one.seq} {one.author} ({one.reason})\n"
            f"  - {one.before}\n  + {one.after}\n"
            for one in made
        )

    with explained():
        typer.echo(run(work, config, database_url), nl=False)


@app.command()
def search(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORDS...", help="Words that must all be there; '\"a phrase\"'; -without (after `--`)."
        ),
    ],
    since: FromOption = "",
    until: ToOption = "",
    queue: Annotated[str, typer.Option("--queue", help="Calls that waited in this queue.")] = "",
    agent: Annotated[str, typer.Option("--agent", help="Calls of this agent.")] = "",
    speaker: Annotated[Who | None, typer.Option("--speaker", help="Who said it.")] = None,
    language: Annotated[str, typer.Option("--language", help="zh, en ...")] = "",
    call: Annotated[str, typer.Option("--call", help="Only in this call.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="Lines a page.")] = 20,
    after: Annotated[
        int | None, typer.Option("--after", help="The next page: the page before says it.")
    ] = None,
    clear: ClearOption = False,
    by: ByOption = "",
    json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Find lines by their words, newest first. Without --clear nothing is found by what is hidden."""

    async def work(service: TranscriptService, settings: Settings) -> Page:
        wanted = Wanted(
            " ".join(words),
            speaker=None if speaker is None else speaker.value,
            language=language or None,
            since=when(since, "--from"),
            until=when(until, "--to", end=True),
            queue=queue or None,
            agent=agent or None,
            call_id=call or None,
            after=after,
            limit=limit,
        )
        return await service.search(wanted, hide=_hide(clear), by=who(by))

    with explained(Told.json if json_ else Told.text):
        page = run(work, config, database_url)
        if json_:
            typer.echo(json.dumps(asdict(page), ensure_ascii=False, indent=1, default=str))
            return
        for hit in page.hits:
            console.print(_told(hit))
        if not page.hits:
            console.print("nothing was said like that")
        if page.more is not None:
            console.print(f"more: --after {page.more}", style="dim")


@app.command()
def correct(
    call: CallArgument,
    line: Annotated[str, typer.Argument(metavar="LINE", help="The line's id, as `show` gives it.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was said. Empty: nothing was.")],
    why: Annotated[str, typer.Option("--why", help="The reason, in a few words.")],
    by: ByOption = "",
    revision: Annotated[
        int | None, typer.Option("--revision", min=0, help="Of the line you saw (`show --format json`).")
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="The text is whole, without words like 【电话】.")
    ] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Correct a line. What the recogniser heard is kept, and so is every correction, with who and why."""

    async def work(service: TranscriptService, settings: Settings) -> str:
        shown = await service.correct(call, line, text, by=who(by), why=why, revision=revision, clear=clear)
        return shown.text

    with explained():
        console.print(Text(f"{line}: {run(work, config, database_url)}"))


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made if need be; a file a call.")],
    since: FromOption,
    until: ToOption,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="text, vtt, json; may be repeated (default: json)."),
    ] = None,
    clear: ClearOption = False,
    by: ByOption = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Write every call of a time to files. An export is always put on record."""

    async def work(service: TranscriptService, settings: Settings) -> int:
        first, last = when(since, "--from"), when(until, "--to", end=True)
        if first is None or last is None or first >= last:
            raise TranscriptError("that time is empty", mend="--from comes before --to")
        found = service.export(first, last, by=who(by), hide=_hide(clear))
        return await export_to(folder, found, [one.value for one in formats or [Format.json]])

    with explained():
        count = run(work, config, database_url)
        console.print(f"{count} calls written to {folder}", markup=False)


@app.command()
def erase(
    call: Annotated[str, typer.Argument(metavar="[CALL]", help="Erase all of this call.")] = "",
    old: Annotated[bool, typer.Option("--old", help="Or what the settings keep no longer.")] = False,
    why: Annotated[str, typer.Option("--why", help="The reason; put on record.")] = "",
    by: ByOption = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Erase transcripts for good, with their corrections. That it was done stays on record, not what was said."""
    if bool(call) == old:
        raise typer.BadParameter("name a call, or say --old")

    async def work(service: TranscriptService, settings: Settings) -> str:
        if call:
            return f"{await service.erase(call, by=who(by), why=why)} lines erased"
        erased = await service.erase_old(keep_days(settings.transcripts))
        return (
            ", ".join(f"{count} lines erased ({source})" for source, count in erased.items())
            or "nothing is old"
        )

    with explained():
        console.print(run(work, config, database_url))


@app.command()
def index(
    all_: Annotated[
        bool, typer.Option("--all", help="Also what is indexed: after an update of the rules.")
    ] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Make lines searchable that are not yet: those of an older version."""

    async def work(service: TranscriptService, settings: Settings) -> int:
        return await service.index(missing=not all_)

    with explained():
        console.print(f"{run(work, config, database_url)} lines indexed")


@app.command()
def acts(
    call: Annotated[str, typer.Argument(metavar="[CALL]", help="Only of this call.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1)] = 50,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Who looked at what is hidden, took transcripts away, or erased them: the newest first."""

    async def work(service: TranscriptService, settings: Settings) -> list[str]:
        found = await service.acts(call or None, limit)
        return [
            f"{one.at:%Y-%m-%d %H:%M:%S} {one.author} {one.act} {one.call_id or '-'} "
            f"{json.dumps(dict(one.data), ensure_ascii=False)}"
            for one in found
        ]

    with explained():
        for line in run(work, config, database_url):
            typer.echo(line)


def _hide(clear: bool) -> frozenset[PersonalClass]:
    return frozenset() if clear else HIDDEN_BY_DEFAULT


def _told(hit: Hit) -> Text:
    at = hit.at.astimezone(dt.UTC)
    told = Text(f"{at:%Y-%m-%d %H:%M:%S} {hit.call_id} {hit.line.id} {speaker(hit.line)}: ")
    for piece in hit.excerpt:
        told.append(piece.text, style="bold yellow" if piece.hit else "")
    return told
