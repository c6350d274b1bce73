"""The client of a real Asterisk, on aiohttp: the only file of `ivr.ari` that does I/O.

`AriClient` holds one websocket for events and a bounded pool of HTTP connections for commands. Its reader task only
looks at the outside of each message (`parse.seal`) and enqueues it (`Bus.dispatch`); it never waits for a consumer,
because Asterisk closes a socket whose reader is slow. When the socket is lost it comes back with
`backoff.next_attempt`, and each connection begins with a `Gap`.

A silent Asterisk (`heart.py`) is not given up at once: one that was stopped for a while goes on where it was, and while
the socket stays open nothing is missed. After `lost_after_s` the socket is closed and opened anew.

What ends the reader for good: a refused user (`AriUnauthorised`, also raised by `ready`, the front door and every
mailbox), and `ApplicationReplaced`: another controller has taken the application, and taking it back would be a war.
From then on this client only asks; whatever would change something is refused, since it is the other's now.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Final, Literal, Self

import aiohttp
from yarl import URL

from ivr.ari.backoff import Fatal, Loss, next_attempt
from ivr.ari.bus import Bus
from ivr.ari.generated.events import ApplicationReplaced
from ivr.ari.heart import Condition, Heart
from ivr.ari.http_rest import AriSettings as AriSettings
from ivr.ari.http_rest import HttpRest as HttpRest
from ivr.ari.interface import WithHandles
from ivr.ari.observed import Observed
from ivr.ari.parse import ANSWER, Gap, seal
from ivr.ari.patience import Patient
from ivr.ari.pulse import Pulse
from ivr.ari.repository import Reply, Request, Transport, query
from ivr.ari.results import Gone
from ivr.ari.round_trips import RoundTrips
from ivr.ari.socket_rest import QUICK, SocketRest
from ivr.errors import AriError, AriUnauthorised, AriUnavailable

log = logging.getLogger(__name__)

LARGEST_MESSAGE: Final = 16 * 1024 * 1024
LEAVE_OUT_S: Final = 2.0
ASK_S: Final = 2.0
LASTING_S: Final = 5.0
"""A connection that was lost sooner is one more that failed: something keeps cutting it."""


TOLD_TWICE: Final = frozenset(
    {"ChannelDestroyed", "ChannelHangupRequest", "ChannelStateChange", "Dial", "StasisEnd"}
)
"""Of a channel of ours on a telephone whose endpoint is subscribed to: byte for byte the same, one after the other."""


class AriClient(WithHandles):
    """`async with AriClient(settings) as ari: await ari.ready()`. Implements `interface.Ari`."""

    def __init__(self, settings: AriSettings, *, bus: Bus | None = None) -> None:
        self.settings = settings
        self.bus = bus or Bus()
        self._headers = {"Authorization": aiohttp.encode_basic_auth(settings.username, settings.password)}
        self._socket_rest = SocketRest()
        self._switch = _Switch()
        self.heart = Heart(settings.heartbeat_s, settings.silent_s)
        self.commands = Patient(
            self._switch, self.heart, settings.request_timeout_s, settings.patience_s, self._forbidden
        )
        self.observed = Observed(self.commands)
        """Who looks at commands: the metrics, traces."""
        self.see_message: Callable[[bytes], None] | None = None
        """Shown every event as it comes in; must not wait nor raise."""
        self.see_round_trip: Callable[[float], None] | None = None
        """Told once a tick, where it is known, how late what Asterisk tells is dealt with (s). Must not wait nor
        raise."""
        self._trips = RoundTrips()
        self.changed: Callable[[], None] = lambda: None
        """Told when Asterisk falls silent, goes, comes back, or belongs to another controller."""
        self._socket: aiohttp.ClientWebSocketResponse[Literal[False]] | None = None
        self._reading: asyncio.Timeout | None = None
        """Runs out when the socket is to be given up."""
        self._pulse: asyncio.Task[None] | None = None
        self._waiting: asyncio.Event | None = None
        self._condition: Condition = "away"
        self._began: dt.datetime | None = None
        """When the Asterisk that we know started."""
        self._answers = asyncio.Event()
        self._connected = asyncio.Event()
        self._disconnected = asyncio.Event()
        self._disconnected.set()
        self._ended = asyncio.Event()
        self._failure: BaseException | None = None
        self._replaced = False
        self._session: aiohttp.ClientSession | None = None
        self._reader: asyncio.Task[None] | None = None
        super().__init__(self.observed)

    @property
    def app(self) -> str:
        return self.settings.app

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def replaced(self) -> bool:
        """Another controller has taken our application: no more events, and only questions are let through."""
        return self._replaced

    @property
    def condition(self) -> Condition:
        """Whether Asterisk lives, as far as is known."""
        return self.heart.condition

    async def answering(self) -> None:
        """Returns when Asterisk answers, as far as is known: mostly at once."""
        await self._answers.wait()

    def hurry(self) -> None:
        """Asterisk has just come back: connect now, whatever the back-off says."""
        if self._waiting is not None:
            self._waiting.set()

    def _forbidden(self, request: Request) -> str:
        if self._replaced and request.operation.method != "GET":
            return f"another controller has taken the application {self.settings.app}"
        return ""

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
        http = HttpRest(self._session, settings, self._headers, limited=False)
        self._switch.http = http
        self._switch.socket = self._socket_rest if settings.rest == "websocket" else None
        pulse = Pulse(self.heart, http, settings.http_ping_s, self._socket_ping, self._look)
        self._pulse = asyncio.create_task(pulse.run(), name=f"ari pulse {settings.app}")
        self._reader = asyncio.create_task(
            self._keep_reading(self._session), name=f"ari reader {settings.app}"
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.commands.hurry()
        self._switch.http = self._switch.socket = None
        for task in (self._reader, self._pulse):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
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
            began = time.monotonic()
            loss, detail, opened = await self._one_connection(session, first, lost_at)
            if self._replaced:
                break
            if opened:
                first, lost_at = False, time.monotonic()
                if lost_at - began >= LASTING_S:
                    failures = 0
            match next_attempt(loss, failures, random.random(), self.settings.back_off, detail):
                case Fatal(error):
                    raise error
                case retry:
                    log.warning("event websocket %s (%s), again in %.2f s", loss, detail, retry.after_s)
                    failures += 1
                    await self._pause(retry.after_s)

    async def _pause(self, seconds: float) -> None:
        self._waiting = asyncio.Event()
        try:
            async with asyncio.timeout(seconds):
                await self._waiting.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting = None

    def _socket_ping(self) -> Callable[[], Awaitable[None]] | None:
        """It carries when it was sent, which the answer repeats."""
        if self._socket is None:
            return None
        carried = b"%.6f" % time.monotonic()
        self._trips.sent(float(carried))
        return partial(self._socket.ping, carried)

    def _ponged(self, sent: bytes) -> None:
        # Another answer is not one of ours.
        with contextlib.suppress(ValueError):
            self._trips.answered(float(sent), time.monotonic())

    def _look(self) -> None:
        """After each tick: what is new about Asterisk's condition is said; one that is silent for too long is lost."""
        heart, settings = self.heart, self.settings
        late_s = self._trips.late_s(time.monotonic(), heart.came, heart.late_s)
        if self.see_round_trip is not None and late_s is not None and heart.connected:
            self.see_round_trip(late_s)
        if heart.condition != self._condition:
            self._condition = heart.condition
            if heart.condition == "answers":
                self._answers.set()
            else:
                self._answers.clear()
            if heart.condition == "silent":
                log.error("Asterisk has said nothing for %.1f s: frozen, or out of reach", heart.silent_for_s)
            elif heart.condition == "answers":
                log.info("Asterisk answers")
            self.changed()
        if self._socket is not None and heart.quiet_s["websocket"] >= settings.lost_after_s:
            log.error("the event websocket is silent for %.0f s: opened anew", heart.quiet_s["websocket"])
            if self._reading is not None:
                self._reading.reschedule(asyncio.get_running_loop().time())

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
                    autoping=False,
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
            self._socket_rest.opened(partial(_send, socket))
            try:
                restarted = await self._is_another()
                self._socket = socket
                self._trips.begin()
                self.bus.dispatch(Gap(first, 0.0 if first else time.monotonic() - lost_at, restarted))
                self.heart.opened()
                self._set_connected(True)
                await self._leave_out()
                async with asyncio.timeout(None) as self._reading:
                    return (*await self._read(socket), True)
            except TimeoutError:
                return "silent", f"nothing for {settings.lost_after_s:g} s", True
            finally:
                self._socket = self._reading = None
                self.heart.closed()
                self._set_connected(False)

    async def _is_another(self) -> bool:
        """Whether it was started anew since we last asked: then all channels of before are gone."""
        try:
            async with asyncio.timeout(ASK_S):
                told = await self.asterisk.get_info(only=["status"])
                status = None if isinstance(told, Gone) else told.value.status
        except (AriError, TimeoutError) as error:
            log.warning("not known whether this is the Asterisk of before: %s", error or "no answer")
            return False
        if status is None:
            return False
        before, self._began = self._began, status.startup_time
        if before is None or before == self._began:
            return False
        log.error("Asterisk was started anew: the calls of before are cut off")
        return True

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
        self._look()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse[Literal[False]]) -> tuple[Loss, str]:
        dispatch = self.bus.dispatch
        heard = self.heart.heard
        before: deque[bytes] = deque(maxlen=2)
        """Of the types that are told twice."""
        while True:
            message = await socket.receive()
            heard("websocket")
            if message.type is aiohttp.WSMsgType.TEXT:
                raw = message.data
                if raw in before:
                    continue
                event = seal(raw)
                if event.type == ANSWER:
                    self._socket_rest.answered(raw)
                    continue
                if event.type in TOLD_TWICE:
                    before.append(raw)
                dispatch(event)
                if self.see_message is not None:
                    self.see_message(raw)
                if type(event) is ApplicationReplaced and event.application == self.settings.app:
                    self._replaced = True
                    log.critical(
                        "another controller has taken the application %s: this one stays away from its calls; "
                        "end one of the two",
                        event.application,
                    )
                    self.changed()
                    return "closed", "another controller took the application"
            elif message.type is aiohttp.WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is aiohttp.WSMsgType.PONG:
                self._ponged(message.data)
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

    async def exchange(self, request: Request) -> Reply:
        socket = self.socket
        if socket is not None and socket.is_open and request.operation.name in QUICK:
            return await socket.exchange(request)
        if self.http is None:
            raise AriUnavailable(f"{request.operation.name}: the ARI client is not open", sent=False)
        return await self.http.exchange(request)


async def _send(socket: aiohttp.ClientWebSocketResponse[Literal[False]], message: bytes) -> None:
    """One text message. Raises AriUnavailable: the socket is closing, and the reader is about to notice."""
    try:
        await socket.send_frame(message, aiohttp.WSMsgType.TEXT)
    except (aiohttp.ClientError, ConnectionError) as error:
        raise AriUnavailable(f"the websocket is going: {error}", sent=False) from error
