"""Commands that make or unmake something must be waited for, even by a task that is being cancelled.

A request that is on its way is carried out by Asterisk whether or not anybody waits for the answer. Whoever gives up in
the middle and deletes at once may be overtaken: the deletion finds nothing, the creation comes after it, and what it
made belongs to nobody. (Seen on a real call: a key pressed while the recogniser was being attached.) And a cleaning up
that is cancelled before its requests are out cleans nothing. (Seen: a caller who hung up as the agent answered.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def unhurried(work: Coroutine[Any, Any, T]) -> T:
    """Await `work`; when cancelled meanwhile, wait for its end (the client's timeout bounds it) first."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        # Also where this is cancelled once more before the work has ended.
        task.add_done_callback(_looked_at)
        if not task.done():
            await asyncio.wait([task])
        raise


def _looked_at(task: asyncio.Future[Any]) -> None:
    """So that nobody is warned of an error that nobody waits for."""
    if not task.cancelled():
        task.exception()
