"""Rows of any table as lines of JSON, and back: what backups and archives are made of, the same from both databases.

Each value is as JSON holds it; of the others: a time is an ISO text, bytes are base64, words to search by are a list.
What a column is, is said beside the lines (`kinds_of`), so that they can be read when the tables are others.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Double,
    LargeBinary,
    MetaData,
    Table,
    Text,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from storage.tables import Json, SearchWords, UtcDateTime

Kind = Literal["text", "whole", "number", "flag", "time", "json", "bytes", "words"]
Kinds = Mapping[str, Kind]
"""Column -> what it holds."""
PAGE: Final = 1000
_TYPES: Final[Mapping[Kind, TypeEngine[Any]]] = {
    "text": Text(),
    "whole": BigInteger(),
    "number": Double(),
    "flag": Boolean(),
    "time": UtcDateTime(),
    "json": Json,
    "bytes": LargeBinary(),
    "words": SearchWords(),
}
_PYTHON: Final[Mapping[type, Kind]] = {bool: "flag", int: "whole", float: "number", str: "text"}


def kinds_of(table: Table) -> dict[str, Kind]:
    # Plain texts: a column's name is a kind of text of its own, which is no key in JSON.
    return {str(column.name): _kind(column) for column in table.columns}


def _kind(column: Column[Any]) -> Kind:
    match column.type:
        case UtcDateTime():
            return "time"
        case SearchWords():
            return "words"
        case LargeBinary():
            return "bytes"
        case JSON():
            return "json"
        case other:
            return _PYTHON[other.python_type]


# --- out


async def dumped(
    connection: AsyncConnection,
    table: Table,
    where: Sequence[ColumnElement[bool]] = (),
    order: Sequence[ColumnElement[Any]] = (),
) -> AsyncIterator[tuple[bytes, int]]:
    """(lines, how many) page by page, by the key unless another order is given. All of one transaction's view."""
    kinds = kinds_of(table)
    writers = [_WRITERS.get(kind) for kind in kinds.values()]
    query = select(*table.columns).where(*where).order_by(*(order or table.primary_key.columns))
    async with connection.stream(query.execution_options(yield_per=PAGE)) as result:
        async for rows in result.partitions(PAGE):
            lines = [
                orjson.dumps(
                    {
                        name: value if value is None or writer is None else writer(value)
                        for name, writer, value in zip(kinds, writers, row, strict=True)
                    }
                )
                for row in rows
            ]
            yield b"\n".join(lines) + b"\n", len(lines)


def _words(stored: str) -> list[str]:
    """`a b` of SQLite; `'a':1 'b':2,5` of Postgres."""
    placed = re.findall(r"'([^']*)':([\d,]+)", stored)
    if not placed:
        return stored.split()
    places = [(int(place), word) for word, all_of in placed for place in all_of.split(",")]
    return [word for _, word in sorted(places)]


_WRITERS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "time": lambda value: value.isoformat(),
    "bytes": lambda value: base64.b64encode(value).decode(),
    "words": _words,
}

# --- in


def rows_of(lines: Iterable[bytes], kinds: Kinds) -> list[dict[str, Any]]:
    """Raises ValueError for what is no line of such a table."""
    readers = {name: _READERS[kind] for name, kind in kinds.items() if kind in _READERS}
    rows = []
    for line in lines:
        row = orjson.loads(line)
        for name, read in readers.items():
            if row[name] is not None:
                row[name] = read(row[name])
        rows.append(row)
    return rows


async def load(
    connection: AsyncConnection,
    name: str,
    kinds: Kinds,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str] = (),
) -> int:
    """Rows into the table of that name, whatever this code knows of it. key: rows that are there already stay as they
    are. How many were written."""
    table = Table(name, MetaData(), *(Column(column, _TYPES[kind]) for column, kind in kinds.items()))
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table)
    if not key:
        await connection.execute(insert, list(rows))
        return len(rows)
    done = await connection.execute(insert.on_conflict_do_nothing(index_elements=key).values(list(rows)))
    return max(done.rowcount, 0)


async def follow_on(connection: AsyncConnection) -> None:
    """Postgres gives out row numbers from a sequence of its own: after rows with numbers came in, the next ones."""
    if connection.dialect.name != "postgresql":
        return

    def numbered(sync: Connection) -> list[tuple[str, str]]:
        found = inspect(sync)
        return [
            (table, column["name"])
            for table in found.get_table_names()
            for column in found.get_columns(table)
            if "nextval" in str(column.get("default") or "")
        ]

    for table, column in await connection.run_sync(numbered):
        await connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "  # noqa: S608  # names of our own tables
            f'(SELECT coalesce(max("{column}"), 0) + 1 FROM "{table}"), false)'
        )


_READERS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    "time": dt.datetime.fromisoformat,
    "bytes": base64.b64decode,
}
