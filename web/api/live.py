"""The live feed: `/api/v1/live`, a websocket that only speaks.

First `{"type": "hello", "heartbeat_s": 15, "title": ..., "dial": ..., "note": ...}`, then
`{"type": "status", "status": {...}}` (see `web.api.wire`) at once, after each change, and at least every heartbeat.
Each message is the whole state: one that is missed makes nothing wrong. Changes that come within `least_gap_s` of a
message run together into the next. A watcher who takes nothing for `send_timeout_s` is cut off; one who sends
anything is told that this is against the rules.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from aiohttp import WSCloseCode, WSMsgType, web

from web.api.status import StatusSource
from web.api.wire import encode_message, encode_status
from web.problems import Refused
from web.settings import PageSettings

log = logging.getLogger(__name__)

_CLOSING = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})
_MOST_MESSAGE_BYTES = 1024


@dataclass(frozen=True, slots=True)
class _Encoded:
    """at: the event loop's time."""

    revision: int
    at: float
    message: str


class Feed:
    """Messages for any number of watchers, each at its own pace."""

    def __init__(self, source: StatusSource, settings: PageSettings) -> None:
        self._source = source
        self._settings = settings
        self._last = _Encoded(revision=-1, at=0.0, message="")

    def status(self) -> bytes:
        return encode_status(self._source.snapshot(), show_transcripts=self._settings.show_transcripts)

    async def messages(self) -> AsyncGenerator[str, None]:
        """The messages for one watcher, without end. Pulled: a watcher who is slow is sent fewer, never older ones."""
        settings = self._settings
        yield encode_message(
            "hello",
            heartbeat_s=settings.heartbeat_s,
            title=settings.title,
            dial=settings.dial,
            note=settings.note,
        )
        seen = -1
        while True:
            try:
                async with asyncio.timeout(settings.heartbeat_s):
                    seen = await self._source.changed(seen)
            except TimeoutError:
                pass  # quiet: the same again, so that the watcher knows that we are here, and what time it is
            yield self._message(seen)
            await asyncio.sleep(settings.least_gap_s)

    def _message(self, revision: int) -> str:
        """The state as a message; watchers who are told of the same change share it."""
        now = asyncio.get_running_loop().time()
        if self._last.revision != revision or now - self._last.at >= self._settings.least_gap_s:
            self._last = _Encoded(revision, now, encode_message("status", status=self.status()))
        return self._last.message


class Watchers:
    """The open websockets: bounded, and closed when the application ends."""

    def __init__(self, feed: Feed, settings: PageSettings) -> None:
        self._feed = feed
        self._settings = settings
        self._open: set[web.WebSocketResponse] = set()

    def __len__(self) -> int:
        return len(self._open)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """The handler of the route. Raises Refused: not a websocket, or too many watchers."""
        if len(self._open) >= self._settings.most_watchers:
            raise Refused(503, "Too many pages are watching.", {"Retry-After": "10"})
        socket = web.WebSocketResponse(
            heartbeat=self._settings.heartbeat_s,
            max_msg_size=_MOST_MESSAGE_BYTES,
            timeout=self._settings.send_timeout_s,
            compress=False,
        )
        if not _is_handshake(socket, request):
            raise Refused(426, "This address speaks websocket only.", {"Upgrade": "websocket"})
        self._open.add(socket)
        try:
            await socket.prepare(request)
            await self._serve(request, socket)
        finally:
            self._open.discard(socket)
        return socket

    async def close(self, _app: web.Application) -> None:
        """Tell every watcher that the server goes away (they will come back to the next one)."""
        async with asyncio.TaskGroup() as group:
            for socket in tuple(self._open):
                group.create_task(socket.close(code=WSCloseCode.GOING_AWAY), name="web.live.close")

    async def _serve(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send(request, socket), name="web.live.send")
            message = await socket.receive()
            if message.type not in _CLOSING:
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"this feed only speaks")
            sending.cancel()

    async def _send(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        try:
            async with aclosing(self._feed.messages()) as messages:
                async for message in messages:
                    async with asyncio.timeout(self._settings.send_timeout_s):
                        await socket.send_str(message)
        except TimeoutError:
            log.info("%s took no message for %g s: cut off", request.remote, self._settings.send_timeout_s)
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            pass  # the watcher has left; `receive` sees it too
        except Exception:
            log.exception("the live feed failed")
            await socket.close(code=WSCloseCode.INTERNAL_ERROR)


def _is_handshake(socket: web.WebSocketResponse, request: web.Request) -> bool:
    try:
        return bool(socket.can_prepare(request))
    except ValueError:  # a key that is not ASCII
        return False
