"""The real SIP client baresip 1.0 (Debian's `baresip-core`) as a scriptable phone.

Each phone is one baresip process with a folder of its own, on loopback, controlled through baresip's
`ctrl_tcp` module: JSON in netstrings, commands in and events out. Facts about baresip 1.0 that shape this:

- An audio source that reaches its end closes the call, so every source is padded with silence
  (`longest_call_s`). `ausrc` switches the source in mid-call; before a call it sets the next call's.
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
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Final

import numpy as np
import orjson

from ivr.demo.ending import end
from ivr.demo.phone import EventLog, PhoneError, PhoneEventKind, Samples
from ivr.demo.recordings import load_recording, write_padded_wav

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

EVENTS: Final[dict[str, PhoneEventKind]] = {
    "REGISTER_OK": "registered",
    "REGISTER_FAIL": "register_failed",
    "UNREGISTERING": "unregistered",
    "CALL_INCOMING": "incoming",
    "CALL_RINGING": "ringing",
    "CALL_PROGRESS": "ringing",
    "CALL_ESTABLISHED": "established",
    "CALL_CLOSED": "closed",
    "CALL_DTMF_START": "digit",
}
"""baresip's events that scripts wait for, in our words. The others are dropped."""

REGISTERED: Final = "\x1b[32mOK"
REFUSED: Final = "\x1b[31mERR"
"""How baresip's `reginfo` shows the state of a registration."""

WAV_HEADER_BYTES: Final = 44
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


