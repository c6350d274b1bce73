"""How an Asterisk is reached, and REST over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from aiohttp import encode_basic_auth

from ivr.ari.backoff import BackOff
from ivr.ari.http_connection import HttpConnection
from ivr.ari.repository import Reply, Request
from ivr.errors import AriUnavailable


@dataclass(frozen=True, slots=True)
class AriSettings:
    """base_url: up to and with `/ari` (`http://127.0.0.1:8088/ari`). app: the name of our Stasis application.

    rest: what carries commands: the pool of HTTP connections, or, for those that are answered at once, the event
    websocket (a third of the processor time; `socket_rest.py` says which and why; Asterisk >= 22.4).
    connections: the pool's bound, below http.conf's sessionlimit. keep_alive_s: an idle connection is dropped after
    this, sooner than Asterisk drops it (session_keep_alive, 15 s), so that no command meets a closing one.
    heartbeat_s: between pings over the websocket; http_ping_s: over HTTP, 0 = none. silent_s: so long without any sign,
    and Asterisk is silent; lost_after_s: and the websocket is opened anew. request_timeout_s: for one try of a command;
    patience_s: for all its tries, and for as long as Asterisk is silent (0: one try). unwanted: types of events that
    Asterisk is asked not to send: nine of ten around a hang-up are of these, and what we wait for comes after them.
    """

    base_url: str
    username: str
    password: str = field(repr=False)
    app: str = "ivr"
    rest: Literal["http", "websocket"] = "http"
    connections: int = 40
    request_timeout_s: float = 5.0
    connect_timeout_s: float = 5.0
    keep_alive_s: float = 10.0
    heartbeat_s: float = 1.0
    http_ping_s: float = 3.0
    silent_s: float = 3.0
    lost_after_s: float = 30.0
    patience_s: float = 0.0
    back_off: BackOff = BackOff()
    unwanted: frozenset[str] = frozenset()


class HttpRest:
    """A `Transport` over a bounded pool of kept HTTP connections. How long an answer may take is the business of
    whoever asks."""

    def __init__(self, settings: AriSettings) -> None:
        url = urlsplit(settings.base_url.rstrip("/"))
        self._host, self._tls = url.hostname or "", url.scheme == "https"
        self._port = url.port or (443 if self._tls else 80)
        self._path = url.path
        login = encode_basic_auth(settings.username, settings.password)
        self._head = f" HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: {login}\r\n"
        self._connect_s = settings.connect_timeout_s
        self._keep_s = settings.keep_alive_s
        self._room = asyncio.Semaphore(settings.connections)
        self._open: set[HttpConnection] = set()
        self._free: list[HttpConnection] = []
        """The last that became free is the next that is used, so that what is not needed grows old."""

    async def aclose(self) -> None:
        """Nothing is open afterwards."""
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._free.clear()
        await asyncio.sleep(0)  # the loop closes them in its next turn

    async def exchange(self, request: Request) -> Reply:
        async with self._room:
            connection = self._kept() or await self._connected(request)
            try:
                return await connection.ask(self._message(request))
            except (ConnectionError, ValueError) as error:
                raise AriUnavailable(f"{request.operation.name}: {error}") from error
            finally:
                self._put_back(connection)

    def _message(self, request: Request) -> bytes:
        body = request.body
        method = request.operation.method
        if body is not None:
            told = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        else:
            told = "\r\n" if method == "GET" else "Content-Length: 0\r\n\r\n"
        head = f"{method} {self._path}{request.target}{self._head}{told}".encode()
        return head if body is None else head + body

    def _kept(self) -> HttpConnection | None:
        oldest = asyncio.get_running_loop().time() - self._keep_s
        while self._free:
            connection = self._free.pop()
            if connection.free and connection.free_since >= oldest:
                return connection
            self._drop(connection)
        return None

    async def _connected(self, request: Request) -> HttpConnection:
        try:
            async with asyncio.timeout(self._connect_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    HttpConnection, self._host, self._port, ssl=self._tls or None
                )
        except TimeoutError:
            text = f"{request.operation.name}: no connection within {self._connect_s:g} s"
            raise AriUnavailable(text, sent=False) from None
        except OSError as error:
            raise AriUnavailable(f"{request.operation.name}: {error}", sent=False) from error
        self._open.add(connection)
        return connection

    def _put_back(self, connection: HttpConnection) -> None:
        """Unless its answer is still to come: then nobody else may have it."""
        if connection.free:
            connection.free_since = asyncio.get_running_loop().time()
            self._free.append(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: HttpConnection) -> None:
        connection.close()
        self._open.discard(connection)
