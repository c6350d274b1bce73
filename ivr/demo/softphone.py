"""The real SIP client baresip as a scriptable phone.

Each phone is one baresip process (`baresip.py`) with a folder of its own, on loopback. An audio source that reaches its
end closes the call, so every source is padded with silence (`longest_call_s`). `ausrc` switches the source in
mid-call; before a call it sets the next call's.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Final

import numpy as np

from ivr.demo.baresip import Baresip
from ivr.demo.phone import EventLog, PhoneError, PhoneEventKind, Samples
from ivr.demo.recordings import load_recording, write_padded_wav

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
        self._baresip: Baresip | None = None
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
            write_padded_wav(self._silent, np.zeros(0, np.int16), silence_s=self._longest_call_s)
            self._baresip = baresip = Baresip(
                self.user, self._folder, self._note, lambda last: self.events.add("exited", detail=last)
            )
            stack.push_async_callback(self._end_side_tasks)
            await stack.enter_async_context(baresip.running(self._account(), self._address, self._silent))
            await self._note_early_registration()
            self._running = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._running is not None:
            await self._running.aclose()

    @property
    def pid(self) -> int:
        assert self._baresip is not None, "the phone is not running"
        return self._baresip.pid

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

    async def _command(self, command: str, parameters: str = "") -> str:
        if self._baresip is None:
            raise PhoneError(f"{self.user}: the phone is not running")
        return await self._baresip.command(command, parameters)

    # How it is, and what it tells

    @property
    def _silent(self) -> Path:
        return self._folder / "silence.wav"

    def _account(self) -> str:
        host = self.server
        common = f"answermode=manual;audio_codecs={self._codecs};ptime=20"
        if self._password is None:
            return f"<sip:{self.user}@{host}>;regint=0;{common}"
        return (
            f"<sip:{self.user}@{host}>;auth_user={self.user};auth_pass={self._password};regint=600;{common}"
        )

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

    async def _end_side_tasks(self) -> None:
        tasks = list(self._side_tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(PhoneError):  # the phone may be stopping
            await self._command("accept")

    async def _silence(self) -> None:
        with contextlib.suppress(PhoneError):
            await self._command("ausrc", f"aufile,{self._silent}")

    def _forget_recordings(self) -> None:
        self._recordings_before = set(self._folder.glob("dump-*.wav"))
