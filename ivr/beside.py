"""Work that goes on beside the calls and may fail without them: it is said, and begun again after a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 300.0


async def beside_calls(
    name: str, work: Callable[[], Awaitable[None]], pause_s: float = FIRST_PAUSE_S
) -> None:
    """Until `work` returns by itself. What it raises ends no call: it is logged, and `work` is begun anew.

    name: of the work, for the log. pause_s: before the second try; twice as long before each further one.
    """
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("%s failed, calls go on without; again in %.0f s", name, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
