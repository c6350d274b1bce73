"""The controllers of a rig: started by orders to the parent that forks them, killed by their process id."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import itertools
import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.chaos import inspection
from tests.chaos.controller import Start
from tests.support import faults_processes

LOADED_S = 60.0
READY_S = 90.0
ASK_EVERY_S = 0.05
LINES_KEPT = 4000


@dataclass(slots=True)
class Controller:
    name: str
    pid: int
    socket: Path
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    status: int | None = None

    async def inspect(self) -> dict[str, Any] | None:
        return await inspection.ask(self.socket)

    async def ready(self, timeout_s: float = READY_S) -> bool:
        """Until it takes calls. False: it ended, or not in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self.ended.is_set():
                    if self.socket.exists() and await self.inspect() is not None:
                        return True
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(ASK_EVERY_S):
                            await self.ended.wait()
        return False

    async def ended_within(self, timeout_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self.ended.wait()
        return self.ended.is_set()

    def kill(self) -> None:
        faults_processes.kill(self.pid)


class Controllers:
    """`log` has the last lines of all of them; every line goes to the file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._loaded = asyncio.Event()
        self._forking: dict[str, asyncio.Future[int]] = {}
        self._by_name: dict[str, Controller] = {}
        self.log: collections.deque[str] = collections.deque(maxlen=LINES_KEPT)
        self.lines = 0
        """So many were ever written."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m", "tests.chaos.controller"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**22,
            # Ctrl-C in the terminal is for the run, which then ends everything in its own order.
            start_new_session=True,
        )
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._told(), name="controllers"),
            loop.create_task(self._logged(), name="controllers' log"),
        ]
        try:
            async with asyncio.timeout(LOADED_S):
                await self._loaded.wait()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        assert self._process is not None
        for controller in self._by_name.values():
            if not controller.ended.is_set():
                controller.kill()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def start(
        self, settings: dict[str, Any], ari_port: int, clock: Path, *, takeover: bool = False
    ) -> Controller:
        """Begun; it takes calls once `ready()`."""
        assert self._process is not None and self._process.stdin is not None
        name = f"controller{next(self._numbers)}"
        socket = self._folder / f"{name}.sock"
        order = Start(
            name, settings, ari_port, str(clock), str(socket), str(self._folder / "rendered"), takeover
        )
        forked = self._forking[name] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        await self._process.stdin.drain()
        controller = Controller(name, await forked, socket)
        self._by_name[name] = controller
        return controller

    async def kill_all(self) -> None:
        """Returns when none is left."""
        for controller in self._by_name.values():
            if not controller.ended.is_set():
                controller.kill()
                await controller.ended.wait()

    def log_since(self, lines: int, most: int) -> list[str]:
        """The last lines at most, of those after the first so many."""
        return list(self.log)[-min(most, max(1, self.lines - lines)) :]

    async def _told(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        async for line in self._process.stdout:
            match line.decode().split():
                case ["ready"]:
                    self._loaded.set()
                case ["forked", name, pid]:
                    self._forking.pop(name).set_result(int(pid))
                    self.log.append(f"--- {name} is process {pid}")
                case ["ended", name, status]:
                    self.log.append(f"--- {name} ended ({status})")
                    # The order's answer may not have been looked at yet.
                    asyncio.get_running_loop().call_soon(self._over, name, int(status))
                case _:
                    self.log.append(line.decode().rstrip())

    def _over(self, name: str, status: int) -> None:
        controller = self._by_name.get(name)
        if controller is None:
            asyncio.get_running_loop().call_later(ASK_EVERY_S, self._over, name, status)
            return
        controller.status = status
        controller.ended.set()

    async def _logged(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        with (self._folder / "controllers.log").open("w", encoding="utf-8") as file:
            async for line in self._process.stderr:
                text = line.decode(errors="replace").rstrip()
                self.log.append(text)
                self.lines += 1
                file.write(text + "\n")
                file.flush()
