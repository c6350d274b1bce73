"""The client of a real Asterisk, on aiohttp: the only file of `ivr.ari` that does I/O.

`AriClient` holds one websocket for events and a bounded pool of HTTP connections for commands. Its reader task only
looks at the outside of each message (`parse.seal`) and enqueues it (`Bus.dispatch`); it never waits for a consumer,
because Asterisk closes a socket whose reader is slow. When the socket is lost it comes back with
`backoff.next_attempt`, and each connection begins with a `Gap`.

What ends the reader for good: a refused user (`AriUnauthorised`, also raised by `ready`, the front door and every
mailbox), and `ApplicationReplaced`: another controller has taken the application, and taking it back would be a war.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Literal, Self

import aiohttp
from yarl import URL

from ivr.ari.backoff import BackOff, Fatal, Loss, next_attempt
from ivr.ari.bus import Bus
from ivr.ari.generated.events import ApplicationReplaced, RESTResponse
from ivr.ari.guard import DialGuard
from ivr.ari.interface import WithHandles
from ivr.ari.parse import Gap, seal
from ivr.ari.repository import Reply, Request, Transport, query
from ivr.ari.socket_rest import QUICK, SocketRest
from ivr.errors import AriError, AriUnauthorised, AriUnavailable

log = logging.getLogger(__name__)

LARGEST_MESSAGE: Final = 16 * 1024 * 1024
LEAVE_OUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class AriSettings:
    """base_url: up to and with `/ari` (`http://127.0.0.1:8088/ari`). app: the name of our Stasis application.

    rest: what carries commands: the pool of HTTP connections, or, for those that are answered at once, the event
    websocket (a third of the processor time; `socket_rest.py` says which and why; Asterisk >= 22.4).
    connections: the pool's bound, below http.conf's sessionlimit. keep_alive_s: an idle connection is dropped after
    this, sooner than Asterisk drops it (session_keep_alive, 15 s), so that no command meets a closing one.
    heartbeat_s: seconds between pings; a peer silent for half of it after one is lost. unwanted: types of events that
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
    heartbeat_s: float = 4.0
    back_off: BackOff = BackOff()
    unwanted: frozenset[str] = frozenset()


class HttpRest:
    """A `Transport` over a bounded pool of HTTP connections."""

    def __init__(
        self, session: aiohttp.ClientSession, settings: AriSettings, headers: Mapping[str, str]
    ) -> None:
        self._session = session
        self._base = settings.base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=settings.request_timeout_s)
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
        except TimeoutError:
            raise AriUnavailable(
                f"{request.operation.name}: no answer within {self._timeout.total:g} s"
            ) from None
        except aiohttp.ClientError as error:
            raise AriUnavailable(f"{request.operation.name}: {error or type(error).__name__}") from error


