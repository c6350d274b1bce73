"""`ivr rebuild`: records of calls and queue entries made again from the logs."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ivr.cli.opening import ConfigOption, DatabaseOption, Format, FormatOption, explained
from ivr.cli.stored import SinceOption, UntilOption, moment, with_store
from ivr.config import Settings
from ivr.projections.rebuilding import Counts, rebuild
from storage.store import Store

MOST_SHOWN = 200


def rebuild_(
    since: SinceOption = "",
    until: UntilOption = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what differs; nothing is written.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="As --dry-run; ends with 1 when anything does.")
    ] = False,
    format_: FormatOption = Format.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Make the records of calls and queue entries again from the logs (journal, changes of entries); say what differed.

    May run beside a hotline. A record whose log is not whole any more is left as it is.
    """
    span, counts = (moment(since, "--since"), moment(until, "--until")), Counts()

    async def work(store: Store, settings: Settings) -> list[str]:
        found = rebuild(store, span, write=not (dry_run or check), counts=counts)
        return [str(difference) async for difference in found]

    with explained(format_):
        differences = with_store(work, config, database_url)
    if format_ is Format.json:
        plain = {
            "calls": counts.calls,
            "entries": counts.entries,
            "left": counts.left,
            "differences": differences,
        }
        typer.echo(json.dumps(plain, ensure_ascii=False, indent=1))
    else:
        for line in differences[:MOST_SHOWN]:
            typer.echo(line)
        if len(differences) > MOST_SHOWN:
            typer.echo(f"... and {len(differences) - MOST_SHOWN} more: --format json shows all")
        done = "differ" if dry_run or check else "differed and are made anew"
        typer.echo(
            f"{counts.calls} calls and {counts.entries} queue entries looked at: {counts.different} {done}, "
            f"{counts.left} left as they are (their log is not whole)"
        )
    raise typer.Exit(1 if check and differences else 0)
