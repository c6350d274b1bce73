"""Runs the private Asterisk as a child of this process: started, watched, asked, stopped.

The child is waited for through a pid file descriptor, so nothing here belongs to one event loop: an Asterisk
started in one loop (a session's fixture) can be asked and stopped from another.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from ivr.asterisk import ports as port_choice
from ivr.asterisk.accounts import make_accounts
from ivr.asterisk.locate import AsteriskBinary
from ivr.asterisk.render import RenderedAsterisk
from ivr.errors import AsteriskError

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
"""After a polite end was asked for; then the kernel ends it."""
REQUEST_TIMEOUT_S = 5.0
PING_INTERVAL_S = 0.05
LAST_LINES = 12


@dataclass(frozen=True, slots=True)
class Inventory:
    """What Asterisk itself says exists right now: ids of channels and bridges, each with a few words."""

    channels: dict[str, str]
    bridges: dict[str, str]

    @property
    def is_empty(self) -> bool:
        return not self.channels and not self.bridges


class PrivateAsterisk:
    """`async with PrivateAsterisk(binary, rendered) as asterisk:` runs until the block is left.

    Raises AsteriskError when it does not start: a busy port (named), a refused configuration (the log's last
    lines), no answer in time. die_with_parent: the kernel ends it when this process dies, however it dies;
    False leaves it and its calls alive for the next controller to adopt. accounts: the agents that it was rendered
    for can register once it has started; False where a controller makes the accounts from its database.
    """

    def __init__(
        self,
        binary: AsteriskBinary,
        rendered: RenderedAsterisk,
        *,
        start_timeout_s: float = START_TIMEOUT_S,
        stop_timeout_s: float = STOP_TIMEOUT_S,
        die_with_parent: bool = True,
        accounts: bool = True,
    ) -> None:
        self.binary = binary
        self.rendered = rendered
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._die_with_parent = die_with_parent
        self._accounts = accounts
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Returns when calls and ARI's requests are answered."""
        if self.is_running:
            raise AsteriskError("this Asterisk runs already", mend="stop it first")
        self._check_ports()
        self._process = self._spawn()
        try:
            await self._wait_until_ready()
            if self._accounts and self.rendered.accounts:
                await make_accounts(self.rendered)
        except BaseException:
            await asyncio.shield(self.stop())
            raise

    async def stop(self) -> None:
        """Ends it: politely first, surely after the deadline. Nothing happens when it has ended."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(self._stop_timeout_s):
                    await self.wait_ended()
            except TimeoutError:
                process.kill()
                process.wait()
            except asyncio.CancelledError:
                process.kill()
                process.wait()
                raise
        self._process = None

    def kill(self) -> None:
        """Ends it as a crash would (SIGKILL): for tests and rehearsals of what happens then."""
        process = self._running()
        process.kill()
        process.wait()

    async def wait_ended(self) -> int:
        """Waits until the process has ended, by whatever cause: its exit status (negative: the signal)."""
        process = self._running()
        if process.poll() is None:
            loop = asyncio.get_running_loop()
            ended = asyncio.Event()
            handle = os.pidfd_open(process.pid)
            loop.add_reader(handle, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(handle)
                os.close(handle)
        return process.wait()

    async def cli(self, command: str, *, timeout_s: float = 10.0) -> str:
        """What Asterisk's console answers to `command`. Raises AsteriskError when it does not answer."""
        child = await asyncio.create_subprocess_exec(
            *self.binary.argv, "-C", str(self.rendered.config_file), "-rx", command,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(timeout_s):
                output, _ = await child.communicate()
        except TimeoutError as error:
            raise AsteriskError(
                f"no answer to {command!r} in {timeout_s} s", mend="look at its log"
            ) from error
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        text = output.decode(errors="replace")
        if child.returncode != 0:
            raise AsteriskError(
                f"{command!r} failed: {text.strip()}", mend=f"look at {self.rendered.messages_log}"
            )
        return text

    async def inventory(self) -> Inventory:
        """The channels and bridges there are, asked over ARI."""
        async with self._session() as session:
            return await self._inventory(session)

    async def wait_empty(self, timeout_s: float = 10.0) -> Inventory:
        """Waits until no channel and no bridge is left; what is still there after `timeout_s`, else empty.

        Listens to Asterisk's own events before it looks, so nothing is polled.
        """
        async with self._session() as session:
            application = f"watch-{os.getpid()}-{id(session):x}"
            events = {"app": application, "subscribeAll": "true"}
            async with session.ws_connect(f"{self.rendered.ari_url}/events", params=events) as socket:
                found = await self._inventory(session)
                try:
                    async with asyncio.timeout(timeout_s):
                        while not found.is_empty:
                            await socket.receive()
                            found = await self._inventory(session)
                except TimeoutError:
                    return await self._inventory(session)
                return found

    async def clear(self) -> None:
        """Hangs up every channel and destroys every bridge: for a test or a bench that starts from nothing.

        Raises AsteriskError when some are still there after a while.
        """
        async with self._session() as session:
            found = await self._inventory(session)
            for kind, ids in (("channels", found.channels), ("bridges", found.bridges)):
                for one in ids:
                    async with session.delete(f"{self.rendered.ari_url}/{kind}/{quote(one, safe='')}"):
                        pass  # 404: it ended by itself meanwhile
        # Asterisk has taken the orders; they are carried out a little later.
        left = await self.wait_empty()
        if not left.is_empty:
            raise AsteriskError(f"cannot be cleared: {left}", mend="restart Asterisk")

    def last_lines(self, count: int = LAST_LINES) -> str:
        """The end of its logs, for error messages."""
        lines: list[str] = []
        for path in (self.rendered.log / "console.log", self.rendered.messages_log):
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-count:]
        return "\n".join(lines)

    def _spawn(self) -> subprocess.Popen[bytes]:
        console = (self.rendered.log / "console.log").open("wb")
        try:
            return subprocess.Popen(
                [*self._guard(), *self.binary.argv, "-C", str(self.rendered.config_file), "-f"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                cwd=self.rendered.run,
                # Ctrl-C in the terminal is for the controller, which then ends Asterisk in its own order.
                start_new_session=True,
            )
        except OSError as error:
            raise AsteriskError(f"Asterisk does not start: {error}", mend="run `make setup`") from error
        finally:
            console.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise AsteriskError("this Asterisk was not started", mend="use it inside its `async with`")
        return self._process

    def _guard(self) -> list[str]:
        if not self._die_with_parent:
            return []
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise AsteriskError("setpriv is not installed", mend="apt-get install util-linux")
        return [setpriv, "--pdeathsig", "KILL", "--"]

    def _check_ports(self) -> None:
        rendered = self.rendered
        taken = port_choice.busy(rendered.ports, rendered.options.sip_host, rendered.http_host)
        if taken:
            raise AsteriskError(
                f"taken by another program: {', '.join(taken)}",
                mend="end that program (`ss -lntup` names it), or choose other ports",
            )

    async def _wait_until_ready(self) -> None:
        """Asterisk refuses ARI's requests (503) until all modules have started."""
        try:
            async with asyncio.timeout(self._start_timeout_s), self._session() as session:
                while not await self._answers(session):
                    try:
                        async with asyncio.timeout(PING_INTERVAL_S):
                            status = await self.wait_ended()
                    except TimeoutError:
                        continue
                    raise AsteriskError(
                        f"Asterisk ended at once (status {status}):\n{self.last_lines()}",
                        mend=f"the configuration is in {self.rendered.etc}",
                    )
        except TimeoutError as error:
            raise AsteriskError(
                f"Asterisk did not answer within {self._start_timeout_s:.0f} s:\n{self.last_lines()}",
                mend=f"look at {self.rendered.log}",
            ) from error

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.rendered.ari_url}/asterisk/ping") as response:
                if response.status == 401:
                    raise AsteriskError(
                        f"another program answers at {self.rendered.http_url}",
                        mend="an Asterisk of before still runs there: end it",
                    )
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def _inventory(self, session: aiohttp.ClientSession) -> Inventory:
        channels = await self._get(session, "channels")
        bridges = await self._get(session, "bridges")
        return Inventory(
            channels={item["id"]: f"{item['name']} {item['state']}" for item in channels},
            bridges={item["id"]: f"{item['bridge_type']} with {len(item['channels'])}" for item in bridges},
        )

    async def _get(self, session: aiohttp.ClientSession, what: str) -> list[dict[str, Any]]:
        try:
            async with session.get(f"{self.rendered.ari_url}/{what}") as response:
                response.raise_for_status()
                answer: list[dict[str, Any]] = await response.json()
                return answer
        except aiohttp.ClientError as error:
            raise AsteriskError(
                f"no answer about {what}: {error}", mend=f"look at {self.rendered.log}"
            ) from error

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiohttp.ClientSession]:
        login = aiohttp.encode_basic_auth(self.rendered.ari_user, self.rendered.ari_password)
        async with aiohttp.ClientSession(
            headers={"Authorization": login},
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
        ) as session:
            yield session
