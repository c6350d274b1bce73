"""`ivr kpi`: the figures of the service, per queue, agent or hour."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Column, Table

from ivr.cli.opening import ConfigOption, DatabaseOption, explained
from ivr.cli.stored import SinceOption, UntilOption, moment, with_store
from ivr.config import Settings
from ivr.projections.kpi import WITHIN_S, Figures
from ivr.projections.kpi_stored import service_figures
from storage.store import Store

console = Console(highlight=False)


class Grouping(StrEnum):
    queue = "queue"
    agent = "agent"
    hour = "hour"


class Shape(StrEnum):
    text = "text"
    json = "json"
    csv = "csv"


def kpi(
    since: SinceOption = "1d",
    until: UntilOption = "",
    by: Annotated[Grouping, typer.Option("--by", help="Figures for each.")] = Grouping.queue,
    within: Annotated[
        float, typer.Option("--within", min=0, help="The service level's time to answer, s.")
    ] = WITHIN_S,
    zone: Annotated[
        str, typer.Option("--zone", help="Of the hours: Asia/Shanghai; default: this machine's.")
    ] = "",
    format_: Annotated[Shape, typer.Option("--format", help="text, json or csv.")] = Shape.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Offered, answered, abandoned, service level, mean wait and handling time, occupancy (docs/administrators/kpi.md).

    Made from queue entries and agents' histories, so each figure can be traced to its calls.
    """
    now = dt.datetime.now(dt.UTC)
    first, last = moment(since, "--since") or now - dt.timedelta(days=1), moment(until, "--until") or now
    hours_of = _zone(zone)

    async def work(store: Store, settings: Settings) -> list[Figures]:
        return await service_figures(store, first, last, by=by.value, zone=hours_of, within_s=within)

    with explained():
        lines = with_store(work, config, database_url)
    plain = [_plain(line) for line in lines]
    if format_ is Shape.json:
        span = {"since": first.isoformat(), "until": last.isoformat(), "by": by.value, "within_s": within}
        typer.echo(json.dumps(span | {"lines": plain}, ensure_ascii=False, indent=1))
    elif format_ is Shape.csv:
        out = io.StringIO()
        writer = csv.DictWriter(out, list(plain[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(plain)
        typer.echo(out.getvalue(), nl=False)
    else:
        for table in _tables(plain, by.value, console.width):
            console.print(table)


def _tables(lines: list[dict[str, Any]], by: str, width: int) -> list[Table]:
    """A column for each of `lines`, a row for each figure; more than one table where they do not fit in `width`."""
    names = [name for name in lines[0] if name != "key"]
    first, column = max(map(len, names)) + 2, max(8, *(len(line["key"]) for line in lines)) + 2
    a_table = max(1, (width - first) // column)
    tables = []
    for begin in range(0, len(lines), a_table):
        some = lines[begin : begin + a_table]
        table = Table(Column(by, no_wrap=True), box=None)
        for line in some:
            table.add_column(line["key"], justify="right", no_wrap=True)
        for name in names:
            table.add_row(name, *("" if line[name] is None else str(line[name]) for line in some))
        tables.append(table)
    return tables


def _plain(line: Figures) -> dict[str, Any]:
    def rounded(value: float | None, digits: int) -> float | None:
        return None if value is None else round(value, digits)

    return {
        "key": line.key,
        "offered": line.offered,
        "answered": line.answered,
        "abandoned": line.abandoned,
        "abandoned_short": line.abandoned_short,
        "called_back": line.called_back,
        "not_served": line.not_served,
        "waiting": line.waiting,
        "connection_rate": rounded(line.connection_rate, 4),
        "service_level": rounded(line.service_level, 4),
        "abandon_rate": rounded(line.abandon_rate, 4),
        "asa_s": rounded(line.asa_s, 1),
        "handled": len(line.handled),
        "aht_s": rounded(line.aht_s, 1),
        "occupancy": rounded(line.occupancy, 4),
        "utilisation": rounded(line.utilisation, 4),
        "do_not_disturb_s": rounded(line.do_not_disturb_s, 1),
    }


def _zone(name: str) -> dt.tzinfo:
    if not name:
        found = dt.datetime.now().astimezone().tzinfo
        assert found is not None
        return found
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise typer.BadParameter(f"there is no time zone {name}", param_hint="--zone") from None
