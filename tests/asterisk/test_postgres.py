"""The throw-away Postgres of the tests: private, empty for each test, gone afterwards."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.postgres import PrivatePostgres, start

pytestmark = pytest.mark.real


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_gets_an_empty_database(database_url: str, turn: int) -> None:
    engine = create_async_engine(database_url)
    try:
        async with engine.begin() as connection:
            # Fails in the second turn if the first one's table were still there.
            await connection.execute(sqlalchemy.text("CREATE TABLE trace (turn int)"))
            await connection.execute(sqlalchemy.text("INSERT INTO trace VALUES (:turn)"), {"turn": turn})
            rows = (await connection.execute(sqlalchemy.text("SELECT turn FROM trace"))).scalars().all()
        assert rows == [turn]
    finally:
        await engine.dispose()


def test_it_listens_on_no_network_address(postgres: PrivatePostgres) -> None:
    listening = subprocess.run(
        ["ss", "-ltnpH"], capture_output=True, text=True, check=True, timeout=10
    ).stdout
    assert f"pid={postgres.process.pid}," not in listening
    assert (postgres.folder / ".s.PGSQL.5432").is_socket()


def test_stopping_leaves_no_process() -> None:
    with tempfile.TemporaryDirectory(prefix="hotline-pg-") as name:
        running = start(Path(name))
        assert Path(f"/proc/{running.process.pid}").exists()
        running.stop()
        assert running.process.returncode == 0
        left = subprocess.run(["pgrep", "-f", name], capture_output=True, text=True, check=False, timeout=10)
        assert [pid for pid in left.stdout.split() if int(pid) != os.getpid()] == []
