"""A controller that only watches: it takes the calls that reach `Stasis` and does nothing with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from ivr.asterisk.render import RenderedAsterisk


class Watcher:
    """`next(kind)` waits for an event of that kind; `seen` lists the kinds that came so far."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, session: aiohttp.ClientSession, url: str
    ) -> None:
        self._socket = socket
        self._session = session
        self._url = url
        self.seen: list[str] = []

    async def next(self, kind: str, timeout_s: float = 10.0) -> dict[str, Any]:
        async with asyncio.timeout(timeout_s):
            while True:
                event: dict[str, Any] = await self._socket.receive_json()
                self.seen.append(event["type"])
                if event["type"] == kind:
                    return event

    async def post(self, path: str) -> int:
        async with self._session.post(f"{self._url}/{path}") as response:
            return response.status

    async def hangup(self, channel_id: str) -> None:
        async with self._session.delete(f"{self._url}/channels/{channel_id}") as response:
            assert response.status in (204, 404)


@asynccontextmanager
async def watching(rendered: RenderedAsterisk) -> AsyncIterator[Watcher]:
    """Connected as the hotline's application."""
    headers = {"Authorization": aiohttp.encode_basic_auth(rendered.ari_user, rendered.ari_password)}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{rendered.ari_url}/events", params={"app": rendered.application}) as socket,
    ):
        yield Watcher(socket, session, rendered.ari_url)
