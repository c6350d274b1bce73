"""Takes Asterisk's pulse: a ping over the websocket and one over HTTP, again and again; `heart.py` judges."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from ivr.ari.generated.operations import ASTERISK_PING
from ivr.ari.heart import Heart
from ivr.ari.repository import Request, Transport
from ivr.errors import AriError

HTTP_LIMIT_S: Final = 30.0


class Pulse:
    """`run()` as a task. http_every_s: 0 = never. socket_ping: what sends one over the websocket, None while there is
    none. quiet: told after each tick."""

    def __init__(
        self,
        heart: Heart,
        http: Transport,
        http_every_s: float,
        socket_ping: Callable[[], Callable[[], Awaitable[None]] | None],
        quiet: Callable[[], None],
    ) -> None:
        self._heart = heart
        self._http = http
        self._http_every_s = http_every_s
        self._socket_ping = socket_ping
        self._quiet = quiet
        self.answer_s: float | None = None
        """How long the last ping over HTTP took; None: none was answered yet."""

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        asking: asyncio.Task[None] | None = None
        due = loop.time()
        try:
            while True:
                self._heart.tick(loop.time())
                self._quiet()
                ping = self._socket_ping()
                if ping is not None:
                    # A frozen peer's buffer may be full; a socket may just be closing.
                    with contextlib.suppress(TimeoutError, ConnectionError, RuntimeError):
                        async with asyncio.timeout(self._heart.tick_s / 2):
                            await ping()
                if self._http_every_s and loop.time() >= due and (asking is None or asking.done()):
                    due = loop.time() + self._http_every_s
                    asking = loop.create_task(self._ask(), name="ari pulse")
                await asyncio.sleep(self._heart.tick_s)
        finally:
            if asking is not None:
                asking.cancel()
                await asyncio.wait([asking])

    async def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(HTTP_LIMIT_S):
                await self._http.exchange(Request(ASTERISK_PING, "/asterisk/ping"))
        except (AriError, TimeoutError):
            return
        self.answer_s = loop.time() - began
        self._heart.heard("http")
