"""Many rows into one table in as few steps as the database allows: what `bench.journal` found to be fastest.

Postgres   `COPY` where the rows are new, else one `INSERT ... SELECT FROM unnest(...)` of an array a column; events of
           journals are copied as the spool has them
SQLite     `executemany` of one row each, which the driver does in its thread

A key that is there already is left alone, or its row is replaced unless its revision is higher.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import JSON, Dialect, Table
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import spool_rows
from storage.engine import json_text
from storage.errors import StorageRefused, first_line
from storage.tables import UtcDateTime, journal

Convert = Callable[[Sequence[Any]], Sequence[Any]]

_WITH_FRACTION: Final = len("2026-11-26T08:15:00.000001+00:00")
COPY_FROM: Final = 30
"""Rows; for fewer a COPY is not worth its step of its own."""


class BulkInsert:
    """Of rows with these columns, in that order. key: a row is known by it. replaced: see above."""

    def __init__(self, table: Table, columns: Sequence[str], key: Sequence[str], replaced: bool) -> None:
        self._table = table
        self._columns = columns
        self._conflict = _conflict(table, columns, key, replaced)
        self._made: dict[str, _Prepared] = {}

    async def insert(
        self, connection: AsyncConnection, columns: Sequence[Sequence[Any]], *, new: bool = False
    ) -> None:
        """columns: each with its values, one a row. new: none of the keys is likely to be there; if one is,
        StorageRefused comes of it where COPY is used.

        Raises StorageRefused for values that no database takes, what the driver raises for the rest.
        """
        made = self._prepared(connection.dialect)
        with _refused():
            columns = made.bound(columns)
            if connection.dialect.name != "postgresql":
                await connection.exec_driver_sql(made.statement, list(zip(*columns, strict=True)))
            elif new and made.can_copy and len(columns[0]) >= COPY_FROM:
                await self._copy(connection, columns)
            else:
                await connection.exec_driver_sql(made.statement, tuple(columns))

    async def _copy(self, connection: AsyncConnection, columns: Sequence[Sequence[Any]]) -> None:
        records = zip(*columns, strict=True)
        driver = await _driver(connection)
        await driver.copy_records_to_table(self._table.name, records=records, columns=self._columns)

    def _prepared(self, dialect: Dialect) -> _Prepared:
        made = self._made.get(dialect.name)
        if made is None:
            made = self._made[dialect.name] = _Prepared(self._table, self._columns, self._conflict, dialect)
        return made


async def copy_events(connection: AsyncConnection, rows: Sequence[bytes]) -> bool:
    """Rows of `spool_rows.py`, none of which is likely to be there. False: there are too few of them for a COPY, or
    this database has none; nothing is done.

    Raises what the driver raises.
    """
    if connection.dialect.name != "postgresql" or len(rows) < COPY_FROM:
        return False
    driver = await _driver(connection)
    # The driver would take plain bytes for the path of a file.
    source = memoryview(spool_rows.copied(rows))
    await driver.copy_to_table(journal.name, source=source, columns=spool_rows.COLUMNS, format="binary")
    return True


async def _driver(connection: AsyncConnection) -> Any:
    """asyncpg's own connection, with the transaction begun."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    if not driver.is_in_transaction():
        # SQLAlchemy begins it with its first statement only; what follows goes past it.
        await connection.exec_driver_sql("SELECT 1")
    return driver


class _Prepared:
    """The statements and the conversions of values, for one kind of database."""

    def __init__(self, table: Table, columns: Sequence[str], conflict: str, dialect: Dialect) -> None:
        self._convert: list[tuple[int, Convert]] = []
        self.can_copy = not any(_is_words(table, name, dialect) for name in columns)
        """The driver has no binary form for words to search by."""
        for place, name in enumerate(columns):
            convert = _conversion(table, name, dialect)
            if convert is not None:
                self._convert.append((place, convert))
        names = _names(columns)
        if dialect.name == "postgresql":
            types = [_array_type(table, name, dialect) for name in columns]
            arrays = ", ".join(f"${place}::{array}[]" for place, (array, _) in enumerate(types, start=1))
            chosen = ", ".join(f'"{name}"{cast}' for name, (_, cast) in zip(columns, types, strict=True))
            source = f"SELECT {chosen} FROM unnest({arrays}) AS row ({names})"  # noqa: S608  # names of our own
        else:
            source = f"VALUES ({', '.join('?' * len(columns))})"
        self.statement = f'INSERT INTO "{table.name}" ({names}) {source} {conflict}'

    def bound(self, columns: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        """As the driver takes them."""
        found = list(columns)
        for place, convert in self._convert:
            found[place] = convert(found[place])
        return found


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _conflict(table: Table, columns: Sequence[str], key: Sequence[str], replaced: bool) -> str:
    target = f"ON CONFLICT ({_names(key)})"
    if not replaced:
        return f"{target} DO NOTHING"
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in key)
    return f'{target} DO UPDATE SET {changes} WHERE excluded."revision" >= "{table.name}"."revision"'


def _conversion(table: Table, name: str, dialect: Dialect) -> Convert | None:
    """As the column's type converts its values, without a step through SQLAlchemy each where they are many."""
    kind = table.c[name].type
    if isinstance(kind, UtcDateTime):
        return _aware if dialect.name == "postgresql" else _utc_text
    if isinstance(kind, JSON) and kind.none_as_null:
        return _json_text
    each = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if each is None else lambda values: list(map(each, values))


def _json_text(values: Sequence[Any]) -> Sequence[Any]:
    return [None if value is None else json_text(value) for value in values]


def _aware(values: Sequence[Any]) -> Sequence[Any]:
    for value in values:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
    return values


def _utc_text(values: Sequence[Any]) -> Sequence[Any]:
    if not all([type(value) is dt.datetime and value.tzinfo is dt.UTC for value in values]):
        _aware(values)
        return [
            None if value is None else value.astimezone(dt.UTC).isoformat(" ", "microseconds")[:26]
            for value in values
        ]
    # Ten times as fast as `isoformat` of each: `2026-11-26T08:15:00.000001+00:00`, or without a fraction.
    found = orjson.dumps(values).decode()[2:-2].replace("T", " ").split('","') if values else []
    return [text[:26] if len(text) == _WITH_FRACTION else f"{text[:19]}.000000" for text in found]


def _is_words(table: Table, name: str, dialect: Dialect) -> bool:
    kind = table.c[name].type.dialect_impl(dialect)
    return isinstance(getattr(kind, "impl_instance", kind), TSVECTOR)


def _array_type(table: Table, name: str, dialect: Dialect) -> tuple[str, str]:
    """The type of an array of this column's values, and the cast that makes the column of one."""
    kind = table.c[name].type.dialect_impl(dialect)
    inner = getattr(kind, "impl_instance", kind)
    if isinstance(inner, JSONB):
        return "text", "::jsonb"
    if isinstance(inner, TSVECTOR):
        return "text", "::tsvector"
    return inner.compile(dialect).partition("(")[0], ""


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """Values that cannot be converted."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        # The value itself may be personal data: only what kind of value it is.
        said = f"{type(error).__name__}: {first_line(error)}"
        raise StorageRefused(f"this data cannot be stored: {said}") from error
