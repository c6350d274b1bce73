"""What is in a recording: how long it is, and whether anything was said. Pure: bytes of a WAV file in, figures out."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from typing import Final

FRAME_S: Final = 0.02
LOUD: Final = 256
"""Mean absolute amplitude (of 32,767) from which a frame is no silence: Asterisk's own measure."""
SAID_S: Final = 0.16
"""So much sound is somebody saying something; less is a click on the line."""
END_S: Final = 0.1
"""Asterisk leaves so much and more of the silence that ended a recording."""


@dataclass(frozen=True, slots=True)
class Contents:
    """seconds: the whole length. said: something was said. to_the_end: there is sound up to its last moment."""

    seconds: float
    said: bool
    to_the_end: bool


def contents(wav: bytes) -> Contents | None:
    """None: these bytes are no WAV of 16-bit samples."""
    import numpy as np  # a start does not wait for it: ivr/main/late.py

    try:
        with wave.open(io.BytesIO(wav)) as file:
            if file.getsampwidth() != 2 or not file.getframerate():
                return None
            rate, channels = file.getframerate(), file.getnchannels()
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    except (wave.Error, EOFError):
        return None
    frame = round(rate * channels * FRAME_S)
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    loud = np.abs(frames.astype(np.int32)).mean(axis=1) >= LOUD
    return Contents(
        len(samples) / channels / rate,
        int(np.count_nonzero(loud)) * FRAME_S >= SAID_S,
        bool(loud[-round(END_S / FRAME_S) :].any()),
    )
