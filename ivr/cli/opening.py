"""What the commands about versions share: their options, the versions that they work on, how they tell an error."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ivr.config import Settings, load_settings
from ivr.errors import HotlineError, VersionError
from ivr.flow.findings import FlowLoadError
from ivr.versions.content import read_beside
from ivr.versions.service import Versions
from storage.errors import parse_url
from storage.migrate import upgrade
from storage.store import Store

MOST_FAULTS = 20
"""Of a draft, told at once."""


class Format(StrEnum):
    text = "text"
    json = "json"


ConfigOption = Annotated[Path | None, typer.Option("--config", help="The settings file.", metavar="FILE")]
DatabaseOption = Annotated[str, typer.Option("--database-url", help="Instead of the one in the settings.")]
FormatOption = Annotated[Format, typer.Option("--format", help="text or json.")]
MessageOption = Annotated[str, typer.Option("--message", "-m", help="Why, in a sentence.")]
AuthorOption = Annotated[str, typer.Option("--author", help="Who (default: who is logged in here).")]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map", help="Callers who wait come back here instead: FLOW.OLD=FLOW.NEW. May be repeated."
    ),
]
KeepOption = Annotated[
    bool,
    typer.Option("--keep", help="Callers who would come back to a node that is gone stay on their version."),
]


@contextlib.asynccontextmanager
async def opened(
    config: Path | None, database_url: str, *, making: bool = False
) -> AsyncIterator[tuple[Versions, Settings]]:
    """The versions in the database of the settings. making: the database is made, or brought up to date, first."""
    settings = load_settings(config)
    url = database_url or settings.effective_database_url
    if making:
        await upgrade(url)
    else:
        _refuse_nothing(url)
    async with await Store.open(url, pool_size=1) as store:
        beside = read_beside(settings.flows_dir)
        yield Versions(store, settings.hotline, entry_flow=settings.entry_flow, beside=beside), settings


@contextlib.contextmanager
def explained(format: Format = Format.text) -> Iterator[None]:
    """An error of ours is told with its cure and exit code 1; faults of a draft each at its place."""
    try:
        yield
    except HotlineError as error:
        if format is Format.json:
            findings = [asdict(one) for one in error.findings] if isinstance(error, FlowLoadError) else []
            plain = {"error": str(error), "mend": error.mend, "findings": findings}
            typer.echo(json.dumps(plain, ensure_ascii=False, indent=2))
        elif isinstance(error, FlowLoadError):
            errors = [finding for finding in error.findings if finding.severity == "error"]
            for finding in errors[:MOST_FAULTS]:
                typer.secho(str(finding), fg="red", err=True)
            if len(errors) > MOST_FAULTS:
                typer.echo(f"... and {len(errors) - MOST_FAULTS} more: `ivr check` shows all", err=True)
            typer.echo("nothing has changed: the draft has faults", err=True)
        else:
            typer.secho(str(error), fg="red", err=True)
            if error.mend:
                typer.echo(error.mend, err=True)
        raise typer.Exit(1) from None


def _refuse_nothing(url: str) -> None:
    """A file that is not there would be told of as a database that does not work."""
    parsed = parse_url(url)
    if parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists():
        raise VersionError(
            f"nothing is published: there is no {parsed.database}", mend="`ivr publish -m ...`"
        )
