"""How an Asterisk is reached, and REST over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
from yarl import URL

from ivr.ari.backoff import BackOff
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
    """A `Transport` over a bounded pool of HTTP connections. limited: by the settings' time for one request."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: AriSettings,
        headers: Mapping[str, str],
        *,
        limited: bool = True,
    ) -> None:
        self._session = session
        self._base = settings.base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(
            total=settings.request_timeout_s if limited else None, sock_connect=settings.connect_timeout_s
        )
        self._plain = dict(headers)
        self._json = {**headers, "Content-Type": "application/json"}

    async def exchange(self, request: Request) -> Reply:
        try:
            async with self._session.request(
                request.operation.method,
                URL(self._base + request.target, encoded=True),
                data=request.body,
                headers=self._plain if request.body is None else self._json,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                return Reply(response.status, await response.read())
        except aiohttp.ClientConnectorError as error:
            raise AriUnavailable(f"{request.operation.name}: {error}", sent=False) from error
        except TimeoutError as error:
            connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
            limit_s = (self._timeout.sock_connect if connecting else self._timeout.total) or 0.0
            text = f"{request.operation.name}: no answer within {limit_s:g} s"
            raise AriUnavailable(text, sent=not connecting) from None
        except aiohttp.ClientError as error:
            raise AriUnavailable(f"{request.operation.name}: {error or type(error).__name__}") from error
