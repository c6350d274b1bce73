"""What commands about the whole database share: opening it, and reading times."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from ivr.config import Settings, load_settings
from ivr.errors import StorageError
from storage.errors import parse_url
from storage.store import Store

Result = TypeVar("Result")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SinceOption = Annotated[str, typer.Option("--since", help="From then on: 12h, 7d, 2w, or 2026-11-20.")]
UntilOption = Annotated[str, typer.Option("--until", help="Until then (not included), likewise.")]


def moment(typed: str, option: str) -> dt.datetime | None:
    """`7d` before now, or a date or time of this machine's zone. None: nothing was typed."""
    if not typed:
        return None
    span = re.fullmatch(r"(\d{1,4})([mhdw])", typed)
    if span is not None:
        return dt.datetime.now(dt.UTC) - dt.timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        return dt.datetime.fromisoformat(typed).astimezone()
    except ValueError:
        raise typer.BadParameter("12h, 7d, 2w, or a date: 2026-11-20", param_hint=option) from None


def with_store(
    work: Callable[[Store, Settings], Awaitable[Result]], config: Path | None, database_url: str
) -> Result:
    """What `work` gives, done with the database of the settings. Raises HotlineError."""
    settings = load_settings(config)
    url = database_url or settings.effective_database_url
    refuse_nothing(url)

    async def inside() -> Result:
        async with await Store.open(url, pool_size=1) as store:
            return await work(store, settings)

    return asyncio.run(inside())


def refuse_nothing(url: str) -> None:
    """A file that is not there would be told of as a database that does not work."""
    parsed = parse_url(url)
    if parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists():
        raise StorageError(f"there is no {parsed.database}", mend="`ivr migrate` makes it")
