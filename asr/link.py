"""One worker process and the websocket to it: start, hello, hearings, death, start again."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import random
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from asr import wire
from asr.hearing import RemoteHearing
from asr.protocol import AsrError, AsrUnavailable, Failed, ListenRequest
from asr.settings import PoolSettings

log = logging.getLogger(__name__)

STABLE_S = 30.0
"""A worker that lived so long was no failed start: the pauses begin anew."""


class WorkerDied(AsrError):
    """The worker could not start, or its websocket closed."""


class WorkerLink:
    """Run `run()` in one task. `up` is set while it serves; `settled` once it is up or its first start failed."""

    def __init__(self, settings: PoolSettings, number: int) -> None:
        self._settings = settings
        self._number = number
        self._ids = (f"{number}-{count}" for count in itertools.count(1))
        self._hearings: dict[str, RemoteHearing] = {}
        self._opening: dict[str, asyncio.Future[RemoteHearing]] = {}
        self._continuous: set[str] = set()
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.settled = asyncio.Event()
        self.up = asyncio.Event()
        self.languages: frozenset[str] = frozenset()
        self.engines: list[dict[str, Any]] = []
        self.pid: int | None = None
        self.restarts = 0
        self.trouble = ""

    @property
    def ready(self) -> bool:
        return self.up.is_set()

    @property
    def open_count(self) -> int:
        return len(self._hearings) + len(self._opening)

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        pause_s = self._settings.restart_first_s
        while True:
            began = loop.time()
            try:
                await self._one_life()
            except (WorkerDied, OSError, aiohttp.ClientError) as error:
                self.trouble = str(error)
            finally:
                self._lost(self.trouble or "the worker ended")
            self.settled.set()
            if loop.time() - began > STABLE_S:
                pause_s = self._settings.restart_first_s
            log.error("speech worker %d: %s; again in %.1f s", self._number, self.trouble, pause_s)
            await asyncio.sleep(pause_s * random.uniform(0.8, 1.2))
            pause_s = min(pause_s * 2, self._settings.restart_longest_s)
            self.restarts += 1

    async def open(self, request: ListenRequest) -> RemoteHearing:
        """Raises AsrUnavailable: refused, or no answer within `open_s`."""
        identity = next(self._ids)
        answer: asyncio.Future[RemoteHearing] = asyncio.get_running_loop().create_future()
        self._opening[identity] = answer
        if request.continuous:
            self._continuous.add(identity)
        self._tell({"do": "open", "id": identity, "request": wire.dump_request(request)})
        try:
            async with asyncio.timeout(self._settings.open_s):
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

    async def _one_life(self) -> None:
        """Start the process, serve through it until it dies. Raises WorkerDied, OSError, ClientError."""
        token = secrets.token_urlsafe(24)
        settings = replace(self._settings.worker, token=token)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "asr.worker", stdin=PIPE, stdout=PIPE, stderr=PIPE, env=_environment()
        )
        self.pid = process.pid
        reporter = asyncio.create_task(self._report(process), name=f"asr worker {self._number} log")
        try:
            port = await self._started(process, settings.to_json())
            await self._converse(f"http://{settings.host}:{port}/hear", token)
        finally:
            self.pid = None
            await self._end(process, reporter)

    async def _started(self, process: Process, settings: str) -> int:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(settings.encode() + b"\n")
            await process.stdin.drain()
            async with asyncio.timeout(self._settings.ready_s):
                line = await process.stdout.readline()
            answer = json.loads(line)
        except (ConnectionError, ValueError, TimeoutError) as error:
            raise WorkerDied(f"the speech worker did not start: {error!r}") from error
        if not answer["ready"]:
            raise WorkerDied(f"the speech worker cannot start: {answer['error']}")
        return int(answer["port"])

    async def _converse(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        # No limit on the conversation; silence of the socket is what the heartbeat finds.
        timeout = aiohttp.ClientTimeout(total=None, connect=5.0)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.ws_connect(url, headers=headers, heartbeat=20.0) as socket,
        ):
            self._outgoing = asyncio.Queue()
            sender = asyncio.create_task(self._send(socket), name=f"asr worker {self._number} sender")
            try:
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        self._take(wire.load(message.data))
            except wire.WireError as error:
                raise WorkerDied(f"the speech worker said what it should not: {error}") from error
            finally:
                self.up.clear()
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
        raise WorkerDied("the speech worker died")

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
        identity = message.get("id", "")
        match message.get("on"):
            case "hello":
                self.languages = frozenset(message["languages"])
                self.engines = message["engines"]
                self.trouble = ""
                self.up.set()
                log.info("speech worker %d is ready: %s", self._number, ", ".join(self.describe()))
                self.settled.set()
            case "opened" if (answer := self._opening.get(identity)) is not None:
                # The hearing exists before whoever waits for it runs, so nothing heard meanwhile is lost.
                hearing = RemoteHearing(
                    identity,
                    message["host"],
                    message["port"],
                    self._let_go,
                    continuous=identity in self._continuous,
                )
                self._hearings[identity] = hearing
                if answer.done():
                    self._let_go(identity)
                else:
                    answer.set_result(hearing)
            case "refused" if (answer := self._opening.get(identity)) is not None:
                if not answer.done():
                    answer.set_exception(AsrUnavailable(message["message"], message["cause"]))
            case "heard":
                if (found := self._hearings.get(identity)) is not None:
                    found.put(wire.load_heard(message))
            case "opened" | "refused":
                log.debug("too late: %s", identity)
            case other:
                raise wire.WireError(f"cannot be told {other!r}")

    def describe(self) -> list[str]:
        return [f"{engine['name']} ({len(engine['languages'])} languages)" for engine in self.engines]

    def _let_go(self, identity: str) -> None:
        if self._hearings.pop(identity, None) is not None:
            self._tell({"do": "close", "id": identity})

    def _lost(self, why: str) -> None:
        """The worker is gone: whoever listens or waits is told."""
        self.up.clear()
        self.languages = frozenset()
        hearings, self._hearings = self._hearings, {}
        for hearing in hearings.values():
            hearing.put(Failed("lost", why))
        opening, self._opening = self._opening, {}
        for answer in opening.values():
            if not answer.done():
                answer.set_exception(AsrUnavailable(why, "lost"))

    async def _report(self, process: Process) -> None:
        """The worker's own log lines, into ours."""
        assert process.stderr is not None
        levels, level = logging.getLevelNamesMapping(), logging.DEBUG
        async for line in process.stderr:
            text = line.decode(errors="replace").rstrip()
            # The lines of a traceback belong to the one before them.
            level = levels.get(text.partition(" ")[0], level)
            log.log(level, "worker %d: %s", self._number, text)

    async def _end(self, process: Process, reporter: asyncio.Task[None]) -> None:
        """Ask by closing its input, then insist."""
        assert process.stdin is not None
        process.stdin.close()
        for insist in (process.terminate, process.kill, None):
            try:
                async with asyncio.timeout(self._settings.stop_s):
                    await process.wait()
                break
            except TimeoutError:
                if insist is not None and process.returncode is None:
                    insist()
        reporter.cancel()
        await asyncio.gather(reporter, return_exceptions=True)


def _environment() -> dict[str, str]:
    """Ours, with the package found from anywhere and numpy's own threads off: the engines have theirs."""
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
    }
