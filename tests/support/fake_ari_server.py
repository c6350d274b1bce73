"""The fake Asterisk of `fake_ari_commands.py` behind a real port: HTTP, the event websocket, REST over that websocket.

async with FakeAriServer() as server:
    async with AriClient(AriSettings(server.base_url, "ivr", server.password)) as ari: ...
"""

from __future__ import annotations

import asyncio
import re
from types import TracebackType
from typing import Self

import aiohttp
import orjson
from aiohttp import web

from ivr.ari.generated.operations import OPERATIONS
from ivr.ari.repository import Reply, Request
from ivr.ari.results import Operation
from ivr.errors import AriUnavailable
from tests.support.fake_ari_commands import FakeAsterisk

ROUTES = tuple(
    (operation, operation.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", operation.template)))
    for operation in sorted(OPERATIONS, key=lambda operation: operation.template.count("{"))
)
"""Fewest parameters first: `/channels/create` before `/channels/{channelId}`."""


def operation_of(method: str, path: str) -> Operation | None:
    for operation, its_method, pattern in ROUTES:
        if method == its_method and pattern.fullmatch(path):
            return operation
    return None


class FakeAriServer:
    """Listens on a free loopback port. handshake_status: the websocket handshake is refused with it (0: it is not)."""

    password = "right"

    def __init__(self, world: FakeAsterisk | None = None) -> None:
        self.world = world or FakeAsterisk()
        self.world.online = False
        self.handshake_status = 0
        self.handshakes = 0
        self.over_http: list[str] = []
        """Paths of the commands that came over HTTP."""
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        """The path of every request, before it is answered; `events` for a websocket handshake."""
        self.most_at_once = 0
        self._at_once = 0
        self.mute = False
        """True: pings are not answered, like a frozen Asterisk."""
        self._sockets: list[asyncio.Transport] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/ari"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        self.world.close()

    async def start(self) -> None:
        """Listens; on the same port as before, when it was stopped."""
        application = web.Application()
        application.router.add_get("/ari/events", self._websocket)
        application.router.add_route("*", "/ari/{rest:.*}", self._http)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self.cut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def cut(self) -> None:
        """Cuts the websockets without a word, as a killed Asterisk does."""
        self.world.online = False
        for transport in self._sockets:
            transport.abort()
        self._sockets.clear()

    def _refused(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") != aiohttp.encode_basic_auth("ivr", self.password)

    async def _http(self, request: web.Request) -> web.Response:
        if self._refused(request):
            return web.json_response({"message": "Authentication required"}, status=401)
        self.over_http.append(request.path.removeprefix("/ari/"))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            reply = await self._reply(
                request.method, request.raw_path.removeprefix("/ari"), await request.read()
            )
        except AriUnavailable:  # the fault `unanswered`
            if request.transport is not None:
                request.transport.abort()
            reply = Reply(500)
        finally:
            self._at_once -= 1
        return web.Response(status=reply.status, body=reply.body, content_type="application/json")

    async def _reply(self, method: str, target: str, body: bytes) -> Reply:
        self.heard.put_nowait(target.partition("?")[0].removeprefix("/"))
        operation = operation_of(method, target.partition("?")[0])
        if operation is None:
            return Reply(404, b'{"message":"Resource not found"}')
        return await self.world.exchange(Request(operation, target, body or None))

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        self.handshakes += 1
        self.heard.put_nowait("events")
        if self._refused(request):
            return web.json_response({"message": "Authentication required"}, status=401)
        if self.handshake_status:
            return web.json_response({"message": "not now"}, status=self.handshake_status)
        socket = web.WebSocketResponse(autoping=not self.mute)
        await socket.prepare(request)
        transport = request.transport
        assert transport is not None
        self._sockets.append(transport)
        self.world.deliver = lambda raw: _write(transport, raw)
        self.world.online = True
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._rest_request(transport, message.data)
        return socket

    async def _rest_request(self, transport: asyncio.Transport, text: str) -> None:
        asked = orjson.loads(text)
        body = asked.get("message_body", "").encode()
        reply = await self._reply(asked["method"], "/" + asked["uri"], body)
        answer = {
            "type": "RESTResponse",
            "transaction_id": "",
            "request_id": asked["request_id"],
            "status_code": reply.status,
            "reason_phrase": "",
            "uri": asked["uri"],
        }
        if reply.body:
            answer |= {"content_type": "application/json", "message_body": reply.body.decode()}
        _write(transport, orjson.dumps(answer))


def _write(transport: asyncio.Transport, raw: bytes) -> None:
    """A text frame by hand: events are made in timers, where nothing can be awaited."""
    size = len(raw)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    transport.write(b"\x81" + length + raw)
