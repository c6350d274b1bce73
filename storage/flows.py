"""Repositories of the dialogues: files and versions by content, releases by number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert

from storage import tables
from storage.errors import StorageRefused, explained
from storage.flow_records import FlowFile, FlowRelease, FlowVersion
from storage.repository import Repository


class FlowFiles(Repository[FlowFile]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, FlowFile, tables.flow_files)

    async def put(self, *files: FlowFile) -> None:
        """Content that is stored already stays as it is."""
        await _insert_new(self._connection, tables.flow_files, [asdict(file) for file in files])

    async def contents(self, hashes: Iterable[str]) -> Mapping[str, bytes]:
        """hash -> content; what is not stored is left out."""
        query = self._select().where(tables.flow_files.c.hash.in_(sorted(set(hashes))))
        return {file.hash: file.content for file in await self._many(query)}


class FlowVersions(Repository[FlowVersion]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, FlowVersion, tables.flow_versions)

    async def put(self, version: FlowVersion) -> None:
        """Content that is stored already stays as it is."""
        await _insert_new(self._connection, tables.flow_versions, [asdict(version)])

    async def get(self, hash: str) -> FlowVersion | None:
        return await self._one(tables.flow_versions.c.hash == hash)

    async def starting_with(self, prefix: str, limit: int = 10) -> list[FlowVersion]:
        """Those whose hash begins so, oldest first."""
        table = tables.flow_versions
        query = self._select().where(table.c.hash >= prefix, table.c.hash < prefix + "~")
        return await self._many(query.order_by(table.c.created_at, table.c.hash).limit(limit))

    async def history(self, name: str, limit: int = 1000) -> list[FlowVersion]:
        """Newest first."""
        table = tables.flow_versions
        query = self._select().where(table.c.name == name)
        return await self._many(query.order_by(table.c.created_at.desc(), table.c.hash).limit(limit))


class FlowReleases(Repository[FlowRelease]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, FlowRelease, tables.flow_releases)

    async def add(self, release: FlowRelease) -> None:
        """Raises StorageRefused when there is one of this number: somebody else published meanwhile."""
        with explained(self._connection.engine.url):
            try:
                await self._connection.execute(tables.flow_releases.insert(), [asdict(release)])
            except IntegrityError as error:
                raise StorageRefused(
                    f"release {release.seq} of {release.name} is there already: somebody else published meanwhile",
                    mend="look at what is live now (`ivr versions`), then publish again",
                ) from error

    async def live(self, name: str) -> FlowRelease | None:
        table = tables.flow_releases
        query = self._select().where(table.c.name == name).order_by(table.c.seq.desc())
        found = await self._many(query.limit(1))
        return found[0] if found else None

    async def last_seq(self, name: str) -> int:
        """The number of the live release, 0 when there is none. Cheap: a running server asks for it every second."""
        table = tables.flow_releases
        query = select(table.c.seq).where(table.c.name == name).order_by(table.c.seq.desc()).limit(1)
        with explained(self._connection.engine.url):
            return (await self._connection.execute(query)).scalar() or 0

    async def history(self, name: str, limit: int = 1000) -> list[FlowRelease]:
        """Newest first."""
        table = tables.flow_releases
        query = self._select().where(table.c.name == name).order_by(table.c.seq.desc())
        return await self._many(query.limit(limit))

    async def after(self, name: str, seq: int) -> list[FlowRelease]:
        """Those later than `seq`, oldest first: what a call pinned to an older version has not seen."""
        table = tables.flow_releases
        query = self._select().where(table.c.name == name, table.c.seq > seq)
        return await self._many(query.order_by(table.c.seq))


async def _insert_new(connection: AsyncConnection, table: Table, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    insert: Insert = (
        postgresql.insert(table).on_conflict_do_nothing(index_elements=["hash"])
        if connection.dialect.name == "postgresql"
        else sqlite.insert(table).on_conflict_do_nothing(index_elements=["hash"])
    )
    with explained(connection.engine.url):
        await connection.execute(insert, rows)
