"""How a line sounds: noise, level of the speech, clipping, dead silence, lost packets. Pure: audio in, numbers out.

Everything is judged by pieces of 32 ms, the same that voice detection judges. A telephone's µ-law tops out at 32,124
and its A-law at 32,256, and A-law's zero is 8: hence the two limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from asr.protocol import LineQuality
from asr.vad import CHUNK, CHUNK_S

FULL = 31_900
"""A sample this far out is at the end of the scale."""

CLIPPED_SAMPLES = 3
"""So many of them in a piece: clipped, not just loud once."""

DIGITAL_SILENCE = 8
FLOOR_DBFS = -96.0
EVERY_S = 5.0
SHORTEST_S = 0.5
"""Of a report at the end: less says nothing."""


@dataclass(frozen=True, slots=True)
class Piece:
    """32 ms of audio. power: mean square, 1.0 = full scale. outmost: the largest sample. full: samples at the end of
    the scale."""

    power: float
    outmost: int
    full: int


def pieces(pcm: bytes) -> list[Piece]:
    """pcm: whole pieces of 512 samples, 16-bit little-endian."""
    samples = np.frombuffer(pcm, dtype="<i2").reshape(-1, CHUNK).astype(np.float32)
    sizes = np.abs(samples)
    powers = np.mean(np.square(samples), axis=1) / 32768.0**2
    full = (sizes >= FULL).sum(axis=1)
    return [
        Piece(float(power), int(outmost), int(count))
        for power, outmost, count in zip(powers, sizes.max(axis=1), full, strict=True)
    ]


class LineMeter:
    """One stream. `feed` each piece of audio; `report` when it is due or the stream is at its end."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._lost, self._packets = 0, 0
        self._start()

    def _start(self) -> None:
        self._noise: list[float] = []
        self._speech: list[float] = []
        self._pieces = 0
        self._clipped = 0
        self._silent = 0

    def feed(self, piece: Piece, *, speech: bool) -> None:
        """speech: it was some."""
        self._pieces += 1
        self._clipped += piece.full >= CLIPPED_SAMPLES
        self._silent += piece.outmost <= DIGITAL_SILENCE
        (self._speech if speech else self._noise).append(piece.power)

    @property
    def due(self) -> bool:
        """Time for a report, and there is something on the line to tell of."""
        if self._pieces * CHUNK_S < self._every_s:
            return False
        if self._silent == self._pieces:
            self._start()
            return False
        return True

    @property
    def worth_a_last_one(self) -> bool:
        return self._pieces * CHUNK_S >= SHORTEST_S

    def report(self, received: int, lost: int) -> LineQuality:
        """Since the last report. received, lost: the packets of the stream so far."""
        new_lost, new_packets = lost - self._lost, received + lost - self._packets
        self._lost, self._packets = lost, received + lost
        count = max(1, self._pieces)
        # Between words it is as loud as the noise: the quietest tenth stands for it where nobody paused.
        noise = np.median(self._noise) if self._noise else _quantile(self._speech, 0.1)
        speech = float(np.mean(self._speech)) if self._speech else None
        quality = LineQuality(
            noise_dbfs=decibels(float(noise)),
            speech_dbfs=None if speech is None else decibels(speech),
            clipped_share=round(self._clipped / count, 3),
            silent_share=round(self._silent / count, 3),
            lost_share=round(new_lost / new_packets, 4) if new_packets > 0 else 0.0,
        )
        self._start()
        return quality


def decibels(power: float) -> float:
    """Mean square, 1.0 = full scale -> dBFS, one decimal, never below the floor."""
    return FLOOR_DBFS if power <= 0 else max(FLOOR_DBFS, round(10 * math.log10(power), 1))


def _quantile(values: list[float], share: float) -> float:
    return float(np.quantile(values, share)) if values else 0.0
