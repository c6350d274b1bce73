"""Runs the private Asterisk: started or found running, watched, asked, stopped.

The process is waited for through a pid file descriptor, so nothing here belongs to one event loop: an Asterisk
started in one loop (a session's fixture) can be asked and stopped from another.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import shutil
import signal
import subprocess
from dataclasses import replace
from types import TracebackType
from typing import BinaryIO, Self

from ivr.asterisk import ports as port_choice
from ivr.asterisk.accounts import make_accounts
from ivr.asterisk.locate import AsteriskBinary
from ivr.asterisk.looking import Inventory as Inventory
from ivr.asterisk.looking import Looking
from ivr.asterisk.render import RenderedAsterisk
from ivr.asterisk.running import Running, Spawned, found, mark_of, remove_mark, write_mark
from ivr.errors import AsteriskError

log = logging.getLogger(__name__)

START_TIMEOUT_S = 30.0
TAKE_OVER_S = 10.0
"""So long one that was found has to answer; then it is taken for frozen and ended."""
STOP_TIMEOUT_S = 10.0
"""After a polite end was asked for; then the kernel ends it."""
PING_INTERVAL_S = 0.05
LAST_LINES = 12
CONSOLES_KEPT = 5


class PrivateAsterisk(Looking):
    """`async with PrivateAsterisk(binary, rendered) as asterisk:` runs until the block is left.

    Raises AsteriskError when it does not start: a busy port (named), a refused configuration (the log's last
    lines), no answer in time. die_with_parent: the kernel ends it when this process dies, however it dies;
    False leaves it and its calls alive, and the next start in this folder takes it over (`taken_over`).
    take_over_s: one that was found and does not answer for so long is ended. accounts: the agents that it was rendered
    for can register once it has started; False where a controller makes the accounts from its database. as_it_is:
    another controller still keeps it: other settings are no reason to start it anew.
    """

    def __init__(
        self,
        binary: AsteriskBinary,
        rendered: RenderedAsterisk,
        *,
        start_timeout_s: float = START_TIMEOUT_S,
        stop_timeout_s: float = STOP_TIMEOUT_S,
        take_over_s: float = TAKE_OVER_S,
        die_with_parent: bool = True,
        accounts: bool = True,
        as_it_is: bool = False,
    ) -> None:
        super().__init__(rendered)
        self.binary = binary
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._die_with_parent = die_with_parent
        self._take_over_s = take_over_s
        self._accounts = accounts
        self._as_it_is = as_it_is
        self._process: Running | None = None
        self._left = False
        self.taken_over = False
        """It ran already, perhaps with calls in it."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._left:
            await self.stop()
        elif self._process is not None:
            self._process.let_go()
            self._process = None

    def leave(self) -> None:
        """From now on it is another controller's: the end of this block does not end it."""
        self._left = True

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and not self._process.ended()

    async def start(self) -> None:
        """Returns when calls and ARI's requests are answered."""
        if self.is_running:
            raise AsteriskError("this Asterisk runs already", mend="stop it first")
        self.taken_over = await self._take_over()
        if self.taken_over:
            return
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
        if not process.ended():
            process.send(signal.SIGTERM)
            try:
                async with asyncio.timeout(self._stop_timeout_s):
                    await self.wait_ended()
            except TimeoutError:
                await self._ended_surely(process)
            except asyncio.CancelledError:
                await asyncio.shield(self._ended_surely(process))
                raise
        process.status()
        self._process = None
        remove_mark(self.rendered.folder)

    async def kill(self) -> None:
        """Ends it as a crash would (SIGKILL): a frozen one, and for rehearsals of what happens then."""
        await self._ended_surely(self._running())

    async def wait_ended(self) -> int:
        """Waits until the process has ended, by whatever cause: its exit status (negative: the signal; 0 also when
        it is not known, of one that was found running)."""
        process = self._running()
        await _until_ended(process)
        return process.status()

    @staticmethod
    async def _ended_surely(process: Running) -> None:
        process.send(signal.SIGKILL)
        await _until_ended(process)
        process.status()

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

    def last_lines(self, count: int = LAST_LINES) -> str:
        """The end of its logs, for error messages."""
        lines: list[str] = []
        for path in (self.rendered.log / "console.log", self.rendered.messages_log):
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-count:]
        return "\n".join(lines)

    async def _take_over(self) -> bool:
        """Whether one of an earlier controller runs in this folder and is ours now. One that is frozen is ended."""
        before = found(self.rendered.folder, self._command()[-3:])
        if before is None:
            return False
        process, mark = before
        self._process = process
        try:
            async with asyncio.timeout(self._take_over_s), self.session() as session:
                while not process.ended() and not await self.answers(session):
                    await _ended_within(process, PING_INTERVAL_S)
                calls = len((await self.inventory()).channels)
        except (TimeoutError, AsteriskError) as error:
            log.error(
                "the Asterisk of before (process %d) cannot be taken over and is ended: %s",
                process.pid,
                str(error) or "it does not answer",
            )
            await self._ended_surely(process)
            self._process = None
            return False
        if mark.configuration != self._configuration():
            if not calls and not self._as_it_is:
                log.info("the Asterisk of before has other settings and no calls: a new one is started")
                await self.stop()
                return False
            log.warning(
                "the Asterisk of before goes on with its settings of before, for the sake of its %d channels; "
                "what was changed counts when it is started anew",
                calls,
            )
        log.warning("the Asterisk of before (process %d) is taken over with %d channels", process.pid, calls)
        return True

    def _command(self) -> list[str]:
        return [*self.binary.argv, "-C", str(self.rendered.config_file), "-f"]

    def _configuration(self) -> str:
        """A digest of the folder `etc`."""
        digest = hashlib.sha256()
        for path in sorted(self.rendered.etc.rglob("*.conf")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()

    def _spawn(self) -> Running:
        console = self._new_console()
        command = self._command()
        try:
            child = subprocess.Popen(
                [*self._guard(), *command],
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
        # At once: a controller that is killed in the next moment leaves a process that can be found.
        mark = mark_of(child.pid, len(command[-3:]), self._configuration())
        if mark is not None:
            # Its command line is ours to know: the kernel shows none for a moment after it has begun.
            write_mark(self.rendered.folder, replace(mark, command=tuple(command[-3:])))
        return Spawned(child)

    def _new_console(self) -> BinaryIO:
        """What it prints goes into a new file; those of the last runs are kept beside it, `.1` the latest."""
        path = self.rendered.log / "console.log"
        for number in range(CONSOLES_KEPT, 0, -1):
            newer = path.with_suffix(f".log.{number - 1}") if number > 1 else path
            if newer.exists():
                newer.replace(path.with_suffix(f".log.{number}"))
        return path.open("wb")

    def _running(self) -> Running:
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
            async with asyncio.timeout(self._start_timeout_s), self.session() as session:
                while not await self.answers(session):
                    if not await _ended_within(self._running(), PING_INTERVAL_S):
                        continue
                    raise AsteriskError(
                        f"Asterisk ended at once (status {self._running().status()}):\n{self.last_lines()}",
                        mend=f"the configuration is in {self.rendered.etc}",
                    )
        except TimeoutError as error:
            raise AsteriskError(
                f"Asterisk did not answer within {self._start_timeout_s:.0f} s:\n{self.last_lines()}",
                mend=f"look at {self.rendered.log}",
            ) from error


async def _ended_within(process: Running, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await _until_ended(process)
    except TimeoutError:
        return False
    return True


async def _until_ended(process: Running) -> None:
    if process.ended():
        return
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        # Its number may have become another's before the handle was there.
        if not process.ended():
            await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
