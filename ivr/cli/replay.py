"""`ivr replay`: stored calls through a draft of the dialogue: what would have gone otherwise."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.opening import ConfigOption, explained, opened
from ivr.cli.replaying import reports
from ivr.cli.replaying.calls import Wanted
from ivr.cli.replaying.export import write_export
from ivr.cli.replaying.work import Work
from ivr.flow.replaying.exporting import Told

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class ReportFormat(StrEnum):
    text = "text"
    json = "json"
    html = "html"


class FailOn(StrEnum):
    different = "different"
    dead_end = "dead-end"


def replay(
    draft: Annotated[
        str,
        typer.Argument(
            help="A folder, or a version: a hash, the number of a release, `live`. Default: the settings' folder."
        ),
    ] = "",
    database_url: Annotated[
        str, typer.Option("--from-database", help="The database of the calls (default: the settings').")
    ] = "",
    export_file: Annotated[
        Path | None, typer.Option("--from", help="Calls of an export instead.", dir_okay=False)
    ] = None,
    since: Annotated[str, typer.Option("--since", help="Calls since: 12h, 7d, 2w, or 2026-11-20.")] = "",
    flow: Annotated[str, typer.Option("--flow", help="Only calls that began with this flow.")] = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="So many, the youngest.")] = None,
    call: Annotated[
        list[str] | None, typer.Option("--call", help="Only this call, with both ways. May be repeated.")
    ] = None,
    format: Annotated[ReportFormat, typer.Option("--format", help="text, json or html.")] = ReportFormat.text,
    out: Annotated[Path | None, typer.Option("--out", help="Write the report there.", dir_okay=False)] = None,
    export: Annotated[
        Path | None,
        typer.Option("--export", help="Write the calls there instead of replaying them.", dir_okay=False),
    ] = None,
    with_personal_data: Annotated[
        bool,
        typer.Option("--with-personal-data", help="Export numbers, agents and texts of web services too."),
    ] = False,
    with_digits: Annotated[
        bool, typer.Option("--with-digits", help="Export the digits given to `collect` too.")
    ] = False,
    with_words: Annotated[bool, typer.Option("--with-words", help="Export what callers said too.")] = False,
    fail_on: Annotated[
        FailOn | None,
        typer.Option("--fail-on", help="Exit code 1 for a new dead end; `different`: for any change."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="As text: a line for every call, the same ones too.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Stored calls through a draft: which go the same way, where others part, new dead ends, seconds saved.

    Each call's own version is replayed as the draft is, so that a fault of the replay is seen as one (fidelity).

    用草稿重放已存的通话：哪些相同，哪些在何处分开，谁走进死路，菜单里省了几秒。
    """
    wanted = Wanted(_since(since), flow, limit, frozenset(call or ()))
    with explained():
        if export is not None:
            told = Told(with_personal_data, with_digits, with_words, with_personal_data)
            for line in asyncio.run(_export(export, told, wanted, config, database_url)):
                typer.echo(line)
            return
        keep_same = verbose or bool(call) or format is ReportFormat.json
        work = Work(
            draft,
            wanted,
            config=config,
            database_url=database_url,
            export=export_file,
            keep_same=keep_same,
        )
        asyncio.run(work.run())
    if format is ReportFormat.text:
        report = reports.text(work.name, work.summary, work.rows, verbose=verbose or bool(call))
    elif format is ReportFormat.json:
        report = reports.as_json(work.name, work.summary, work.rows)
    else:
        report = reports.page(work.name, work.summary, work.rows)
    if out is None:
        typer.echo(report)
    else:
        out.write_text(report + "\n", encoding="utf-8")
    if fail_on is not None and reports.fails(work.summary, any_change=fail_on is FailOn.different):
        raise typer.Exit(1)


async def _export(
    path: Path, told: Told, wanted: Wanted, config: Path | None, database_url: str
) -> list[str]:
    async with opened(config, database_url) as (versions, _):
        return list((await write_export(path, told, versions, wanted)).lines(path))


def _since(text: str) -> dt.datetime | None:
    """`7d` before now, or a date."""
    if not text:
        return None
    span = re.fullmatch(r"(\d{1,4})([mhdw])", text)
    if span is not None:
        return dt.datetime.now(dt.UTC) - dt.timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        return dt.datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise typer.BadParameter("12h, 7d, 2w, or a date: 2026-11-20", param_hint="--since") from None
