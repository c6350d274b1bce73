"""Was it heard? Checks of the audio that a phone received, by its content. Recordings are mono int16 arrays."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from ivr.demo.hearing import FAINT, Match, contains, is_silent, loudness
from ivr.demo.phone import PHONE_RATE, Samples
from ivr.demo.recordings import load_recording

__all__ = [
    "PHONE_RATE",
    "Match",
    "Samples",
    "ToneSpan",
    "contains",
    "is_silent",
    "load_recording",
    "loudness",
    "save_ulaw",
    "save_wav",
    "silence",
    "speech",
    "tone",
    "tone_present",
]


@dataclass(frozen=True, slots=True)
class ToneSpan:
    """The longest stretch in which the tone was there. Seconds from the beginning of the recording."""

    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def tone_present(
    recording: Samples, hz: float, *, rate: int = PHONE_RATE, at_least_s: float = 0.2, purity: float = 0.6
) -> ToneSpan | None:
    """The longest stretch dominated by a tone of this pitch (Goertzel over windows of 20 ms), or None.

    purity: share of the window's energy that must be in the tone. One window may fail (a lost packet).
    """
    window = rate // 50
    count = len(recording) // window
    frames = recording[: count * window].reshape(count, window).astype(float)
    turn = np.exp(-2j * np.pi * hz / rate * np.arange(window))
    energy = np.sum(frames**2, axis=1)
    in_tone = np.abs(frames @ turn) ** 2 * 2 / window
    there = (in_tone >= purity * energy) & (energy >= window * FAINT**2)
    there[1:-1] |= there[:-2] & there[2:]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(int), [0]])))
    spans = [ToneSpan(a * window / rate, b * window / rate) for a, b in edges.reshape(-1, 2)]
    longest = max(spans, key=lambda span: span.length_s, default=None)
    return longest if longest is not None and longest.length_s >= at_least_s else None


def silence(seconds: float, *, rate: int = PHONE_RATE) -> Samples:
    return np.zeros(round(seconds * rate), np.int16)


def tone(hz: float, seconds: float, *, rate: int = PHONE_RATE, level: float = 0.4) -> Samples:
    """A sine. level: peak, 0..1 of full scale."""
    turns = np.arange(round(seconds * rate)) * hz / rate
    return (np.sin(2 * np.pi * turns) * level * 32767).astype(np.int16)


def speech(text: str, folder: Path, *, language: str = "en", rate: int = PHONE_RATE) -> Samples:
    """The text said by espeak-ng (a fixture: always the same, not natural). language: `en`, `cmn`."""
    program = shutil.which("espeak-ng")
    assert program is not None, "espeak-ng is not installed: make setup"
    path = folder / "speech.wav"
    subprocess.run(
        [program, "-v", language, "-w", str(path), text], check=True, capture_output=True, timeout=30
    )
    return load_recording(path, rate)


def save_wav(path: Path, samples: Samples, *, rate: int = PHONE_RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return path


def save_ulaw(path: Path, samples: Samples) -> Path:
    """Raw G.711 at 8 kHz, as Asterisk plays it without transcoding."""
    soundfile.write(path, samples, PHONE_RATE, subtype="ULAW", format="RAW")
    return path
