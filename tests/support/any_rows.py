"""Rows for every table of a database, whatever its revision: each column filled with something worth losing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import JSON, DateTime

T0 = dt.datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=dt.UTC)
ODD: Mapping[tuple[str, str], str] = {
    # What a migration reads has to be what was written then.
    ("flow_versions", "source"): "# file: main.yaml\nflow: main{n}\n",
}
Row = dict[str, Any]


def tables_of(connection: Connection) -> dict[str, Table]:
    """As the database has them, without Alembic's and those of the full-text index."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: ours(name))
    return {name: table for name, table in found.tables.items() if ours(name)}


def ours(name: str) -> bool:
    return name != "alembic_version" and not name.startswith("transcripts_words")


def fill(connection: Connection, numbers: range) -> dict[str, dict[tuple[Any, ...], Row]]:
    """A row a number into every table, as `read` gives them; a number makes keys and values that no other makes."""
    made: dict[str, dict[tuple[Any, ...], Row]] = {}
    for name, table in tables_of(connection).items():
        rows = [_row(connection, table, number) for number in numbers]
        connection.execute(insert(table), rows)
        made[name] = {_key(table, row): row for row in rows}
    return made


def read(connection: Connection) -> dict[str, dict[tuple[Any, ...], Row]]:
    """Table -> key -> row."""
    return {
        name: {_key(table, row): dict(row) for row in connection.execute(select(table)).mappings()}
        for name, table in tables_of(connection).items()
    }


def _key(table: Table, row: Any) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)


def _row(connection: Connection, table: Table, number: int) -> Row:
    return {column.name: _value(connection, table, column, number) for column in table.columns}


def _value(connection: Connection, table: Table, column: Column[Any], number: int) -> Any:
    kind = column.type
    if (odd := ODD.get((table.name, column.name))) is not None and isinstance(kind, String):
        return odd.format(n=number)
    match kind:
        case TSVECTOR():
            return f"'文':1 'n{number}':2"
        case JSON() if (table.name, column.name) == ("flow_versions", "files"):
            # A version names files that there are.
            return {"main.yaml": f"hash-文-{number}"}
        case JSON() if column.name in ("words", "steps", "reasons"):
            return [{"text": f"文{number}", "start_s": 0.5, "end_s": 1.5}]
        case JSON():
            return {"n": number, "人": [1, 2.5, None, f"值{number}"]}
        case DateTime():
            at = T0 + dt.timedelta(seconds=number)
            return at if connection.dialect.name == "postgresql" else at.replace(tzinfo=None)
        case Boolean():
            return number % 2 == 0
        case Integer():
            return number
        case Float():
            return number + 0.25
        case LargeBinary():
            return f"内容{number}".encode()
        case String():
            text = f"{column.name}-文-{number}"
            return text[-kind.length :] if kind.length else text
        case _:
            raise TypeError(f"no value for {table.name}.{column.name}: {kind!r}")
