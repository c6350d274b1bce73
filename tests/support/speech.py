"""Speech for recognition tests: recordings of the shared data where they are, else a synthesiser's English."""

from __future__ import annotations

import asyncio
import csv
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from asr.rtp import Packet, build, swap_bytes

RATE = 16_000
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "audio"
PACKET_BYTES = 640


@dataclass(frozen=True, slots=True)
class Recording:
    path: Path
    transcript: str
    kind: str


def recordings(kind: str, folder: str) -> list[Recording]:
    """The shared recordings of that kind below that folder (`zh/8k`); empty where the data is not at hand."""
    manifest = SHARED / "MANIFEST.tsv"
    if not manifest.is_file():
        return []
    with manifest.open(encoding="utf-8", newline="") as file:
        return [
            Recording(SHARED / row["file"], row["transcript"], row["kind"])
            for row in csv.DictReader(file, delimiter="\t")
            if row["kind"] == kind and row["file"].startswith(folder)
        ]


def read_pcm(path: Path, *, telephone: bool = False) -> bytes:
    """16 kHz 16-bit mono; telephone: as it sounds after an 8 kHz line."""
    samples, rate = soundfile.read(path, dtype="float32")
    if telephone and rate != 8000:
        samples, rate = soxr.resample(samples, rate, 8000), 8000
    samples = soxr.resample(samples, rate, RATE)
    return bytes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def synthesised(text: str, folder: Path) -> bytes:
    """English by espeak-ng, 16 kHz 16-bit mono."""
    path = folder / "said.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), text], check=True, timeout=30)
    return read_pcm(path)


def silence(seconds: float) -> bytes:
    return bytes(int(seconds * RATE) * 2)


def noise(seconds: float, level: float = 0.05) -> bytes:
    """White noise, the same every time."""
    samples = np.random.default_rng(7).normal(0.0, level, int(seconds * RATE))
    return bytes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def packets(pcm: bytes, *, first: int = 0, source: int = 7) -> list[bytes]:
    """As Asterisk's externalMedia sends it: slin16, 20 ms a packet."""
    pieces = [pcm[begin : begin + PACKET_BYTES] for begin in range(0, len(pcm), PACKET_BYTES)]
    return [
        build(Packet(118, (first + index) % 65536, 320 * (first + index), source, False, swap_bytes(piece)))
        for index, piece in enumerate(pieces)
    ]


async def send(pcm: bytes, host: str, port: int, *, speed: float = 1.0, source: str = "") -> None:
    """Send it as RTP from a port of our own, `speed` times as fast as it was spoken. source: an address of ours."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        if source:
            sender.bind((source, 0))
        sender.connect((host, port))
        due = loop.time()
        for datagram in packets(pcm):
            sender.send(datagram)
            due += 0.02 / speed
            await asyncio.sleep(max(0.0, due - loop.time()))
