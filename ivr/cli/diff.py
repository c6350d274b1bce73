"""`ivr diff`: what differs between two versions, or between the folder and what is live, by node."""

from __future__ import annotations

import asyncio
import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.opening import ConfigOption, DatabaseOption, Format, FormatOption, explained, opened
from ivr.config import load_settings
from ivr.flow.diff import ABSENT, Change, Difference, compare, to_json
from ivr.flow.load import read_folder
from ivr.versions.content import covered

MOST_LINES = 20
"""Of a file that is no dialogue (a table)."""
LONGEST = 100
"""Characters of a value."""
_MARKS = {
    "added": ("+", "green"),
    "removed": ("-", "red"),
    "changed": ("~", "yellow"),
    "renamed": (">", "cyan"),
}


def diff(
    before: Annotated[
        str, typer.Argument(help="A version (hash, number of a release, `live`) or a folder.")
    ] = "live",
    after: Annotated[
        str, typer.Argument(help="The same; default: the folder of the settings, your draft.")
    ] = "",
    format: FormatOption = Format.text,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit code 1 when something differs.")
    ] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Compare two versions node by node: what was added, removed, renamed and changed, in which fields.

    Without arguments: your folder against what is live; with one folder: that one against it. Comments and the order of
    things make no difference.
    """
    with explained(format):
        if not after and _is_folder(before):
            # One folder alone is a draft, to be compared with what is live.
            before, after = "live", before
        names = [before, after or str(load_settings(config).flows_dir)]
        old, new = asyncio.run(_sources(names, config, database_url))
        differences = compare(old, new)
    if format is Format.json:
        plain = {"before": names[0], "after": names[1], "differences": [to_json(one) for one in differences]}
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=2, default=str))
    elif not differences:
        typer.echo(f"{names[0]} and {names[1]} are the same dialogue")
    else:
        for difference in differences:
            for line in lines(difference):
                typer.echo(line)
    if exit_code and differences:
        raise typer.Exit(1)


async def _sources(names: list[str], config: Path | None, database_url: str) -> list[dict[str, bytes]]:
    """Folders are read; the database is opened only when a version is wanted."""
    found = {name: covered(read_folder(Path(name))) for name in names if _is_folder(name)}
    wanted = [name for name in names if name not in found]
    if wanted:
        async with opened(config, database_url) as (versions, _):
            for name in wanted:
                found[name] = await versions.sources((await versions.find(name)).hash)
    return [found[name] for name in names]


def _is_folder(name: str) -> bool:
    """A version is no path; a folder that is missing is one, and is then told of as such."""
    return Path(name).is_dir() or "/" in name


def lines(difference: Difference) -> Iterator[str]:
    """As it is shown, coloured."""
    mark, colour = _MARKS[difference.how]
    name = difference.name
    if difference.how == "renamed":
        name = f"{difference.was} -> {name}"
    kind = f" ({difference.kind})" if difference.kind else ""
    sure = f", {difference.likeness:.0%} alike" if difference.how == "renamed" else ""
    yield typer.style(f"{mark} {difference.scope} {name}", fg=colour) + f"{kind} {difference.how}{sure}"
    for change in difference.changes:
        if difference.scope == "file" and isinstance(change.before, str) and isinstance(change.after, str):
            yield from _text_lines(change.before, change.after)
        else:
            yield f"    {_change(change)}"


def _change(change: Change) -> str:
    name = f"{change.path}: " if change.path else ""
    if change.before is ABSENT:
        return f"{name}{typer.style(_value(change.after), fg='green')}"
    if change.after is ABSENT:
        return f"{name}{typer.style(_value(change.before), fg='red')} (gone)"
    before, after = (
        typer.style(_value(change.before), fg="red"),
        typer.style(_value(change.after), fg="green"),
    )
    return f"{name}{before} -> {after}"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split()) or '""'
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _text_lines(before: str, after: str) -> Iterator[str]:
    changed = [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    for line in changed[:MOST_LINES]:
        yield "    " + typer.style(line, fg="green" if line.startswith("+") else "red")
    if len(changed) > MOST_LINES:
        yield f"    ... and {len(changed) - MOST_LINES} lines more"
