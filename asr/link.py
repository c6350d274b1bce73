"""One websocket to one worker, for as long as it lasts: hello, hearings, what was heard, its state, its end.

Who keeps a worker there, and connects again, is `place.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from asr import media_door, wire
from asr.hearing import RemoteHearing
from asr.protocol import AsrError, AsrUnavailable, Failed, ListenRequest
from asr.settings import PoolSettings

log = logging.getLogger(__name__)

CONNECT_S = 5.0


class WorkerDied(AsrError):
    """The worker could not start or be reached, or its websocket closed. The message says why."""


class WorkerFrozen(WorkerDied):
    """It is there and does nothing."""


@dataclass(frozen=True, slots=True)
class Address:
    """Of a worker's websocket. fingerprint, ca_file: as in `RemoteWorker`."""

    url: str
    token: str = field(repr=False)
    fingerprint: str = ""
    ca_file: str = ""

    def trust(self) -> ssl.SSLContext | aiohttp.Fingerprint | bool:
        """What aiohttp checks the certificate by. Raises OSError, ValueError: no such file, not hex."""
        if self.fingerprint:
            digest = bytes.fromhex(self.fingerprint.replace(":", ""))
            if len(digest) != hashlib.sha256().digest_size:
                raise ValueError("a fingerprint is the sha256 of the certificate: 64 hex digits")
            return aiohttp.Fingerprint(digest)
        if self.ca_file:
            return ssl.create_default_context(cafile=self.ca_file)
        return True