class AriClient(WithHandles):
    """`async with AriClient(settings) as ari: await ari.ready()`. Implements `interface.Ari`."""

    def __init__(self, settings: AriSettings, *, bus: Bus | None = None) -> None:
        self.settings = settings
        self.bus = bus or Bus()
        self._headers = {"Authorization": aiohttp.encode_basic_auth(settings.username, settings.password)}
        self._socket_rest = SocketRest(settings.request_timeout_s)
        self._switch = _Switch()
        self._connected = asyncio.Event()
        self._disconnected = asyncio.Event()
        self._disconnected.set()
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None
        self._replaced = False
        self._session: aiohttp.ClientSession | None = None
        self._reader: asyncio.Task[None] | None = None
        super().__init__(self._switch)

    @property
    def app(self) -> str:
        return self.settings.app

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def replaced(self) -> bool:
        """Another controller has taken our application. Commands still work; events do not come any more."""
        return self._replaced

    async def __aenter__(self) -> Self:
        settings = self.settings
        connector = aiohttp.TCPConnector(
            limit=settings.connections + 1, keepalive_timeout=settings.keep_alive_s
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            raise_for_status=False,
        )
        self._switch.http = HttpRest(self._session, settings, self._headers)
        self._switch.socket = self._socket_rest if settings.rest == "websocket" else None
        self._reader = asyncio.create_task(
            self._keep_reading(self._session), name=f"ari reader {settings.app}"
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._switch.http = self._switch.socket = None
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if self._session is not None:
            await self._session.close()
        self.bus.fail(AriUnavailable("the ARI client is closed"))

    async def ready(self, timeout: float = 10.0) -> None:
        """Returns once events are being received. `AriUnavailable` after timeout seconds, `AriUnauthorised` at once."""
        connected = asyncio.create_task(self._connected.wait(), name="ari ready: connected")
        ended = asyncio.create_task(self._ended.wait(), name="ari ready: ended")
        try:
            done, _ = await asyncio.wait(
                {connected, ended}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            connected.cancel()
            ended.cancel()
            await asyncio.wait({connected, ended})
        if self._failure is not None:
            raise self._failure
        if self._replaced:
            raise AriUnavailable(f"another controller has taken the application {self.settings.app}")
        if connected not in done:
            raise AriUnavailable(
                f"no event websocket at {self.settings.base_url} within {timeout:g} s",
                mend="is Asterisk running, with http.conf and ari.conf as rendered?",
            )

    async def lost(self) -> None:
        """Returns once no events are being received: at once when there is no websocket."""
        await self._disconnected.wait()

    async def _keep_reading(self, session: aiohttp.ClientSession) -> None:
        """Connects, reads, comes back, until fatal. Its failure ends the front door and every mailbox."""
        try:
            await self._connect_and_read(session)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            if not isinstance(error, AriUnauthorised):
                log.exception("the ARI reader failed")
            self._failure = error
            self.bus.fail(error)
        finally:
            self._set_connected(False)
            self._ended.set()

    async def _connect_and_read(self, session: aiohttp.ClientSession) -> None:
        failures = 0
        first = True
        lost_at = time.monotonic()
        while not self._replaced:
            loss, detail, opened = await self._one_connection(session, first, lost_at)
            if self._replaced:
                break
            if opened:
                failures, first, lost_at = 0, False, time.monotonic()
            match next_attempt(loss, failures, random.random(), self.settings.back_off, detail):
                case Fatal(error):
                    raise error
                case retry:
                    log.warning("event websocket %s (%s), again in %.2f s", loss, detail, retry.after_s)
                    failures += 1
                    await asyncio.sleep(retry.after_s)

    async def _one_connection(
        self, session: aiohttp.ClientSession, first: bool, lost_at: float
    ) -> tuple[Loss, str, bool]:
        """One websocket from handshake to end. Returns why it ended, in words too, and whether it was ever open."""
        settings = self.settings
        url = (
            settings.base_url.rstrip("/")
            + "/events"
            + query((("app", settings.app), ("subscribeAll", False)))
        )
        try:
            async with asyncio.timeout(settings.connect_timeout_s):
                socket = await session.ws_connect(
                    URL(url, encoded=True),
                    headers=self._headers,
                    heartbeat=settings.heartbeat_s,
                    max_msg_size=LARGEST_MESSAGE,
                    decode_text=False,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
        except aiohttp.WSServerHandshakeError as error:
            loss: Loss = "unauthorised" if error.status in (401, 403) else "rejected"
            return loss, f"status {error.status}", False
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return "refused", str(error) or type(error).__name__, False
        async with socket:
            self._socket_rest.opened(lambda message: socket.send_frame(message, aiohttp.WSMsgType.TEXT))
            self._set_connected(True)
            self.bus.dispatch(Gap(first, 0.0 if first else time.monotonic() - lost_at))
            await self._leave_out()
            try:
                return (*await self._read(socket), True)
            finally:
                self._set_connected(False)

    async def _leave_out(self) -> None:
        """The application may be a new one: it has to be told each time. Without it there is only more to read."""
        if not self.settings.unwanted:
            return
        wanted = {"disallowed": [{"type": name} for name in sorted(self.settings.unwanted)]}
        try:
            async with asyncio.timeout(LEAVE_OUT_S):
                await self.applications.filter(application_name=self.settings.app, filter=wanted)
        except (AriError, TimeoutError) as error:
            log.warning("Asterisk goes on sending events that nobody needs: %s", error or "no answer")

    def _set_connected(self, connected: bool) -> None:
        if connected:
            self._disconnected.clear()
            self._connected.set()
        else:
            self._connected.clear()
            self._disconnected.set()
            self._socket_rest.lost()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse[Literal[False]]) -> tuple[Loss, str]:
        dispatch = self.bus.dispatch
        while True:
            message = await socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                event = seal(message.data)
                if type(event) is RESTResponse:
                    self._socket_rest.answered(event)
                    continue
                dispatch(event)
                if type(event) is ApplicationReplaced and event.application == self.settings.app:
                    self._replaced = True
                    log.error(
                        "another controller has taken the application %s: no more events", event.application
                    )
                    return "closed", "another controller took the application"
            elif message.type in (
                aiohttp.WSMsgType.CLOSE,
                aiohttp.WSMsgType.CLOSING,
                aiohttp.WSMsgType.CLOSED,
            ):
                return "closed", f"code {socket.close_code}"
            elif message.type is aiohttp.WSMsgType.ERROR:
                error = socket.exception()
                silent = isinstance(error, TimeoutError)
                return ("silent" if silent else "closed"), str(error) or type(error).__name__


class _Switch:
    """Chooses what carries a request. Nothing does before the client is entered and after it is left."""

    def __init__(self) -> None:
        self.http: Transport | None = None
        self.socket: SocketRest | None = None
        self._guard = DialGuard()

    async def exchange(self, request: Request) -> Reply:
        self._guard.check(request)
        socket = self.socket
        if socket is not None and socket.is_open and request.operation.name in QUICK:
            return await socket.exchange(request)
        if self.http is None:
            raise AriUnavailable(f"{request.operation.name}: the ARI client is not open")
        return await self.http.exchange(request)
