"""`ivr audit`: whether the figures of the calls' records are those of the journal."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from ivr.audit.evidence import evidence_of
from ivr.audit.figures import discrepancies
from ivr.cli.opening import ConfigOption, DatabaseOption, Format, FormatOption
from ivr.config import load_settings
from ivr.errors import HotlineError
from storage.store import Store


def audit(
    call: Annotated[str, typer.Argument(help="One call; without it the latest ones.", metavar="[CALL]")] = "",
    *,
    latest: Annotated[int, typer.Option(min=1, max=100_000, help="So many ended calls.")] = 100,
    format_: FormatOption = Format.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Compute each call's figures anew from its journal, and tell what does not agree. Ends with 1 when something does
    not."""
    url = database_url or load_settings(config).effective_database_url
    try:
        looked_at, wrong = asyncio.run(_audited(url, call, latest))
    except HotlineError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    if format_ is Format.json:
        typer.echo(json.dumps({"calls": looked_at, "discrepancies": wrong}, ensure_ascii=False))
    else:
        for name, faults in wrong.items():
            typer.echo(f"{name}\n" + "\n".join(f"  {fault}" for fault in faults))
        typer.echo(f"{looked_at} calls looked at, {len(wrong)} with figures that do not agree")
    raise typer.Exit(1 if wrong else 0)


async def _audited(url: str, call: str, latest: int) -> tuple[int, dict[str, list[str]]]:
    """Raises HotlineError: no such call, or the database cannot be read."""
    async with await Store.open(url) as store, store.reading() as uow:
        if call:
            record = await uow.calls.get(call)
            if record is None:
                raise HotlineError(f"there is no call {call}")
            records = [record]
        else:
            records = [one for one in await uow.calls.recent(latest) if one.state == "ended"]
        found = {record.id: discrepancies(await evidence_of(uow, record)) for record in records}
    return len(records), {name: faults for name, faults in found.items() if faults}