class WorkerLink:
    """`converse` in one task, once. `up` is set while it serves. `grown` once its memory has grown too much."""

    def __init__(
        self, settings: PoolSettings, name: str, ids: Iterator[int], gone: Callable[[WorkerLink], None]
    ) -> None:
        """ids: for hearings, never the same twice. gone: told when it serves no longer, before its hearings are."""
        self._settings = settings
        self.name = name
        self._ids = ids
        self._gone = gone
        self._url = ""
        self._trust: ssl.SSLContext | aiohttp.Fingerprint | bool = True
        self._hearings: dict[str, RemoteHearing] = {}
        self._opening: dict[str, asyncio.Future[RemoteHearing]] = {}
        self._continuous: set[str] = set()
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.up = asyncio.Event()
        self.grown = asyncio.Event()
        self.quiet = asyncio.Event()
        self.quiet.set()
        self.hello: dict[str, Any] = {}
        self.state: dict[str, Any] = {}

    @property
    def ready(self) -> bool:
        return self.up.is_set()

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self.hello.get("languages", ()))

    @property
    def open_count(self) -> int:
        return len(self._hearings) + len(self._opening)

    @property
    def crowding(self) -> float:
        """Hearings a thread: workers of different sizes are filled alike."""
        return self.open_count / max(1, int(self.hello.get("threads", 1)))

    def describe(self) -> str:
        engines = self.hello.get("engines", [])
        return ", ".join(f"{engine['name']} ({len(engine['languages'])} languages)" for engine in engines)

    async def converse(self, address: Address) -> None:
        """Until the worker goes. Raises WorkerDied always."""
        try:
            await self._converse(address)
        except WorkerDied as died:
            self._lost(str(died))
            raise
        finally:
            self._lost("the speech worker was ended")

    async def _converse(self, address: Address) -> None:
        heartbeat_s = self._settings.heartbeat_s
        self._url = address.url
        try:
            self._trust = await asyncio.to_thread(address.trust)
        except (OSError, ValueError) as error:
            raise WorkerDied(f"{address.url}: {error}") from error
        # No limit on the conversation; silence of the socket is what the heartbeat finds.
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_S)
        headers = {"Authorization": f"Bearer {address.token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.ws_connect(
                    f"{address.url}/hear", headers=headers, heartbeat=heartbeat_s, ssl=self._trust
                ) as socket,
            ):
                await self._listen_to(socket)
        except aiohttp.WSServerHandshakeError as error:
            why = "it refuses our token" if error.status == 401 else f"it answers {error.status}"
            raise WorkerDied(f"{why}: {address.url}") from error
        except wire.WireError as error:
            raise WorkerDied(str(error)) from error
        except aiohttp.ServerFingerprintMismatch as error:
            raise WorkerDied(f"its certificate is not the pinned one: {address.url}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise WorkerDied(f"{address.url}: {error}") from error
        raise WorkerDied("the speech worker died")

    async def open(self, request: ListenRequest, within_s: float) -> RemoteHearing:
        """Raises AsrUnavailable: refused, or no answer in that time."""
        if not self.ready:
            raise AsrUnavailable("the speech worker is gone", "lost")
        identity = f"{self.name}-{next(self._ids)}"
        answer: asyncio.Future[RemoteHearing] = asyncio.get_running_loop().create_future()
        self._opening[identity] = answer
        self.quiet.clear()
        if request.continuous:
            self._continuous.add(identity)
        message = {"do": "open", "id": identity, "request": wire.dump_request(request)}
        self._tell(message | {"media_from": list(self._settings.media_from)})
        try:
            async with asyncio.timeout(within_s):
                return await answer
        except TimeoutError:
            self._tell({"do": "close", "id": identity})
            raise AsrUnavailable("the speech worker did not answer in time", "overloaded") from None
        except asyncio.CancelledError:
            self._tell({"do": "close", "id": identity})
            raise
        finally:
            self._opening.pop(identity, None)
            self._continuous.discard(identity)
            self._look_whether_quiet()

    async def _listen_to(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._outgoing = asyncio.Queue()
        sender = asyncio.create_task(self._send(socket), name=f"asr worker {self.name} sender")
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(wire.load(message.data))
                elif message.type is aiohttp.WSMsgType.ERROR:
                    break
            if isinstance(socket.exception(), aiohttp.ServerTimeoutError):
                raise WorkerFrozen("the speech worker is frozen: it does not answer")
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)

    async def _send(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await self._outgoing.get()
            try:
                await socket.send_str(wire.dump(message))
            except (ConnectionError, aiohttp.ClientError):
                return

    def _tell(self, message: dict[str, Any]) -> None:
        if self.ready:
            self._outgoing.put_nowait(message)

    def _take(self, message: dict[str, Any]) -> None:
        """Raises WireError, WorkerFrozen."""
        identity = message.get("id", "")
        match message.get("on"):
            case "hello":
                wire.check_version(message)
                self.hello = message
                self.up.set()
                log.info("speech worker %s is ready: %s", self.name, self.describe())
            case "state":
                self._look_at(message)
            case "opened" if (answer := self._opening.get(identity)) is not None:
                # The hearing exists before whoever waits for it runs, so nothing heard meanwhile is lost.
                hearing = RemoteHearing(
                    identity,
                    message["host"],
                    message["port"],
                    self._let_go,
                    continuous=identity in self._continuous,
                    media_trust=self._trust,
                    media_url=f"{self._url}{media_door.PATH}?hearing={message['key']}",
                )
                self._hearings[identity] = hearing
                if answer.done():
                    self._let_go(identity)
                else:
                    answer.set_result(hearing)
            case "refused" if (answer := self._opening.get(identity)) is not None:
                log.info("speech worker %s refuses a hearing: %s", self.name, message["message"])
                if not answer.done():
                    answer.set_exception(AsrUnavailable(message["message"], message["cause"]))
            case "heard":
                if (found := self._hearings.get(identity)) is not None:
                    found.put(wire.load_heard(message))
            case "opened" | "refused":
                log.debug("too late: %s", identity)
            case other:
                raise wire.WireError(f"cannot be told {other!r}")

    def _look_at(self, state: dict[str, Any]) -> None:
        self.state = state
        if state.get("stuck_s", 0.0) > self._settings.hung_s:
            raise WorkerFrozen("the speech worker's engine hangs")
        if state.get("grown_mb", 0.0) > self._settings.growth_mb:
            self.grown.set()

    def _let_go(self, identity: str) -> None:
        if self._hearings.pop(identity, None) is not None:
            self._tell({"do": "close", "id": identity})
            self._look_whether_quiet()

    def _look_whether_quiet(self) -> None:
        if not self.open_count:
            self.quiet.set()

    def _lost(self, why: str) -> None:
        """The worker is gone: whoever listens or waits is told."""
        self.up.clear()
        self._gone(self)
        hearings, self._hearings = self._hearings, {}
        for hearing in hearings.values():
            hearing.put(Failed("lost", why))
        opening, self._opening = self._opening, {}
        for answer in opening.values():
            if not answer.done():
                answer.set_exception(AsrUnavailable(why, "lost"))
        self.quiet.set()
