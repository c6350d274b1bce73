"""What a worker serves: the loaded engines and the hearings that are open on them, over websockets.

Each owner (a controller) has one websocket, opened with the token; its hearings end with it. `wire.py` says what
travels over it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import WSMsgType, web

from asr import media_door, wire
from asr.engines import by_language, load, warm_up
from asr.listening import Listening
from asr.load import Lane, Load
from asr.media_door import MediaDoor
from asr.memory import resident_bytes
from asr.models import language_tag
from asr.ports import MediaPorts, Senders
from asr.protocol import AsrUnavailable, FailCause, Heard, Recognizer
from asr.settings import EngineSpec, WorkerSettings
from asr.traces import HearingSpan, hearing_spans
from asr.vad import VoiceDetector

log = logging.getLogger(__name__)

PATH = "/hear"
LONGEST_MESSAGE = 1 << 20
OWNER_HEARTBEAT_S = 20.0
"""An owner on another machine that fell silent: its hearings are given up after this."""


class Worker:
    """The loaded engines and the hearings that are open."""

    def __init__(self, settings: WorkerSettings) -> None:
        """Loads everything: takes seconds. Raises what the engines raise."""
        self.settings = settings
        began = time.monotonic()
        engines = [(spec, load(spec, threads=settings.threads)) for spec in settings.engines]
        for spec, recognizer in engines:
            warm_up(recognizer, spec.languages[0])
        self._engines = engines
        self._recognizers = _serving(engines, settings.orders)
        self._detector = VoiceDetector()
        self.load = Load(
            settings.threads, max_streams=settings.max_streams, longest_wait_s=settings.longest_wait_s
        )
        self.spans = hearing_spans(settings.traces, settings.traces_share)
        self.door = MediaDoor()
        self._ports = MediaPorts(settings.media_host or settings.host, settings.media_ports)
        self.open_count = 0
        self.load_s = round(time.monotonic() - began, 2)
        self.memory_at_first = resident_bytes()

    def hello(self) -> dict[str, Any]:
        return {
            "on": "hello",
            "version": wire.VERSION,
            "languages": sorted(self._recognizers),
            "serving": {
                language: recognizer.capabilities.engine for language, recognizer in self._recognizers.items()
            },
            "engines": [_describe(spec, recognizer) for spec, recognizer in self._engines],
            "threads": self.settings.threads,
            "load_s": self.load_s,
            "pid": os.getpid(),
        }

    def state(self) -> dict[str, Any]:
        return {
            "on": "state",
            "memory_mb": round(resident_bytes() / 1e6, 1),
            "grown_mb": round((resident_bytes() - self.memory_at_first) / 1e6, 1),
            "stuck_s": round(self.load.stuck_s(), 2),
            "load": self.load.measured().as_dict(),
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One owner's websocket. Its hearings end with it."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = self.settings.token.encode()
        # bytes that are no UTF-8 come as halves of characters
        if not token or not hmac.compare_digest(given.encode(errors="surrogateescape"), token):
            log.warning("%s came with a wrong token", request.remote)
            return web.json_response({"error": "wrong token"}, status=401)
        socket = web.WebSocketResponse(heartbeat=OWNER_HEARTBEAT_S, max_msg_size=LONGEST_MESSAGE)
        await socket.prepare(request)
        owner = _Owner(self, socket, request.remote or "")
        await owner.serve()
        return socket

    async def listen(
        self, raw: Any, senders: Senders, emit: Callable[[Heard], None]
    ) -> tuple[Listening, Lane]:
        """Raises AsrUnavailable: nobody here knows the language, or too much is going on. OSError: no port free."""
        request = wire.load_request(raw)
        recognizer = self._recognizers.get(language_tag(request.language))
        if recognizer is None:
            raise AsrUnavailable(f"no model for {request.language!r}", "language")
        lane = self.load.lane(recognizer, request)
        try:
            listening = Listening(request, recognizer, self._detector.voice(), lane, emit)
            await self._ports.bind(listening, senders)
        except BaseException:
            lane.close()
            raise
        return listening, lane

    def stop(self) -> None:
        self.load.stop()
        if self.spans is not None:
            self.spans.close()


class _Owner:
    """One websocket and the hearings opened through it."""

    def __init__(self, worker: Worker, socket: web.WebSocketResponse, peer: str) -> None:
        self._worker = worker
        self._socket = socket
        self._peer = peer
        self._hearings: dict[str, tuple[Listening, Lane, str, HearingSpan | None]] = {}
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def serve(self) -> None:
        self._outgoing.put_nowait(self._worker.hello())
        tasks = [
            asyncio.create_task(self._send(), name="worker sender"),
            asyncio.create_task(self._tell_state(), name="worker state"),
        ]
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._obey(message.data)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for identity in list(self._hearings):
                await self._close(identity)

    async def _send(self) -> None:
        while True:
            message = await self._outgoing.get()
            try:
                await self._socket.send_str(wire.dump(message))
            except ConnectionError:
                return

    async def _tell_state(self) -> None:
        while True:
            self._outgoing.put_nowait(self._worker.state())
            await asyncio.sleep(self._worker.settings.tell_s)

    async def _obey(self, text: str) -> None:
        try:
            message = wire.load(text)
            identity = str(message["id"])
            match message.get("do"):
                case "open" if identity not in self._hearings:
                    await self._open(identity, message)
                case "close":
                    await self._close(identity)
                case other:
                    raise wire.WireError(f"cannot do {other!r}")
        except (wire.WireError, KeyError) as error:
            log.warning("a message that does not belong here: %s", error)

    async def _open(self, identity: str, message: dict[str, Any]) -> None:
        span: HearingSpan | None = None

        def emit(heard: Heard) -> None:
            if span is not None:
                span.heard(heard)
            self._outgoing.put_nowait({"on": "heard", "id": identity, **wire.dump_heard(heard)})

        try:
            senders = Senders.named_or(wire.load_senders(message), self._peer)
            listening, lane = await self._worker.listen(message.get("request"), senders, emit)
        except (AsrUnavailable, OSError, ValueError) as error:
            cause: FailCause = "unavailable"
            if isinstance(error, AsrUnavailable):
                cause = error.cause
            elif isinstance(error, OSError):
                cause = "overloaded"
            self._outgoing.put_nowait(
                {"on": "refused", "id": identity, "cause": cause, "message": str(error)}
            )
            return
        key = self._worker.door.expect(listening)
        if self._worker.spans is not None:
            span = self._worker.spans.begin(listening.request)
        self._hearings[identity] = listening, lane, key, span
        self._worker.open_count += 1
        host, port = listening.address
        self._outgoing.put_nowait({"on": "opened", "id": identity, "host": host, "port": port, "key": key})

    async def _close(self, identity: str) -> None:
        found = self._hearings.pop(identity, None)
        if found is not None:
            listening, lane, key, span = found
            self._worker.door.forget(key)
            self._worker.open_count -= 1
            await listening.close()
            lane.close()
            if span is not None:
                span.end()


def _serving(
    engines: Sequence[tuple[EngineSpec, Recognizer]], orders: Sequence[tuple[str, ...]]
) -> dict[str, Recognizer]:
    """Language -> what is asked, as the settings order it."""
    if not orders:
        return by_language(engines)
    named = {spec.name: (spec, recognizer) for spec, recognizer in engines}
    serving: dict[str, Recognizer] = {}
    for language, *names in orders:
        asked = [named[name] for name in names]
        serving |= by_language(
            [(replace(spec, languages=(language,)), recognizer) for spec, recognizer in asked]
        )
    return serving


def _describe(spec: EngineSpec, recognizer: Recognizer) -> dict[str, Any]:
    able = recognizer.capabilities
    return {
        "engine": able.engine,
        "version": able.version,
        "name": spec.name,
        "languages": sorted(spec.languages),
        "streaming": able.streaming,
        "grammar": able.grammar,
    }


@contextlib.asynccontextmanager
async def serving(worker: Worker) -> AsyncIterator[int]:
    """The websocket's port, while inside. Raises OSError: address taken, certificate not readable."""
    settings = worker.settings
    secured: ssl.SSLContext | None = None
    if settings.tls_certificate:
        secured = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        secured.load_cert_chain(settings.tls_certificate, settings.tls_key or None)
    application = web.Application(client_max_size=LONGEST_MESSAGE)
    application.router.add_get(PATH, worker.handle)
    application.router.add_get(media_door.PATH, worker.door.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, ssl_context=secured)
        await site.start()
        port: int = runner.addresses[0][1]
        yield port
    finally:
        await runner.cleanup()
        worker.stop()
