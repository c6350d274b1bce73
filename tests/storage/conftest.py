"""Every contract test runs on both databases: `url` is an empty one, `store` one with the tables in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.migrate import upgrade
from storage.store import Store
from tests.support.postgres import PrivatePostgres, postgres

__all__ = ["postgres"]

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]


@pytest.fixture(params=BOTH)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}"
        return
    cluster: PrivatePostgres = request.getfixturevalue("postgres")
    name = await cluster.create()
    yield cluster.url(name)
    await cluster.drop(name)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    await upgrade(url)
    opened = await Store.open(url)
    async with opened:
        yield opened
