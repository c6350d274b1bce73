"""`ivr explain`: why a caller waited, and why that agent got the call."""

from __future__ import annotations

import asyncio
import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ivr.cli.opening import ConfigOption, DatabaseOption, Format, FormatOption, explained
from ivr.config import load_settings
from ivr.errors import StorageError
from ivr.explain.facts import Facts
from ivr.explain.reading import facts_of
from ivr.explain.shown import as_json, as_text
from ivr.explain.story import story
from storage.errors import parse_url
from storage.store import Store


class In(StrEnum):
    zh = "zh"
    en = "en"


def explain(
    call: Annotated[str, typer.Argument(metavar="CALL", help="The call's id.")],
    language: Annotated[In, typer.Option("--language", "-l", help="zh or en.")] = In.en,
    format: FormatOption = Format.text,
    utc: Annotated[bool, typer.Option("--utc", help="Times in UTC (default: this machine's zone).")] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Why this caller waited and why this agent got the call: each decision, offer, miss and move, with its reasons.

    Numbers are masked. Who was free or busy is told as it was at that moment.
    """
    with explained(format):
        facts = asyncio.run(_read(call, _url(config, database_url)))
        lines = story(facts, language.value)
        if format is Format.json:
            typer.echo(as_json(facts, lines, language.value), nl=False)
        else:
            zone = dt.UTC if utc else dt.datetime.now().astimezone().tzinfo or dt.UTC
            typer.echo(as_text(facts, lines, language.value, zone), nl=False)


async def _read(call: str, url: str) -> Facts:
    async with await Store.open(url, pool_size=1) as store:
        return await facts_of(store, call)


def _url(config: Path | None, database_url: str) -> str:
    """A file that is not there would be told of as a database that does not work. Raises StorageError."""
    url = database_url or load_settings(config).effective_database_url
    parsed = parse_url(url)
    if parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists():
        raise StorageError(f"there is no {parsed.database}", mend="`ivr run` makes it; or name another")
    return url
