"""Work beside the calls that fails is said and begun again; what ends by itself is over."""

from __future__ import annotations

import asyncio

import pytest

from ivr.beside import Beside, beside_calls


async def test_work_that_fails_is_begun_again_and_told(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []

    async def work() -> None:
        tries.append(len(tries))
        if len(tries) < 3:
            raise OSError("no room")

    await beside_calls("retention", work, pause_s=0.0)
    assert tries == [0, 1, 2]
    assert caplog.text.count("retention failed, calls go on without") == 2


async def test_it_ends_when_it_is_asked_to() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.get_running_loop().create_future()

    task = asyncio.create_task(beside_calls("retention", work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_calls_need_ends_all_with_it_and_nothing_else_does() -> None:
    async def fails() -> None:
        raise OSError("no more")

    async with asyncio.TaskGroup() as group:
        beside = Beside(group)
        beside.useful("ledger", fails)
        await group.create_task(asyncio.sleep(0), name="call")
        beside.end()
    with pytest.raises(ExceptionGroup, match="unhandled"):
        async with asyncio.TaskGroup() as group:
            Beside(group).needed("writer", fails())
            await asyncio.get_running_loop().create_future()
