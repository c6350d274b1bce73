"""All that is real in a chaos run: Postgres, controllers with their Asterisk, a proxy before its ARI, a clock."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from ivr.asterisk.looking import Looking
from ivr.asterisk.render import RenderedAsterisk
from ivr.asterisk.running import read_mark
from tests.chaos.controllers import Controller, Controllers
from tests.chaos.sounds import write_flows
from tests.support import postgres
from tests.support.faults_ari import AriProxy
from tests.support.faults_clock import WallOffset
from tests.support.faults_processes import kill
from tests.support.parts_house import OUTSIDE, free_port
from tests.support.postgres import PrivatePostgres

RTP_TIMEOUT_S = 8
ENDS_S = 10.0


class StartFailed(Exception):
    """The hotline does not even start, or not again."""


@dataclass(slots=True)
class Rig:
    """controller: the one that serves. asterisk_epoch: grows with each Asterisk, so that it is known which calls lived
    through. away: no controller serves, so nobody dials. cut_at_s: when ARI's websocket was cut last (the loop's
    clock)."""

    folder: Path
    postgres: PrivatePostgres
    proxy: AriProxy
    controllers: Controllers
    clock: WallOffset
    settings: dict[str, Any] = field(default_factory=dict)
    controller: Controller | None = None
    asterisk_epoch: int = 0
    away: bool = False
    cut_at_s: float = float("-inf")
    _rendered: RenderedAsterisk | None = None
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)

    @property
    def rendered(self) -> RenderedAsterisk:
        assert self._rendered is not None, "no controller has started yet"
        return self._rendered

    @property
    def server(self) -> str:
        return f"{self.rendered.sip_host}:{self.rendered.ports.sip}"

    @property
    def database_url(self) -> str:
        url: str = self.settings["database_url"]
        return url

    @property
    def asterisk_pid(self) -> int | None:
        """None: none runs now."""
        mark = None if self._rendered is None else read_mark(self._rendered.folder)
        return None if mark is None else mark.pid

    async def start_controller(self, *, takeover: bool = False) -> Controller:
        """Begun; it takes calls once `ready()`. takeover: of the calls of the one that runs."""
        clock = self.folder / "clock"
        return await self.controllers.start(self.settings, self.proxy.port, clock, takeover=takeover)

    async def serve(self) -> None:
        """A controller that takes calls, as its supervisor would start it: again and again."""
        for _ in range(5):
            self.controller = await self.start_controller()
            if await self.controller.ready():
                self._rendered = pickle.loads(await asyncio.to_thread((self.folder / "rendered").read_bytes))
                self.away = False
                return
            self.controller.kill()
        raise StartFailed("no controller takes calls:\n" + "\n".join(list(self.controllers.log)[-40:]))

    async def begin(self, settings: dict[str, Any]) -> None:
        """With an empty database and an empty state folder."""
        if self._session is not None:
            await self._session.close()  # its password was that of the Asterisk before
            self._session = None
        name = await self.postgres.create()
        shutil.rmtree(settings["state_dir"], ignore_errors=True)
        self.settings = {**settings, "database_url": self.postgres.url(name)}
        await self.serve()

    async def begin_anew(self) -> None:
        """After a failure: no call is left, no controller, Asterisk, database or clock of before."""
        self.away = True
        self.proxy.slow_s, self.proxy.failing, self.proxy.silent = 0.0, False, False
        self.clock.set(0.0)
        await self.controllers.kill_all()
        await self.end_asterisk()
        self.asterisk_epoch += 1
        await self.begin(self.settings)

    async def end_asterisk(self) -> None:
        pid = self.asterisk_pid
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await self.asterisk_over(pid, ENDS_S)
            return
        kill(pid)
        await self.asterisk_over(pid, ENDS_S)

    async def asterisk_over(self, pid: int, timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s):
            while self.asterisk_pid == pid:  # noqa: ASYNC110 - no child of ours: nothing tells us
                await asyncio.sleep(0.05)

    async def ari(self, what: str) -> list[dict[str, Any]] | None:
        """Asked of Asterisk itself, not through the proxy; None: no answer."""
        if self._session is None:
            login = aiohttp.encode_basic_auth(self.rendered.ari_user, self.rendered.ari_password)
            self._session = aiohttp.ClientSession(
                headers={"Authorization": login}, timeout=aiohttp.ClientTimeout(total=3)
            )
        try:
            async with self._session.get(f"{self.rendered.ari_url}/{what}") as response:
                if response.status != 200:
                    return None
                answer: list[dict[str, Any]] = await response.json()
                return answer
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def asterisk_answers(self, timeout_s: float) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while True:
                with contextlib.suppress(Exception):
                    async with Looking(self.rendered).session() as session:
                        if await Looking(self.rendered).answers(session):
                            return
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        await self.controllers.kill_all()
        await self.end_asterisk()


def settings_for(folder: Path, http_port: int, trunk: int, *, speech: bool) -> dict[str, Any]:
    """As `load_settings` takes them. trunk: the port to which callbacks would go; nobody is there."""
    return {
        "state_dir": str(folder / "state"),
        "flows_dir": str(folder / "flows"),
        "entry_flow": "chaos",
        "web": {"enabled": False},
        "speech": {"engine": "auto" if speech else "off"},
        "prompts": {"render": False},
        "missed": {"shortest_s": 0.5},
        "asterisk": {
            "sip_port": 0,
            "http_port": http_port,
            "rtp_timeout_s": RTP_TIMEOUT_S,
            # Whatever the tests' own surroundings say: `guard.py` ends it with the rig.
            "dies_with_controller": False,
            "outbound_trunk": f"{OUTSIDE}:{trunk}",
            "outbound_numbers": ("138X{8}",),
        },
    }


@asynccontextmanager
async def open_rig(keep: Path | None = None, *, speech: bool = True) -> AsyncIterator[Rig]:
    """keep: a folder in which a new one is left with everything; without it a temporary one is removed at the end.

    speech: callers are listened to (by an engine that understands nothing)."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=keep))
    database_folder = Path(tempfile.mkdtemp(prefix="chaos-pg-"))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_guarded(folder, database_folder, keep=keep is not None))
        starting = asyncio.ensure_future(asyncio.to_thread(postgres.start, database_folder))
        stack.push_async_callback(_stopped, starting)
        controllers = await stack.enter_async_context(Controllers(folder))
        cluster = await asyncio.shield(starting)
        write_flows(folder / "flows")
        http_port = _free_tcp_port()
        proxy = await stack.enter_async_context(AriProxy(f"http://127.0.0.1:{http_port}"))
        rig = Rig(folder, cluster, proxy, controllers, WallOffset(folder / "clock"))
        stack.push_async_callback(rig.close)
        await rig.begin(settings_for(folder, http_port, free_port(), speech=speech))
        assert rig.rendered.ports.http == http_port, "another program took the port"
        yield rig


async def _stopped(starting: asyncio.Future[PrivatePostgres]) -> None:
    """What a thread has begun to start is started, whoever is not interested any more."""
    with contextlib.suppress(RuntimeError):
        await asyncio.to_thread((await starting).stop)


@asynccontextmanager
async def _guarded(folder: Path, database: Path, *, keep: bool) -> AsyncIterator[None]:
    """Nothing of the run outlives it, even if it is killed. keep: the first of the folders stays."""
    folders = (str(database), "--keep", str(folder)) if keep else (str(database), str(folder))
    guard = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.guard", *folders),
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert guard.stdin is not None
    try:
        yield
    finally:
        guard.stdin.close()
        await guard.wait()


def _free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
