"""What stands in for lost packets: the last pitch period again and again, fading away. Pure.

The way of G.711 Appendix I. Voiced speech goes on for a while as it was, so the period that fits best at the end of
what was heard is repeated: whole for `WHOLE_S`, then fainter, and after `LONGEST_S` it is silence. The audio after the
gap is faded in over what was made up, so that there is no click at the seam.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 16_000
SHORTEST_PERIOD: Final = RATE // 400
LONGEST_PERIOD: Final = RATE // 66
COMPARED: Final = RATE // 50
"""Samples that are compared to find the period: 20 ms."""

KEPT: Final = COMPARED + LONGEST_PERIOD
WHOLE_S: Final = 0.01
LONGEST_S: Final = 0.06
SEAM: Final = RATE // 200
"""Samples of the fade at the end of a gap: 5 ms."""

Samples = NDArray[np.float32]


class Concealment:
    """One stream, 16-bit little-endian: `heard` all that came, in order; `fill` each gap; `join` what follows."""

    def __init__(self) -> None:
        self._last: Samples = np.zeros(0, dtype=np.float32)
        self._made_up: Samples = np.zeros(0, dtype=np.float32)

    def heard(self, pcm: bytes) -> None:
        if len(pcm) >= 2 * KEPT:
            self._last = _samples(pcm[-2 * KEPT :])
        elif pcm:
            self._last = np.concatenate([self._last, _samples(pcm)])[-KEPT:]

    def fill(self, size: int) -> bytes:
        """size: in bytes, even."""
        count = size // 2
        if len(self._last) < KEPT:
            return bytes(2 * count)
        period = _period(self._last)
        needed = min(count + SEAM, int(LONGEST_S * RATE))
        repeated = np.resize(self._last[-period:], needed) * _fading(needed)
        made = np.zeros(count + SEAM, dtype=np.float32)
        made[:needed] = repeated
        self._made_up = made[count:]
        return _pcm(made[:count])

    def join(self, pcm: bytes) -> bytes:
        """The first audio after a gap, its beginning faded in over what would have gone on."""
        made_up, self._made_up = self._made_up, np.zeros(0, dtype=np.float32)
        count = min(len(made_up), len(pcm) // 2)
        if not count:
            return pcm
        rising = np.linspace(0, 1, count, dtype=np.float32)
        mixed = _samples(pcm[: 2 * count]) * rising + made_up[:count] * (1 - rising)
        return _pcm(mixed) + pcm[2 * count :]


def _period(last: Samples) -> int:
    """In samples: where the last 20 ms are most like what was before them."""
    end = last[-COMPARED:]
    lags = np.arange(SHORTEST_PERIOD, LONGEST_PERIOD + 1)
    windows = np.lib.stride_tricks.sliding_window_view(last, COMPARED)
    # Window k begins at k; the one that lies `lag` before the end begins at len - COMPARED - lag.
    before = windows[len(last) - COMPARED - lags]
    likeness = before @ end / (np.sqrt(np.sum(np.square(before), axis=1)) + 1.0)
    return int(lags[int(np.argmax(likeness))])


def _fading(count: int) -> Samples:
    whole = int(WHOLE_S * RATE)
    fade = np.linspace(1, 0, int(LONGEST_S * RATE) - whole, dtype=np.float32)
    return np.concatenate([np.ones(whole, dtype=np.float32), fade])[:count]


def _samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32)


def _pcm(samples: Samples) -> bytes:
    return bytes(np.clip(np.round(samples), -32768, 32767).astype("<i2").tobytes())
