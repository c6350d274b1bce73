"""Waiting for something that something else may make pointless."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def unless(over: asyncio.Future[None], work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`; None, and the work is cancelled and has ended, when `over` comes first."""
    task = asyncio.ensure_future(work)
    both: set[asyncio.Future[Any]] = {task, over}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
