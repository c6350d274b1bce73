"""Audio files as mono 16-bit samples at the rate wanted, and as the padded WAV files that baresip plays."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ivr.demo.phone import PHONE_RATE, PhoneError, Samples

HEADERLESS = {
    ".ulaw": ("ULAW", 8000),
    ".alaw": ("ALAW", 8000),
    ".sln": ("PCM_16", 8000),
    ".sln16": ("PCM_16", 16000),
}
"""Asterisk's raw formats: suffix -> libsndfile's name of the coding, sample rate (Hz)."""


def load_recording(path: Path, rate: int = PHONE_RATE) -> Samples:
    """Any file that libsndfile reads (WAV, FLAC, Ogg Opus ...) or a raw one, mixed to mono and resampled to `rate`.

    Raises PhoneError when it is missing or no audio.
    """
    try:
        if raw := HEADERLESS.get(path.suffix):
            coding, file_rate = raw
            samples, _ = soundfile.read(
                path,
                dtype="float32",
                always_2d=True,
                format="RAW",
                subtype=coding,
                endian="LITTLE",
                samplerate=file_rate,
                channels=1,
            )
        else:
            samples, file_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise PhoneError(f"cannot read audio from {path.name}: {error}") from error
    mono = samples.mean(axis=1)
    if file_rate != rate:
        mono = soxr.resample(mono, file_rate, rate)
    loaded: Samples = (np.clip(mono, -1.0, 1.0) * 32767).astype(np.int16)
    return loaded


def write_padded_wav(path: Path, samples: Samples, *, silence_s: float) -> None:
    """A WAV file of these samples followed by silence. The silence takes no room on disk (a sparse file)."""
    data_bytes = 2 * (len(samples) + round(silence_s * PHONE_RATE))
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + data_bytes, b"WAVE"),
        *(b"fmt ", 16, 1, 1, PHONE_RATE, 2 * PHONE_RATE, 2, 16),
        *(b"data", data_bytes),
    )
    with path.open("wb") as file:
        file.write(header + samples.astype("<i2").tobytes())
        file.truncate(len(header) + data_bytes)
