"""A real hotline whose dialogue (tests/calls/flows) does one thing a key, with a trunk to call outside parties.

Prompts are melodies of their own, so that who hears what is known by its sound and nothing needs a voice.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from ivr.asterisk.render import RenderedAsterisk
from ivr.config import Settings, load_settings
from ivr.demo.lightphone import LightPhone
from tests.support.audio import PHONE_RATE, Samples, save_wav, silence, tone
from tests.support.softphone import sip_server

FLOWS = Path(__file__).parents[1] / "calls" / "flows"
SHIPPED = Path(__file__).parents[2] / "flows"
OUTSIDE = "127.0.0.3"
"""The loopback address behind the trunk: whoever is called outside answers there."""
LONGER = {"announce": 3}
"""So many times as long: somebody hangs up in the middle of it."""
NOTES = (440, 523, 622, 740, 880, 1046, 1245, 1480)
"""A minor third apart: no melody is another's octave by chance."""


def melody(number: int) -> Samples:
    """1.2 s that no other number sounds like."""
    notes = [NOTES[(number * step + number // 3) % len(NOTES)] for step in (1, 3, 5, 2)]
    return np.concatenate([tone(hz, 0.3, level=0.3) for hz in notes])


def copy_flows(folder: Path) -> Path:
    """The dialogue with its melodies recorded."""
    shutil.copytree(FLOWS, folder)
    shutil.copy(SHIPPED / "agent_codes.yaml", folder)
    prompts = YAML(typ="safe").load((folder / "prompts" / "zh.yaml").read_text(encoding="utf-8"))
    recordings = folder / "recordings" / "zh"
    recordings.mkdir(parents=True)
    for number, name in enumerate(prompts, start=1):
        times = LONGER.get(name, 1)
        save_wav(recordings / f"{name}.wav", np.concatenate([*[melody(number)] * times, silence(0.1)]))
    return folder


def settings(state: Path, flows: Path, port: int) -> Settings:
    """port: of the trunk's far end."""
    return load_settings(
        state_dir=state,
        flows_dir=flows,
        entry_flow="parts",
        web={"port": 0},
        speech={"engine": "off"},
        prompts={"render": False},
        missed={"shortest_s": 0.5},
        asterisk={
            "allow_anonymous": True,
            "telephone_transfers": True,
            "outbound_trunk": f"{OUTSIDE}:{port}",
            "outbound_numbers": ("110", "12356", "138X{8}"),
        },
    )


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((OUTSIDE, 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Trunk:
    """What answers the calls that go out."""

    server: str
    port: int

    def phone(self, number: str, answers_after_s: float | None = 0.5) -> LightPhone:
        """One telephone, whatever number is called. None: it rings for ever."""
        return LightPhone(
            number, self.server, address=OUTSIDE, port=self.port, auto_answer_after_s=answers_after_s
        )

    @contextlib.asynccontextmanager
    async def refusing(self, status: int, folder: Path) -> AsyncIterator[None]:
        """SIPp, which answers one call with that status."""
        program = shutil.which("sipp")
        assert program is not None, "sipp is not installed (Debian: sip-tester)"
        (folder / "refuse.xml").write_text(REFUSAL.replace("STATUS", str(status)), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            program,
            *("-sf", "refuse.xml", "-i", OUTSIDE, "-p", str(self.port), "-m", "1"),
            *("-nostdin", "-timeout", "30s"),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await self._until_listening()
            yield
        finally:
            if process.returncode is None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(3):
                        await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _until_listening(self) -> None:
        for _ in range(100):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                try:
                    probe.bind((OUTSIDE, self.port))
                except OSError:
                    return
            await asyncio.sleep(0.05)
        raise AssertionError("SIPp does not listen")


REFUSAL = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="refuses">
  <recv request="INVITE" crlf="true"/>
  <send><![CDATA[
SIP/2.0 STATUS Refused
[last_Via:]
[last_From:]
[last_To:];tag=[pid]refused[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>
  <recv request="ACK" crlf="true"/>
</scenario>
"""


def trunk_of(rendered: RenderedAsterisk, port: int) -> Trunk:
    return Trunk(sip_server(rendered), port)


def spoken_tone(hz: float, seconds: float) -> Samples:
    """Half a second of silence, then the tone: as a person who begins to speak after the beep."""
    return np.concatenate([silence(0.5, rate=PHONE_RATE), tone(hz, seconds)])
