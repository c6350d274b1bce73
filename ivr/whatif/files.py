"""A scenario's file and whatever it names, read from disk and database into a plan. The one part here that does I/O."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import gzip
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from ivr.flow.yaml_source import Document
from ivr.whatif.laws import CsvColumn, Floats, key_of
from ivr.whatif.model import Columns, History, Scenario
from ivr.whatif.plan import Plan, Source, plan_of
from ivr.whatif.reading import columns_in, fault_at, read_rules, read_scenario, stored_in
from ivr.whatif.stored import StoredCall, StoredCalls, collect
from storage import tables
from storage.store import Store

_SINCE = re.compile(r"(\d+)([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the command line says instead of the scenario. None = as the scenario says."""

    replications: int | None = None
    seed: int | None = None
    days: float | None = None


def load(path: Path, *, database_url: str = "", told: Told | None = None) -> Plan:
    """The scenario of that file, ready to run. database_url: what `database: ""` means. Not within an event loop.

    Raises ScenarioError with every fault and its place, StorageError, OSError for a file that cannot be read.
    """
    document, scenario = read_scenario(path.name, path.read_bytes())
    scenario = _as_told(document, scenario, told or Told())
    beside = path.resolve().parent
    queues = None
    if isinstance(scenario.queues, str):
        queues = _text(document, ("queues",), beside / scenario.queues)
    reading = read_rules(document, scenario, queues)
    columns = {key_of(column): _column(document, at, beside, column) for at, column in columns_in(scenario)}
    calls = {
        name: _calls(document, name, history, beside, database_url)
        for name, history in scenario.history.items()
    }
    stored: dict[Source, StoredCalls] = {}
    for at, used in stored_in(scenario):
        found = collect(calls[used.history], used.where)
        if found is None:
            raise fault_at(document, at, f"no call of `{used.history}` fits", "look at `where` and `since`")
        if not found.answered.any():
            raise fault_at(document, at, f"no call of `{used.history}` that fits was answered")
        stored[used.history, tuple(sorted(used.where.items()))] = found
    return plan_of(scenario, reading.rules, reading.stated, columns, stored)


def _as_told(document: Document, scenario: Scenario, told: Told) -> Scenario:
    changes: dict[str, object] = {}
    if told.replications is not None:
        changes["replications"] = told.replications
    if told.seed is not None:
        changes["seed"] = told.seed
    if told.days is not None:
        changes["horizon"] = told.days * 86_400.0
        if scenario.warm_up >= told.days * 86_400.0:
            raise fault_at(document, ("warm_up",), "it is as long as the days that are asked for")
    return scenario.model_copy(update=changes)


