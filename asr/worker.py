"""The worker process: `python -m asr.worker`. Loads the models, then serves one or more owners over a websocket.

Its settings come as one line of JSON on standard input (so that the token is in no argument list); when it can
serve it answers with one line of JSON on standard output: `{"ready": true, "port": ...}` or
`{"ready": false, "error": ...}`.
It ends when its standard input closes, which happens when the owner dies, however it dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import hmac
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import WSMsgType, web

from asr import wire
from asr.engines import by_language, load, warm_up
from asr.listening import Listening
from asr.load import Load
from asr.models import language_tag
from asr.ports import MediaPorts
from asr.protocol import AsrUnavailable, Heard, Recognizer
from asr.settings import EngineSpec, WorkerSettings
from asr.vad import VoiceDetector

log = logging.getLogger(__name__)

PATH = "/hear"
PARENT_DEATH_SIGNAL = 1
LONGEST_MESSAGE = 1 << 20


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
        self._recognizers = by_language(engines)
        self._detector = VoiceDetector()
        self._threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="engine")
        self.load = Load(self._threads)
        self._ports = MediaPorts(settings.host, settings.media_ports)
        self.open_count = 0
        self.load_s = round(time.monotonic() - began, 2)

    def hello(self) -> dict[str, Any]:
        return {
            "on": "hello",
            "languages": sorted(self._recognizers),
            "engines": [_describe(spec, recognizer) for spec, recognizer in self._engines],
            "load_s": self.load_s,
            "pid": os.getpid(),
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One owner's websocket. Its hearings end with it."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.settings.token.encode()):
            return web.json_response({"error": "wrong token"}, status=401)
        socket = web.WebSocketResponse(heartbeat=20.0, max_msg_size=LONGEST_MESSAGE)
        await socket.prepare(request)
        owner = _Owner(self, socket)
        await owner.serve()
        return socket

    async def listen(self, owner: _Owner, identity: str, raw: Any) -> Listening:
        """Raises AsrUnavailable: nobody here knows the language, or too much is going on."""
        request = wire.load_request(raw)
        recognizer = self._recognizers.get(language_tag(request.language))
        if recognizer is None:
            raise AsrUnavailable(f"no model for {request.language!r}", "language")
        if self.open_count >= self.settings.max_streams:
            raise AsrUnavailable(f"{self.open_count} callers are listened to already", "overloaded")
        if self.load.queue_s > self.settings.longest_queue_s:
            raise AsrUnavailable(f"{self.load.queue_s:.1f} s of work waits", "overloaded")
        listening = Listening(
            request,
            recognizer,
            self._detector.voice(),
            self.load,
            lambda heard: owner.heard(identity, heard),
        )
        await self._ports.bind(listening)
        return listening

    def stop(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Owner:
    """One websocket and the hearings opened through it."""

    def __init__(self, worker: Worker, socket: web.WebSocketResponse) -> None:
        self._worker = worker
        self._socket = socket
        self._hearings: dict[str, Listening] = {}
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def heard(self, identity: str, heard: Heard) -> None:
        self._outgoing.put_nowait({"on": "heard", "id": identity, **wire.dump_heard(heard)})

    async def serve(self) -> None:
        self._outgoing.put_nowait(self._worker.hello())
        sender = asyncio.create_task(self._send(), name="worker sender")
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    await self._obey(message.data)
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            for identity in list(self._hearings):
                await self._close(identity)

    async def _send(self) -> None:
        while True:
            message = await self._outgoing.get()
            try:
                await self._socket.send_str(wire.dump(message))
            except ConnectionError:
                return

    async def _obey(self, text: str) -> None:
        try:
            message = wire.load(text)
            identity = str(message["id"])
            match message.get("do"):
                case "open" if identity not in self._hearings:
                    await self._open(identity, message.get("request"))
                case "close":
                    await self._close(identity)
                case other:
                    raise wire.WireError(f"cannot do {other!r}")
        except (wire.WireError, KeyError) as error:
            log.warning("a message that does not belong here: %s", error)

    async def _open(self, identity: str, raw: Any) -> None:
        try:
            listening = await self._worker.listen(self, identity, raw)
        except (AsrUnavailable, OSError) as error:
            cause = error.cause if isinstance(error, AsrUnavailable) else "overloaded"
            self._outgoing.put_nowait(
                {"on": "refused", "id": identity, "cause": cause, "message": str(error)}
            )
            return
        self._hearings[identity] = listening
        self._worker.open_count += 1
        host, port = listening.address
        self._outgoing.put_nowait({"on": "opened", "id": identity, "host": host, "port": port})

    async def _close(self, identity: str) -> None:
        listening = self._hearings.pop(identity, None)
        if listening is not None:
            self._worker.open_count -= 1
            await listening.close()


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
    """The websocket's port, while inside."""
    application = web.Application(client_max_size=LONGEST_MESSAGE)
    application.router.add_get(PATH, worker.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, worker.settings.host, worker.settings.port)
        await site.start()
        port: int = runner.addresses[0][1]
        yield port
    finally:
        await runner.cleanup()
        worker.stop()


async def run(worker: Worker) -> None:
    """Serve until standard input closes or a signal asks to stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with serving(worker) as port:
        _answer({"ready": True, "port": port})
        owner_gone = asyncio.create_task(reader.read(), name="owner watch")
        asked = asyncio.create_task(stop.wait(), name="stop watch")
        await asyncio.wait({owner_gone, asked}, return_when=asyncio.FIRST_COMPLETED)
        for task in (owner_gone, asked):
            task.cancel()
        await asyncio.gather(owner_gone, asked, return_exceptions=True)
    transport.close()


def die_with_parent() -> None:
    """Linux: the kernel ends us with the thread that started us, even if standard input is held open elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _answer(message: dict[str, Any]) -> None:
    sys.stdout.write(wire.dump(message) + "\n")
    sys.stdout.flush()


def main() -> int:
    die_with_parent()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # The owner decides when to end: an interrupt typed at the terminal reaches the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        settings = WorkerSettings.from_json(sys.stdin.readline())
        os.nice(settings.nice)
        worker = Worker(settings)
    # Whatever an engine raises while it loads: the owner has to be told why there is no worker.
    except Exception as error:
        log.exception("the worker cannot start")
        _answer({"ready": False, "error": f"{type(error).__name__}: {error}"})
        return 1
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run(worker))
    # Engine threads may be deep in a decoding nobody waits for: do not wait for it either.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
