"""`ivr migrate`: bring the database to the tables of this version, look where it stands, or go back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ivr.config import load_settings
from ivr.errors import HotlineError
from storage.migrate import downgrade, status, upgrade

console = Console(stderr=True, highlight=False)


def migrate(
    config: Annotated[Path | None, typer.Option(help="The settings file.")] = None,
    database_url: Annotated[str, typer.Option(help="Instead of the one in the settings.")] = "",
    show: Annotated[bool, typer.Option("--status", help="Only say where the database stands.")] = False,
    down_to: Annotated[
        str, typer.Option("--down", help="Go back to this revision (`base`: nothing is left). Needs --yes.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Going back drops data: really do it.")] = False,
) -> None:
    """Bring the database to the tables of this version. Safe to repeat; nothing is changed when all is well."""
    try:
        url = database_url or load_settings(config).effective_database_url
        if show:
            code = _show(*asyncio.run(status(url)))
        elif down_to:
            code = _down(url, down_to, yes=yes)
        else:
            before, after = asyncio.run(upgrade(url))
            done = (
                f"is at revision {after}"
                if before == after
                else f"went from {before or 'nothing'} to {after}"
            )
            console.print(f"the database {done}")
            code = 0
    except HotlineError as error:
        console.print(str(error), style="red", markup=False)
        console.print(error.mend, markup=False)
        raise typer.Exit(1) from None
    raise typer.Exit(code)


def _show(found: str | None, needed: str) -> int:
    """Exit code 0 when the database fits this version, else 3."""
    console.print(f"the database has revision {found or 'none'}, this version needs {needed}")
    if found == needed:
        return 0
    console.print("run `ivr migrate`")
    return 3


def _down(url: str, revision: str, *, yes: bool) -> int:
    if not yes:
        console.print(
            "[red]going back drops what the older version has no tables for[/red]\nrepeat it with --yes"
        )
        return 2
    before, after = asyncio.run(downgrade(url, revision))
    console.print(f"the database went from {before or 'nothing'} back to {after or 'nothing'}")
    return 0
