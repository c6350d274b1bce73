"""A recording's file as a recogniser takes it: 16 kHz, 16-bit, mono, piece by piece."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator
from typing import Final

import numpy as np
import soxr

RATE: Final = 16_000
PIECE_S: Final = 2.0


class NoSound(ValueError):
    """These bytes are no WAV of 16-bit samples."""


def pieces(wav: bytes) -> Iterator[bytes]:
    """Little-endian samples, some seconds at a time. Raises NoSound, at the first piece."""
    try:
        with wave.open(io.BytesIO(wav)) as file:
            rate, channels = file.getframerate(), file.getnchannels()
            if file.getsampwidth() != 2 or not rate or not channels:
                raise NoSound("not 16-bit samples")
            resampler = soxr.ResampleStream(rate, RATE, 1, dtype="int16")
            left = file.getnframes()
            while left > 0:
                frames = file.readframes(round(PIECE_S * rate))
                left = left - len(frames) // (2 * channels) if frames else 0
                samples = np.frombuffer(frames, dtype="<i2").reshape(-1, channels)
                mono = samples[:, 0] if channels == 1 else samples.mean(axis=1).astype("<i2")
                yield resampler.resample_chunk(np.ascontiguousarray(mono), last=left <= 0).tobytes()
    except (wave.Error, EOFError) as error:
        raise NoSound(str(error)) from error
