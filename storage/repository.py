"""What all repositories share: records out of rows, facts into rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import explained
from storage.records import Fact
from storage.writing import KINDS, write

PART = 1000
"""Ids a statement: both databases have a limit."""

Record = TypeVar("Record")
FactRecord = TypeVar("FactRecord", bound=Fact)


class Repository(Generic[Record]):
    """kind: a dataclass with the columns of `table` as its fields."""

    def __init__(self, connection: AsyncConnection, kind: type[Record], table: Table) -> None:
        self._connection = connection
        self._kind = kind
        self._columns = [table.c[each.name] for each in fields(kind)]  # type: ignore[arg-type]  # a dataclass

    async def _one(self, *where: ColumnElement[bool]) -> Record | None:
        found = await self._many(self._select().where(*where).limit(1))
        return found[0] if found else None

    def _select(self) -> Select[Any]:
        return select(*self._columns)

    async def _many(self, query: Select[Any]) -> list[Record]:
        with explained(self._connection.engine.url):
            rows = (await self._connection.execute(query)).all()
        return [self._kind(*row) for row in rows]

    async def _of(
        self,
        column: ColumnElement[Any],
        ids: Collection[str],
        *where: ColumnElement[bool],
        order_by: Sequence[ColumnElement[Any]] = (),
    ) -> list[Record]:
        """Rows with one of these ids in the column, in so many statements as it takes; order_by: led by the column."""
        ordered, found = sorted(set(ids)), list[Record]()
        for start in range(0, len(ordered), PART):
            query = self._select().where(column.in_(ordered[start : start + PART]), *where)
            found += await self._many(query.order_by(*order_by))
        return found


class FactRepository(Repository[FactRecord]):
    """Of a kind that the `FactWriter` takes too."""

    def __init__(self, connection: AsyncConnection, kind: type[FactRecord]) -> None:
        super().__init__(connection, kind, KINDS[kind].table)  # type: ignore[index]  # mypy wants the union spelt out

    async def _write(self, *records: FactRecord) -> None:
        with explained(self._connection.engine.url):
            await write(self._connection, records)