class Softphone:
    """One baresip. Use as an asynchronous context manager: leaving it ends the process.

    user: the SIP user; server: `host:port` of the private Asterisk. With a password it registers, without
    one it calls unregistered (an anonymous citizen whose caller number is `user`).
    address: the loopback address it uses; Asterisk's configuration may know a trunk by it.
    auto_answer_after_s: answer incoming calls by itself after ringing so long; None = the script answers.
    longest_call_s: the call ends by itself after so long without a new `play`.
    """

    def __init__(
        self,
        user: str,
        server: str,
        *,
        password: str | None = None,
        auto_answer_after_s: float | None = None,
        address: str = "127.0.0.1",
        codecs: str = "PCMU,PCMA",
        longest_call_s: float = 300.0,
    ) -> None:
        self.user = user
        self.server = server
        self.events = EventLog()
        self.auto_answer_after_s = auto_answer_after_s
        self._password = password
        self._address = address
        self._codecs = codecs
        self._longest_call_s = longest_call_s
        self._folder = Path()
        self._process: asyncio.subprocess.Process | None = None
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._responses: dict[str, asyncio.Future[str]] = {}
        self._commands_sent = 0
        self._clips = 0
        self._recordings_before: set[Path] = set()
        self._side_tasks: set[asyncio.Task[None]] = set()
        self._silencing: asyncio.Task[None] | None = None
        self._running: contextlib.AsyncExitStack | None = None

    async def __aenter__(self) -> Softphone:
        async with contextlib.AsyncExitStack() as stack:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="phone-", ignore_cleanup_errors=True)
            )
            self._folder = Path(folder)
            await stack.enter_async_context(self._baresip())
            self._running = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._running is not None:
            await self._running.aclose()

    @property
    def pid(self) -> int:
        assert self._process is not None, "the phone is not running"
        return self._process.pid

    # Commands

    async def register(self, *, timeout: float = 5.0) -> None:
        """Wait until the first registration is done. Raises PhoneError when the server refuses it."""
        event = await self.events.next("registered", "register_failed", timeout=timeout)
        if event.kind == "register_failed":
            raise PhoneError(f"{self.user}: registration refused: {event.detail}")

    async def dial(self, uri: str) -> None:
        self._forget_recordings()
        await self._command("dial", uri)

    async def answer(self) -> None:
        await self._command("accept")

    async def reject(self) -> None:
        """Refuse the incoming call (486 Busy Here)."""
        await self._command("hangup")

    async def hangup(self) -> None:
        await self._command("hangup")

    async def send_digits(self, digits: str) -> None:
        """Press keys. They go out as RFC 4733 events, in order; the phone paces them itself."""
        await self._command("sndcode", digits)

    async def play(self, audio: Path | Samples) -> float:
        samples = load_recording(audio) if isinstance(audio, Path) else audio
        self._clips += 1
        path = self._folder / f"clip{self._clips}.wav"
        if self._silencing is not None:
            await asyncio.wait(
                {self._silencing}
            )  # the end of the last call must not silence the next one's clip
        await asyncio.to_thread(write_padded_wav, path, samples, silence_s=self._longest_call_s)
        await self._command("ausrc", f"aufile,{path}")
        return len(samples) / 8000

    def received_audio(self) -> Samples:
        """What was heard in the latest call, also while it lasts. Pauses in which nothing was sent are missing."""
        recordings = sorted(set(self._folder.glob("dump-*-dec.wav")) - self._recordings_before)
        pieces = [path.read_bytes()[WAV_HEADER_BYTES:] for path in recordings]
        joined = b"".join(piece[: len(piece) // 2 * 2] for piece in pieces)
        return np.frombuffer(joined, dtype="<i2").astype(np.int16)

    # The process and its control connection

    @contextlib.asynccontextmanager
    async def _baresip(self) -> AsyncIterator[None]:
        found = find_baresip()
        if found is None:
            raise PhoneError("baresip with its ctrl_tcp module is not installed (Debian: baresip-core)")
        program, modules = found
        port = _free_port()
        silence = self._folder / "silence.wav"
        write_padded_wav(silence, np.zeros(0, np.int16), silence_s=self._longest_call_s)
        (self._folder / "config").write_text(
            CONFIG.format(
                silence=silence,
                modules=modules,
                control_port=port,
                folder=self._folder,
                address=self._address,
            )
        )
        (self._folder / "accounts").write_text(self._account() + "\n")
        (self._folder / "accounts").chmod(0o600)
        (self._folder / "contacts").write_text("\n")
        # If this process dies without cleaning up, the phone must not outlive it.
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self._process = process = await asyncio.create_subprocess_exec(
            *guard,
            *(str(program), "-f", str(self._folder)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self._folder)},
        )
        tasks: list[asyncio.Task[None]] = []
        try:
            ready = asyncio.Event()
            name = f"softphone-{self.user}"
            tasks.append(asyncio.create_task(self._watch_output(process, ready), name=f"{name}-output"))
            await self._connect(port, ready)
            tasks.append(asyncio.create_task(self._read_control(), name=f"{name}-control"))
            await self._note_early_registration()
            yield
        finally:
            await end(process, STOP_TIMEOUT_S)
            if self._writer is not None:
                self._writer.close()
            # The output ends with the process, the control connection with the process's socket.
            for task in (*tasks, *self._side_tasks):
                task.cancel()
            await asyncio.gather(*tasks, *self._side_tasks, return_exceptions=True)

    def _account(self) -> str:
        host = self.server
        common = f"answermode=manual;audio_codecs={self._codecs};ptime=20"
        if self._password is None:
            return f"<sip:{self.user}@{host}>;regint=0;{common}"
        return (
            f"<sip:{self.user}@{host}>;auth_user={self.user};auth_pass={self._password};regint=600;{common}"
        )

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
        self.events.add("exited", detail="\n".join(list(self._log)[-5:]))

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
                    self._note(message)

    async def _note_early_registration(self) -> None:
        """baresip registers while it starts; what it reported before we were connected is lost to us."""
        if self._password is None:
            return
        state = await self._command("reginfo")
        known = {event.kind for event in self.events.history}
        if REGISTERED in state and "registered" not in known:
            self.events.add("registered")
        elif REFUSED in state and "register_failed" not in known:
            self.events.add("register_failed", detail="refused")

    def _note(self, message: dict[str, str]) -> None:
        kind = EVENTS.get(message.get("type", ""))
        if kind is None:
            return
        self.events.add(kind, peer=message.get("peeruri", ""), detail=message.get("param", ""))
        if kind == "incoming":
            self._forget_recordings()
            if self.auto_answer_after_s is not None:
                self._beside(self._answer_after(self.auto_answer_after_s), "answer")
        elif kind == "closed" and self._clips:
            # Otherwise the next call would begin with the last clip.
            self._silencing = self._beside(self._silence(), "silence")

    def _beside(self, work: Coroutine[None, None, None], what: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=f"softphone-{self.user}-{what}")
        self._side_tasks.add(task)
        task.add_done_callback(self._side_tasks.discard)
        return task

    async def _answer_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(PhoneError):  # the phone may be stopping
            await self._command("accept")

    async def _silence(self) -> None:
        with contextlib.suppress(PhoneError):
            await self._command("ausrc", f"aufile,{self._folder / 'silence.wav'}")

    def _forget_recordings(self) -> None:
        self._recordings_before = set(self._folder.glob("dump-*.wav"))

    async def _command(self, command: str, parameters: str = "") -> str:
        """Send a command and wait until baresip took it. Returns its answer text."""
        if self._writer is None:
            raise PhoneError(f"{self.user}: the phone is not running")
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
            raise PhoneError(f"{self.user}: no answer to {command!r}\n" + "\n".join(self._log)) from None
        finally:
            del self._responses[token]
