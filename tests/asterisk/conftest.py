"""The fixtures of this room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.asterisk import asterisk, asterisk_binary, asterisk_session
from tests.support.postgres import database_url, postgres

__all__ = ["asterisk", "asterisk_binary", "asterisk_session", "database_url", "postgres"]


@pytest.fixture(autouse=True)
async def no_leaked_task() -> AsyncIterator[None]:
    """As the one for all tests, without counting the task that looks."""
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}
    if left:
        pytest.fail(f"tasks left behind: {sorted(task.get_name() for task in left)}")
