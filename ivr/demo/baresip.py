"""One process of baresip 1.0 (Debian's `baresip-core`), controlled through its `ctrl_tcp` module: JSON in netstrings,
commands in and events out. Facts about baresip 1.0 that shape this:

- The `sndfile` filter writes what was decoded, packet after packet: pauses in which the other side sends
  nothing are not in the recording. Order and content are kept, not distances.
- It must have a player that takes the sound away (`aubridge` with a device nobody listens to).
- `net_interface` takes an address; the name `lo` is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from ivr.demo.ending import end
from ivr.demo.phone import PhoneError

CONFIG: Final = """\
poll_method epoll
sip_listen {address}:0
net_interface {address}
call_local_timeout 120
call_max_calls 4
audio_player aubridge,unheard
audio_alert aubridge,unheard
audio_source aufile,{silence}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_level no
audio_buffer 20-160
rtp_ports 32000-39998
module_path {modules}
module_tmp account.so
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control_port}
snd_path {folder}
"""

START_TIMEOUT_S: Final = 10.0
COMMAND_TIMEOUT_S: Final = 5.0
STOP_TIMEOUT_S: Final = 3.0
LOG_LINES: Final = 60


def find_baresip() -> tuple[Path, Path] | None:
    """The program and the folder of its modules (which differs by distribution and machine), or None."""
    program = shutil.which("baresip")
    if program is None:
        return None
    for library in ("lib", "lib64", "local/lib"):
        root = Path("/usr") / library
        for folder in (root / "baresip/modules", *sorted(root.glob("*/baresip/modules"))):
            if (folder / "ctrl_tcp.so").exists():
                return Path(program), folder
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Baresip:
    """name: of the phone, for errors. folder: its own. told: of each event, as baresip writes it. exited: what it said
    last, when it has ended."""

    name: str
    folder: Path
    told: Callable[[dict[str, str]], None]
    exited: Callable[[str], None]
    _process: asyncio.subprocess.Process | None = None
    _log: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None
    _responses: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    _commands_sent: int = 0

    @property
    def pid(self) -> int:
        assert self._process is not None, "the phone is not running"
        return self._process.pid

    @contextlib.asynccontextmanager
    async def running(self, account: str, address: str, silence: Path) -> AsyncIterator[None]:
        """account: a line of baresip's `accounts`. address: of loopback. silence: a file that is its microphone.

        Raises PhoneError when it does not start.
        """
        found = find_baresip()
        if found is None:
            raise PhoneError("baresip with its ctrl_tcp module is not installed (Debian: baresip-core)")
        program, modules = found
        port = _free_port()
        (self.folder / "config").write_text(
            CONFIG.format(
                silence=silence, modules=modules, control_port=port, folder=self.folder, address=address
            )
        )
        (self.folder / "accounts").write_text(account + "\n")
        (self.folder / "accounts").chmod(0o600)
        (self.folder / "contacts").write_text("\n")
        # If this process dies without cleaning up, the phone must not outlive it.
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self._process = process = await asyncio.create_subprocess_exec(
            *guard,
            *(str(program), "-f", str(self.folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder)},
        )
        tasks: list[asyncio.Task[None]] = []
        try:
            ready = asyncio.Event()
            name = f"softphone-{self.name}"
            tasks.append(asyncio.create_task(self._watch_output(process, ready), name=f"{name}-output"))
            await self._connect(port, ready)
            tasks.append(asyncio.create_task(self._read_control(), name=f"{name}-control"))
            yield
        finally:
            await end(process, STOP_TIMEOUT_S)
            if self._writer is not None:
                self._writer.close()
            # The output ends with the process, the control connection with the process's socket.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def command(self, command: str, parameters: str = "") -> str:
        """Send a command and wait until baresip took it. Returns its answer text. Raises PhoneError."""
        if self._writer is None:
            raise PhoneError(f"{self.name}: the phone is not running")
        self._commands_sent += 1
        token = str(self._commands_sent)
        body = orjson.dumps({"command": command, "params": parameters, "token": token})
        response: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._responses[token] = response
        try:
            self._writer.write(b"%d:%s," % (len(body), body))
            async with asyncio.timeout(COMMAND_TIMEOUT_S):
                return await response
        except TimeoutError:
            raise PhoneError(f"{self.name}: no answer to {command!r}\n" + "\n".join(self._log)) from None
        finally:
            del self._responses[token]

    async def _connect(self, port: int, ready: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await ready.wait()
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        except (TimeoutError, OSError) as error:
            raise PhoneError(f"baresip did not start: {error!r}\n" + "\n".join(self._log)) from error

    async def _watch_output(self, process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
        assert process.stdout is not None
        while chunk := await process.stdout.read(4096):
            text = chunk.decode(errors="replace")
            # The running call's meter is redrawn several times a second: no news.
            self._log.extend(line for line in text.splitlines() if line.strip() and "(bit/s)" not in line)
            if not ready.is_set() and "baresip is ready" in "\n".join(self._log):
                ready.set()
        ready.set()
        self.exited("\n".join(list(self._log)[-5:]))

    async def _read_control(self) -> None:
        assert self._reader is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int((await self._reader.readuntil(b":"))[:-1])
                message = orjson.loads((await self._reader.readexactly(length + 1))[:-1])
                if message.get("response"):
                    if waiting := self._responses.get(message.get("token", "")):
                        waiting.set_result(str(message.get("data", "")))
                elif message.get("event"):
                    self.told(message)
