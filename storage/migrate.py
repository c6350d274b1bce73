"""Bringing a database to this version's tables and back: Alembic, driven from here (no alembic.ini).

await upgrade(url)            # to the newest; makes the file or fills the empty database
await downgrade(url, "base")  # back to nothing, or to a revision
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from ivr.errors import StorageError
from storage.engine import create_engine, reach
from storage.errors import explained

if TYPE_CHECKING:
    # Loaded where it is needed: a start whose database has the newest tables does not wait for it.
    from alembic.config import Config

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK = 7_214_505
"""Postgres advisory lock: two controllers that start at once migrate one after the other."""


def head_revision() -> str:
    """The revision that this version of the code needs: the newest by the names of the files (`v0014_x.py`)."""
    return max(file.name[1:5] for file in (MIGRATIONS / "versions").glob("v[0-9]*.py"))


def revisions() -> list[str]:
    """All that this version of the code knows, the oldest first."""
    from alembic.script import ScriptDirectory

    found = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in found][::-1]


def current_revision(connection: Connection) -> str | None:
    """The revision that the database has; None when it was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


async def upgrade(url: str, revision: str = "head") -> tuple[str | None, str | None]:
    """(revision before, revision after). Raises StorageError; a failed migration leaves everything as it was."""
    if revision == "head" and await _has(url, newest := head_revision()):
        return newest, newest
    from alembic import command

    return await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str = "base") -> tuple[str | None, str | None]:
    """(revision before, revision after). Tables that the older version does not know are dropped with their data."""
    from alembic import command

    return await _run(url, lambda config: command.downgrade(config, revision))


async def status(url: str) -> tuple[str | None, str]:
    """(revision that the database has, revision that this version needs)."""
    engine = create_engine(url)
    try:
        await reach(engine)
        with explained(engine.url):
            async with engine.connect() as connection:
                return await connection.run_sync(current_revision), head_revision()
    finally:
        await engine.dispose()


async def _has(url: str, revision: str) -> bool:
    """Whether the database is there and has exactly this revision. What is wrong with it the migration tells."""
    engine = create_engine(url)
    try:
        with contextlib.suppress(DBAPIError, OSError):
            file = engine.url.database if engine.dialect.name == "sqlite" else None
            if file is not None and not await asyncio.to_thread(Path(file).is_file):
                return False
            async with engine.connect() as connection:
                return await connection.run_sync(current_revision) == revision
        return False
    finally:
        await engine.dispose()


async def _run(url: str, migrate: Callable[[Config], None]) -> tuple[str | None, str | None]:
    from alembic.util import CommandError

    engine = create_engine(url)

    def inside(connection: Connection) -> tuple[str | None, str | None]:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = current_revision(connection)
        config = _config()
        config.attributes["connection"] = connection
        migrate(config)
        return before, current_revision(connection)

    try:
        with explained(engine.url):
            if engine.dialect.name == "sqlite" and engine.url.database:
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
            await reach(engine)
            async with engine.begin() as connection:
                return await connection.run_sync(inside)
    except CommandError as error:
        raise StorageError(
            f"the migration cannot be run: {error}", mend="see `ivr migrate --status`"
        ) from error
    finally:
        await engine.dispose()


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config
