"""How late the event loop is: a sleeper that measures when it is woken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 0.25
FORGET: Final = 0.8
"""The worst of lately counts so much less with each look: a hiccup is seen for some seconds."""


class LoopLag:
    """`run()` as a task. worst_s: of the last seconds, decaying. beat_at: when it was last awake (the loop's clock)."""

    def __init__(self, lag: Callable[[float], None], every_s: float = EVERY_S) -> None:
        self._lag = lag
        self._every_s = every_s
        self.worst_s = 0.0
        self.beat_at = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._every_s
            await asyncio.sleep(self._every_s)
            self.beat_at = loop.time()
            late_s = max(0.0, self.beat_at - due)
            self.worst_s = max(late_s, self.worst_s * FORGET)
            self._lag(late_s)
