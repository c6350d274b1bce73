"""A proxy between a controller and Asterisk's ARI that cuts, slows and fails what goes through it.

    async with AriProxy("http://127.0.0.1:8088") as proxy:
        ...                      # the controller uses http://127.0.0.1:{proxy.port}/ari
        proxy.cut()              # every connection ends at once, as by a reset
        proxy.slow_s = 5.0       # requests (HTTP and over the websocket) are answered so much later
        proxy.failing = True     # ... with 500
        proxy.silent = True      # connections stay up and nothing comes through, until it is False again

It forwards HTTP requests and websockets as they are; events are never slowed or failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

NOT_FORWARDED = {"host", "connection", "upgrade", "transfer-encoding", "content-length", "keep-alive"}
SOCKET_HEADERS = "sec-websocket-"
LONGEST_S = 60.0


class AriProxy:
    def __init__(self, upstream: str) -> None:
        """upstream: `http://host:port`, without a path."""
        self.upstream = upstream
        self.port = 0
        self.slow_s = 0.0
        self.failing = False
        self.requests = 0
        self._heard = asyncio.Event()
        self._heard.set()
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._open: set[asyncio.Transport] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=LONGEST_S)
        )
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{tail:.*}", self._forward)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None and self._session is not None
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()
        await self._session.close()

    def cut(self) -> int:
        """Ends every connection at once; new ones are taken. So many ended."""
        cut, self._open = self._open, set()
        for transport in cut:
            transport.abort()
        return len(cut)

    @property
    def silent(self) -> bool:
        return not self._heard.is_set()

    @silent.setter
    def silent(self, silent: bool) -> None:
        """What is sent meanwhile arrives afterwards, in order, as TCP has it."""
        if silent:
            self._heard.clear()
        else:
            self._heard.set()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            raise web.HTTPBadGateway
        self._open.add(transport)
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._websocket(request)
            return await self._request(request)
        finally:
            self._open.discard(transport)

    async def _request(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        body = await request.read()
        self.requests += 1
        await self._heard.wait()
        if self.failing:
            return web.json_response({"message": "injected"}, status=500)
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        try:
            async with self._session.request(
                request.method,
                self._upstream_url(request),
                headers=_kept(request.headers),
                data=body,
                allow_redirects=False,
            ) as answer:
                return web.Response(
                    status=answer.status, body=await answer.read(), headers=_kept(answer.headers)
                )
        except aiohttp.ClientError:
            if request.transport is not None:
                request.transport.abort()  # as Asterisk's own end would be seen
            raise web.HTTPBadGateway from None

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        assert self._session is not None
        protocols = [
            one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if one.strip()
        ]
        try:
            upstream = await self._session.ws_connect(
                self._upstream_url(request),
                headers=_kept(request.headers),
                protocols=protocols,
                max_msg_size=0,
                autoping=True,
            )
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status)
        except aiohttp.ClientError:
            if request.transport is not None:
                request.transport.abort()
            raise web.HTTPBadGateway from None
        async with upstream:
            downstream = web.WebSocketResponse(protocols=protocols, max_msg_size=0, autoping=True)
            await downstream.prepare(request)
            up = asyncio.ensure_future(self._pump(downstream, upstream, rest=True))
            down = asyncio.ensure_future(self._pump(upstream, downstream, rest=False))
            try:
                await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (up, down):
                    task.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
            if upstream.closed and request.transport is not None:
                request.transport.abort()
        return downstream

    async def _pump(self, source: Any, target: Any, *, rest: bool) -> None:
        """rest: messages of this direction may be requests to ARI."""
        async for message in source:
            await self._heard.wait()
            if message.type == aiohttp.WSMsgType.TEXT:
                if rest and (self.slow_s or self.failing):
                    self._beside(self._disturbed(message.data, source, target))
                else:
                    await target.send_str(message.data)
            elif message.type == aiohttp.WSMsgType.BINARY:
                await target.send_bytes(message.data)

    async def _disturbed(self, text: str, source: Any, target: Any) -> None:
        self.requests += 1
        if self.failing:
            asked = json.loads(text)
            await source.send_str(json.dumps(_refusal(asked)))
            return
        await asyncio.sleep(self.slow_s)
        await target.send_str(text)

    def _beside(self, work: Any) -> None:
        async def guarded() -> None:
            # The connection may have ended meanwhile.
            with contextlib.suppress(ConnectionError, aiohttp.ClientError, RuntimeError):
                await work

        task = asyncio.get_running_loop().create_task(guarded(), name="ari proxy")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _upstream_url(self, request: web.Request) -> Any:
        return self.upstream + request.raw_path


def _kept(headers: Any) -> CIMultiDict[str]:
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        lower = name.lower()
        if lower not in NOT_FORWARDED and not lower.startswith(SOCKET_HEADERS):
            kept.add(name, value)
    return kept


def _refusal(asked: dict[str, Any]) -> dict[str, Any]:
    """As Asterisk answers a request over the websocket that failed."""
    return {
        "type": "RESTResponse",
        "transaction_id": asked.get("transaction_id", ""),
        "request_id": asked.get("request_id", ""),
        "status_code": 500,
        "reason_phrase": "Internal Server Error",
        "uri": asked.get("uri", ""),
        "content_type": "application/json",
        "message_body": '{"message": "injected"}',
        "application": "",
    }