def _text(document: Document, at: tuple[str | int, ...], path: Path) -> str:
    """Of a file named in the scenario, unpacked where its name ends in .gz."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it cannot be unpacked"
        raise fault_at(
            document, at, f"{path.name} cannot be read: {reason}", "it is looked for beside the scenario"
        ) from None
    except UnicodeDecodeError:
        raise fault_at(document, at, f"{path.name} is not UTF-8") from None


def _column(document: Document, at: tuple[str | int, ...], beside: Path, column: CsvColumn) -> Floats:
    rows = csv.DictReader(io.StringIO(_text(document, at, beside / column.file)))
    known = rows.fieldnames or ()
    for name in (column.column, *column.where):
        if name not in known:
            raise fault_at(
                document, at, f"{column.file} has no column `{name}`", f"known: {', '.join(known)}"
            )
    values = []
    for row in rows:
        if all(row[key] == value for key, value in column.where.items()):
            values.append(_number(row[column.column], document, at, column.file, rows.line_num))
    if not values:
        raise fault_at(document, at, f"no row of {column.file} fits")
    return np.array(values) * column.unit_s


def _number(
    written: str | None, document: Document, at: tuple[str | int, ...], file: str, line: int
) -> float:
    try:
        value = float(written or "")
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise fault_at(document, at, f"{file}, line {line}: `{(written or '')[:20]}` is no time in seconds")
    return value


def _calls(
    document: Document, name: str, history: History, beside: Path, database_url: str
) -> list[StoredCall]:
    since = _since(history.since)
    if history.csv is not None:
        at = ("history", name, "csv")
        text = _text(document, at, beside / history.csv)
        found = list(_csv_calls(document, ("history", name), history.csv, text, history.columns))
        newest = max((call.arrived for call in found), default=None)
        if history.since is not None and newest is not None:
            # A file of last year has its own today.
            edge = _since(history.since, newest)
            found = [call for call in found if edge is None or call.arrived >= edge]
        return found
    return asyncio.run(_database_calls(history.database or database_url, since))


def _since(written: str | None, now: dt.datetime | None = None) -> dt.datetime | None:
    if written is None:
        return None
    span = _SINCE.fullmatch(written)
    if span is not None:
        return (now or dt.datetime.now(dt.UTC)) - dt.timedelta(**{_UNITS[span[2]]: int(span[1])})
    return (
        dt.datetime.fromisoformat(written)
        .replace(tzinfo=None if now is None else now.tzinfo)
        .astimezone(dt.UTC if now is None else now.tzinfo)
    )


def _csv_calls(
    document: Document, at: tuple[str | int, ...], file: str, text: str, columns: Columns
) -> Iterator[StoredCall]:
    rows = csv.DictReader(io.StringIO(text))
    known = rows.fieldnames or ()
    wanted = {
        key: name
        for key in ("arrived", "date", "wait", "talk", "wrap_up", "outcome", "kind")
        if (name := getattr(columns, key)) is not None
    }
    for key, name in wanted.items():
        if name not in known:
            cause, hint = f"{file} has no column `{name}` ({key})", f"known: {', '.join(known)}"
            raise fault_at(document, (*at, "columns"), cause, hint)

    def number(row: Mapping[str, str], name: str) -> float:
        return _number(row[name], document, at, file, rows.line_num)

    for row in rows:
        arrived = _when(row, columns, document, at, file, rows.line_num)
        talk = number(row, columns.talk)
        answered = row[columns.outcome] in columns.answered if columns.outcome else talk > 0
        yield StoredCall(
            arrived,
            number(row, columns.wait),
            talk,
            answered,
            not answered,
            number(row, columns.wrap_up) if columns.wrap_up else None,
            {**row, **({"kind": row[columns.kind]} if columns.kind else {})},
        )


def _when(
    row: Mapping[str, str],
    columns: Columns,
    document: Document,
    at: tuple[str | int, ...],
    file: str,
    line: int,
) -> dt.datetime:
    try:
        if columns.date is None:
            found = dt.datetime.fromisoformat(row[columns.arrived])
        else:
            seconds = dt.timedelta(seconds=float(row[columns.arrived]))
            found = dt.datetime.fromisoformat(row[columns.date]) + seconds
    except (ValueError, OverflowError):
        cause = f"{file}, line {line}: `{row[columns.arrived][:30]}` is no time"
        hint = "2026-11-26T08:00:00, or seconds since midnight and a column `date`"
        raise fault_at(document, (*at, "columns"), cause, hint) from None
    return found.replace(tzinfo=found.tzinfo or dt.UTC)


async def _database_calls(url: str, since: dt.datetime | None) -> list[StoredCall]:
    """The waits that are over, by this machine's clock."""
    table = tables.queue_entries
    asked = (
        table.c.enqueued_at,
        table.c.joined_at,
        table.c.ended_at,
        table.c.outcome,
        table.c.queue,
        table.c.language,
    )
    query = select(*asked).where(table.c.state == "ended", table.c.queue != "")
    if since is not None:
        query = query.where(table.c.enqueued_at >= since)
    async with await Store.open(url, pool_size=1) as store, store.reading() as uow:
        rows = (await uow.connection.execute(query)).all()
    return [
        StoredCall(
            enqueued.astimezone(),
            ((joined or ended) - enqueued).total_seconds(),
            (ended - joined).total_seconds() if joined is not None else 0.0,
            joined is not None,
            outcome == "abandoned",
            None,
            {"queue": queue, "language": language, "kind": queue},
        )
        for enqueued, joined, ended, outcome, queue, language in rows
        if ended is not None
    ]
