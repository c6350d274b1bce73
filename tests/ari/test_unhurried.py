"""A command that makes something is waited for, even by a task that is being cancelled."""

from __future__ import annotations

import asyncio
import gc

import pytest

from ivr.ari.unhurried import unhurried
from tests.support.virtual_time import run_virtual


def test_the_cleaning_up_begins_when_the_creation_has_ended() -> None:
    seen: list[str] = []

    async def create() -> str:
        await asyncio.sleep(1.0)
        seen.append("created")
        return "made"

    async def work() -> None:
        try:
            await unhurried(create())
            seen.append("used")
        finally:
            seen.append("deleted")

    async def main() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run_virtual(main)
    assert seen == ["created", "deleted"]


def test_an_error_of_the_creation_is_not_lost_and_not_warned_of() -> None:
    async def create() -> None:
        await asyncio.sleep(1.0)
        raise ValueError("refused")

    async def main() -> None:
        with pytest.raises(ValueError, match="refused"):
            await unhurried(create())
        task = asyncio.create_task(unhurried(create()))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    run_virtual(main)


def test_nor_is_it_where_the_patience_is_cancelled_too() -> None:
    """Both the call and its house end."""
    warned: list[object] = []

    async def create() -> None:
        await asyncio.sleep(1.0)
        raise ValueError("refused")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: warned.append(context))
        task = asyncio.create_task(unhurried(create()))
        await asyncio.sleep(0.5)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        assert task.cancelled()
        await asyncio.sleep(1.0)
        del task
        gc.collect()

    run_virtual(main)
    assert not warned
