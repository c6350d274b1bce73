"""`ivr missed`: callers who are owed a call: list, show, close."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Column, Table

from ivr.cli.opening import ConfigOption, DatabaseOption, FormatOption, explained
from ivr.cli.opening import Format as Told
from ivr.cli.transcript_files import who
from ivr.config import load_settings
from ivr.errors import StorageError
from ivr.missed.service import MissedCalls
from storage.act_records import ActRecord
from storage.errors import parse_url
from storage.masking import mask
from storage.missed_records import MissedCallRecord
from storage.store import Store

Result = TypeVar("Result")
DAY = dt.timedelta(days=1)
app = typer.Typer(
    help="Missed calls: who is owed a call. Numbers are masked; --clear shows them, and puts that on record.",
    no_args_is_help=True,
)
console = Console(highlight=False)


class Reason(StrEnum):
    abandoned = "abandoned"
    dead_air = "dead_air"
    lost = "lost"
    not_served = "not_served"
    voicemail = "voicemail"


ClearOption = Annotated[bool, typer.Option("--clear", help="Show numbers. Who did so is put on record.")]
ByOption = Annotated[str, typer.Option("--by", help="Who (default: who is logged in here).")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `ivr missed list` shows it.")]


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is past its time.")] = False,
    reason: Annotated[Reason | None, typer.Option("--reason", help="Only these.")] = None,
    queue: Annotated[str, typer.Option("--queue", help="Only of this queue.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    clear: ClearOption = False,
    by: ByOption = "",
    format: FormatOption = Told.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Whom to call back, what is due soonest first; then the counts of the last 24 hours."""

    async def work(store: Store) -> None:
        service, now = MissedCalls(store, _now), _now()
        found = await service.listed(
            state=None if everything else "open",
            reason=None if reason is None else reason.value,
            queue=queue or None,
            overdue=overdue,
            limit=limit,
        )
        counts = await service.counts(now - DAY, now + DAY)
        if clear:
            await _on_record(store, who(by), "", len(found))
        if format is Told.json:
            plain = {"missed": [_plain(one, clear) for one in found], "last_24_h": asdict(counts)}
            typer.echo(json.dumps(plain, ensure_ascii=False, indent=1, default=str))
            return
        table = Table(
            Column("id", no_wrap=True),
            Column("number", no_wrap=True, min_width=11),
            "reason",
            "calls",
            "last",
            "due",
            "queue",
            "state",
            box=None,
        )
        for one in found:
            due = f"{one.due_at.astimezone():%m-%d %H:%M}"
            late = one.state == "open" and one.due_at < now
            table.add_row(
                one.id,
                _number(one, clear),
                one.reason,
                str(one.count),
                f"{one.last_at.astimezone():%m-%d %H:%M}",
                f"[red]{due}[/]" if late else due,
                one.queue,
                one.closed_how or ("promised" if one.callback_id else "open"),
            )
        console.print(table if found else "nobody is owed a call")
        closed = ", ".join(f"{how} {number}" for how, number in sorted(counts.closed.items())) or "none"
        console.print(
            f"last 24 h: {counts.obligations} callers, {counts.calls} calls in vain; open {counts.open}, "
            f"overdue {counts.overdue}; closed: {closed}"
        )

    _run(work, config, database_url)


@app.command()
def show(
    id: IdArgument,
    clear: ClearOption = False,
    by: ByOption = "",
    format: FormatOption = Told.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """One of them, with all that is known."""

    async def work(store: Store) -> None:
        missed = MissedCalls(store, _now)
        record = await missed.get(id)
        found = _plain(record, clear) | {
            "cause": await missed.cause(record),
            "calls": await missed.calls(record),
        }
        if clear:
            await _on_record(store, who(by), id, 1)
        if format is Told.json:
            typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str))
            return
        for name, value in found.items():
            if value not in ("", None):
                typer.echo(f"{name}: {' '.join(value) if isinstance(value, list) else value}")

    _run(work, config, database_url)


@app.command()
def close(
    id: IdArgument,
    why: Annotated[str, typer.Option("--why", "-m", help="Why, in a few words.")],
    by: ByOption = "",
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Close it by hand: somebody has called, or need not."""

    async def work(store: Store) -> None:
        closed = await MissedCalls(store, _now).close(id, by=who(by), why=why)
        typer.echo(f"{closed.id} is closed")

    _run(work, config, database_url)


def _plain(record: MissedCallRecord, clear: bool) -> dict[str, Any]:
    fields = asdict(record)
    del fields["caller_key"], fields["revision"]
    return fields | {"number": _number(record, clear)}


def _number(record: MissedCallRecord, clear: bool) -> str:
    return (record.number if clear else mask(record.number)) or "withheld"


async def _on_record(store: Store, by: str, id: str, count: int) -> None:
    act = ActRecord(
        id=f"act-{secrets.token_hex(8)}",
        at=_now(),
        author=by,
        kind="missed_call",
        act="number_shown",
        subject=id,
        data={"count": count},
    )
    async with store.unit_of_work() as uow:
        await uow.acts.append(act)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _run(work: Callable[[Store], Awaitable[Result]], config: Path | None, database_url: str) -> Result:
    async def inside(url: str) -> Result:
        async with await Store.open(url, pool_size=1) as store:
            return await work(store)

    with explained():
        url = database_url or load_settings(config).effective_database_url
        parsed = parse_url(url)
        if parsed.drivername.startswith("sqlite") and not Path(parsed.database or "").exists():
            raise StorageError(f"there is no {parsed.database}", mend="`ivr migrate` makes it")
        return asyncio.run(inside(url))
