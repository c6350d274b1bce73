"""Telephone audio for engines that were trained on wide-band speech: something above 4 kHz where there is nothing.

A call at 8 kHz arrives up-sampled to 16 kHz with an empty upper half. Some models have never heard that, and take the
emptiness for a sound. `Widener` fills it with faint noise that follows the loudness of the speech; a wide-band call
(G.722, Opus) has an upper half of its own and is left as it is. Which engines it helps was measured
(docs/decisions/0109): `CHOICE` is that measurement as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

SAMPLE_RATE = 16_000
HALF_HZ = 4_000
GUARD_HZ = 400
"""Above 4 kHz that no resampler is clean of what is below."""

BELOW_SPEECH = 0.1
"""The noise's amplitude in that of the speech (-20 dB) ..."""

FLOOR = 10 ** (-65 / 20)
"""... and in full scale, where nobody speaks."""

WINDOW = 320
"""Samples over which loudness and spectrum are taken: 20 ms."""

EMPTY = 1e-5
"""With less than this share of the energy there (-50 dB) the call is a narrow one. Speech has 1 % and more, its vowels
alone a hundredth of that; a telephone call after a good resampler 1e-7."""

DECIDED = 3 * SAMPLE_RATE
"""Samples after which a stream is known for what it is."""

How = Literal["plain", "noise"]

CHOICE: Mapping[str, How] = {"vosk": "noise", "whisper": "plain", "sherpa": "plain"}
"""By engine. A model's folder may say otherwise in a file `UPSAMPLING` that holds one of the two words."""

CHOICE_FILE = "UPSAMPLING"

Samples = np.ndarray[Any, np.dtype[np.float32]]


def how_for(engine: str, folder: Path) -> How:
    try:
        said = (folder / CHOICE_FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        said = ""
    if said == "plain":
        return "plain"
    return "noise" if said == "noise" else CHOICE.get(engine, "plain")


def _upper_noise() -> Samples:
    """Two seconds with nothing below 4 kHz, of root mean square 1; the same every time."""
    size = 2 * SAMPLE_RATE
    spectrum = np.fft.rfft(np.random.default_rng(8).normal(size=size))
    spectrum[np.fft.rfftfreq(size, 1 / SAMPLE_RATE) < HALF_HZ] = 0.0
    noise = np.fft.irfft(spectrum, size)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)), np.float32)


_NOISE = _upper_noise()
_HANN = np.hanning(WINDOW).astype(np.float32)
_UPPER = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE) > HALF_HZ + GUARD_HZ


class Widener:
    """Of one stream: 16 kHz 16-bit mono in, as much out. Not thread-safe."""

    def __init__(self) -> None:
        self._at = 0
        self._tail = np.zeros(WINDOW, np.float32)
        self._unheard = np.zeros(0, np.float32)
        self._upper = 0.0
        self._whole = 0.0

    @property
    def narrow(self) -> bool:
        """As far as was heard; digital silence tells nothing."""
        return self._whole > 0.0 and self._upper <= EMPTY * self._whole

    def widen(self, pcm: bytes) -> bytes:
        samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0
        if not samples.size:
            return pcm
        if self._at < DECIDED:
            self._listen(samples)
        level = self._level(samples)
        at = np.arange(self._at, self._at + samples.size) % _NOISE.size
        self._at += samples.size
        if not self.narrow:
            return pcm
        wide = samples + _NOISE[at] * (BELOW_SPEECH * level + FLOOR)
        return bytes((np.clip(wide, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())

    def _listen(self, samples: Samples) -> None:
        heard = np.concatenate([self._unheard, samples])
        whole_frames = heard.size // WINDOW * WINDOW
        self._unheard = heard[whole_frames:]
        power = np.abs(np.fft.rfft(heard[:whole_frames].reshape(-1, WINDOW) * _HANN, axis=1)) ** 2
        self._upper += float(power[:, _UPPER].sum())
        self._whole += float(power.sum())

    def _level(self, samples: Samples) -> Samples:
        """Root mean square of the last 20 ms, at each sample."""
        known = np.concatenate([self._tail, samples])
        self._tail = known[-WINDOW:]
        summed = np.cumsum(np.concatenate([[0.0], known.astype(np.float64) ** 2]))
        power = (summed[WINDOW + 1 :] - summed[1 : samples.size + 1]) / WINDOW
        return np.asarray(np.sqrt(np.maximum(power, 0.0)), np.float32)
