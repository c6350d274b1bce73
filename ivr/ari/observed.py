"""Commands that somebody looks at: a `Transport` around another, which costs one comparison while nobody does."""

from __future__ import annotations

import time
from collections.abc import Callable

from ivr.ari.repository import Reply, Request, Transport
from ivr.errors import AriError

See = Callable[[Request, float, Reply | None], None]
"""The command, how long it took in all (s), and the reply; None: there was none."""


class Observed:
    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.watchers: list[See] = []
        """Told after each command, on the loop; must not wait nor raise."""

    async def exchange(self, request: Request) -> Reply:
        if not self.watchers:
            return await self._inner.exchange(request)
        began = time.perf_counter()
        reply: Reply | None = None
        try:
            reply = await self._inner.exchange(request)
        except AriError:
            self._tell(request, time.perf_counter() - began, None)
            raise
        self._tell(request, time.perf_counter() - began, reply)
        return reply

    def _tell(self, request: Request, seconds: float, reply: Reply | None) -> None:
        for see in self.watchers:
            see(request, seconds, reply)
