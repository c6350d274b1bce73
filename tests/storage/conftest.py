"""Every contract test runs on both databases: `url` is an empty one, `store` one with the tables in it.

Migrating takes longer than most tests: `store` gets a copy of a database that was migrated once.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.migrate import upgrade
from storage.store import Store
from tests.support.postgres import PrivatePostgres

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "hotline.db"
    asyncio.run(upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres: PrivatePostgres) -> str:
    name = asyncio.run(postgres.create())
    asyncio.run(upgrade(postgres.url(name)))
    return name


@pytest.fixture(params=BOTH)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
        return
    cluster: PrivatePostgres = request.getfixturevalue("postgres")
    name = await cluster.create()
    yield cluster.url(name)
    await cluster.drop(name)


@pytest.fixture(params=BOTH)
def migrated(request: pytest.FixtureRequest) -> Path | str:
    """What `store` copies. A fixture without a loop, since making it runs one."""
    found: Path | str = request.getfixturevalue(
        "migrated_file" if request.param == "sqlite" else "migrated_database"
    )
    return found


@pytest.fixture
async def store(request: pytest.FixtureRequest, migrated: Path | str, tmp_path: Path) -> AsyncIterator[Store]:
    if isinstance(migrated, Path):
        path = tmp_path / "store.db"
        shutil.copy(migrated, path)
        async with await Store.open(f"sqlite+aiosqlite:///{path}") as opened:
            yield opened
        return
    cluster: PrivatePostgres = request.getfixturevalue("postgres")
    name = cluster.new_name()
    await cluster.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated}"')
    async with await Store.open(cluster.url(name)) as opened:
        yield opened
    await cluster.drop(name)
