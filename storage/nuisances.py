"""Callers who are not let in: numbers and patterns that somebody listed, until they are taken off again.

A row is of present state; what was taken off stays, with who did it. `serial` numbers the changes of all, so that a
running server sees by one look-up that something has changed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from sqlalchemy import BigInteger, Column, String, Table, Text, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageRefused, explained
from storage.repository import Repository
from storage.tables import UtcDateTime, metadata

nuisances: Final = Table(
    "nuisances",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("pattern", String(64), nullable=False),
    Column("treatment", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("until", UtcDateTime, nullable=True),
    Column("removed_at", UtcDateTime, nullable=True),
    Column("removed_by", String(128), nullable=False, server_default=""),
    Column("serial", BigInteger, nullable=False, unique=True),
)


@dataclass(frozen=True, slots=True)
class NuisanceRecord:
    """until: None = for good. removed_at: None = in force, as long as `until` is not over."""

    id: str
    pattern: str = field(repr=False)
    treatment: Literal["message", "reject"]
    reason: str
    created_at: dt.datetime
    created_by: str
    until: dt.datetime | None = None
    removed_at: dt.datetime | None = None
    removed_by: str = ""
    serial: int = 0

    def in_force(self, now: dt.datetime) -> bool:
        return self.removed_at is None and (self.until is None or now < self.until)


class Nuisances(Repository[NuisanceRecord]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, NuisanceRecord, nuisances)

    async def listed(self, *, removed: bool = False) -> list[NuisanceRecord]:
        """Youngest first. removed: also what was taken off."""
        query = self._select() if removed else self._select().where(nuisances.c.removed_at.is_(None))
        return await self._many(query.order_by(nuisances.c.created_at.desc(), nuisances.c.id))

    async def get(self, id: str) -> NuisanceRecord | None:
        return await self._one(nuisances.c.id == id)

    async def last_serial(self) -> int:
        """0 when there are none. Cheap: a running server asks for it again and again."""
        with explained(self._connection.engine.url):
            return (await self._connection.execute(select(func.max(nuisances.c.serial)))).scalar() or 0

    async def put(self, record: NuisanceRecord, *, new: bool) -> NuisanceRecord:
        """Write it with the next serial, which is returned.

        Raises StorageRefused when somebody else has changed the list in the same moment.
        """
        row = asdict(record) | {"serial": await self.last_serial() + 1}
        statement = nuisances.insert() if new else nuisances.update().where(nuisances.c.id == record.id)
        with explained(self._connection.engine.url):
            try:
                await self._connection.execute(statement.values(row))
            except IntegrityError as error:
                raise StorageRefused(
                    "the nuisance list was changed by somebody else in the same moment", mend="try again"
                ) from error
        return NuisanceRecord(**row)
